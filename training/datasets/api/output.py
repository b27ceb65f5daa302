"""How datasets, and previews of datasets from decisions, look in the answers of the API."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from training.datasets.decision_summary import DecisionsSummary
from training.datasets.ingredients import ingredients_of, licence_class_of_dataset
from training.datasets.selectors import dataset_list, dataset_uses
from training.ml.mixture.licences import CLASSES
from training.models import Dataset, DatasetKind

CLASS_CHOICES = [(name, name) for name in CLASSES]
KIND_CHOICES = [(kind.value, kind.value) for kind in DatasetKind]
STATES = ("loading", "failed", "ready")
STATE_CHOICES = [(state, state) for state in STATES]
LEFT_OUT = ("by_policies", "golden", "purged", "edited")
COUNTS = ("total", "approved", "removed", "corrected", "marked", "suggestions", "new")


class DatasetOutput(serializers.Serializer[Dataset]):
    id = serializers.IntegerField()
    url = serializers.SerializerMethodField(help_text="The address at which to read the dataset.")
    name = serializers.CharField()
    description = serializers.CharField()
    kind = serializers.ChoiceField(choices=KIND_CHOICES)
    origin = serializers.CharField()
    state = serializers.ChoiceField(choices=STATE_CHOICES)
    problem = serializers.SerializerMethodField(help_text="Why loading failed; empty unless it did.")
    labels = serializers.ListField(child=serializers.CharField())
    rows = serializers.DictField(child=serializers.IntegerField(), help_text="Number of rows of each split.")
    fingerprints = serializers.DictField(
        child=serializers.CharField(), help_text="SHA-256 of the texts, targets and weights of each split."
    )
    parts = serializers.ListField(
        child=serializers.DictField(), help_text="The datasets of a mixture, with their weights."
    )
    license_name = serializers.CharField()
    licence_class = serializers.SerializerMethodField(
        help_text="What the licences of its sources allow: the strictest of them. A model made of `noncommercial`, "
        "`caution` or `unknown` rows may not be passed on."
    )
    attribution = serializers.CharField()
    is_test_set = serializers.BooleanField(help_text="Whether its test rows measure every model version.")
    created_by = serializers.CharField(source="created_by.username", default=None, allow_null=True)
    created_at = serializers.DateTimeField()

    def get_url(self, dataset: Dataset) -> str:
        return dataset_url(dataset, self.context["request"])

    def get_licence_class(self, dataset: Dataset) -> str:
        return licence_class_of_dataset(dataset)

    def get_problem(self, dataset: Dataset) -> str:
        return str(dataset.statistics.get("problem") or "") if dataset.state == "failed" else ""


class DatasetDetail(DatasetOutput):
    statistics = serializers.DictField(
        help_text="Statistics of labels and lengths, duplicates, leakage, and rows that were cut or left out."
    )
    experiments = serializers.ListField(
        child=serializers.IntegerField(), help_text="Ids of the latest 20 experiments with it."
    )
    sources = serializers.ListField(
        child=serializers.DictField(),
        help_text="Where the training rows come from: name, rows, weight, licence, licence_class and attribution.",
    )
    mixtures = serializers.ListField(
        child=serializers.IntegerField(), help_text="Ids of the mixtures that it is part of."
    )


class LeftOutOutput(serializers.Serializer[Any]):
    by_policies = serializers.IntegerField(help_text="Policies decided them.")
    golden = serializers.IntegerField(help_text="They are about known answers.")
    purged = serializers.IntegerField(help_text="Their text was erased.")
    edited = serializers.IntegerField(help_text="Their text was edited after the decision.")


class DecisionsPreviewOutput(serializers.Serializer[Any]):
    total = serializers.IntegerField(
        help_text="Decisions that are included; of equal texts, only the latest."
    )
    approved = serializers.IntegerField()
    removed = serializers.IntegerField()
    corrected = serializers.IntegerField(help_text="Included decisions with corrected labels.")
    marked = serializers.IntegerField(help_text="Included decisions with marked words.")
    suggestions = serializers.IntegerField(help_text="Suggestions of labels, which came in through the API.")
    new = serializers.IntegerField(help_text="Decisions since the last dataset from decisions.")
    left_out = LeftOutOutput()


def dataset_url(dataset: Dataset, request: Request) -> str:
    return str(reverse("api-dataset", kwargs={"dataset_id": dataset.pk}, request=request))


def shown(dataset: Dataset, request: Request) -> dict[str, Any]:
    output = DatasetOutput(context={"request": request}).to_representation(dataset)
    uses = dataset_uses(dataset=dataset)
    return {
        **output,
        "statistics": dataset.statistics,
        "sources": [one.to_dict() for one in ingredients_of(dataset)],
        "experiments": [experiment.pk for experiment in uses["experiments"]],
        "mixtures": [mixture.pk for mixture in uses["mixtures"]],
    }


def created(dataset: Dataset, request: Request) -> Response:
    """Answer with a dataset that was just created."""
    row = dataset_list().get(pk=dataset.pk)
    return Response(shown(row, request), status=201, headers={"Location": dataset_url(row, request)})


def preview_output(summary: DecisionsSummary) -> dict[str, Any]:
    return {
        **{name: getattr(summary, name) for name in COUNTS},
        "left_out": {name: getattr(summary, name) for name in LEFT_OUT},
    }
