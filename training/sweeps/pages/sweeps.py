"""The pages of sweeps: the list, one sweep with its trials and charts, and the buttons that steer it."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from training.core.errors import ConfigRejected, NotAllowedNow
from training.experiments.pages.run_rows import progress_of, recipe_word
from training.models import RunStatus, Sweep
from training.sweeps.pages.charts import chart as chart_of
from training.sweeps.pages.rows import (
    PRUNER_TITLES,
    SAMPLER_TITLES,
    best_values,
    front_rows,
    importance_rows,
    searched,
    space_rows,
    sweep_view,
    trial_rows,
)
from training.sweeps.pages.start import urlpatterns as new_urlpatterns
from training.sweeps.selectors import full_runs, sweep_detail, sweep_runs, sweeps_listed
from training.sweeps.services import MOST_TRIALS, sweep_cancel, sweep_delete, sweep_resume, sweep_train_best
from training.web.access import RUN_EXPERIMENTS, is_htmx, permitted, person_of

SEE_SWEEPS = "training.view_sweep"
MORE = 10  # trials proposed when a sweep goes on


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


@permitted(SEE_SWEEPS)
@require_safe
def sweep(request: HttpRequest, sweep_id: int) -> HttpResponse:
    found = _found_or_404(sweep_id)
    objectives = [o.title for o in sweep_view(found).objectives]
    context = _head(request, found) | {
        "best_values": best_values(found),
        "front": front_rows(found, sweep_runs(sweep=found)) if len(objectives) > 1 else [],
        "importance": importance_rows(found),
        "space": space_rows(found),
        "slices": searched(found),
        "history": found.history.all(),
        "full_runs": full_runs(sweep=found),
        "sampler": SAMPLER_TITLES.get(found.sampler, found.sampler),
        "pruner": PRUNER_TITLES.get(found.pruner, found.pruner),
        "more": MORE,
    }
    return render(request, "training/sweeps/sweep.html", context)


@permitted(SEE_SWEEPS)
@require_safe
def live(request: HttpRequest, sweep_id: int) -> HttpResponse:
    """The moving part alone; once the sweep is over the whole page is worth asking for anew."""
    found = _found_or_404(sweep_id)
    if found.is_over and is_htmx(request):
        return HttpResponseClientRefresh()
    return render(request, "training/sweeps/live.html", _head(request, found))


@permitted(SEE_SWEEPS)
@require_safe
def chart(request: HttpRequest, sweep_id: int, kind: str) -> HttpResponse:
    """The data of one chart, as charts.js draws it."""
    found, form = _found_or_404(sweep_id), ChartForm(request.GET)
    if not form.is_valid():
        raise Http404("No such chart")
    data = chart_of(found, kind, form.cleaned_data["objective"] or 0, form.cleaned_data["field"])
    if data is None:
        raise Http404("No such chart")
    return JsonResponse(data | {"over": found.is_over})


@permitted(RUN_EXPERIMENTS)
@require_POST
def cancel(request: HttpRequest, sweep_id: int) -> HttpResponse:
    found = _found_or_404(sweep_id)
    try:
        sweep_cancel(sweep=found, by=person_of(request))
    except NotAllowedNow as error:
        messages.error(request, str(error))
    else:
        words = (
            "The sweep is cancelled." if found.is_over else "The sweep was asked to stop; that takes seconds."
        )
        messages.success(request, words)
    return redirect("training:sweep", sweep_id)


@permitted(RUN_EXPERIMENTS)
@require_POST
def resume(request: HttpRequest, sweep_id: int) -> HttpResponse:
    found, form = _found_or_404(sweep_id), MoreTrialsForm(request.POST)
    if not form.is_valid():
        messages.error(request, f"Say how many more trials, between 1 and {MOST_TRIALS}.")
        return redirect("training:sweep", sweep_id)
    try:
        sweep_resume(sweep=found, trials=form.cleaned_data["trials"], by=person_of(request))
    except (NotAllowedNow, ConfigRejected) as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "The sweep goes on; what it learned so far counts.")
    return redirect("training:sweep", sweep_id)


@permitted(RUN_EXPERIMENTS)
@require_POST
def train(request: HttpRequest, sweep_id: int) -> HttpResponse:
    """Train the best trial, or the one that is named, in full."""
    found, form = _found_or_404(sweep_id), TrialForm(request.POST)
    number = form.cleaned_data["number"] if form.is_valid() else -1
    try:
        run = sweep_train_best(sweep=found, number=number, by=person_of(request))
    except (NotAllowedNow, ConfigRejected) as error:
        messages.error(request, str(error))
        return redirect("training:sweep", sweep_id)
    return redirect("training:experiment", run.pk)


@permitted(RUN_EXPERIMENTS)
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, sweep_id: int) -> HttpResponse:
    """First a page that says what goes; then it goes."""
    found, problem = _found_or_404(sweep_id), ""
    if request.method == "POST":
        try:
            name = found.name
            sweep_delete(sweep=found, by=person_of(request))
        except NotAllowedNow as error:
            problem = str(error)
        else:
            messages.success(request, f"{name} is deleted.")
            return redirect("training:sweeps")
    context = {"sweep": found, "problem": problem}
    return render(request, "training/sweeps/delete.html", context, status=409 if problem else 200)


def _found_or_404(sweep_id: int) -> Sweep:
    try:
        return sweep_detail(sweep_id=sweep_id)
    except Sweep.DoesNotExist:
        raise Http404 from None


def _head(request: HttpRequest, found: Sweep) -> dict[str, Any]:
    may_run = person_of(request).has_perm(RUN_EXPERIMENTS)
    runs = sweep_runs(sweep=found)
    now = [run for run in runs.values() if run.status == RunStatus.RUNNING]
    return {
        "sweep": found,
        "view": sweep_view(found),
        "recipe": recipe_word(found.recipe),
        "columns": searched(found),
        "trials": trial_rows(found, runs),
        "now": [(run, progress_of(run)) for run in now],
        "may_run": may_run,
        "may_cancel": may_run and not found.is_over and found.cancel_requested_at is None,
    }


urlpatterns = [
    path("sweeps/", sweeps, name="sweeps"),
    *new_urlpatterns,
    path("sweeps/<int:sweep_id>/", sweep, name="sweep"),
    path("sweeps/<int:sweep_id>/live/", live, name="sweep-live"),
    path("sweeps/<int:sweep_id>/charts/<slug:kind>.json", chart, name="sweep-chart"),
    path("sweeps/<int:sweep_id>/cancel/", cancel, name="sweep-cancel"),
    path("sweeps/<int:sweep_id>/resume/", resume, name="sweep-resume"),
    path("sweeps/<int:sweep_id>/train/", train, name="sweep-train"),
    path("sweeps/<int:sweep_id>/delete/", delete, name="sweep-delete"),
]
