"""Rows that look mislabelled, each corrected or left by one key; and the dataset with the corrections."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_POST, require_safe

from training.core.errors import DatasetRejected, NotAllowedNow
from training.datasets.label_corrections import (
    MAY_FIX,
    LabelError,
    dataset_correct,
    label_errors,
    label_fix,
    label_fix_undo,
)
from training.models import Dataset, Evaluation, LabelFix
from training.web.access import is_htmx, permitted, person_of

SEE = "training.view_evaluation"
TITLES = {
    "test": "In the test rows, doubted by this version",
    "train": "In the training rows, doubted by a word counter",
}


@permitted(SEE)
@require_safe
def label_error_list(request: HttpRequest, evaluation_id: int) -> HttpResponse:
    evaluation = _evaluation(evaluation_id)
    groups: dict[str, list[LabelError]] = {}
    for error in label_errors(evaluation=evaluation):
        groups.setdefault(TITLES[error.split], []).append(error)
    context = {
        "evaluation": evaluation,
        "groups": groups,
        "may_fix": person_of(request).has_perm(MAY_FIX),
    }
    return render(request, "training/datasets/labels/list.html", context)


@permitted(SEE)
@permitted(MAY_FIX)
@require_POST
def fix(request: HttpRequest, evaluation_id: int, key: str) -> HttpResponse:
    """Correct a row that the evaluation lists, named as on its page."""
    evaluation = _evaluation(evaluation_id)
    error = _error(evaluation, key)
    problem, row, label = "", error.issue.row, error.issue.label
    try:
        label_fix(dataset=error.dataset, split=error.split, row=row, label=label, by=person_of(request))
    except NotAllowedNow as refusal:
        problem = str(refusal)
    return _row(request, evaluation, key, problem, "The label is corrected. Press u to take it back.")


@permitted(SEE)
@permitted(MAY_FIX)
@require_POST
def undo(request: HttpRequest, evaluation_id: int, key: str) -> HttpResponse:
    """Undo the correction of a listed row."""
    evaluation = _evaluation(evaluation_id)
    error = _error(evaluation, key)
    problem = ""
    try:
        if error.fix is None:
            raise NotAllowedNow("This correction was taken back already.")
        label_fix_undo(fix=LabelFix.objects.get(pk=error.fix.pk), by=person_of(request))
    except NotAllowedNow as refusal:
        problem = str(refusal)
    return _row(request, evaluation, key, problem, "The label is as it was given.")


@permitted(MAY_FIX)
@require_POST
def correct(request: HttpRequest, dataset_id: int) -> HttpResponse:
    """Build the dataset with the corrections."""
    dataset = Dataset.objects.ready().filter(pk=dataset_id).first()
    if dataset is None:
        raise Http404
    try:
        made = dataset_correct(dataset=dataset, by=person_of(request))
    except DatasetRejected as error:
        messages.error(request, error.message)
        return redirect("training:dataset", dataset.pk)
    messages.success(request, f"“{made}” is ready.")
    return redirect("training:dataset", made.pk)


def _evaluation(evaluation_id: int) -> Evaluation:
    rows = Evaluation.objects.select_related("dataset", "experiment__dataset", "model_version")
    evaluation = rows.filter(pk=evaluation_id, model_version__isnull=False).first()
    if evaluation is None:
        raise Http404
    return evaluation


def _error(evaluation: Evaluation, key: str) -> LabelError:
    error = next((row for row in label_errors(evaluation=evaluation) if row.key == key), None)
    if error is None:
        raise Http404
    return error


def _row(request: HttpRequest, evaluation: Evaluation, key: str, problem: str, success: str) -> HttpResponse:
    """Answer with the row as it is now, or lead back to its place on the whole page."""
    if is_htmx(request):
        error = _error(evaluation, key)
        context = {"error": error, "evaluation": evaluation, "may_fix": True, "said": problem or success}
        return render(request, "training/datasets/labels/row.html", context)
    if problem:
        messages.error(request, problem)
    address = reverse("training:label-errors", args=[evaluation.pk])
    return HttpResponseRedirect(f"{address}#row-{key}")


urlpatterns = [
    path("evaluations/<int:evaluation_id>/labels/", label_error_list, name="label-errors"),
    path("evaluations/<int:evaluation_id>/labels/<slug:key>/fix/", fix, name="label-fix"),
    path("evaluations/<int:evaluation_id>/labels/<slug:key>/undo/", undo, name="label-fix-undo"),
    path("datasets/<int:dataset_id>/correct/", correct, name="dataset-correct"),
]
