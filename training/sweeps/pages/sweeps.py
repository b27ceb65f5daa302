"""The pages of sweeps: the list, starting one, one sweep with its trials and charts, and the buttons that steer it."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from classifier.web.refusals import refusals_shown
from training.core.errors import ConfigRejected, NotAllowedNow
from training.experiments.pages.forms import Start
from training.experiments.pages.run_rows import progress_of, recipe_word
from training.experiments.pages.start import start_of
from training.experiments.selectors import learnable_datasets, possible_teachers, possible_versions
from training.ml.recipes.recipe import Recipe
from training.ml.recipes.registry import RECIPES
from training.models import Dataset, RunStatus, Sweep
from training.sweeps.pages.charts import chart as chart_of
from training.sweeps.pages.forms import SweepForm
from training.sweeps.pages.rows import (
    PRUNER_TITLES,
    SAMPLER_TITLES,
    best_values,
    importance_rows,
    searched,
    space_rows,
    sweep_view,
    trial_rows,
)
from training.sweeps.selectors import full_runs, sweep_detail, sweep_runs, sweeps_listed
from training.sweeps.services import (
    MOST_TRIALS,
    sweep_cancel,
    sweep_create,
    sweep_delete,
    sweep_resume,
    sweep_train_best,
)
from training.web.access import RUN_EXPERIMENTS, is_htmx, permitted, person_of

SEE_SWEEPS = "training.view_sweep"
MORE = 10  # trials proposed when a sweep goes on
TRIAL_ROWS = 4_000  # proposed: a trial is to rank values, not to be good


class MoreTrialsForm(forms.Form):
    trials = forms.IntegerField(min_value=1, max_value=MOST_TRIALS)


class TrialForm(forms.Form):
    number = forms.IntegerField(min_value=0, required=False)


class ChartForm(forms.Form):
    objective = forms.IntegerField(min_value=0, max_value=10, required=False)
    field = forms.CharField(max_length=200, required=False)


@permitted(SEE_SWEEPS)
@require_safe
def sweeps(request: HttpRequest) -> HttpResponse:
    rows = [
        {"view": sweep_view(sweep), "recipe": recipe_word(sweep.recipe), "sweep": sweep}
        for sweep in sweeps_listed()
    ]
    context = {"rows": rows, "may_run": person_of(request).has_perm(RUN_EXPERIMENTS)}
    return render(request, "training/sweeps/list.html", context)


@permitted(RUN_EXPERIMENTS)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    recipe = RECIPES.get(request.GET.get("recipe", ""), RECIPES["teacher"])
    datasets = learnable_datasets()
    form = _form(request, recipe, datasets)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            sweep = sweep_create(
                name=given["name"],
                recipe=recipe.name,
                config=form.fixed(),
                dataset=Dataset.objects.get(pk=given["dataset"]),
                space=form.space(),
                objectives=[{"metric": metric} for metric in given["objectives"]],
                sampler=given["sampler"],
                pruner=form.chosen_pruner(),
                trials=given["trials"],
                at_once=given["at_once"],
                train_best=given["train_best"],
                full=form.full(),
                by=person_of(request),
                **start_of(given["start"]),
            )
        except ConfigRejected as error:
            form.reject(error.field, error.message)
        else:
            return redirect("training:sweep", sweep.pk)
    context = {
        "form": form,
        "recipe": recipe,
        "recipes": [
            {"recipe": offered, "word": recipe_word(offered.name), "current": offered is recipe}
            for offered in RECIPES.values()
        ],
        "datasets": datasets,
    }
    return render(request, "training/sweeps/new.html", context, status=422 if form.is_bound else 200)


def _form(request: HttpRequest, recipe: Recipe, datasets: list[Dataset]) -> SweepForm:
    initial: dict[str, Any] = {
        "name": f"{recipe_word(recipe.name)} sweep, {timezone.now():%d %b %H:%M}",
        "base": next((info.default for info in recipe.fields() if info.name == "base"), ""),
        "data.max_rows": TRIAL_ROWS,
        "objectives": ["f1"],
    }
    initial |= {name: request.GET[name] for name in ("start", "dataset") if request.GET.get(name)}
    return SweepForm(
        recipe,
        datasets=datasets,
        runs=[
            Start(f"run:{run.pk}", f"{run.name} ({recipe_word(run.recipe)})") for run in possible_teachers()
        ],
        versions=[
            Start(f"version:{row.pk}", f"{row.version}{', in production' if row.is_active else ''}")
            for row in possible_versions()
        ],
        values={},
        data=request.POST if request.method == "POST" else None,
        initial=initial,
    )


@permitted(SEE_SWEEPS)
@require_safe
def sweep_page(request: HttpRequest, sweep_id: int) -> HttpResponse:
    sweep = _sweep_or_404(sweep_id)
    context = _head(request, sweep)
    several = len(context["view"].objectives) > 1
    context |= {
        "best_values": best_values(sweep),
        "front": [row for row in context["trials"] if row.best] if several else [],
        "importance": importance_rows(sweep),
        "space": space_rows(sweep),
        "slices": searched(sweep),
        "history": sweep.history.all(),
        "full_runs": full_runs(sweep=sweep),
        "sampler": SAMPLER_TITLES.get(sweep.sampler, sweep.sampler),
        "pruner": PRUNER_TITLES.get(sweep.pruner, sweep.pruner),
        "more": MORE,
    }
    return render(request, "training/sweeps/sweep.html", context)


@permitted(SEE_SWEEPS)
@require_safe
def live(request: HttpRequest, sweep_id: int) -> HttpResponse:
    """Show the moving part alone; once the sweep is over, ask the page to reload."""
    sweep = _sweep_or_404(sweep_id)
    if sweep.is_over and is_htmx(request):
        return HttpResponseClientRefresh()
    return render(request, "training/sweeps/live.html", _head(request, sweep))


@permitted(SEE_SWEEPS)
@require_safe
def chart(request: HttpRequest, sweep_id: int, kind: str) -> HttpResponse:
    """Send the data of one chart, as charts.js draws it."""
    sweep, form = _sweep_or_404(sweep_id), ChartForm(request.GET)
    if not form.is_valid():
        raise Http404("No such chart")
    data = chart_of(sweep, kind, form.cleaned_data["objective"] or 0, form.cleaned_data["field"])
    if data is None:
        raise Http404("No such chart")
    return JsonResponse(data | {"over": sweep.is_over})


@permitted(RUN_EXPERIMENTS)
@require_POST
def cancel(request: HttpRequest, sweep_id: int) -> HttpResponse:
    sweep = _sweep_or_404(sweep_id)
    with refusals_shown(request):
        sweep_cancel(sweep=sweep, by=person_of(request))
        words = (
            "The sweep is cancelled." if sweep.is_over else "The sweep was asked to stop; that takes seconds."
        )
        messages.success(request, words)
    return redirect("training:sweep", sweep_id)


@permitted(RUN_EXPERIMENTS)
@require_POST
def resume(request: HttpRequest, sweep_id: int) -> HttpResponse:
    sweep, form = _sweep_or_404(sweep_id), MoreTrialsForm(request.POST)
    if not form.is_valid():
        messages.error(request, f"Say how many more trials, between 1 and {MOST_TRIALS}.")
        return redirect("training:sweep", sweep_id)
    try:
        sweep_resume(sweep=sweep, trials=form.cleaned_data["trials"], by=person_of(request))
    except (NotAllowedNow, ConfigRejected) as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "The sweep goes on; what it learned so far counts.")
    return redirect("training:sweep", sweep_id)


@permitted(RUN_EXPERIMENTS)
@require_POST
def train(request: HttpRequest, sweep_id: int) -> HttpResponse:
    """Train the best trial, or the one that is named, in full."""
    sweep, form = _sweep_or_404(sweep_id), TrialForm(request.POST)
    number = form.cleaned_data["number"] if form.is_valid() else -1
    try:
        run = sweep_train_best(sweep=sweep, number=number, by=person_of(request))
    except (NotAllowedNow, ConfigRejected) as error:
        messages.error(request, str(error))
        return redirect("training:sweep", sweep_id)
    return redirect("training:experiment", run.pk)


@permitted(RUN_EXPERIMENTS)
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, sweep_id: int) -> HttpResponse:
    """Ask for a confirmation that says what goes; by POST, delete."""
    sweep, problem = _sweep_or_404(sweep_id), ""
    if request.method == "POST":
        try:
            name = sweep.name
            sweep_delete(sweep=sweep, by=person_of(request))
        except NotAllowedNow as error:
            problem = str(error)
        else:
            messages.success(request, f"{name} is deleted.")
            return redirect("training:sweeps")
    context = {"sweep": sweep, "problem": problem}
    return render(request, "training/sweeps/delete.html", context, status=409 if problem else 200)


def _sweep_or_404(sweep_id: int) -> Sweep:
    try:
        return sweep_detail(sweep_id=sweep_id)
    except Sweep.DoesNotExist:
        raise Http404 from None


def _head(request: HttpRequest, sweep: Sweep) -> dict[str, Any]:
    may_run = person_of(request).has_perm(RUN_EXPERIMENTS)
    runs = sweep_runs(sweep=sweep)
    now = [run for run in runs.values() if run.status == RunStatus.RUNNING]
    return {
        "sweep": sweep,
        "view": sweep_view(sweep),
        "recipe": recipe_word(sweep.recipe),
        "columns": searched(sweep),
        "trials": trial_rows(sweep, runs),
        "now": [(run, progress_of(run)) for run in now],
        "may_run": may_run,
        "may_cancel": may_run and not sweep.is_over and sweep.cancel_requested_at is None,
    }


urlpatterns = [
    path("sweeps/", sweeps, name="sweeps"),
    path("sweeps/new/", new, name="sweep-new"),
    path("sweeps/<int:sweep_id>/", sweep_page, name="sweep"),
    path("sweeps/<int:sweep_id>/live/", live, name="sweep-live"),
    path("sweeps/<int:sweep_id>/charts/<slug:kind>.json", chart, name="sweep-chart"),
    path("sweeps/<int:sweep_id>/cancel/", cancel, name="sweep-cancel"),
    path("sweeps/<int:sweep_id>/resume/", resume, name="sweep-resume"),
    path("sweeps/<int:sweep_id>/train/", train, name="sweep-train"),
    path("sweeps/<int:sweep_id>/delete/", delete, name="sweep-delete"),
]
