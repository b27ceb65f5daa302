"""Datasets: the list, making one in four ways, one in full with rows to look at, the test set, deleting."""

from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from classifier.core.validation import whole_number
from classifier.web.refusals import refusals_shown
from training.core.errors import DatasetDiskFull, DatasetRejected
from training.datasets.decision_summary import decisions_summary, mixable_with
from training.datasets.from_decisions import dataset_from_decisions
from training.datasets.hub import HUB_PRESETS, dataset_from_hub, dataset_load_again
from training.datasets.ingredients import ingredients_of
from training.datasets.label_corrections import fixes_of
from training.datasets.mixtures import dataset_mix
from training.datasets.pages.forms import DecisionsForm, HubForm, MixtureForm, MixWithForm, UploadForm
from training.datasets.pages.statistics import findings
from training.datasets.selectors import dataset_list, dataset_sample, dataset_uses
from training.datasets.services import (
    dataset_delete,
    dataset_from_upload,
    dataset_make_test_set,
    file_values,
)
from training.ml.mixture.licences import passing_on_sentence
from training.models import Dataset, DatasetKind
from training.web.access import is_htmx, permitted, person_of

SEE = "training.view_dataset"
ADD = "training.add_dataset"
CHANGE = "training.change_dataset"
DELETE = "training.delete_dataset"

KINDS: dict[str, tuple[str, str, type[Form]]] = {
    "upload": ("Upload", "Your own CSV, JSONL or parquet files", UploadForm),
    "hub": ("Hub", "A public dataset, by its name on the Hugging Face hub", HubForm),
    "decisions": ("Decisions", "What moderators decided here, as it stands now", DecisionsForm),
    "mixture": ("Mixture", "Several datasets as one, each with a weight", MixtureForm),
}


@permitted(SEE)
@require_safe
def dataset_index(request: HttpRequest) -> HttpResponse:
    context = {"datasets": dataset_list(), "may_add": person_of(request).has_perm(ADD)}
    return render(request, "training/datasets/list.html", context)


@permitted(ADD)
@require_http_methods(["GET", "HEAD", "POST"])
def dataset_new(request: HttpRequest, kind: str = "upload") -> HttpResponse:
    if kind not in KINDS:
        raise Http404
    form_class = KINDS[kind][2]
    chosen: dict[str, Any] = {"by": person_of(request)} if form_class is DecisionsForm else {}
    form = (
        form_class(request.POST, request.FILES, **chosen)
        if request.method == "POST"
        else form_class(initial=_initial(request), **chosen)
    )
    full = False
    if request.method == "POST" and form.is_valid():
        try:
            made = _make(request, kind, form)
        except DatasetRejected as error:
            full = isinstance(error, DatasetDiskFull)
            field = "train" if error.field == "file" and kind == "upload" else error.field
            form.add_error(field if field in form.fields else None, error.message)
        else:
            state = "is being loaded" if made.state == "loading" else "is ready"
            messages.success(request, f"“{made}” {state}.")
            return redirect("training:dataset", made.pk)
    context = {
        "form": form,
        "kind": kind,
        "kinds": [(key, title, about) for key, (title, about, _) in KINDS.items()],
        "presets": HUB_PRESETS,
        "decisions": decisions_summary(user=person_of(request)).total if kind == "decisions" else 0,
    }
    status = (507 if full else 422) if form.errors else 200
    return render(request, f"training/datasets/new_{kind}.html", context, status=status)


@permitted(SEE)
@require_safe
def dataset_detail(request: HttpRequest, dataset_id: int) -> HttpResponse:
    dataset = _dataset_or_404(dataset_id)
    if is_htmx(request):  # the page of a loading dataset asks whether it is ready
        return HttpResponse(status=204) if dataset.state == "loading" else HttpResponseClientRefresh()
    context: dict[str, Any] = {
        "dataset": dataset,
        "may_add": person_of(request).has_perm(ADD),
        "may_change": person_of(request).has_perm(CHANGE),
        "may_delete": person_of(request).has_perm(DELETE),
    }
    if dataset.state == "ready":
        page = whole_number(request.GET.get("page")) or 1
        try:
            context["sample"] = dataset_sample(dataset=dataset, split=request.GET.get("split", ""), page=page)
        except FileNotFoundError:
            context["gone"] = True
        context |= {"statistics": findings(dataset), "uses": dataset_uses(dataset=dataset)}
        listed = ingredients_of(dataset)
        context |= {"ingredients": listed, "passing_on": passing_on_sentence(listed).replace("**", "")}
        context["fixes"] = len(fixes_of(dataset))
        learns = dataset.rows.get("train") and "sample" in context
        if dataset.kind == DatasetKind.DECISIONS and context["may_add"] and learns:
            context["mix_form"] = MixWithForm(datasets=mixable_with(dataset))
            context["may_run"] = person_of(request).has_perm("training.run_experiment")
    return render(request, "training/datasets/dataset.html", context)


@permitted(CHANGE)
@require_POST
def make_test_set(request: HttpRequest, dataset_id: int) -> HttpResponse:
    dataset = _dataset_or_404(dataset_id)
    with refusals_shown(request):
        dataset_make_test_set(dataset=dataset, by=person_of(request))
        messages.success(request, f"Every version is measured on the test rows of “{dataset}” from now on.")
    return redirect("training:dataset", dataset.pk)


@permitted(ADD)
@require_POST
def load_again(request: HttpRequest, dataset_id: int) -> HttpResponse:
    dataset = _dataset_or_404(dataset_id)
    with refusals_shown(request):
        dataset_load_again(dataset=dataset, by=person_of(request))
    return redirect("training:dataset", dataset.pk)


@permitted(DELETE)
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, dataset_id: int) -> HttpResponse:
    dataset = _dataset_or_404(dataset_id)
    if request.method != "POST":
        context = {"dataset": dataset, "uses": dataset_uses(dataset=dataset)}
        return render(request, "training/datasets/delete.html", context)
    name = dataset.name
    with refusals_shown(request):
        dataset_delete(dataset=dataset, by=person_of(request))
        messages.success(request, f"“{name}” is deleted.")
        return redirect("training:datasets")
    return redirect("training:dataset", dataset.pk)


def _make(request: HttpRequest, kind: str, form: Form) -> Dataset:
    data, by = form.cleaned_data, person_of(request)
    if isinstance(form, UploadForm):
        return dataset_from_upload(
            name=data["name"],
            files=form.files_by_split(),
            text_column=data["text_column"],
            label_columns=data["label_columns"],
            description=data["description"],
            attribution=data["attribution"],
            license_name=data["license_name"],
            licence_class=data["licence_class"],
            values=file_values(
                encoding=data["encoding"],
                delimiter=data["delimiter"],
                label_cut=0.5 if data["label_cut"] is None else data["label_cut"],
                label_words=data["label_words"],
            ),
            by=by,
        )
    if isinstance(form, HubForm):
        return dataset_from_hub(**data, by=by)
    if isinstance(form, DecisionsForm):
        return dataset_from_decisions(**data, by=by)
    assert isinstance(form, MixtureForm)
    return dataset_mix(name=data["name"], description=data["description"], parts=form.parts(), by=by)


def _initial(request: HttpRequest) -> dict[str, Any]:
    preset = HUB_PRESETS.get(request.GET.get("preset", ""))
    if preset is None:
        return {"name": f"Decisions until {timezone.now():%Y-%m-%d}"} if "decisions" in request.path else {}
    return {
        "name": preset.title,
        "hub_name": preset.hub_name,
        "text_column": preset.text_column,
        "label_columns": ", ".join(f"{column}={label}" for column, label in preset.label_columns.items()),
        "description": preset.description,
        "license_name": preset.license_name,
        "attribution": preset.attribution,
    }


def _dataset_or_404(dataset_id: int) -> Dataset:
    dataset = Dataset.objects.usable().select_related("created_by").filter(pk=dataset_id).first()
    if dataset is None:
        raise Http404
    return dataset


urlpatterns = [
    path("datasets/", dataset_index, name="datasets"),
    path("datasets/new/", dataset_new, name="dataset-new"),
    path("datasets/new/<slug:kind>/", dataset_new, name="dataset-new-kind"),
    path("datasets/<int:dataset_id>/", dataset_detail, name="dataset"),
    path("datasets/<int:dataset_id>/test-set/", make_test_set, name="dataset-test-set"),
    path("datasets/<int:dataset_id>/again/", load_again, name="dataset-again"),
    path("datasets/<int:dataset_id>/delete/", delete, name="dataset-delete"),
]
