"""Datasets with one click from decisions and from known answers, and mixing decisions with other rows for a run."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from training.core.errors import DatasetRejected
from training.datasets.decision_summary import decisions_summary, mixable_with
from training.datasets.from_decisions import FEWEST, dataset_from_all_decisions
from training.datasets.known_answers import dataset_from_known_answers, known_answers_summary
from training.datasets.mixtures import dataset_mix
from training.datasets.pages.datasets import ADD
from training.datasets.pages.forms import MixWithForm
from training.models import Dataset, DatasetKind
from training.web.access import permitted, person_of


@permitted(ADD)
@require_http_methods(["GET", "HEAD", "POST"])
def from_decisions(request: HttpRequest) -> HttpResponse:
    """Show what would go into a dataset of all decisions; by POST, build it."""
    problem, status = "", 200
    if request.method == "POST":
        try:
            made = dataset_from_all_decisions(by=person_of(request))
        except DatasetRejected as error:
            problem, status = error.message, 422
        else:
            rows = sum(int(count) for count in made.rows.values())
            messages.success(request, f"“{made}” is ready: {rows:,} rows.")
            return HttpResponseRedirect(f"{reverse('training:dataset', args=[made.pk])}#train")
    context = {**_build_context(request), "problem": problem}
    return render(request, "training/datasets/build.html", context, status=status)


def _build_context(request: HttpRequest) -> dict[str, Any]:
    """Count what would go in of decisions, and of known answers."""
    return {
        "summary": decisions_summary(user=person_of(request)),
        "fewest": FEWEST,
        "golden": known_answers_summary(),
    }


@permitted(ADD)
@require_POST
def from_known_answers(request: HttpRequest) -> HttpResponse:
    try:
        made = dataset_from_known_answers(by=person_of(request))
    except DatasetRejected as error:
        context = {**_build_context(request), "golden_problem": error.message}
        return render(request, "training/datasets/build.html", context, status=422)
    messages.success(request, f"“{made}” is ready: {made.rows['test']:,} test rows.")
    return redirect("training:dataset", made.pk)


@permitted(ADD)
@require_POST
def mix(request: HttpRequest, dataset_id: int) -> HttpResponse:
    """Mix a dataset of decisions with another one by weight, and go on to a run with the mixture."""
    decisions = Dataset.objects.ready().filter(pk=dataset_id, kind=DatasetKind.DECISIONS).first()
    if decisions is None:
        raise Http404
    form = MixWithForm(request.POST, datasets=mixable_with(decisions))
    back = f"{reverse('training:dataset', args=[decisions.pk])}#train"
    if not form.is_valid():
        messages.error(request, "Choose a dataset, and a weight from 0.001 to 1,000.")
        return HttpResponseRedirect(back)
    other = form.chosen()
    name = f"{decisions.name} with {other.name}"[:120]
    try:
        made = dataset_mix(
            name=f"{name}, {timezone.now():%d %b %H:%M:%S}",
            parts=[(decisions, form.cleaned_data["weight"]), (other, 1.0)],
            by=person_of(request),
        )
    except DatasetRejected as error:
        messages.error(request, error.message)
        return HttpResponseRedirect(back)
    if not person_of(request).has_perm("training.run_experiment"):
        return redirect("training:dataset", made.pk)
    return HttpResponseRedirect(f"{reverse('training:experiment-new')}?dataset={made.pk}")


urlpatterns = [
    path("datasets/freeze/", from_decisions, name="dataset-freeze"),
    path("datasets/freeze/golden/", from_known_answers, name="golden-freeze"),
    path("datasets/<int:dataset_id>/mix/", mix, name="dataset-mix"),
]
