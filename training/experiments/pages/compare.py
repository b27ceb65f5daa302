"""Any runs and versions side by side; the address is the comparison, so that it can be shared."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.views.decorators.http import require_safe

from classifier.core.validation import row_id
from training.evaluations.pages.report import BASELINES
from training.experiments.comparison import MOST, Compared, addable, baselines_of, compared
from training.experiments.pages.compare_parts import SOURCE_COLUMNS, source_rows, suite_tables
from training.experiments.pages.curves import SHARE, SPEED, Payload, thin
from training.experiments.pages.run_facts import RunCard, differences
from training.experiments.pages.run_rows import recipe_word
from training.experiments.selectors import Curves, experiment_curves
from training.ml.evaluation.stored import LabelCurves, StoredReport
from training.ml.json_reader import read
from training.promotion.pages.knowledge import MEASURES, knowledge_of_versions
from training.promotion.pages.operating_points import points_of_versions
from training.web.access import SEE_EXPERIMENTS, permitted
from training.web.formatting import (
    DASH,
    LATENCY,
    METRIC_OF,
    METRICS,
    SIZE,
    Figure,
    Metric,
    label_title,
    ordered_labels,
    with_best_marked,
)

QUALITIES = ("roc_auc", "pr_auc", "f1", "recall", "precision")
PARAMETERS = Metric("parameters", "Parameters, M", "low", 1, "Millions of numbers in the model")
TRAINED = Metric("trainable", "Trained, M", "low", 2, "Millions of numbers that training changed")
LATENCY_MS = replace(LATENCY, title="Latency, ms")
SIZE_MB = replace(SIZE, title="Size, MB")
COLUMNS: tuple[Metric, ...] = (*METRICS, LATENCY_MS, SIZE_MB, PARAMETERS, TRAINED)


@dataclass(frozen=True)
class Side:
    """One row of the comparison; a baseline has neither run nor version."""

    title: str
    figures: list[Figure]
    compared: Compared

    @property
    def url(self) -> str:
        if self.compared.run is not None:
            return reverse("training:experiment", args=[self.compared.run.pk])
        return ""

    @property
    def started_from(self) -> str:
        """The teacher run, the version or the name of the encoder that its run started from."""
        run = self.compared.run
        if run is None:
            return DASH
        return str(run.teacher.name if run.teacher else run.base_version or run.config.get("base") or DASH)

    @property
    def recipe(self) -> str:
        return recipe_word(self.compared.run.recipe) if self.compared.run is not None else ""

    def value(self, metric: Metric) -> float | None:
        return self.figures[COLUMNS.index(metric)].estimate.value


def sides(chosen: Sequence[Compared], baselines: Iterable[tuple[str, Compared]], label: str) -> list[Side]:
    """Return every row with its figures, the best of each column among the versions marked."""
    marked = with_best_marked([_figures(side, label) for side in chosen])
    titles = [side.run.name if side.run is not None else str(side.version) for side in chosen]
    rows = [Side(*parts) for parts in zip(titles, marked, chosen, strict=True)]
    return rows + [Side(BASELINES.get(name, name), _figures(side, label), side) for name, side in baselines]


def _figures(side: Compared, label: str) -> list[Figure]:
    """Return the measured numbers, completed by the parameters that the card of the run counts."""
    report = StoredReport.of(side.report)
    card = read(RunCard, side.run.result if side.run is not None else None)
    trained = card.trainable_parameters
    size = replace(
        report.size,
        parameters=report.size.parameters or card.parameters,
        trainable_parameters=report.size.trainable_parameters if trained is None else trained,
    )
    report = replace(report, size=size)
    return [metric.figure(report, label) for metric in COLUMNS]


def pareto(rows: Sequence[Side], quality: Metric, cost: Metric) -> Payload:
    """Plot quality upwards against what an answer costs; the versions that no other beats on both stand out."""
    points = [
        {
            "name": row.title,
            "x": row.value(cost),
            "y": row.value(quality),
            "url": row.url,
            "group": row.recipe or "Version",
        }
        for row in rows
        if row.compared.version is not None and None not in (row.value(cost), row.value(quality))
    ]
    return {
        "points": points,
        "pareto": True,
        "x": {"name": cost.title, "better": "low"},
        "y": {"name": quality.title, "better": quality.better},
        "note": "No version here has both numbers",
    }


def front(rows: Sequence[Side], quality: Metric, cost: Metric) -> list[str]:
    """Name the versions on the Pareto front, the cheapest first: what the plot shows, in words."""
    points = pareto(rows, quality, cost)["points"]
    sign = 1 if quality.better == "high" else -1

    def beaten(point: dict[str, Any]) -> bool:
        return any(
            other["x"] <= point["x"]
            and sign * other["y"] >= sign * point["y"]
            and (other["x"], other["y"]) != (point["x"], point["y"])
            for other in points
        )

    return [point["name"] for point in sorted(points, key=lambda p: p["x"]) if not beaten(point)]


def overlaid(rows: Sequence[Side], curves: dict[int, Curves]) -> Payload:
    """Plot the main loss of each run over the share of its steps, so that long and short runs can be compared."""
    series = []
    for row in rows:
        run = row.compared.run
        main = _main_loss(curves.get(run.pk, {}) if run is not None else {})
        if main:
            last = main[-1][0] or 1
            series.append({"name": row.title, "points": thin([(step / last, value) for step, value in main])})
    return {
        "series": series,
        "x": {"name": "Share of the run", "percent": True, "min": 0, "max": 1},
        "y": {"name": "Loss"},
        "note": "None of these runs wrote a curve",
    }


def _main_loss(curves: Curves) -> list[tuple[int, float]]:
    """Return the curve called loss; of several phases the longest one."""
    losses = {key: points for key, points in curves.items() if key[1] not in SPEED}
    named = [points for (_, name), points in losses.items() if name == "loss"] or list(losses.values())
    return max(named, key=len) if named else []


def quality_overlaid(rows: Sequence[Side], kind: str) -> Payload:
    """Plot the ROC or precision-recall curve of one label, of every version."""
    series = [
        {"name": row.title, "points": getattr(read(LabelCurves, row.compared.curves), kind)} for row in rows
    ]
    axes = {
        "roc": ("False alarms among harmless rows", "Rows with the label found"),
        "pr": ("Recall", "Precision"),
    }
    payload: Payload = {
        "series": [curve for curve in series if curve["points"]],
        "x": {"name": axes[kind][0], **SHARE},
        "y": {"name": axes[kind][1], **SHARE},
        "note": "None of these versions was measured",
    }
    return {**payload, "diagonal": "chance"} if kind == "roc" else payload


@permitted(SEE_EXPERIMENTS)
@require_safe
def compare(request: HttpRequest) -> HttpResponse:
    chosen, rows, label, labels = _asked(request)
    quality = METRIC_OF.get(request.GET.get("quality", ""), METRIC_OF["roc_auc"])
    if quality.key not in QUALITIES:
        quality = METRIC_OF["roc_auc"]
    own = [row for row in rows if row.compared.version is not None or row.compared.run is not None]
    runs = [side.run for side in chosen if side.run is not None]
    curves = experiment_curves(experiment_ids=[run.pk for run in runs]) if runs else {}
    query = _query(chosen, label=label, quality=quality.key)
    reports = {row.title: StoredReport.of(row.compared.report) for row in own if row.compared.report}
    versions = [(row.title, row.compared.version.pk) for row in own if row.compared.version is not None]
    same_rows = len({side.fingerprint for side in chosen if side.fingerprint}) == 1
    context = {
        "rows": [
            (row, _query([side for side in chosen if side is not row.compared], label=label)) for row in rows
        ],
        "own": own,
        "columns": COLUMNS,
        "label": label,
        "label_title": label_title(label),
        "labels": [(name, label_title(name)) for name in labels],
        "quality": quality,
        "qualities": [METRIC_OF[key] for key in QUALITIES],
        "with_runs": [row for row in own if row.compared.run is not None],
        "differences": differences([run.config for run in runs]) if len(runs) > 1 else [],
        "suite_tables": suite_tables(reports),
        "source_titles": list(reports),
        "source_columns": SOURCE_COLUMNS,
        "source_rows": source_rows(list(reports.values())) if same_rows else [],
        "points": points_of_versions(versions, label),
        "knowledge": knowledge_of_versions(versions),
        "knowledge_columns": MEASURES,
        "losses": overlaid(own, curves),
        "roc": quality_overlaid(own, "roc"),
        "pr": quality_overlaid(own, "pr"),
        "plots": [
            {
                "id": f"pareto-{cost.key}",
                "cost": cost.title,
                "data": pareto(own, quality, cost),
                "front": front(own, quality, cost),
            }
            for cost in (LATENCY_MS, SIZE_MB)
        ],
        "several_tests": len({side.fingerprint for side in chosen if side.fingerprint}) > 1,
        "unmeasured": [row.title for row in own if not row.compared.report],
        "addable": addable(besides=[run.pk for run in runs]),
        "query": query,
        "most": MOST,
    }
    return render(request, "training/experiments/compare.html", context)


@permitted(SEE_EXPERIMENTS)
@require_safe
def compare_csv(request: HttpRequest) -> HttpResponse:
    """Send the table as a file: one line for each run or version, a metric with its interval in three columns."""
    _, rows, label, _ = _asked(request)
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="comparison.csv"'
    writer = csv.writer(response)
    head = ["name", "recipe", "version", "label"]
    for column in COLUMNS:
        head += [column.key, f"{column.key}_low", f"{column.key}_high"]
    writer.writerow(head)
    for row in rows:
        version = str(row.compared.version or "")
        cells: list[Any] = [_safe(row.title), row.recipe, version, label]
        for figure in row.figures:
            numbers = (figure.estimate.value, figure.estimate.low, figure.estimate.high)
            cells += ["" if number is None else number for number in numbers]
        writer.writerow(cells)
    return response


def _asked(request: HttpRequest) -> tuple[list[Compared], list[Side], str, list[str]]:
    """Return what the address asks for: the sides, the rows with baselines, the label and the labels there are."""
    label = request.GET.get("label") or "toxic"
    ids, versions = _ids(request, "id"), _ids(request, "version")
    chosen = compared(run_ids=ids, version_ids=versions, label=label[:64]) if ids or versions else []
    labels = ordered_labels(
        dict.fromkeys(name for side in chosen for name in StoredReport.of(side.report).metrics)
    )
    if labels and label not in labels:
        label = labels[0]
        chosen = compared(run_ids=ids, version_ids=versions, label=label)
    prints = {side.fingerprint for side in chosen if side.fingerprint}
    baselines = baselines_of(fingerprint=prints.pop(), label=label) if len(prints) == 1 else []
    return chosen, sides(chosen, baselines, label), label, labels


def _ids(request: HttpRequest, name: str) -> list[int]:
    return [number for text in request.GET.getlist(name) if (number := row_id(text)) is not None][:MOST]


def _query(chosen: list[Compared], **more: str) -> str:
    pairs: list[tuple[str, Any]] = []
    for side in chosen:
        if side.run is not None:
            pairs.append(("id", side.run.pk))
        elif side.version is not None:
            pairs.append(("version", side.version.pk))
    return urlencode([*pairs, *more.items()])


def _safe(text: str) -> str:
    """Return a name that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


urlpatterns = [
    path("compare/", compare, name="compare"),
    path("compare.csv", compare_csv, name="compare-csv"),
]
