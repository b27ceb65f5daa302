"""The list of runs: filters, key metrics, live statuses, the first steps of somebody who has none."""

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_safe

from classifier.core.validation import ROW_ID_MAX, row_id
from training.experiments.pages.run_rows import RunRow, primary_label, progress_of
from training.experiments.selectors import (
    HIGH_IS_GOOD,
    experiment_counts,
    experiment_page,
    experiments_matching,
    filter_choices,
    measured,
)
from training.ml.evaluation.stored import StoredReport
from training.models import Experiment, RunStatus, recipe_choices
from training.web.access import RUN_EXPERIMENTS, SEE_EXPERIMENTS, permitted, person_of
from training.web.formatting import KEY_COLUMNS, key_figures

DEFAULT_SORT = "-newest"
LIVE_MAX = 50
SORTS = ("newest", "name", "roc_auc", "pr_auc", "f1", "latency", "size")


def any_recipe() -> list[tuple[str, str]]:
    """Return the choices of the filter: all recipes together, then each."""
    return [("", "Any recipe"), *recipe_choices()]


class ExperimentFilterForm(forms.Form):
    """The filters over the list; whatever is not understood filters nothing.

    `sweep` is empty (runs that people started), "all", or a sweep's id.
    """

    STATUSES = [("", "All"), *RunStatus.choices]

    status = forms.ChoiceField(choices=STATUSES, required=False)
    recipe = forms.ChoiceField(choices=any_recipe, required=False, label="Recipe")
    dataset = forms.IntegerField(required=False, min_value=1, max_value=ROW_ID_MAX, label="Dataset")
    sweep = forms.RegexField("^(all|[1-9][0-9]{0,17})$", required=False, label="Sweep")
    q = forms.CharField(required=False, max_length=150, label="Search the names")
    sort = forms.RegexField(f"^-?({'|'.join(SORTS)})$", required=False)
    page = forms.IntegerField(required=False, min_value=1, max_value=100_000)

    def chosen(self) -> dict[str, Any]:
        self.is_valid()
        return {name: self.cleaned_data.get(name) or None for name in self.fields}


@permitted(SEE_EXPERIMENTS)
@require_safe
def experiment_list(request: HttpRequest) -> HttpResponse:
    chosen = ExperimentFilterForm(request.GET).chosen()
    matching = experiments_matching(
        recipe=chosen["recipe"], dataset=chosen["dataset"], sweep=chosen["sweep"], search=chosen["q"]
    )
    counts = experiment_counts(experiments=matching)
    of_status = matching.filter(status=chosen["status"]) if chosen["status"] else matching
    sort = chosen["sort"] or DEFAULT_SORT
    page = experiment_page(experiments=of_status, sort=sort, number=chosen["page"] or 1)
    datasets, sweeps = filter_choices()
    filters = {name: chosen[name] for name in ("status", "recipe", "dataset", "sweep", "q", "sort")}
    rows = _rows(page.experiments)
    context = {
        "rows": rows,
        "live": [row.experiment.pk for row in rows if row.live],
        "columns": [_heading(metric.key, metric.title, metric.help, sort, filters) for metric in KEY_COLUMNS],
        "by_name": _heading("name", "Run", "", sort, filters),
        "tabs": [
            {
                "name": title,
                "count": counts[status],
                "current": status == (chosen["status"] or ""),
                "query": _query(filters | {"status": status}),
            }
            for status, title in ExperimentFilterForm.STATUSES
        ],
        "chosen": chosen,
        "filtered": any(chosen[name] for name in ("recipe", "dataset", "sweep", "q")),
        "recipes": any_recipe(),
        "datasets": datasets,
        "sweeps": sweeps,
        "any_at_all": bool(counts[""]) or Experiment.objects.visible().exists(),
        "may_run": person_of(request).has_perm(RUN_EXPERIMENTS),
        "page": page,
        "earlier": page.number > 1 and _query(filters | {"page": page.number - 1}),
        "later": page.number < page.pages and _query(filters | {"page": page.number + 1}),
    }
    return render(request, "training/experiments/list.html", context)


@permitted(SEE_EXPERIMENTS)
@require_safe
def live_rows(request: HttpRequest) -> HttpResponse:
    """Send the changing cells of the runs named in `id`, to be put over the old ones while a run goes on."""
    ids = [row_id(text) for text in request.GET.getlist("id")[:LIVE_MAX]]
    runs = Experiment.objects.visible().filter(pk__in=[pk for pk in ids if pk is not None])
    rows = _rows(list(runs.select_related("model_version").defer("log")))
    live = [row.experiment.pk for row in rows if row.live]
    return render(request, "training/experiments/live_rows.html", {"rows": rows, "live": live})


def _rows(experiments: list[Experiment]) -> list[RunRow]:
    ids = [run.model_version_id for run in experiments if run.model_version_id is not None]
    known = measured(version_ids=ids) if ids else {}
    now = timezone.now()
    return [
        RunRow(
            run,
            key_figures(StoredReport.of(known.get(run.model_version_id or 0)), primary_label(run)),
            progress_of(run) if run.status == RunStatus.RUNNING else progress_of(Experiment()),
            now,
        )
        for run in experiments
    ]


def _heading(key: str, title: str, help_text: str, sort: str, filters: dict[str, Any]) -> dict[str, str]:
    """Return a heading and the order it leads to: best first, and at a second click the other way round."""
    first = f"-{key}" if key in HIGH_IS_GOOD else key
    other = key if first.startswith("-") else f"-{key}"
    current = {first, other} & {sort}
    order = "" if not current else "descending" if sort.startswith("-") else "ascending"
    query = _query(filters | {"sort": other if sort == first else first})
    return {"key": key, "title": title, "help": help_text, "order": order, "query": query}


def _query(filters: dict[str, Any]) -> str:
    return urlencode({name: value for name, value in filters.items() if value})


urlpatterns = [
    path("", experiment_list, name="experiments"),
    path("live/", live_rows, name="experiments-live"),
]
