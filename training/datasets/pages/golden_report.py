"""How a version did on known answers, for its page."""

from typing import Any

from classifier.models import ModelVersion
from training.datasets.golden_selectors import golden_summary
from training.evaluations.services import evaluation_state
from training.models import Dataset, Evaluation
from training.web.formatting import percent


def golden_context(version: ModelVersion) -> dict[str, Any]:
    """What the page of a version shows of known answers: their newest dataset, and how the version did on it."""
    last = golden_summary().last
    if last is None:
        return {}
    rows = Evaluation.objects.filter(model_version=version, dataset=last)
    report = rows.values_list("report", flat=True).first()
    return {
        "golden_set": last,
        "golden_state": evaluation_state(version, _beside(last)),
        **_result(report, version),
    }


def _beside(dataset: Dataset) -> Dataset | None:
    return None if dataset.is_test_set else dataset


def _result(report: dict[str, Any] | None, version: ModelVersion) -> dict[str, Any]:
    if report is None:
        return {}
    metrics = (report.get("metrics") or {}).get(version.primary_label) or {}
    confusion = (report.get("confusion") or {}).get(version.primary_label) or {}
    right = metrics.get("accuracy") or {}
    return {
        "golden_right": [
            ("Right", percent(right.get("value"))),
            ("95 % interval", f"{percent(right.get('low'))} to {percent(right.get('high'))}"),
            ("Wrongly flagged", str(int(confusion.get("fp") or 0))),
            ("Missed", str(int(confusion.get("fn") or 0))),
            ("Rows", str(report.get("rows") or "")),
        ]
    }
