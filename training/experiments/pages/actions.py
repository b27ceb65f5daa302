"""Cancel, resume and delete: each a button that calls one service and says what came of it."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods, require_POST

from training.core.errors import NotAllowedNow
from training.experiments.deletion import experiment_delete
from training.experiments.pages.detail import artifact_folder, found_or_404
from training.experiments.services import experiment_cancel, experiment_resume
from training.models import Experiment
from training.web.access import RUN_EXPERIMENTS, permitted, person_of


@permitted(RUN_EXPERIMENTS)
@require_POST
def cancel(request: HttpRequest, experiment_id: int) -> HttpResponse:
    run = found_or_404(experiment_id)
    try:
        experiment_cancel(experiment=run, by=person_of(request))
    except NotAllowedNow as error:
        messages.error(request, str(error))
    else:
        stopped = run.is_over
        words = "The run is cancelled." if stopped else "The run was asked to stop; that takes seconds."
        messages.success(request, words)
    return redirect("training:experiment", run.pk)


@permitted(RUN_EXPERIMENTS)
@require_POST
def resume(request: HttpRequest, experiment_id: int) -> HttpResponse:
    run = found_or_404(experiment_id)
    try:
        experiment_resume(experiment=run, by=person_of(request))
    except NotAllowedNow as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "The run is queued again; it goes on from its checkpoint where it has one.")
    return redirect("training:experiment", run.pk)


@permitted(RUN_EXPERIMENTS)
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, experiment_id: int) -> HttpResponse:
    """First a page that says what goes; then it goes."""
    run = found_or_404(experiment_id)
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


urlpatterns = [
    path("experiments/<int:experiment_id>/cancel/", cancel, name="experiment-cancel"),
    path("experiments/<int:experiment_id>/resume/", resume, name="experiment-resume"),
    path("experiments/<int:experiment_id>/delete/", delete, name="experiment-delete"),
]
