"""`/api/v1/retraining/`: when candidates are trained from moderators' decisions, and training one now."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from classifier.api.base import NoQuery, checked_query
from classifier.api.fields import ClosedSerializer, TrueOrFalse
from classifier.api.permissions import caller
from classifier.api.problems import NOT_NOW
from training.api.base import TrainingEndpoint, checked, referred
from training.api.fields import AnyObject, Choice, Id, Number, Text, Whole
from training.experiments.api.experiments import started
from training.experiments.api.output import DETAIL_EXAMPLE as EXPERIMENT_EXAMPLE
from training.experiments.api.output import RECIPE_CHOICES
from training.experiments.api.output import DetailOutput as ExperimentDetailOutput
from training.models import Dataset
from training.retraining.services import (
    DRIFT_DAYS,
    DRIFT_DAYS_MOST,
    retrain_now,
    retraining_outlook,
    retraining_plan,
    retraining_plan_set,
)

PLAN_EXAMPLE: dict[str, Any] = {
    "enabled": True,
    "after_decisions": 500,
    "weekly": False,
    "on_drift": False,
    "drift_days": 14,
    "recipe": "teacher",
    "preset": "",
    "from_active": True,
    "config": {"loop": {"epochs": 1}},
    "mix_with": 4,
    "decisions_weight": 5.0,
}
STANDS_EXAMPLE: dict[str, Any] = {
    **PLAN_EXAMPLE,
    "last_started_at": None,
    "last_experiment": None,
    "new_decisions": 120,
    "due": False,
    "next_at": None,
    "outlook": "The next retraining starts after 380 more decisions.",
}


class RetrainInput(ClosedSerializer):
    recipe = Choice(required=False, default="teacher", choices=RECIPE_CHOICES)
    preset = Text(required=False, default="", allow_blank=True, max_length=100)
    from_active = TrueOrFalse(required=False, default=True, help_text="Start from the version in production.")
    config = AnyObject(required=False, default=dict, help_text="Differences to the defaults or the preset.")
    mix_with = Id(required=False, allow_null=True, default=None, help_text="A dataset.")
    decisions_weight = Number(required=False, default=1.0, help_text="Against a row of the other, 1.")


class RetrainingPlanInput(RetrainInput):
    enabled = TrueOrFalse()
    after_decisions = Whole(required=False, allow_null=True, default=None, min_value=1, max_value=10_000_000)
    weekly = TrueOrFalse(required=False, default=False)
    on_drift = TrueOrFalse(required=False, default=False, help_text="When the scores have drifted.")
    drift_days = Whole(
        required=False,
        default=DRIFT_DAYS,
        min_value=1,
        max_value=DRIFT_DAYS_MOST,
        help_text="Because of drift at the earliest so many days after the last start.",
    )


class RetrainingPlanOutput(serializers.Serializer[Any]):
    enabled = serializers.BooleanField()
    after_decisions = serializers.IntegerField(allow_null=True)
    weekly = serializers.BooleanField()
    on_drift = serializers.BooleanField()
    drift_days = serializers.IntegerField()
    recipe = serializers.ChoiceField(choices=RECIPE_CHOICES)
    preset = serializers.CharField()
    from_active = serializers.BooleanField()
    config = serializers.DictField()
    mix_with = serializers.IntegerField(allow_null=True)
    decisions_weight = serializers.FloatField()
    last_started_at = serializers.DateTimeField(allow_null=True)
    last_experiment = serializers.IntegerField(allow_null=True)
    new_decisions = serializers.IntegerField(help_text="Since the last start.")
    due = serializers.BooleanField()
    next_at = serializers.DateTimeField(allow_null=True)
    outlook = serializers.CharField(help_text="When the next one starts, in a sentence.")


class RetrainingEndpoint(TrainingEndpoint):
    needs = {"GET": "training.view_retrainingplan", "PUT": "training.change_retrainingplan"}

    @extend_schema(
        operation_id="read_retraining_plan",
        summary="Read the plan of retraining",
        description="With when the next one starts.",
        responses={200: RetrainingPlanOutput},
        examples=[OpenApiExample("The plan", STANDS_EXAMPLE, response_only=True)],
    )
    def get(self, request: Request) -> Response:
        checked_query(NoQuery, request)
        return Response(_stands())

    @extend_schema(
        operation_id="set_retraining_plan",
        summary="Say when candidates are trained without being asked for",
        description="After so many new decisions, once a week, or on drift. Nothing is promoted by itself.",
        request=RetrainingPlanInput,
        responses={200: RetrainingPlanOutput},
        examples=[
            OpenApiExample("After 500 decisions", PLAN_EXAMPLE, request_only=True),
            OpenApiExample("The plan", STANDS_EXAMPLE, response_only=True),
        ],
    )
    def put(self, request: Request) -> Response:
        body = checked(RetrainingPlanInput, request)
        retraining_plan_set(
            by=caller(request),
            enabled=body["enabled"],
            after_decisions=body["after_decisions"],
            weekly=body["weekly"],
            on_drift=body["on_drift"],
            drift_days=body["drift_days"],
            recipe=body["recipe"],
            config={
                "preset": body["preset"],
                "from_active": body["from_active"],
                "differences": body["config"],
            },
            mix_with=_mixed_with(body),
            decisions_weight=body["decisions_weight"],
        )
        return Response(_stands())


class RetrainNowEndpoint(TrainingEndpoint):
    needs = {"POST": "training.run_experiment"}
    problems = {"POST": (NOT_NOW,)}

    @extend_schema(
        operation_id="retrain_now",
        summary="Train a candidate from the decisions now",
        description="Freezes the decisions, mixes them with other rows, and queues an experiment.",
        request=RetrainInput,
        responses={201: ExperimentDetailOutput},
        examples=[
            OpenApiExample("Mixed", {"mix_with": 4, "decisions_weight": 5.0}, request_only=True),
            OpenApiExample("Queued", EXPERIMENT_EXAMPLE, response_only=True, status_codes=["201"]),
        ],
    )
    def post(self, request: Request) -> Response:
        body = checked(RetrainInput, request)
        named = {"mix_with": _mixed_with(body)}
        return started(retrain_now(by=caller(request), **{**body, **named}), request)


def _mixed_with(body: dict[str, Any]) -> Dataset | None:
    return referred(Dataset.objects.ready(), body["mix_with"], "mix_with", "dataset")


def _stands() -> dict[str, Any]:
    plan = retraining_plan()
    outlook = retraining_outlook(plan)
    time = serializers.DateTimeField().to_representation
    return {
        "enabled": plan.enabled,
        "after_decisions": plan.after_decisions,
        "weekly": plan.weekly,
        "on_drift": plan.on_drift,
        "drift_days": plan.drift_days,
        "recipe": plan.recipe,
        "preset": str(plan.config.get("preset") or ""),
        "from_active": bool(plan.config.get("from_active", True)),
        "config": plan.config.get("differences") or {},
        "mix_with": plan.mix_with_id,
        "decisions_weight": plan.decisions_weight,
        "last_started_at": time(plan.last_started_at) if plan.last_started_at else None,
        "last_experiment": plan.last_experiment_id,
        "new_decisions": outlook.new_decisions,
        "due": outlook.due,
        "next_at": time(outlook.next_at) if outlook.next_at else None,
        "outlook": outlook.sentence,
    }
