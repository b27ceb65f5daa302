"""How sweeps look in the answers of the API."""

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.reverse import reverse

from training.experiments.api.output import RECIPE_CHOICES, RUN_STATUS_CHOICES, EventOutput, NamedOutput
from training.models import Sweep

SWEEP_EXAMPLE: dict[str, Any] = {
    "id": 3,
    "url": "https://moderation.example.org/api/v1/sweeps/3/",
    "name": "LoRA, rate and rank",
    "recipe": "lora",
    "status": "running",
    "dataset": {"id": 4, "name": "wiki_toxic"},
    "teacher": None,
    "base_version": None,
    "space": {"loop.learning_rate": {"type": "float", "low": 1e-4, "high": 1e-2, "log": True}},
    "objectives": [{"metric": "f1", "direction": "maximize", "label": "toxic"}],
    "sampler": "tpe",
    "pruner": "median",
    "seed": 13,
    "trials_wanted": 20,
    "best_experiment": None,
    "failure_reason": "",
    "created_by": "ada",
    "created_at": "2026-11-24T09:30:00.391000Z",
    "finished_at": None,
}
DETAIL_EXAMPLE = {
    **SWEEP_EXAMPLE,
    "config": {},
    "options": {},
    "analysis": {},
    "trials": [31, 32],
    "history": [],
}


class SweepOutput(serializers.Serializer[Sweep]):
    id = serializers.IntegerField()
    url = serializers.SerializerMethodField(help_text="Where the sweep can be read.")
    name = serializers.CharField()
    recipe = serializers.ChoiceField(choices=RECIPE_CHOICES)
    status = serializers.ChoiceField(choices=RUN_STATUS_CHOICES)
    dataset = NamedOutput()
    teacher = serializers.IntegerField(source="teacher_id", allow_null=True)
    base_version = serializers.IntegerField(source="base_version_id", allow_null=True)
    space = serializers.DictField()
    objectives = serializers.ListField(child=serializers.DictField())
    sampler = serializers.CharField()
    pruner = serializers.CharField()
    seed = serializers.IntegerField()
    trials_wanted = serializers.IntegerField()
    best_experiment = serializers.IntegerField(source="best_experiment_id", allow_null=True)
    failure_reason = serializers.CharField()
    created_by = serializers.CharField(source="created_by.username", default=None, allow_null=True)
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)

    def get_url(self, sweep: Sweep) -> str:
        return sweep_url(sweep, self.context["request"])


@extend_schema_serializer(component_name="SweepDetail")
class DetailOutput(SweepOutput):
    config = serializers.DictField(help_text="Differences to the defaults that every trial shares.")
    options = serializers.DictField()
    analysis = serializers.DictField(help_text="Trials, importance, Pareto front and the best, as last read.")
    trials = serializers.SerializerMethodField(help_text="The experiments, by trial number.")
    history = EventOutput(many=True, source="history.all")

    def get_trials(self, sweep: Sweep) -> list[int]:
        return list(sweep.experiments.order_by("trial_number").values_list("pk", flat=True))


@extend_schema_serializer(component_name="SweepPage", many=False)
class PageOutput(serializers.Serializer[Any]):
    items = SweepOutput(many=True, help_text="Newest first.")
    next = serializers.URLField(allow_null=True, help_text="The page after this one; null on the last.")


def sweep_url(sweep: Sweep, request: Request) -> str:
    return str(reverse("api-sweep", kwargs={"sweep_id": sweep.pk}, request=request))
