"""What a page shows of a version's evaluation: the same parts as the page of the run that made it."""

from typing import Any

from classifier.models import ModelVersion
from training.evaluations.pages.mistakes import label_issues, marked_words, mistakes
from training.evaluations.pages.report import (
    SLICE_COLUMNS,
    curves_view,
    difference_rows,
    label_tables,
    mcnemar_sentence,
    slice_groups,
    suite_views,
)
from training.experiments.detail_selectors import version_measured
from training.experiments.pages.model_card import Block, card_blocks
from training.ml.artifact.card import model_card
from training.web.formatting import METRICS, count, megabytes, number, parameters


def evaluation_context(version: ModelVersion, on: int | None = None) -> dict[str, Any]:
    """The variables of training/evaluations/evaluation.html; empty while nobody has measured the version.

    `on` is the number of a dataset to show instead of the test set.
    """
    measured = version_measured(version=version, on=on)
    if measured is None:
        return {}
    report, primary = measured.evaluation.report, version.primary_label
    against, rows = difference_rows(report, primary)
    speed, size = report.get("speed") or {}, report.get("size") or {}
    return {
        "measured": measured,
        "primary": primary,
        "metrics": METRICS,
        "tables": label_tables(measured, primary),
        "mcnemar": mcnemar_sentence(report),
        "against": against,
        "differences": rows,
        "curves": curves_view(report, primary),
        "slice_columns": SLICE_COLUMNS,
        "slices": slice_groups(report),
        "mistakes": mistakes(report),
        "marked_words": marked_words(report),
        "issues": label_issues(report),
        "train_issues": label_issues(report, "train_label_issues"),
        "suites": suite_views(measured.evaluation, measured.suites),
        "notes": report.get("notes") or [],
        "speed": [
            ("Half of single texts within", _milliseconds(speed.get("latency_ms_p50"))),
            ("95 of 100 within", _milliseconds(speed.get("latency_ms_p95"))),
            ("Many at once", f"{count(speed.get('texts_per_second'))} texts a second" if speed else ""),
            ("On", str(speed.get("device") or "")),
            ("Threads", count(speed.get("threads")) if speed.get("threads") else ""),
            ("On disk", megabytes(size.get("bytes"))),
            ("Parameters", parameters(size.get("parameters"))),
            ("Of them trained", parameters(size.get("trainable_parameters"))),
        ],
    }


def version_card(version: ModelVersion) -> list[Block]:
    """The model card; a manifest of a foreign make may lack what the card tells."""
    try:
        return card_blocks(model_card(version.manifest))
    except (KeyError, TypeError, ValueError, AttributeError):
        return []


def _milliseconds(value: Any) -> str:
    known = number(value)
    return "" if known is None else f"{known:.1f} ms"
