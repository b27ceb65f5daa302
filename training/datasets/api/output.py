"""How datasets look in the answers of the API."""

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from training.datasets.selectors import dataset_list, dataset_uses
from training.models import Dataset, DatasetKind

KIND_CHOICES = [(kind.value, kind.value) for kind in DatasetKind]
STATES = ("loading", "failed", "ready")
STATE_CHOICES = [(state, state) for state in STATES]
DATASET_EXAMPLE: dict[str, Any] = {
    "id": 4,
    "url": "https://moderation.example.org/api/v1/datasets/4/",
    "name": "wiki_toxic",
    "description": "",
    "kind": "hub",
    "origin": "OxAISH-AL-LLM/wiki_toxic",
    "state": "ready",
    "problem": "",
    "labels": ["toxic"],
    "rows": {"train": 127656, "validation": 31915, "test": 63978},
    "fingerprints": {"test": "9f2b" * 16},
    "parts": [],
    "license_name": "CC0-1.0 (labels), CC-BY-SA-3.0 (text)",
    "attribution": "Jigsaw Toxic Comment Classification Challenge (Kaggle, 2018)",
    "is_test_set": True,
    "created_by": "ada",
    "created_at": "2026-11-24T09:30:00.391000Z",
}
DETAIL_EXAMPLE = {**DATASET_EXAMPLE, "statistics": {}, "experiments": [31], "mixtures": [7]}


class DatasetOutput(serializers.Serializer[Dataset]):
    id = serializers.IntegerField()
    url = serializers.SerializerMethodField(help_text="Where the dataset can be read.")
    name = serializers.CharField()
    description = serializers.CharField()
    kind = serializers.ChoiceField(choices=KIND_CHOICES)
    origin = serializers.CharField()
    state = serializers.ChoiceField(choices=STATE_CHOICES)
    problem = serializers.SerializerMethodField(help_text="Why it cannot be loaded; empty unless it failed.")
    labels = serializers.ListField(child=serializers.CharField())
    rows = serializers.DictField(child=serializers.IntegerField(), help_text="Rows of each split.")
    fingerprints = serializers.DictField(
        child=serializers.CharField(), help_text="SHA-256 of texts, targets and weights of each split."
    )
    parts = serializers.ListField(child=serializers.DictField(), help_text="Of a mixture.")
    license_name = serializers.CharField()
    attribution = serializers.CharField()
    is_test_set = serializers.BooleanField(help_text="Its test rows measure every version.")
    created_by = serializers.CharField(source="created_by.username", default=None, allow_null=True)
    created_at = serializers.DateTimeField()

    def get_url(self, dataset: Dataset) -> str:
        return dataset_url(dataset, self.context["request"])

    def get_problem(self, dataset: Dataset) -> str:
        return str(dataset.statistics.get("problem") or "") if dataset.state == "failed" else ""


@extend_schema_serializer(component_name="DatasetDetail")
class DetailOutput(DatasetOutput):
    statistics = serializers.DictField(
        help_text="Label and length statistics, duplicates, leakage, what was cut and left out."
    )
    experiments = serializers.ListField(child=serializers.IntegerField(), help_text="The latest 20.")
    mixtures = serializers.ListField(child=serializers.IntegerField(), help_text="That it is part of.")


@extend_schema_serializer(component_name="DatasetPage", many=False)
class PageOutput(serializers.Serializer[Any]):
    items = DatasetOutput(many=True, help_text="Newest first.")
    next = serializers.URLField(allow_null=True, help_text="The page after this one; null on the last.")


def dataset_url(dataset: Dataset, request: Request) -> str:
    return str(reverse("api-dataset", kwargs={"dataset_id": dataset.pk}, request=request))


def shown(dataset: Dataset, request: Request) -> dict[str, Any]:
    output = DatasetOutput(context={"request": request}).to_representation(dataset)
    uses = dataset_uses(dataset=dataset)
    return {
        **output,
        "statistics": dataset.statistics,
        "experiments": [experiment.pk for experiment in uses["experiments"]],
        "mixtures": [mixture.pk for mixture in uses["mixtures"]],
    }


def made(dataset: Dataset, request: Request) -> Response:
    """The answer for a dataset that was just made."""
    row = dataset_list().get(pk=dataset.pk)
    return Response(shown(row, request), status=201, headers={"Location": dataset_url(row, request)})
