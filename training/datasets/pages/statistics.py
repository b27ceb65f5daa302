"""The statistics of a dataset as its page shows them: tables, a chart and sentences."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from classifier.inference.files.encodings import ENCODINGS
from training.datasets.statistics import Leak, ReadFile, Split, Statistics, statistics_of
from training.models import SPLITS, Dataset

SPLIT_TITLES = {"train": "Training", "validation": "Validation", "test": "Test"}
LEFT_OUT = {
    "empty": "{} without text",
    "broken": "{} that are broken",
    "leaked": "{} that validation or test rows say too",
    "duplicates": "{} whose text was there already",
    "in_test_set": "{} that are in the test set here",
    "edited": "{} edited after they were decided",
    "above_cap": "{} above the cap of their dataset",
    "unknown": "{} without a known label",
    "golden": "{} that are the text of a known answer",
}


@dataclass(frozen=True)
class Findings:
    """Everything about a ready dataset that its page shows; empty parts where the statistics lack them.

    `labels` are (label, [(rows with it, rows where it is known, share among these), …] by split).
    """

    splits: list[tuple[str, str, int]]
    weighted: bool
    labels: list[tuple[str, list[tuple[int, int, str]]]]
    histogram: dict[str, Any] | None
    histogram_rows: list[tuple[str, list[int]]]
    details: list[tuple[str, Split]]
    leaks: list[tuple[str, str, Leak]]
    sources: list[tuple[str, int]]
    remarks: list[str]
    measured_leak: int
    fingerprints: list[tuple[str, str]]


def findings(dataset: Dataset) -> Findings:
    statistics = statistics_of(dataset)
    present = [split for split in SPLITS if split in dataset.rows]
    counted = {
        SPLIT_TITLES[split]: statistics.splits[split] for split in present if split in statistics.splits
    }
    rows = _histogram_rows(counted)
    return Findings(
        splits=[(split, SPLIT_TITLES[split], int(dataset.rows[split])) for split in present],
        weighted=any(not split.equal_weights for split in counted.values()),
        labels=[
            (label, [_label_cell(split, label) for split in counted.values()])
            for label in dataset.labels
            if counted
        ],
        histogram=_histogram(list(counted), rows) if rows else None,
        histogram_rows=rows,
        details=list(counted.items()),
        leaks=[
            (SPLIT_TITLES[leak.earlier], SPLIT_TITLES[leak.later], leak)
            for leak in statistics.leakage
            if {leak.earlier, leak.later} <= set(SPLIT_TITLES)
        ],
        sources=_sources(counted),
        remarks=_remarks(statistics),
        measured_leak=sum(statistics.in_test_set.values()) if not dataset.is_test_set else 0,
        fingerprints=[(SPLIT_TITLES[split], dataset.fingerprints.get(split, "")) for split in present],
    )


def _label_cell(split: Split, label: str) -> tuple[int, int, str]:
    if (count := split.labels.get(label)) is None:
        return 0, 0, ""
    rate = count.weighted_rate
    return count.positives, count.known, "" if rate is None else f"{rate:.1%}"


def _histogram_rows(splits: Mapping[str, Split]) -> list[tuple[str, list[int]]]:
    """Return the rows of each length by split; none where a split was not counted by length."""
    histograms = [split.words.histogram for split in splits.values()]
    if not histograms or not all(histograms):
        return []
    return [(steps[0].title, [step.rows for step in steps]) for steps in zip(*histograms, strict=True)]


def _histogram(titles: list[str], rows: list[tuple[str, list[int]]]) -> dict[str, Any]:
    columns = [list(column) for column in zip(*(counts for _, counts in rows), strict=True)]
    return {
        "categories": [name for name, _ in rows],
        "vertical": True,
        "y": {"percent": True},
        "series": [
            {"name": title, "values": [count / max(sum(column), 1) for count in column]}
            for title, column in zip(titles, columns, strict=True)
        ],
    }


def _sources(splits: Mapping[str, Split]) -> list[tuple[str, int]]:
    """Count rows by source over all splits, the largest first; rows without a source do not count."""
    total: dict[str, int] = {}
    for split in splits.values():
        for source, rows in split.sources.items():
            total[source] = total.get(source, 0) + rows
    return sorted(((source, rows) for source, rows in total.items() if source), key=lambda pair: -pair[1])


def _remarks(statistics: Statistics) -> list[str]:
    remarks = []
    if statistics.cut:
        names = " and ".join(SPLIT_TITLES[split].lower() for split in statistics.cut if split in SPLIT_TITLES)
        remarks.append(f"The {names} rows were cut from the training rows by the hash of their text.")
    left_out = [
        LEFT_OUT.get(reason, "{} " + reason).format(f"{count:,}")
        for reason, count in statistics.left_out.items()
        if count
    ]
    if left_out:
        remarks.append(f"Left out: {', '.join(left_out)}.")
    remarks += [_read_file(split, file) for split, file in statistics.files.items() if split in SPLIT_TITLES]
    if corrected := statistics.corrected:
        labels = "label is" if corrected == 1 else "labels are"
        remarks.append(f"{corrected:,} {labels} corrected against the dataset that it was made of.")
    if decisions := statistics.decisions:
        remarks.append(f"{decisions.approved:,} approved and {decisions.removed:,} removed comments.")
        if decisions.corrected:
            remarks.append(f"Moderators corrected labels of {decisions.corrected:,} of them.")
        if decisions.marked:
            remarks.append(f"Moderators marked words in {decisions.marked:,} of them.")
        if decisions.fixed:
            remarks.append(f"Labels of {decisions.fixed:,} rows are as corrected in an earlier dataset.")
        if decisions.suggested:
            remarks.append(f"{decisions.suggested:,} rows are suggestions that came in through the API.")
    return remarks


def _read_file(split: str, file: ReadFile) -> str:
    """Say how the file of a split was read."""
    layout = file.layout
    if layout.format == "parquet":
        return f"{SPLIT_TITLES[split]}: parquet."
    parts = [
        f"{ENCODINGS.get(layout.encoding, layout.encoding)}{', guessed' if layout.encoding_guessed else ''}"
    ]
    if layout.delimiter:
        parts.append(f"columns separated by: {layout.delimiter}")
    if file.graded:
        parts.append(f"{file.graded:,} graded labels cut to 0 or 1")
    if file.broken_lines:
        parts.append(f"broken lines: {', '.join(f'{line:,}' for line in file.broken_lines)}")
    return f"{SPLIT_TITLES[split]}: {'; '.join(parts)}."
