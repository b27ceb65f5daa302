"""The list of runs, and the page of one run."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_safe

from training.views.access import SEE_EXPERIMENTS, permitted


@permitted(SEE_EXPERIMENTS)
@require_safe
def experiment_list(request: HttpRequest) -> HttpResponse:
    return render(request, "training/experiments.html", {})


urlpatterns = [
    path("", experiment_list, name="experiments"),
]
