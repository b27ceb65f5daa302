"""One run: its page, live at first and then with results; curves and model as files; cancel, resume, delete."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.text import slugify
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from classifier.web.refusals import refusals_shown
from training.core.errors import NotAllowedNow
from training.evaluations.pages.report import evaluation_context
from training.experiments.artifact_zip import check_folder_to_pass_on, zip_stream
from training.experiments.named_models import runs_needed
from training.experiments.pages.blend import blend_view
from training.experiments.pages.curves import curve_rows, training_curves
from training.experiments.pages.languages import languages_view
from training.experiments.pages.run_facts import (
    config_rows,
    provenance_rows,
    recipe_about,
    result_facts,
    tried_selections,
    version_card,
)
from training.experiments.pages.run_rows import progress_of, recipe_word, took
from training.experiments.selectors import experiment_curves, experiment_detail
from training.experiments.services import experiment_cancel, experiment_delete, experiment_resume
from training.experiments.stage_times import stage_rows, time_left
from training.ml.mixture.licences import not_passable, passing_on_sentence, sources_of
from training.models import Experiment, RunStatus
from training.web.access import RUN_EXPERIMENTS, SEE_EXPERIMENTS, is_htmx, permitted, person_of

LOG_LINES = 60


@permitted(SEE_EXPERIMENTS)
@require_safe
def experiment(request: HttpRequest, experiment_id: int) -> HttpResponse:
    run = run_or_404(experiment_id)
    curves = experiment_curves(experiment_ids=[run.pk])[run.pk]
    config = config_rows(run)
    context = _head(request, run) | {
        "losses": training_curves(curves, over=run.is_over),
        "speeds": training_curves(curves, of="speed", over=run.is_over),
        "curve_rows": curve_rows(curves),
        "about": recipe_about(run.recipe),
        "config": config,
        "changed": [row for row in config if row.differs],
        "provenance": provenance_rows(run),
        "history": run.history.all(),
        "log": "\n".join(run.log.splitlines()[-LOG_LINES:]),
        "facts": result_facts(run),
        "tried": tried_selections(run),
        "blend": blend_view(run),
        "languages": languages_view(run),
        **_evaluation(run),
    }
    return render(request, "training/experiments/experiment.html", context)


@permitted(SEE_EXPERIMENTS)
@require_safe
def live(request: HttpRequest, experiment_id: int) -> HttpResponse:
    """Show the moving part alone; once the run is over, ask the page to reload."""
    run = run_or_404(experiment_id)
    if run.is_over and is_htmx(request):
        return HttpResponseClientRefresh()
    return render(request, "training/experiments/live.html", _head(request, run))


@permitted(SEE_EXPERIMENTS)
@require_safe
def points(request: HttpRequest, experiment_id: int) -> JsonResponse:
    """Send the curves as charts.js draws them: `of` is losses or speed."""
    run = run_or_404(experiment_id)
    curves = experiment_curves(experiment_ids=[run.pk])[run.pk]
    of = "speed" if request.GET.get("of") == "speed" else "losses"
    return JsonResponse(training_curves(curves, of=of, over=run.is_over))


@permitted(SEE_EXPERIMENTS)
@require_safe
def artifact(request: HttpRequest, experiment_id: int) -> HttpResponseBase:
    """Send the model's folder as a zip that is made on the way: nothing is kept, whatever its size.

    With ?purpose=to_pass_on a model whose data are under a licence that forbids it is refused.
    """
    run = run_or_404(experiment_id)
    folder = artifact_folder(run)
    if folder is None:
        raise Http404("The run has no model")
    if request.GET.get("purpose") == "to_pass_on":
        with refusals_shown(request):
            check_folder_to_pass_on(folder)
            return _zip_of(folder, run)
        return redirect("training:experiment", run.pk)
    return _zip_of(folder, run)


def _zip_of(folder: Path, run: Experiment) -> FileResponse:
    name = slugify(run.model_version.version if run.model_version else run.name) or f"run-{run.pk}"
    chunks: Iterator[bytes] = zip_stream(folder, inside=name)
    response = FileResponse(chunks, content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="{name}.zip"'
    return response


@permitted(RUN_EXPERIMENTS)
@require_POST
def cancel(request: HttpRequest, experiment_id: int) -> HttpResponse:
    run = run_or_404(experiment_id)
    with refusals_shown(request):
        experiment_cancel(experiment=run, by=person_of(request))
        stopped = run.is_over
        words = "The run is cancelled." if stopped else "The run was asked to stop; that takes seconds."
        messages.success(request, words)
    return redirect("training:experiment", run.pk)


@permitted(RUN_EXPERIMENTS)
@require_POST
def resume(request: HttpRequest, experiment_id: int) -> HttpResponse:
    run = run_or_404(experiment_id)
    with refusals_shown(request):
        experiment_resume(experiment=run, by=person_of(request))
        messages.success(request, "The run is queued again; it goes on from its checkpoint where it has one.")
    return redirect("training:experiment", run.pk)


@permitted(RUN_EXPERIMENTS)
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, experiment_id: int) -> HttpResponse:
    """Ask for a confirmation that says what goes; by POST, delete."""
    run = run_or_404(experiment_id)
    problem = ""
    if request.method == "POST":
        try:
            experiment_delete(experiment=run, by=person_of(request))
        except NotAllowedNow as error:
            problem = str(error)
        else:
            messages.success(request, f"{run.name} is deleted.")
            return redirect("training:experiments")
    students = Experiment.objects.visible().filter(teacher=run).count()
    context = {
        "run": run,
        "problem": problem,
        "students": students,
        "has_model": artifact_folder(run) is not None,
    }
    return render(request, "training/experiments/delete.html", context, status=409 if problem else 200)


def run_or_404(experiment_id: int) -> Experiment:
    try:
        return experiment_detail(experiment_id=experiment_id)
    except Experiment.DoesNotExist:
        raise Http404 from None


def artifact_folder(run: Experiment) -> Path | None:
    """Return the folder of the model: in the run's own, or where its version was registered."""
    places = [run.artifact_path] if run.directory else []
    if run.model_version is not None:
        places.append(run.model_version.path)
    return next((folder for folder in places if (folder / "manifest.json").is_file()), None)


def _head(request: HttpRequest, run: Experiment) -> dict[str, Any]:
    status, now = RunStatus(run.status), timezone.now()
    may_run = person_of(request).has_perm(RUN_EXPERIMENTS)
    return {
        "run": run,
        "status": status,
        "recipe": recipe_word(run.recipe),
        "progress": progress_of(run),
        "took": took(run, now),
        "stages": stage_rows(run, now),
        "left": time_left(run, now),
        "stopping": not run.is_over and run.cancel_requested_at is not None,
        "may_run": may_run,
        "may_cancel": may_run and not run.is_over and run.cancel_requested_at is None,
        "may_resume": may_run and status in (RunStatus.FAILED, RunStatus.CANCELLED),
        "may_delete": may_run and run.is_over,
        "waits_for": next((one for one in runs_needed(run) if not one.is_over), None)
        if status == RunStatus.QUEUED
        else None,
    }


def _evaluation(run: Experiment) -> dict[str, Any]:
    """Return the variables of the results; none while there is no model or it has not been measured."""
    version = run.model_version
    if version is None:
        return {}
    sources = sources_of(version.manifest)
    context = {
        "has_artifact": artifact_folder(run) is not None,
        "card": version_card(version),
        "may_be_passed_on": bool(sources) and not not_passable(sources),
        "passing_on": passing_on_sentence(sources).replace("**", "") if sources else "",
    }
    return context | evaluation_context(version)


urlpatterns = [
    path("experiments/<int:experiment_id>/", experiment, name="experiment"),
    path("experiments/<int:experiment_id>/live/", live, name="experiment-live"),
    path("experiments/<int:experiment_id>/points.json", points, name="experiment-points"),
    path("experiments/<int:experiment_id>/artifact.zip", artifact, name="experiment-artifact"),
    path("experiments/<int:experiment_id>/cancel/", cancel, name="experiment-cancel"),
    path("experiments/<int:experiment_id>/resume/", resume, name="experiment-resume"),
    path("experiments/<int:experiment_id>/delete/", delete, name="experiment-delete"),
]
