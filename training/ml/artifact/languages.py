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


def languages_section(manifest: Mapping[str, Any]) -> list[str]:
    """Return the section of the card; empty where the manifest has no numbers by language."""
    measured = manifest.get(BY_LANGUAGE)
    if not measured:
        return []
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
        f"Harmless sentences that reach a preset. Of no language that is not refused more than {FALSE_POSITIVES:.1%} "
        "reach *balanced*, "
        "the threshold of the verdict, which was raised until that was so on these sentences; *needs* is the threshold "
        "from which on it holds for the language alone.",
        "\n".join(harmless),
    ]


def _named(measured: Mapping[str, Any], status: str) -> str:
    return ", ".join(language for language, one in measured.items() if one["status"] == status) or "none"


def _precision_and_recall(point: Mapping[str, float] | None) -> str:
    return "-" if point is None else f"{point['precision']:.2f} / {point['recall']:.2f}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.2%}"
