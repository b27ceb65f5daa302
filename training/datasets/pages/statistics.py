"""How the statistics of a dataset become tables, a chart and sentences."""

from dataclasses import dataclass
from typing import Any

from training.models import SPLITS, Dataset

SPLIT_TITLES = {"train": "Training", "validation": "Validation", "test": "Test"}
LEFT_OUT = {
    "empty": "{} without text",
    "leaked": "{} that validation or test rows say too",
    "duplicates": "{} whose text was there already",
    "in_test_set": "{} that are in the test set here",
    "edited": "{} edited after they were decided",
    "golden": "{} that are the text of a known answer",
}


@dataclass(frozen=True)
class LabelRow:
    """A label and what each split holds of it: rows with it, rows where it is known, share among these."""

    label: str
    cells: list[tuple[int, int, str]]


@dataclass(frozen=True)
class Findings:
    """Everything about a ready dataset that its page shows; empty parts where the statistics lack them."""

    splits: list[tuple[str, str, int]]
    weighted: bool
    labels: list[LabelRow]
    histogram: dict[str, Any] | None
    histogram_rows: list[tuple[str, list[int]]]
    lengths: list[tuple[str, dict[str, Any]]]
    repeats: list[tuple[str, dict[str, Any]]]
    leaks: list[dict[str, Any]]
    sources: list[tuple[str, int]]
    remarks: list[str]
    measured_leak: int
    fingerprints: list[tuple[str, str]]


def findings(dataset: Dataset) -> Findings:
    """Read `dataset.statistics` as training.ml.data.report wrote them."""
    statistics = dict(dataset.statistics)
    found: dict[str, Any] = statistics.get("splits") or {}
    have = [split for split in SPLITS if split in dataset.rows]
    told = [split for split in have if split in found]
    in_test = statistics.get("in_test_set") or {}
    return Findings(
        splits=[(split, SPLIT_TITLES[split], int(dataset.rows[split])) for split in have],
        weighted=any(not found[split].get("equal_weights", True) for split in told),
        labels=[
            LabelRow(label, [_cell(found[split]["labels"].get(label) or {}) for split in told])
            for label in dataset.labels
            if told
        ],
        histogram=_histogram(found, told),
        histogram_rows=_histogram_rows(found, told),
        lengths=[(SPLIT_TITLES[split], found[split]["words"]) for split in told],
        repeats=[(SPLIT_TITLES[split], found[split]) for split in told],
        leaks=[
            {**leak, "from_title": SPLIT_TITLES[leak["from"]], "into_title": SPLIT_TITLES[leak["into"]]}
            for leak in statistics.get("leakage") or []
        ],
        sources=_sources(found, told),
        remarks=_remarks(statistics),
        measured_leak=sum(in_test.values()) if not dataset.is_test_set else 0,
        fingerprints=[(SPLIT_TITLES[split], dataset.fingerprints.get(split, "")) for split in have],
    )


def _cell(label: dict[str, Any]) -> tuple[int, int, str]:
    rate = label.get("weighted_rate")
    return (
        int(label.get("positives") or 0),
        int(label.get("known") or 0),
        "" if rate is None else f"{rate:.1%}",
    )


def _step(step: dict[str, Any]) -> str:
    return f"{step['from']} and more" if step["below"] is None else f"{step['from']} to {step['below'] - 1}"


def _histogram(found: dict[str, Any], told: list[str]) -> dict[str, Any] | None:
    rows = _histogram_rows(found, told)
    if not rows:
        return None
    totals = [max(sum(counts[i] for _, counts in rows), 1) for i in range(len(told))]
    return {
        "categories": [name for name, _ in rows],
        "vertical": True,
        "y": {"percent": True},
        "series": [
            {"name": SPLIT_TITLES[split], "values": [counts[i] / totals[i] for _, counts in rows]}
            for i, split in enumerate(told)
        ],
    }


def _histogram_rows(found: dict[str, Any], told: list[str]) -> list[tuple[str, list[int]]]:
    histograms = [found[split]["words"].get("histogram") or [] for split in told]
    if not histograms or not all(histograms):
        return []
    return [
        (_step(steps[0]), [int(step["rows"]) for step in steps]) for steps in zip(*histograms, strict=True)
    ]


def _sources(found: dict[str, Any], told: list[str]) -> list[tuple[str, int]]:
    total: dict[str, int] = {}
    for split in told:
        for source, rows in (found[split].get("sources") or {}).items():
            total[source] = total.get(source, 0) + int(rows)
    named = [(source, rows) for source, rows in total.items() if source]
    return sorted(named, key=lambda pair: -pair[1])


def _remarks(statistics: dict[str, Any]) -> list[str]:
    remarks = []
    if cut := statistics.get("cut"):
        names = " and ".join(SPLIT_TITLES[split].lower() for split in cut)
        remarks.append(f"The {names} rows were cut from the training rows by the hash of their text.")
    left = {reason: count for reason, count in (statistics.get("left_out") or {}).items() if count}
    if left:
        told = ", ".join(LEFT_OUT.get(reason, "{} " + reason).format(f"{n:,}") for reason, n in left.items())
        remarks.append(f"Left out: {told}.")
    if corrected := statistics.get("corrected"):
        labels = "label is" if corrected == 1 else "labels are"
        remarks.append(f"{corrected:,} {labels} corrected against the dataset that it was made of.")
    if decided := statistics.get("decisions"):
        remarks.append(f"{decided['approved']:,} approved and {decided['removed']:,} removed comments.")
        if corrected := decided.get("corrected"):
            remarks.append(f"Moderators corrected labels of {corrected:,} of them.")
        if marked := decided.get("marked"):
            remarks.append(f"Moderators marked words in {marked:,} of them.")
        if fixed := decided.get("fixed"):
            remarks.append(f"Labels of {fixed:,} rows are as corrected in an earlier dataset.")
        if suggested := decided.get("suggested"):
            remarks.append(f"{suggested:,} rows are suggestions that came in through the API.")
    return remarks
