"""Datasets: looked at here; made, mixed and deleted on their own pages, which check every file."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.html import format_html_join
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import action, display

from classifier.admin_tools.base import ReadOnlyAdmin
from training.admin_tools.base import confirmed
from training.datasets.services import dataset_delete, dataset_make_test_set
from training.models import Dataset


@admin.register(Dataset)
class DatasetAdmin(ReadOnlyAdmin):
    list_display = ["name", "kind", "state_word", "row_counts", "label_names", "is_test_set", "created_at"]
    list_display_links = ["name"]
    list_filter = [("kind", ChoicesDropdownFilter), "is_test_set"]
    list_filter_submit = True
    search_fields = ["name", "origin"]
    actions_list = ["add_one"]
    actions_detail = ["look", "make_test_set", "remove"]
    fieldsets = [
        (None, {"fields": ["name", "description", "kind", "origin", "state_word", "is_test_set"]}),
        ("Rows", {"fields": ["row_counts", "label_names", "prints", "mixed_of"]}),
        ("Origin", {"fields": ["attribution", "license_name", "created_by", "created_at"]}),
    ]
    readonly_fields = ["state_word", "row_counts", "label_names", "prints", "mixed_of"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Dataset]:
        rows: QuerySet[Dataset] = super().get_queryset(request)
        return rows.filter(deleted_at__isnull=True)

    @display(description="State")
    def state_word(self, dataset: Dataset) -> str:
        return dataset.state.capitalize()

    @display(description="Rows")
    def row_counts(self, dataset: Dataset) -> str:
        return ", ".join(f"{split} {count:,}" for split, count in dataset.rows.items()) or "-"

    @display(description="Labels")
    def label_names(self, dataset: Dataset) -> str:
        return ", ".join(label.replace("_", " ") for label in dataset.labels) or "-"

    @display(description="Fingerprints")
    def prints(self, dataset: Dataset) -> str:
        return format_html_join("", "<div>{} {}</div>", dataset.fingerprints.items()) or "-"

    @display(description="Mixed of")
    def mixed_of(self, dataset: Dataset) -> str:
        return ", ".join(f"{part['name']}, weight {part['weight']:g}" for part in dataset.parts) or "-"

    def has_make_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        return request.user.has_perm("training.add_dataset")

    def has_choose_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        return request.user.has_perm("training.change_dataset")

    def has_remove_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        return request.user.has_perm("training.delete_dataset")

    @action(description="Add a dataset", url_path="add-one", permissions=["make"], icon="add")
    def add_one(self, request: HttpRequest) -> HttpResponse:
        return HttpResponseRedirect(reverse("training:dataset-new"))

    @action(description="Look at it", url_path="look", icon="table_rows")
    def look(self, request: HttpRequest, object_id: int) -> HttpResponse:
        return HttpResponseRedirect(reverse("training:dataset", args=[_found(object_id).pk]))

    @action(description="Make it the test set", url_path="test-set", permissions=["choose"], icon="flag")
    def make_test_set(self, request: HttpRequest, object_id: int) -> HttpResponse:
        dataset = _found(object_id)
        return confirmed(
            self,
            request,
            title=f"Make {dataset} the test set",
            verb="Make it the test set",
            explanation="Every version is measured on its test rows from now on.",
            back=_back(dataset),
            do=lambda: dataset_make_test_set(dataset=dataset, by=request.user),  # type: ignore[arg-type]
            said=f"{dataset} is the test set.",
        )

    @action(description="Delete", url_path="remove", permissions=["remove"], icon="delete")
    def remove(self, request: HttpRequest, object_id: int) -> HttpResponse:
        dataset = _found(object_id)
        return confirmed(
            self,
            request,
            title=f"Delete {dataset}",
            verb="Delete the dataset",
            explanation="Its files go for good; runs that learned from it keep what they have.",
            back=_back(dataset),
            do=lambda: dataset_delete(dataset=dataset, by=request.user),  # type: ignore[arg-type]
            said=f"{dataset} is deleted.",
            then=reverse("admin:training_dataset_changelist"),
        )


def _found(object_id: int) -> Dataset:
    return get_object_or_404(Dataset.objects.usable(), pk=object_id)


def _back(dataset: Dataset) -> str:
    return reverse("admin:training_dataset_change", args=[dataset.pk])
