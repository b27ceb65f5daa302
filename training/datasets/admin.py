"""Datasets in the administration; they are made and mixed on their own pages, which check every file."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join

from classifier.admin_tools.actions import confirmed_action, link, permission_check
from classifier.admin_tools.columns import column
from classifier.admin_tools.read_only import ReadOnlyAdmin
from classifier.models import User
from training.datasets.services import dataset_delete, dataset_make_test_set
from training.models import Dataset


@admin.register(Dataset)
class DatasetAdmin(ReadOnlyAdmin):
    list_display = ["name", "kind", "state_word", "row_counts", "label_names", "is_test_set", "created_at"]
    list_filter = ["kind", "is_test_set"]
    search_fields = ["name", "origin"]
    actions_list = ["add_one"]
    actions_detail = ["look", "make_test_set", "remove"]
    fieldsets = [
        (None, {"fields": ["name", "description", "kind", "origin", "state_word", "is_test_set"]}),
        ("Rows", {"fields": ["row_counts", "label_names", "prints", "mixed_of"]}),
        ("Origin", {"fields": ["attribution", "license_name", "created_by", "created_at"]}),
    ]
    has_make_permission = permission_check("training.add_dataset")
    has_choose_permission = permission_check("training.change_dataset")
    has_remove_permission = permission_check("training.delete_dataset")

    state_word = column("State", lambda dataset: dataset.state.capitalize())
    row_counts = column(
        "Rows", lambda dataset: ", ".join(f"{split} {count:,}" for split, count in dataset.rows.items())
    )
    label_names = column(
        "Labels", lambda dataset: ", ".join(label.replace("_", " ") for label in dataset.labels)
    )
    prints = column(
        "Fingerprints", lambda dataset: format_html_join("", "<div>{} {}</div>", dataset.fingerprints.items())
    )
    mixed_of = column(
        "Mixed of",
        lambda dataset: ", ".join(f"{part['name']}, weight {part['weight']:g}" for part in dataset.parts),
    )
    add_one = link("Add a dataset", "training:dataset-new", url_path="add-one", permission="make", icon="add")
    look = link("Look at it", "training:dataset", icon="table_rows")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Dataset]:
        return super().get_queryset(request).filter(deleted_at__isnull=True)

    @confirmed_action(
        "Make it the test set",
        url_path="test-set",
        permission="choose",
        icon="flag",
        title="Make {row} the test set",
        explanation="Every version is measured on its test rows from now on.",
        done="{row} is the test set.",
    )
    def make_test_set(self, dataset: Dataset, by: User) -> None:
        dataset_make_test_set(dataset=dataset, by=by)

    @confirmed_action(
        "Delete",
        permission="remove",
        icon="delete",
        button="Delete the dataset",
        explanation="Its files go for good; runs that learned from it keep what they have.",
        done="{row} is deleted.",
        row_goes=True,
    )
    def remove(self, dataset: Dataset, by: User) -> None:
        dataset_delete(dataset=dataset, by=by)
