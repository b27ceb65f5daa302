"""How experiments look in the answers of the API."""

from collections.abc import Sequence
from typing import Any

from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.reverse import reverse

from training.experiments.selectors import measured
from training.ml.recipes.registry import RECIPES
from training.models import Evaluation, Experiment, RunStatus

RUN_STATUS_CHOICES = [(status.value, status.value) for status in RunStatus]


class RecipeChoices(Sequence[tuple[str, str]]):
    """The names of the registered recipes, looked up whenever a serializer is made and not once at the start."""

    def __getitem__(self, place: Any) -> Any:
        return [(name, name) for name in RECIPES][place]

    def __len__(self) -> int:
        return len(RECIPES)


RECIPE_CHOICES = RecipeChoices()
METRICS_EXAMPLE = {"toxic": {"roc_auc": {"value": 0.9731, "low": 0.9702, "high": 0.9758}}}
EXPERIMENT_EXAMPLE: dict[str, Any] = {
    "id": 31,
    "url": "https://moderation.example.org/api/v1/experiments/31/",
    "name": "Student, even layers",
    "notes": "",
    "recipe": "distill",
    "status": "running",
    "dataset": {"id": 4, "name": "wiki_toxic"},
    "teacher": 30,
    "base_version": None,
    "cloned_from": None,
    "sweep": None,
    "trial_number": None,
    "trigger": "person",
    "model_version": None,
    "progress": {"phase": "train", "step": 120, "steps": 960, "rows_per_second": 41.2, "eta_seconds": 1310},
    "failure_reason": "",
    "created_by": "ada",
    "created_at": "2026-11-24T09:30:00.391000Z",
    "started_at": "2026-11-24T09:30:02.104000Z",
    "finished_at": None,
}
DETAIL_EXAMPLE: dict[str, Any] = {
    **EXPERIMENT_EXAMPLE,
    "config": {"layers": "even", "loop": {"epochs": 1.0}},
    "device": "host/cpu",
    "attempts": 1,
    "cancel_requested_at": None,
    "validation": {},
    "card": {},
    "provenance": {},
    "evaluation": None,
    "log": "",
    "history": [
        {
            "old": "queued",
            "new": "running",
            "reason": "",
            "by": None,
            "created_at": "2026-11-24T09:30:02.104000Z",
        }
    ],
}


class NamedOutput(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()


class EventOutput(serializers.Serializer[Any]):
    old = serializers.CharField()
    new = serializers.CharField()
    reason = serializers.CharField()
    by = serializers.CharField(source="actor.username", default=None, allow_null=True)
    created_at = serializers.DateTimeField()


class MeasuredOutput(serializers.Serializer[Any]):
    """What the model is worth on the frozen test rows, without curves; the whole report is at `url`."""

    id = serializers.IntegerField()
    url = serializers.CharField()
    dataset = serializers.IntegerField()
    fingerprint = serializers.CharField(help_text="Of the test rows: only equal ones compare.")
    metrics = serializers.DictField(help_text="{label: {metric: {value, low, high}}}, 95 % intervals.")
    speed = serializers.DictField()
    size = serializers.DictField()
    created_at = serializers.DateTimeField()


class ExperimentOutput(serializers.Serializer[Experiment]):
    id = serializers.IntegerField()
    url = serializers.SerializerMethodField(help_text="Where the experiment can be read.")
    name = serializers.CharField()
    notes = serializers.CharField()
    recipe = serializers.ChoiceField(choices=RECIPE_CHOICES)
    status = serializers.ChoiceField(choices=RUN_STATUS_CHOICES)
    dataset = NamedOutput()
    teacher = serializers.IntegerField(source="teacher_id", allow_null=True, help_text="An experiment.")
    base_version = serializers.IntegerField(
        source="base_version_id", allow_null=True, help_text="A model version."
    )
    cloned_from = serializers.IntegerField(source="cloned_from_id", allow_null=True)
    sweep = serializers.IntegerField(source="sweep_id", allow_null=True)
    trial_number = serializers.IntegerField(allow_null=True)
    trigger = serializers.CharField(help_text="person, schedule, drift, sweep, plan or import.")
    model_version = serializers.IntegerField(
        source="model_version_id", allow_null=True, help_text="What came of it."
    )
    progress = serializers.DictField(help_text="phase, step, steps, rows_per_second, losses, eta_seconds, …")
    failure_reason = serializers.CharField(help_text="What to do about it; empty unless it failed.")
    created_by = serializers.CharField(source="created_by.username", default=None, allow_null=True)
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)

    def get_url(self, experiment: Experiment) -> str:
        return experiment_url(experiment, self.context["request"])


@extend_schema_serializer(component_name="ExperimentDetail")
class DetailOutput(ExperimentOutput):
    config = serializers.DictField(help_text="Whole, without the paths of rows and teacher.")
    device = serializers.CharField()
    attempts = serializers.IntegerField()
    cancel_requested_at = serializers.DateTimeField(allow_null=True)
    validation = serializers.DictField(help_text="Metrics on the validation rows.")
    card = serializers.DictField(source="result", help_text="Thresholds, calibration, layers, parameters, …")
    provenance = serializers.DictField()
    evaluation = serializers.SerializerMethodField(help_text="On the test rows; null until measured.")
    log = serializers.CharField(help_text="The end of what the run wrote.")
    history = EventOutput(many=True, source="history.all")

    @extend_schema_field(MeasuredOutput(allow_null=True))
    def get_evaluation(self, experiment: Experiment) -> Any:
        return measured_output(experiment.model_version_id, self.context["request"])


def measured_output(version_id: int | None, request: Request) -> Any:
    """A version's latest evaluation as MeasuredOutput has it, or None."""
    rows = Evaluation.objects.on_test_sets().filter(model_version_id=version_id).order_by("-id")
    own = rows.defer("report").first()
    if own is None or version_id is None:
        return None
    report = measured(version_ids=[version_id]).get(version_id) or {}
    return {
        "id": own.pk,
        "url": reverse("api-evaluation", kwargs={"evaluation_id": own.pk}, request=request),
        "dataset": own.dataset_id,
        "fingerprint": own.fingerprint,
        "metrics": report.get("metrics") or {},
        "speed": report.get("speed") or {},
        "size": report.get("size") or {},
        "created_at": serializers.DateTimeField().to_representation(own.created_at),
    }


def experiment_url(experiment: Experiment, request: Request) -> str:
    return str(reverse("api-experiment", kwargs={"experiment_id": experiment.pk}, request=request))
