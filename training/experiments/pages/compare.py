"""Any runs and versions side by side; the address is the comparison, so that it can be shared."""

import csv
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_safe

from classifier.core.validation import row_id
from training.experiments.comparison import MOST, Compared, addable, baselines_of, compared
from training.experiments.detail_selectors import experiment_curves
from training.experiments.pages.comparison_table import (
    COLUMNS,
    LATENCY_MS,
    SIZE_MB,
    Side,
    front,
    overlaid,
    pareto,
    quality_overlaid,
    sides,
)
from training.experiments.pages.config_rows import differences
from training.web.access import SEE_EXPERIMENTS, permitted
from training.web.formatting import METRIC_OF, label_title, ordered_labels

QUALITIES = ("roc_auc", "pr_auc", "f1", "recall", "precision")


@permitted(SEE_EXPERIMENTS)
@require_safe
def compare(request: HttpRequest) -> HttpResponse:
    found, rows, label, labels = _asked(request)
    quality = METRIC_OF.get(request.GET.get("quality", ""), METRIC_OF["roc_auc"])
    if quality.key not in QUALITIES:
        quality = METRIC_OF["roc_auc"]
    own = [row for row in rows if row.compared.version is not None or row.compared.run is not None]
    runs = [one.run for one in found if one.run is not None]
    curves = experiment_curves(experiment_ids=[run.pk for run in runs]) if runs else {}
    query = _query(found, label=label, quality=quality.key)
    context = {
        "rows": [
            (row, _query([one for one in found if one is not row.compared], label=label)) for row in rows
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
        "several_tests": len({one.fingerprint for one in found if one.fingerprint}) > 1,
        "unmeasured": [row.title for row in own if not row.compared.report],
        "addable": addable(besides=[run.pk for run in runs]),
        "query": query,
        "most": MOST,
    }
    return render(request, "training/experiments/compare.html", context)


@permitted(SEE_EXPERIMENTS)
@require_safe
def compare_csv(request: HttpRequest) -> HttpResponse:
    """The table as a file: one line for each run or version, a metric with its interval in three columns."""
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
        for one in row.figures:
            cells += ["" if part is None else part for part in (one.value, one.low, one.high)]
        writer.writerow(cells)
    return response


def _asked(request: HttpRequest) -> tuple[list[Compared], list[Side], str, list[str]]:
    """What the address names: the sides, the rows with baselines, the label and the labels there are."""
    label = request.GET.get("label") or "toxic"
    ids, versions = _ids(request, "id"), _ids(request, "version")
    found = compared(run_ids=ids, version_ids=versions, label=label[:64]) if ids or versions else []
    known: dict[str, None] = {}
    for one in found:
        known |= dict.fromkeys(one.report.get("metrics") or {})
    labels = ordered_labels(known)
    if labels and label not in labels:
        label = labels[0]
        found = compared(run_ids=ids, version_ids=versions, label=label)
    prints = {one.fingerprint for one in found if one.fingerprint}
    baselines = baselines_of(fingerprint=prints.pop(), label=label) if len(prints) == 1 else []
    return found, sides(found, baselines, label), label, labels


def _ids(request: HttpRequest, name: str) -> list[int]:
    return [number for text in request.GET.getlist(name) if (number := row_id(text)) is not None][:MOST]


def _query(found: list[Compared], **more: str) -> str:
    pairs: list[tuple[str, Any]] = []
    for one in found:
        if one.run is not None:
            pairs.append(("id", one.run.pk))
        elif one.version is not None:
            pairs.append(("version", one.version.pk))
    return urlencode([*pairs, *more.items()])


def _safe(text: str) -> str:
    """A name that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


urlpatterns = [
    path("compare/", compare, name="compare"),
    path("compare.csv", compare_csv, name="compare-csv"),
]
