"""An evaluation as pages show it: metrics beside baselines, curves, slices, mistakes, test suites, known answers.

Most of it is the stored report itself, which the templates of `training/experiment/` read. Here is what they cannot
do: tables that lay several reports beside each other, sentences, and the data of charts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from classifier.inference.language import UNDETERMINED
from classifier.models import ModelVersion
from classifier.scoring.pages.verdict import Segment, text_segments
from classifier.scoring.score_texts import ExplainedWord
from classifier.web.formatting import language_title
from training.datasets.known_answers import known_answers_summary
from training.evaluations.services import evaluation_state
from training.experiments.pages.curves import Payload, best_beside, quality_curves, threshold_curves
from training.experiments.selectors import Measured, version_measured
from training.ml.evaluation.stored import (
    UNKNOWN,
    AtThreshold,
    Confusion,
    Estimate,
    Flips,
    LabelCurves,
    LanguageFlips,
    McNemar,
    Mistake,
    Slice,
    StoredReport,
    SuiteReport,
    Support,
)
from training.ml.json_reader import read
from training.models import Evaluation
from training.web.formatting import (
    METRIC_OF,
    METRICS,
    Figure,
    Metric,
    count,
    label_title,
    ordered_labels,
    with_best_marked,
)

BASELINES = {"majority": "Always “not toxic”", "tfidf": "TF-IDF and logistic regression"}
FALSE_ALARMS = (0.001, 0.01, 0.05, 0.1)
RECALLS = (0.5, 0.7, 0.8, 0.9)
SLICE_COLUMNS = tuple(
    METRIC_OF[key] for key in ("roc_auc", "pr_auc", "f1", "precision", "recall", "accuracy")
)
SLICE_TITLES = {"length": "By length", "labels": "By labels", "source": "By source"}
ROUND_THRESHOLDS = (0.1, 0.3, 0.5, 0.7, 0.9)
HEAT_LEVELS = 8


def evaluation_context(version: ModelVersion, on: int | None = None) -> dict[str, Any]:
    """Return the variables of training/evaluations/evaluation.html; none while the version has not been measured.

    `on` is the number of a dataset to show instead of the test set.
    """
    measured = version_measured(version=version, on=on)
    if measured is None:
        return {}
    report, primary = measured.evaluation.stored_report, version.primary_label
    suites = {suite.name: suite for suite in report.suites}
    suites |= {result.suite.name: read(SuiteReport, result.report) for result in measured.suites}
    return {
        "measured": measured,
        "report": report,
        "metrics": METRICS,
        "tables": label_tables(report, measured, primary),
        "mcnemar": mcnemar_sentence(report.mcnemar),
        "flips": flip_rows(report.flips),
        "flips_against": report.flips.against,
        "differences": difference_rows(report.differences.labels.get(primary, {})),
        "curves": curves_view(report.curves, primary),
        "slice_columns": SLICE_COLUMNS,
        "slices": slice_groups(report.slices),
        "mistakes": mistakes(report.errors),
        "suites": suites,
    }


def known_answers_context(version: ModelVersion) -> dict[str, Any]:
    """Return the variables of training/promotion/golden.html: the newest known answers and the results on them."""
    dataset = known_answers_summary().last
    if dataset is None:
        return {}
    reports = Evaluation.objects.filter(model_version=version, dataset=dataset).values_list(
        "report", flat=True
    )
    raw = reports.first()
    report, label = StoredReport.of(raw), version.primary_label
    return {
        "golden_set": dataset,
        "golden_state": evaluation_state(version, None if dataset.is_test_set else dataset),
        "golden_report": None if raw is None else report,
        "golden_right": report.metric(label, "accuracy"),
        "golden_confusion": report.confusion.get(label, Confusion()),
    }


@dataclass(frozen=True)
class LabelTable:
    """All that is known of one label: (name, figures, whether it is this version) beside the baselines, confusion,
    thresholds."""

    label: str
    rows: list[tuple[str, list[Figure], bool]]
    support: Support | None
    confusion: list[tuple[str, list[tuple[float, float, int]]]]
    thresholds: Payload
    threshold_rows: list[tuple[str, AtThreshold]]


def label_tables(report: StoredReport, measured: Measured, primary: str) -> list[LabelTable]:
    """Return the tables of each label, the one that makes the verdict first."""
    reports = {"This version": report}
    if measured.active is not None:
        name = f"In production: {measured.active.model_version}"
        reports[name] = measured.active.stored_report
    for baseline in measured.baselines:
        name = BASELINES.get(baseline.baseline, baseline.baseline)
        reports[name] = baseline.stored_report
    return [_label_table(label, reports) for label in ordered_labels(report.metrics, primary)]


def _label_table(label: str, reports: Mapping[str, StoredReport]) -> LabelTable:
    """Return the table of one label; the first of the reports is the version's own."""
    own = next(iter(reports.values()))
    figures = {name: [metric.figure(report, label) for metric in METRICS] for name, report in reports.items()}
    known = {
        name: row for name, row in figures.items() if any(figure.estimate.value is not None for figure in row)
    }
    marked = with_best_marked(list(known.values()))
    support = own.support.get(label)
    thresholds = own.curves.get(label, LabelCurves()).thresholds
    return LabelTable(
        label,
        [(name, row, name == "This version") for name, row in zip(known, marked, strict=True)],
        support,
        confusion_rows(own.confusion.get(label, Confusion())),
        threshold_curves(thresholds),
        _threshold_rows(thresholds, support.threshold if support else None),
    )


def confusion_rows(cells: Confusion) -> list[tuple[str, list[tuple[float, float, int]]]]:
    """Return [(what the row is, [(weighted rows, share of that row, heat 0 to 8), …])], the truth downwards."""
    tp, fp, fn, tn = cells.tp, cells.fp, cells.fn, cells.tn
    if tp is None or fp is None or fn is None or tn is None:
        return []

    def line(*rows: float) -> list[tuple[float, float, int]]:
        shares = [row / sum(rows) if sum(rows) else 0.0 for row in rows]
        return [(row, share, round(share * HEAT_LEVELS)) for row, share in zip(rows, shares, strict=True)]

    return [("Has the label", line(tp, fn)), ("Has it not", line(fp, tn))]


def _threshold_rows(rows: Sequence[AtThreshold], own: float | None) -> list[tuple[str, AtThreshold]]:
    """Return the rows nearest to a few round thresholds, and the version's own."""
    if not rows:
        return []
    wanted = [(f"{value:.1f}", value) for value in ROUND_THRESHOLDS]
    if own is not None:
        wanted = sorted([*wanted, (f"{own:.3f} (its own)", own)], key=lambda pair: pair[1])
    return [
        (title, min(rows, key=lambda row: abs((row.threshold or 0.0) - value))) for title, value in wanted
    ]


def flip_rows(flips: Flips) -> list[tuple[str, LanguageFlips]]:
    """Return the flips of verdicts by the title of their language."""
    return [
        ("not clear" if one.language == UNDETERMINED else language_title(one.language), one)
        for one in flips.languages
    ]


def mcnemar_sentence(test: McNemar) -> str:
    """Put McNemar's test of this version against another into words."""
    b, c, p = test.b, test.c, test.p_value
    if b is None or c is None or p is None:
        return ""
    start = (
        f"On {count(b)} rows only this version is right, on {count(c)} only {test.against or 'the other version'}: "
        f"McNemar\N{RIGHT SINGLE QUOTATION MARK}s test gives p {'below 0.001' if p < 0.001 else f'= {p:.3f}'}"
    )
    if p >= 0.05:
        return f"{start}, so these rows cannot tell the two apart."
    return f"{start}, so this version is {'more' if b > c else 'less'} often right by more than chance."


def difference_rows(differences: Mapping[str, Estimate]) -> list[tuple[Metric, Estimate, str]]:
    """Return (metric, difference, what that means) of one label."""
    known = [(METRIC_OF[key], difference) for key, difference in differences.items() if key in METRIC_OF]
    return [
        (metric, difference, metric.verdict(difference))
        for metric, difference in known
        if difference.value is not None
    ]


@dataclass(frozen=True)
class CurvesView:
    """The pictures of an evaluation and the tables that say the same."""

    charts: dict[str, Payload]
    roc_rows: list[tuple[str, list[float | None]]]
    pr_rows: list[tuple[str, list[float | None]]]
    reliability: LabelCurves


def curves_view(curves: Mapping[str, LabelCurves], primary: str) -> CurvesView | None:
    """Return the curves of every label; the table of reliability is of the first, which makes the verdict."""
    if not curves:
        return None
    ordered = {name: curves[name] for name in ordered_labels(curves, primary)}
    return CurvesView(
        charts=quality_curves({label_title(name): curve for name, curve in ordered.items()}),
        roc_rows=[
            (name, [best_beside(curve.roc, x) for x in FALSE_ALARMS]) for name, curve in ordered.items()
        ],
        pr_rows=[
            (name, [best_beside(curve.pr, x, rising=False) for x in RECALLS])
            for name, curve in ordered.items()
        ],
        reliability=next(iter(ordered.values())),
    )


def slice_groups(slices: Sequence[Slice]) -> dict[str, list[tuple[Slice, list[Estimate]]]]:
    """Group the slices with their metrics by kind."""
    groups: dict[str, list[tuple[Slice, list[Estimate]]]] = {}
    for part in slices:
        row = [part.metrics.get(metric.key, UNKNOWN) for metric in SLICE_COLUMNS]
        groups.setdefault(SLICE_TITLES.get(part.kind, "Slices"), []).append((part, row))
    return groups


def mistakes(errors: Sequence[Mistake]) -> dict[str, list[tuple[Mistake, list[Segment]]]]:
    """Group false alarms and misses, the most confident first, with their text in marked segments."""
    by_kind: dict[str, list[tuple[Mistake, list[Segment]]]] = {"false positive": [], "false negative": []}
    for error in errors:
        marked = [ExplainedWord(word.begin, word.end, word.text, word.value) for word in error.words]
        by_kind.setdefault(error.kind, []).append((error, text_segments(error.text, marked)))
    return by_kind
