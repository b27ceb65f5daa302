"""Known answers as test rows: freezing them with one click, and measuring a version on them."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_POST

from training.core.errors import DatasetRejected, NotAllowedNow
from training.datasets.from_golden import dataset_freeze_golden
from training.datasets.golden_selectors import golden_summary
from training.datasets.pages.datasets import ADD
from training.datasets.pages.freeze import freeze_context
from training.evaluations.services import evaluation_start
from training.promotion.pages.versions import found_version, tried
from training.web.access import RUN_EXPERIMENTS, permitted, person_of


@permitted(ADD)
@require_POST
def freeze_golden(request: HttpRequest) -> HttpResponse:
    try:
        made = dataset_freeze_golden(by=person_of(request))
    except DatasetRejected as error:
        context = {**freeze_context(), "golden_problem": error.message}
        return render(request, "training/datasets/freeze.html", context, status=422)
    messages.success(request, f"“{made}” is frozen: {made.rows['test']:,} test rows.")
    return redirect("training:dataset", made.pk)


@permitted(RUN_EXPERIMENTS)
@require_POST
def evaluate_golden(request: HttpRequest, version_id: int) -> HttpResponse:
    """Measure the version on the newest dataset of known answers."""
    found = found_version(version_id)
    last = golden_summary().last
    back = f"{reverse('training:version', args=[found.pk])}#golden"

    def start() -> None:
        if last is None:
            raise NotAllowedNow("Create a dataset from known answers first.")
        evaluation_start(model_version=found, on=last, by=person_of(request))

    said = f"{found} will be measured on “{last}” when the training worker is free; reload then."
    return tried(request, found, start, said, back=back)


urlpatterns = [
    path("datasets/freeze/golden/", freeze_golden, name="golden-freeze"),
    path("versions/<int:version_id>/evaluate-golden/", evaluate_golden, name="version-evaluate-golden"),
]
