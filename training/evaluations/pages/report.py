"""An evaluation as its page shows it: metrics beside baselines, McNemar's sentence, confusion, slices, suites."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from training.experiments.detail_selectors import Measured
from training.experiments.pages.curves import Payload, at, quality_curves, threshold_curves
from training.models import Evaluation, TestSuiteResult
from training.web.formatting import (
    METRIC_OF,
    METRICS,
    Figure,
    Metric,
    count,
    figure,
    label_title,
    number,
    ordered_labels,
    percent,
)

BASELINES = {"majority": "Always “not toxic”", "tfidf": "TF-IDF and logistic regression"}
FALSE_ALARMS = (0.001, 0.01, 0.05, 0.1)
RECALLS = (0.5, 0.7, 0.8, 0.9)
SLICE_COLUMNS = tuple(
    METRIC_OF[key] for key in ("roc_auc", "pr_auc", "f1", "precision", "recall", "accuracy")
)
HEAT_LEVELS = 8


@dataclass(frozen=True)
class MetricRow:
    """One version's metrics of one label."""

    name: str
    figures: list[tuple[Metric, Figure]]
    own: bool = False
    note: str = ""


@dataclass(frozen=True)
class LabelTable:
    """All that is known of one label: metrics beside the baselines, confusion, thresholds."""

    label: str
    title: str
    rows: list[MetricRow]
    support: str = ""
    confusion: list[tuple[str, list[tuple[str, str, int]]]] = field(default_factory=list)
    thresholds: Payload = field(default_factory=dict)
    threshold_rows: list[tuple[str, ...]] = field(default_factory=list)


def label_tables(measured: Measured, primary: str) -> list[LabelTable]:
    """The tables of each label, the one that makes the verdict first."""
    report = measured.evaluation.report
    metrics = report.get("metrics") or {}
    return [_label_table(label, report, measured) for label in ordered_labels(metrics, primary)]


def _label_table(label: str, report: Mapping[str, Any], measured: Measured) -> LabelTable:
    rows = [MetricRow("This version", _figures(report, label), own=True)]
    if measured.active is not None:
        found = _figures(measured.active.report, label)
        rows.append(MetricRow(f"In production: {measured.active.model_version}", found))
    for baseline in measured.baselines:
        rows.append(
            MetricRow(BASELINES.get(baseline.baseline, baseline.baseline), _figures(baseline.report, label))
        )
    support = (report.get("support") or {}).get(label) or {}
    thresholds = ((report.get("curves") or {}).get(label) or {}).get("thresholds") or []
    return LabelTable(
        label,
        label_title(label),
        _marked([row for row in rows if any(one.value is not None for _, one in row.figures)]),
        support=_support(support),
        confusion=confusion_rows((report.get("confusion") or {}).get(label)),
        thresholds=threshold_curves(thresholds),
        threshold_rows=_threshold_rows(thresholds, number(support.get("threshold"))),
    )


def _figures(report: Mapping[str, Any], label: str) -> list[tuple[Metric, Figure]]:
    of_label = (report.get("metrics") or {}).get(label) or {}
    return [(metric, figure(of_label.get(metric.key), metric)) for metric in METRICS]


def _marked(rows: list[MetricRow]) -> list[MetricRow]:
    """The best of each column marked, where there is something to compare with."""
    if len(rows) < 2:
        return rows
    best = {}
    for place, metric in enumerate(METRICS):
        values = [row.figures[place][1].value for row in rows]
        best[metric.key] = best_of(values, metric)
    return [
        MetricRow(
            row.name,
            [
                (
                    metric,
                    Figure(
                        f.value, f.low, f.high, f.digits, f.value is not None and f.value == best[metric.key]
                    ),
                )
                for metric, f in row.figures
            ],
            row.own,
            row.note,
        )
        for row in rows
    ]


def best_of(values: Sequence[float | None], metric: Metric) -> float | None:
    known = [value for value in values if value is not None]
    if not known:
        return None
    return max(known) if metric.better == "high" else min(known)


def _support(support: Mapping[str, Any]) -> str:
    if not support:
        return ""
    words = f"{count(support.get('rows'))} rows know this label, {count(support.get('positives'))} of them have it"
    threshold = number(support.get("threshold"))
    return words + ("" if threshold is None else f"; flagged from a probability of {threshold:.3f} on")


def confusion_rows(found: Mapping[str, Any] | None) -> list[tuple[str, list[tuple[str, str, int]]]]:
    """[(what the row is, [(weighted rows, share of that row, heat 0 to 8), …])]: the truth downwards."""
    cells = {key: number((found or {}).get(key)) for key in ("tp", "fp", "fn", "tn")}
    if None in cells.values():
        return []
    known = {key: value or 0.0 for key, value in cells.items()}

    def line(left: str, right: str) -> list[tuple[str, str, int]]:
        total = known[left] + known[right]
        shares = [known[key] / total if total else 0.0 for key in (left, right)]
        return [
            (count(known[key]), percent(share), round(share * HEAT_LEVELS))
            for key, share in zip((left, right), shares, strict=True)
        ]

    return [("Has the label", line("tp", "fn")), ("Has it not", line("fp", "tn"))]


def _threshold_rows(rows: Sequence[Mapping[str, Any]], own: float | None) -> list[tuple[str, ...]]:
    """The rows nearest to a few round thresholds, and the version's own."""
    if not rows:
        return []
    wanted = [(f"{value:.1f}", value) for value in (0.1, 0.3, 0.5, 0.7, 0.9)]
    if own is not None:
        wanted = sorted([*wanted, (f"{own:.3f} (its own)", own)], key=lambda pair: pair[1])
    found = []
    for title, value in wanted:
        row = min(rows, key=lambda one: abs((number(one.get("threshold")) or 0.0) - value))
        cells = [percent(row.get(key)) for key in ("precision", "recall", "f1", "flagged")]
        found.append((title, *cells))
    return found


def mcnemar_sentence(report: Mapping[str, Any]) -> str:
    """What McNemar's test says about this version against another, in words."""
    found = report.get("mcnemar")
    if not found:
        return ""
    b, c, p = (number(found.get(key)) for key in ("b", "c", "p_value"))
    if b is None or c is None or p is None:
        return ""
    against = found.get("against") or "the other version"
    chance = "below 0.001" if p < 0.001 else f"{p:.3f}"
    start = (
        f"On {count(b)} rows only this version is right, on {count(c)} only {against}: "
        f"McNemar\N{RIGHT SINGLE QUOTATION MARK}s test gives p {'' if p < 0.001 else '= '}{chance}"
    )
    if p >= 0.05:
        return f"{start}, so these rows cannot tell the two apart."
    return f"{start}, so this version is {'more' if b > c else 'less'} often right by more than chance."


def difference_rows(report: Mapping[str, Any], primary: str) -> tuple[str, list[tuple[str, str, str, str]]]:
    """Against which version, and (metric, difference, interval, what that says) of the primary label."""
    found = report.get("differences") or {}
    labels = found.get("labels") or {}
    rows = []
    for key, values in (labels.get(primary) or {}).items():
        metric = METRIC_OF.get(key)
        value, low, high = (number((values or {}).get(name)) for name in ("value", "low", "high"))
        if metric is None or value is None:
            continue
        said = "cannot be told"
        if low is not None and high is not None and (low > 0 or high < 0):
            said = "better" if (low > 0) == (metric.better == "high") else "worse"
        span = "" if low is None or high is None else f"{_signed(low)} to {_signed(high)}"
        rows.append((metric.title, _signed(value), span, said))
    return str(found.get("against") or ""), rows


def _signed(value: float) -> str:
    return f"{value:+.4f}".replace("-", "\N{MINUS SIGN}")


@dataclass(frozen=True)
class CurvesView:
    """The pictures of an evaluation and the tables that say the same."""

    charts: dict[str, Payload]
    roc_rows: list[tuple[str, list[str]]]
    pr_rows: list[tuple[str, list[str]]]
    reliability_rows: list[tuple[str, str, str]]


def curves_view(report: Mapping[str, Any], primary: str) -> CurvesView | None:
    curves = report.get("curves") or {}
    if not curves:
        return None
    names = ordered_labels(curves, primary)
    ordered = {name: curves[name] for name in names}
    bins = (ordered.get(primary) or ordered[names[0]]).get("reliability") or []
    return CurvesView(
        charts=quality_curves(ordered, {name: label_title(name) for name in names}),
        roc_rows=[
            (label_title(name), [percent(at(c.get("roc"), x)) for x in FALSE_ALARMS])
            for name, c in ordered.items()
        ],
        pr_rows=[
            (label_title(name), [percent(at(c.get("pr"), x, rising=False)) for x in RECALLS])
            for name, c in ordered.items()
        ],
        reliability_rows=[
            (percent(b.get("mean")), percent(b.get("rate")), count(b.get("weight"))) for b in bins
        ],
    )


@dataclass(frozen=True)
class SliceRow:
    name: str
    rows: str
    positives: str
    figures: list[Figure]


def slice_groups(report: Mapping[str, Any]) -> list[tuple[str, list[SliceRow]]]:
    """The slices by kind: by length, by labels, by source."""
    titles = {"length": "By length", "labels": "By labels", "source": "By source"}
    groups: dict[str, list[SliceRow]] = {}
    for found in report.get("slices") or []:
        kind = titles.get(found.get("kind") or "", "Slices")
        numbers = [figure((found.get("metrics") or found).get(m.key), m) for m in SLICE_COLUMNS]
        short = [Figure(one.value, one.low, one.high, 3) for one in numbers]
        row = SliceRow(
            str(found.get("name", "")), count(found.get("rows")), count(found.get("positives")), short
        )
        groups.setdefault(kind, []).append(row)
    return list(groups.items())


@dataclass(frozen=True)
class SuiteView:
    """One test suite: how many cases were right, by functionality and by group."""

    name: str
    accuracy: str
    functionalities: list[tuple[str, str, str, bool]]
    groups: list[tuple[str, str, list[Figure]]]


def suite_views(evaluation: Evaluation, results: Sequence[TestSuiteResult]) -> list[SuiteView]:
    """The suites of the version: as they were run with the evaluation, and those that ran later."""
    found = {str(one.get("name", "")): one for one in evaluation.report.get("suites") or []}
    found |= {result.suite.name: result.report for result in results}
    return [_suite(name, report) for name, report in found.items()]


def _suite(name: str, report: Mapping[str, Any]) -> SuiteView:
    overall = number(report.get("accuracy"))
    auc = Metric("auc", "AUC", digits=3)
    functionalities = []
    for one in report.get("by_functionality") or []:
        right = number(one.get("accuracy"))
        title = str(one.get("functionality") or one.get("name") or "").replace("_", " ")
        weak = right is not None and overall is not None and right < overall - 0.15
        functionalities.append((title, count(one.get("rows", one.get("cases"))), percent(right), weak))
    groups = [
        (
            str(one.get("group", "")),
            count(one.get("rows")),
            [figure(one.get(key), auc) for key in ("subgroup_auc", "bpsn_auc", "bnsp_auc")],
        )
        for one in report.get("by_group") or []
    ]
    return SuiteView(name, percent(overall), functionalities, groups)
