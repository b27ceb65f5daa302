"""How experiments look in the answers of the API."""

from collections.abc import Mapping, Sequence
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.reverse import reverse

from training.experiments.selectors import small_report
from training.ml.evaluation.slices import SOURCE
from training.ml.recipes.registry import RECIPES
from training.models import Evaluation, Experiment, RunStatus

MEASURED_PARTS = ("metrics", "speed", "size", "suites", "slices")
RUN_STATUS_CHOICES = [(status.value, status.value) for status in RunStatus]


class RecipeChoices(Sequence[tuple[str, str]]):
    """The names of the registered recipes, looked up whenever a serializer is made and not once at the start."""

    def __getitem__(self, index: Any) -> Any:
        return [(name, name) for name in RECIPES][index]

    def __len__(self) -> int:
        return len(RECIPES)


RECIPE_CHOICES = RecipeChoices()


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
    """The evaluation of a model on the test rows, without curves; the whole report is at `url`."""

    id = serializers.IntegerField()
    url = serializers.CharField()
    dataset = serializers.IntegerField()
    fingerprint = serializers.CharField(
        help_text="Fingerprint of the test rows: only results with the same one are comparable."
    )
    metrics = serializers.DictField(help_text="{label: {metric: {value, low, high}}}, with 95 % intervals.")
    speed = serializers.DictField()
    size = serializers.DictField()
    suites = serializers.ListField(
        child=serializers.DictField(), help_text="Its test suites: right answers by kind, the weakest first."
    )
    sources = serializers.ListField(
        child=serializers.DictField(), help_text="Metrics by source of the test rows, and their mean."
    )
    created_at = serializers.DateTimeField()


class ExperimentOutput(serializers.Serializer[Experiment]):
    id = serializers.IntegerField()
    url = serializers.SerializerMethodField(help_text="The address at which to read the experiment.")
    name = serializers.CharField()
    notes = serializers.CharField()
    quick_measurement = serializers.BooleanField()
    recipe = serializers.ChoiceField(choices=RECIPE_CHOICES)
    status = serializers.ChoiceField(choices=RUN_STATUS_CHOICES)
    dataset = NamedOutput()
    teacher = serializers.IntegerField(
        source="teacher_id", allow_null=True, help_text="The id of an experiment."
    )
    base_version = serializers.IntegerField(
        source="base_version_id", allow_null=True, help_text="The id of a model version."
    )
    cloned_from = serializers.IntegerField(source="cloned_from_id", allow_null=True)
    sweep = serializers.IntegerField(source="sweep_id", allow_null=True)
    trial_number = serializers.IntegerField(allow_null=True)
    trigger = serializers.CharField(
        help_text="What started it: person, schedule, drift, sweep, plan or import."
    )
    language = serializers.CharField(
        help_text="The language that it adds to `base_version`; empty for any other run."
    )
    model_version = serializers.IntegerField(
        source="model_version_id", allow_null=True, help_text="The id of the model version that it made."
    )
    progress = serializers.DictField(help_text="phase, step, steps, rows_per_second, losses, eta_seconds, …")
    failure_reason = serializers.CharField(
        help_text="Why it failed and what to do about it; empty otherwise."
    )
    created_by = serializers.CharField(source="created_by.username", default=None, allow_null=True)
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)

    def get_url(self, experiment: Experiment) -> str:
        return experiment_url(experiment, self.context["request"])


class ExperimentDetail(ExperimentOutput):
    config = serializers.DictField(
        help_text="The whole configuration, without the paths of rows and teacher."
    )
    device = serializers.CharField()
    attempts = serializers.IntegerField()
    cancel_requested_at = serializers.DateTimeField(allow_null=True)
    validation = serializers.DictField(help_text="Metrics on the validation rows.")
    card = serializers.DictField(
        source="result",
        help_text=(
            "Thresholds, calibration, layers, parameters, …; `languages`, where the run was measured by language: "
            "{language: {rows, toxic, before, after}} beside the version that it started from."
        ),
    )
    provenance = serializers.DictField()
    evaluation = serializers.SerializerMethodField(
        help_text="The evaluation on the test rows; null until it is measured."
    )
    log = serializers.CharField(help_text="The end of the run's log.")
    history = EventOutput(many=True, source="history.all")

    @extend_schema_field(MeasuredOutput(allow_null=True))
    def get_evaluation(self, experiment: Experiment) -> Any:
        return measured_output(experiment.model_version_id, self.context["request"])


def measured_output(version_id: int | None, request: Request) -> Any:
    """Return the latest evaluation of a version in the form of MeasuredOutput, or None."""
    rows = Evaluation.objects.on_test_sets().filter(model_version_id=version_id).order_by("-id")
    own = rows.defer("report").first()
    if own is None or version_id is None:
        return None
    report = dict(rows.values_list(small_report(*MEASURED_PARTS), flat=True).first() or {})
    return {
        "id": own.pk,
        "url": reverse("api-evaluation", kwargs={"evaluation_id": own.pk}, request=request),
        "dataset": own.dataset_id,
        "fingerprint": own.fingerprint,
        "metrics": report.get("metrics") or {},
        "speed": report.get("speed") or {},
        "size": report.get("size") or {},
        **suites_and_sources(report),
        "created_at": serializers.DateTimeField().to_representation(own.created_at),
    }


def suites_and_sources(report: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return the suites and the slices by source of a report, without the texts of wrongly answered cases."""
    suites = [
        {**suite, "by_functionality": [_without_texts(part) for part in suite.get("by_functionality") or []]}
        for suite in report.get("suites") or []
    ]
    return {
        "suites": suites,
        "sources": [part for part in report.get("slices") or [] if part.get("kind") == SOURCE],
    }


def _without_texts(part: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in part.items() if name != "errors"}


def experiment_url(experiment: Experiment, request: Request) -> str:
    return str(reverse("api-experiment", kwargs={"experiment_id": experiment.pk}, request=request))
