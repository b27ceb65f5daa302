"""Where a model is good and where not: the rows in groups by length, by label combination, by source, by language."""

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from classifier.inference.language import UNDETERMINED
from training.ml.evaluation.flips import language_of
from training.ml.evaluation.measures import Measure, point

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from training.ml.data.tables import TextTable

LENGTHS = ((0, 10), (11, 25), (26, 50), (51, 100), (101, 200), (201, None))
FEWEST_ROWS = 20  # numbers of fewer rows say more about chance than about the model
FEW_ROWS, FEW_OF_A_CLASS = 100, 20  # below either, a slice is marked as small
MOST_COMBINATIONS = 12
MOST_SOURCES = 60
MEAN_OF_SOURCES = "mean of the sources that have both classes"
SOURCE = "source"
LANGUAGE = "language"
OF_POSITIVES = ("precision", "recall", "f1")
SHOWN = ("accuracy", "precision", "recall", "f1", "roc_auc", "pr_auc")


def slices(
    table: "TextTable", label: str, scores: "NDArray[np.float64]", threshold: float
) -> list[dict[str, Any]]:
    """Return the metrics of `label` in every slice of at least FEWEST_ROWS rows where it is known.

    A slice of one class has no areas, and its accuracy is recall (all positive) or the share left in peace; without
    positive rows there is no precision, recall or F1 either (all of these are NaN). `small`
    marks slices of fewer than FEW_ROWS rows, or FEW_OF_A_CLASS of either class. Of sources every one is reported, and
    where two or more have both classes the plain mean of their metrics follows, in which each counts the same.
    """
    targets = table.targets[:, table.labels.index(label)]
    reports = []
    for kind, name, member in [
        *_by_length(table),
        *_by_labels(table),
        *_by_source(table),
        *_by_language(table),
    ]:
        rows = np.flatnonzero(member & (targets >= 0))
        if len(rows) < (1 if kind == SOURCE else FEWEST_ROWS):
            continue
        weights, here = table.weights[rows].astype(np.float64), scores[rows]
        metrics = point(Measure(here, targets[rows], threshold, weights))
        positives = int((targets[rows] == 1).sum())
        if positives == 0:
            metrics |= dict.fromkeys(OF_POSITIVES, np.nan)
        reports.append(
            {
                "kind": kind,
                "name": name,
                "label": label,
                "rows": len(rows),
                "positives": positives,
                "small": len(rows) < FEW_ROWS or min(positives, len(rows) - positives) < FEW_OF_A_CLASS,
                "mean_score": float(np.average(here, weights=weights)),
                "flagged": float(np.average(here >= threshold, weights=weights)),
                **{key: metrics[key] for key in SHOWN},
            }
        )
    return [*reports, *_mean_of_sources(reports)]


def _mean_of_sources(reports: list[dict[str, Any]]) -> list[dict[str, Any]]:
    both = [
        report for report in reports if report["kind"] == SOURCE and 0 < report["positives"] < report["rows"]
    ]
    if len(both) < 2:
        return []
    return [
        {
            "kind": SOURCE,
            "name": MEAN_OF_SOURCES,
            "label": both[0]["label"],
            "sources": len(both),
            **{key: sum(report[key] for report in both) for key in ("rows", "positives")},
            "small": False,
            **{
                key: float(np.mean([report[key] for report in both]))
                for key in ("mean_score", "flagged", *SHOWN)
            },
        }
    ]


Group = tuple[str, str, "NDArray[np.bool_]"]


def _by_length(table: "TextTable") -> list[Group]:
    words = np.array([len(text.split()) for text in table.texts])
    groups: list[Group] = []
    for low, high in LENGTHS:
        name = f"length over {low - 1} words" if high is None else f"length {low}–{high} words"  # noqa: RUF001
        groups.append(("length", name, (words >= low) & (words <= (high or np.inf))))
    return groups


def _by_labels(table: "TextTable") -> list[Group]:
    """Return the commonest exact combinations of labels among rows where at least two labels are known."""
    known = (table.targets >= 0).sum(axis=1) > 1
    if not known.any():
        return []
    keys = [tuple(np.flatnonzero(row == 1).tolist()) for row in table.targets]
    counted = Counter(key for key, full in zip(keys, known, strict=True) if full)
    groups: list[Group] = []
    for key, _ in counted.most_common(MOST_COMBINATIONS):
        names = [table.labels[i] for i in key]
        name = "only " + names[0] if len(names) == 1 else " + ".join(names) or "none of the labels"
        groups.append(("labels", name, known & np.array([combination == key for combination in keys])))
    return groups


def _by_source(table: "TextTable") -> list[Group]:
    if table.sources is None:
        return []
    sources = np.array(table.sources)
    common = Counter(table.sources).most_common(MOST_SOURCES)
    return [(SOURCE, f"source {name or 'not told'}", sources == name) for name, _ in common]


def _by_language(table: "TextTable") -> list[Group]:
    """Return the rows of each language that is identified in at least FEWEST_ROWS; none where it is one language."""
    languages = np.array([language_of(text) for text in table.texts])
    common = {name: count for name, count in Counter(languages.tolist()).items() if count >= FEWEST_ROWS}
    named = sorted(name for name in common if not name.startswith(UNDETERMINED))
    return [(LANGUAGE, name, languages == name) for name in named] if len(named) > 1 else []
