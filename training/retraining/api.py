"""`/api/v1/retraining/`: the plan of retraining from moderators' decisions, and retraining now."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from classifier.api.authentication import caller
from classifier.api.fields import AnyObject, Choice, ClosedSerializer, Id, Number, Text, TrueOrFalse, Whole
from classifier.api.operation import operation
from classifier.api.problems import NOT_NOW
from classifier.api.reading import NoQuery, checked, checked_query
from training.api.base import TrainingEndpoint, referred
from training.experiments.api.experiments import started
from training.experiments.api.output import RECIPE_CHOICES, ExperimentDetail
from training.models import Dataset
from training.retraining.services import (
    DRIFT_DAYS,
    DRIFT_DAYS_MOST,
    retrain_now,
    retraining_outlook,
    retraining_plan,
    retraining_plan_set,
)


class RetrainInput(ClosedSerializer):
    recipe = Choice(required=False, default="teacher", choices=RECIPE_CHOICES)
    preset = Text(required=False, default="", allow_blank=True, max_length=100)
    from_active = TrueOrFalse(
        required=False, default=True, help_text="Whether to start from the model version in production."
    )
    config = AnyObject(required=False, default=dict, help_text="Differences from the defaults or the preset.")
    mix_with = Id(
        required=False,
        allow_null=True,
        default=None,
        help_text="The id of a dataset to mix the decisions with.",
    )
    decisions_weight = Number(
        required=False, default=1.0, help_text="The weight of a decision; a row of the other dataset has 1."
    )
    blend_with_active = TrueOrFalse(
        required=False,
        allow_null=True,
        default=None,
        help_text=(
            "Whether to average the new weights with those of the version in production, by the share that is best on "
            "validation; null: wherever that is possible."
        ),
    )


class RetrainingPlanInput(RetrainInput):
    enabled = TrueOrFalse(help_text="Whether the plan is carried out.")
    after_decisions = Whole(
        required=False,
        allow_null=True,
        default=None,
        min_value=1,
        max_value=10_000_000,
        help_text="The number of new decisions after which to retrain; null: their number does not matter.",
    )
    weekly = TrueOrFalse(required=False, default=False, help_text="Whether to retrain once a week.")
    on_drift = TrueOrFalse(
        required=False, default=False, help_text="Whether to retrain when the scores have drifted."
    )
    drift_days = Whole(
        required=False,
        default=DRIFT_DAYS,
        min_value=1,
        max_value=DRIFT_DAYS_MOST,
        help_text="Days after the last start before drift may start another.",
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
    blend_with_active = serializers.BooleanField(
        allow_null=True,
        help_text="Null: wherever the retraining starts from that version and both have one shape.",
    )
    config = serializers.DictField()
    mix_with = serializers.IntegerField(allow_null=True)
    decisions_weight = serializers.FloatField()
    last_started_at = serializers.DateTimeField(allow_null=True)
    last_experiment = serializers.IntegerField(allow_null=True)
    new_decisions = serializers.IntegerField(
        help_text="Decisions of people since the last retraining that a dataset would take."
    )
    due = serializers.BooleanField()
    next_at = serializers.DateTimeField(allow_null=True)
    outlook = serializers.CharField(help_text="A sentence that says when the next retraining starts.")


class RetrainingEndpoint(TrainingEndpoint):
    @operation("read_retraining_plan", needs="training.view_retrainingplan", answers=RetrainingPlanOutput)
    def get(self, request: Request) -> Response:
        """Read the plan of retraining.

        The answer also says when the next retraining starts.
        """
        checked_query(NoQuery, request)
        return Response(_plan())

    @operation(
        "set_retraining_plan",
        needs="training.change_retrainingplan",
        body=RetrainingPlanInput,
        answers=RetrainingPlanOutput,
    )
    def put(self, request: Request) -> Response:
        """Set the plan of retraining.

        Candidates are trained after a number of new decisions, once a week, or on drift. None is promoted
        automatically.
        """
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
                "blend_with_active": body["blend_with_active"],
                "differences": body["config"],
            },
            mix_with=_mix_with(body),
            decisions_weight=body["decisions_weight"],
        )
        return Response(_plan())


class RetrainNowEndpoint(TrainingEndpoint):
    @operation(
        "retrain_now",
        needs="training.run_experiment",
        body=RetrainInput,
        answers={201: ExperimentDetail},
        problems=[NOT_NOW],
    )
    def post(self, request: Request) -> Response:
        """Retrain from the decisions now.

        A dataset is created from the decisions and mixed with another one, and an experiment is queued.
        """
        body = checked(RetrainInput, request)
        mix_with = _mix_with(body)
        return started(retrain_now(by=caller(request), **{**body, "mix_with": mix_with}), request)


def _mix_with(body: dict[str, Any]) -> Dataset | None:
    return referred(Dataset.objects.ready(), body["mix_with"], "mix_with", "dataset")


def _plan() -> dict[str, Any]:
    plan = retraining_plan()
    outlook = retraining_outlook(plan)
    computed = {
        "preset": str(plan.config.get("preset") or ""),
        "from_active": bool(plan.config.get("from_active", True)),
        "blend_with_active": plan.config.get("blend_with_active"),
        "config": plan.config.get("differences") or {},
        "mix_with": plan.mix_with_id,
        "last_experiment": plan.last_experiment_id,
        "new_decisions": outlook.new_decisions,
        "due": outlook.due,
        "next_at": outlook.next_at,
        "outlook": outlook.sentence,
    }
    return dict(RetrainingPlanOutput({**vars(plan), **computed}).data)
