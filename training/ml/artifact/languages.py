"""The part of a model card about languages: which are shipped, which experimental, and the numbers behind that."""

from collections.abc import Mapping
from typing import Any

from classifier.inference.operating_points import PRESETS

BY_LANGUAGE = "measured_languages"
"""Field of a manifest: what the model is worth by language, as training.ml.evaluation.languages measures it."""
SHIPPED_ROC_AUC = 0.8
FALSE_POSITIVES = 0.005
"""Of a language's harmless sentences at most so many reach the threshold."""
HIGHEST_THRESHOLD = 0.75
"""A language whose harmless sentences need more is refused: it would silence the others."""
CHANGE = "language_change"
"""Field of a manifest: what became of each language of the version that the model started from, {"start": version,
"added": tag or "", "allowed_loss", "unknown_pieces", "not_measured": [tags], "languages": {tag: {"rows", "toxic",
"before", "after"}}}, areas as training.ml.evaluation.language_change measures them."""
HEADER_ROWS = 2


def languages_section(manifest: Mapping[str, Any]) -> list[str]:
    """Return the section of the card; empty where the manifest has no numbers by language."""
    measured = manifest.get(BY_LANGUAGE)
    if not measured:
        return change_section(manifest)
    rows = [
        "| language | | set | rows (toxic) | ROC-AUC | careful | balanced | strict |",
        "|---|---|---|---|---|---|---|---|",
    ]
    harmless = [
        "| language | sentences | careful | balanced | strict | needs |",
        "|---|---|---|---|---|---|",
    ]
    for language, one in measured.items():
        for name, of_set in one["sets"].items():
            origin = "" if of_set["trained_on"] else ", never trained on"
            area = "-" if of_set["roc_auc"] is None else f"{of_set['roc_auc']:.3f}"
            points = of_set["points"] if of_set["toxic"] else {}
            cells = " | ".join(_precision_and_recall(points.get(preset)) for preset in PRESETS)
            rows.append(
                f"| {language} | {one['status']} | {name}{origin} | {of_set['rows']:,} ({of_set['toxic']:,}) | {area} "
                f"| {cells} |"
            )
        if one["harmless"]:
            cells = " | ".join(_share(one["false_positives"].get(preset)) for preset in PRESETS)
            harmless.append(f"| {language} | {one['harmless']:,} | {cells} | {one['needs']:.3f} |")
    return [
        "## Languages",
        f"Shipped: {_named(measured, 'shipped')}. Experimental: {_named(measured, 'experimental')}. Refused: "
        f"{_named(measured, 'refused')}. A language is shipped where a labelled set that nobody trained on gives a "
        f"ROC-AUC of {SHIPPED_ROC_AUC:.2f} or more (the mean, where there are several). It is refused where harmless "
        f"sentences would need a threshold above {HIGHEST_THRESHOLD:.2f}. All others are experimental: a person should "
        "look at what the model says.",
        "Precision / recall at the model's presets, of rows that were not trained on:",
        "\n".join(rows),
        *_harmless_sentences(harmless),
        *change_section(manifest),
    ]


def change_section(manifest: Mapping[str, Any]) -> list[str]:
    """Return what training a language in has done to all languages; empty for a model that was made otherwise."""
    change = manifest.get(CHANGE)
    if not change:
        return []
    rows = ["| language | rows (toxic) | before | after |", "|---|---|---|---|"]
    for language, one in change["languages"].items():
        areas = " | ".join("-" if one[when] is None else f"{one[when]:.3f}" for when in ("before", "after"))
        rows.append(f"| {language} | {one['rows']:,} ({one['toxic']:,}) | {areas} |")
    added = f"{change['added']} was trained into it. " if change["added"] else ""
    unmeasured = ", ".join(change["not_measured"])
    missing = f" No rows were there to measure {unmeasured} again." if unmeasured else ""
    return [
        "## Beside its start",
        f"It started from `{change['start']}`. {added}ROC-AUC of both on the same rows, from which neither learned "
        "in this training. A language that the start was shipped in stays shipped where it was measured again, has "
        f"{SHIPPED_ROC_AUC:.2f} or more, and fell by {change['allowed_loss']:g} at most; the others are experimental "
        f"here.{missing}",
        "\n".join(rows),
    ]


def _harmless_sentences(harmless: list[str]) -> list[str]:
    if len(harmless) == HEADER_ROWS:
        return []
    return [
        f"Harmless sentences that reach a preset. Of no language that is not refused more than {FALSE_POSITIVES:.1%} "
        "reach *balanced*, the threshold of the verdict, which was raised until that was so on these sentences; "
        "*needs* is the threshold from which on it holds for the language alone.",
        "\n".join(harmless),
    ]


def _named(measured: Mapping[str, Any], status: str) -> str:
    return ", ".join(language for language, one in measured.items() if one["status"] == status) or "none"


def _precision_and_recall(point: Mapping[str, float] | None) -> str:
    return "-" if point is None else f"{point['precision']:.2f} / {point['recall']:.2f}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.2%}"
