"""How model versions look in the answers of the API."""

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.reverse import reverse

from classifier.model_versions.promotion_gate import gate_check
from classifier.models import ModelVersion, ModelVersionStatus
from training.evaluations.services import evaluation_state
from training.experiments.api.output import METRICS_EXAMPLE, EventOutput, MeasuredOutput, measured_output

VERSION_STATUS_CHOICES = [(status.value, status.value) for status in ModelVersionStatus]
EVALUATING_CHOICES = [("queued", "queued"), ("failed", "failed")]
VERSION_EXAMPLE: dict[str, Any] = {
    "id": 9,
    "url": "https://moderation.example.org/api/v1/model-versions/9/",
    "version": "student-even-1a2b3c4d",
    "name": "student-even",
    "status": "candidate",
    "is_shadow": False,
    "labels": ["toxic"],
    "primary_label": "toxic",
    "thresholds": {"toxic": 0.62},
    "sha256": "9f2b" * 16,
    "created_at": "2026-11-24T09:30:00.391000Z",
    "activated_at": None,
}
GATE_EXAMPLE: dict[str, Any] = {
    "passed": False,
    "reasons": ["Its ROC-AUC of 0.9610 is below the bar of 0.97."],
    "satisfied": ["It takes 4.1 ms for a text, starter-5e6f7a8b 4.0 ms."],
    "unchecked": [],
    "numbers": {},
    "checked_against": "starter-5e6f7a8b",
}
EVALUATION_EXAMPLE: dict[str, Any] = {
    "id": 12,
    "url": "https://moderation.example.org/api/v1/evaluations/12/",
    "dataset": 4,
    "fingerprint": "9f2b" * 16,
    "metrics": METRICS_EXAMPLE,
    "speed": {"latency_ms_p50": 4.1},
    "size": {"bytes": 48_000_000},
    "created_at": "2026-11-24T10:02:00.391000Z",
}
DETAIL_EXAMPLE: dict[str, Any] = {
    **VERSION_EXAMPLE,
    "manifest": {},
    "experiments": [31],
    "evaluation": EVALUATION_EXAMPLE,
    "evaluating": None,
    "gate": GATE_EXAMPLE,
    "history": [],
}


class VersionOutput(serializers.Serializer[ModelVersion]):
    id = serializers.IntegerField()
    url = serializers.SerializerMethodField(help_text="Where the version can be read.")
    version = serializers.CharField()
    name = serializers.CharField()
    status = serializers.ChoiceField(choices=VERSION_STATUS_CHOICES)
    is_shadow = serializers.BooleanField(help_text="Scores live traffic silently.")
    labels = serializers.ListField(child=serializers.CharField())
    primary_label = serializers.CharField()
    thresholds = serializers.DictField(child=serializers.FloatField())
    sha256 = serializers.CharField(help_text="Of the weights.")
    created_at = serializers.DateTimeField()
    activated_at = serializers.DateTimeField(allow_null=True)

    def get_url(self, version: ModelVersion) -> str:
        return str(
            reverse("api-model-version", kwargs={"version_id": version.pk}, request=self.context["request"])
        )


class GateOutput(serializers.Serializer[Any]):
    passed = serializers.BooleanField()
    reasons = serializers.ListField(child=serializers.CharField(), help_text="What keeps it closed.")
    satisfied = serializers.ListField(child=serializers.CharField(), help_text="What speaks for it.")
    unchecked = serializers.ListField(
        child=serializers.CharField(), help_text="What could not be looked at and was left out of account."
    )
    numbers = serializers.DictField()
    checked_against = serializers.CharField(help_text="The version in production.")


class EvaluatingOutput(serializers.Serializer[Any]):
    state = serializers.ChoiceField(choices=EVALUATING_CHOICES)
    message = serializers.CharField()


class VersionEventOutput(EventOutput):
    gate = serializers.DictField(
        allow_null=True, help_text="What the gate said; null where it was not asked."
    )


@extend_schema_serializer(component_name="ModelVersionDetail")
class DetailOutput(VersionOutput):
    manifest = serializers.DictField()
    experiments = serializers.ListField(child=serializers.IntegerField(), help_text="That made it.")
    evaluation = MeasuredOutput(allow_null=True, help_text="On the test rows; null until measured.")
    evaluating = EvaluatingOutput(allow_null=True, help_text="An evaluation on its way, or why it failed.")
    gate = GateOutput(allow_null=True, help_text="Null where it is not asked: not a candidate, say.")
    history = VersionEventOutput(many=True)


@extend_schema_serializer(component_name="ModelVersionPage", many=False)
class PageOutput(serializers.Serializer[Any]):
    items = VersionOutput(many=True, help_text="Newest first.")
    next = serializers.URLField(allow_null=True, help_text="The page after this one; null on the last.")


def shown(version_id: int, request: Request) -> dict[str, Any]:
    """The detail of a version. Raises ModelVersion.DoesNotExist."""
    version = ModelVersion.objects.prefetch_related("history__actor").get(pk=version_id)
    gate = gate_check(version)
    events = VersionEventOutput()
    return {
        **VersionOutput(context={"request": request}).to_representation(version),
        "manifest": version.manifest,
        "experiments": list(
            version.experiments.filter(deleted_at__isnull=True).values_list("pk", flat=True)[:20]
        ),
        "evaluation": measured_output(version.pk, request),
        "evaluating": evaluation_state(version),
        "gate": gate.to_dict() if gate is not None else None,
        "history": [events.to_representation(event) for event in version.history.all()[:200]],
    }
