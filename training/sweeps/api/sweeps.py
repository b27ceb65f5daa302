"""`/api/v1/sweeps/`: searches over hyper-parameters, with their verbs."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from classifier.api.base import checked_query
from classifier.api.fields import ChoiceParameter, ClosedSerializer, TrueOrFalse
from classifier.api.permissions import caller
from classifier.api.problems import NOT_NOW
from training.api.base import NothingInput, TrainingEndpoint, checked, found, listed, without_body
from training.api.fields import AnyObject, Choice, Id, PageQuery, Text, Whole
from training.experiments.api.experiments import references, started
from training.experiments.api.output import DETAIL_EXAMPLE as EXPERIMENT_EXAMPLE
from training.experiments.api.output import RECIPE_CHOICES, RUN_STATUS_CHOICES
from training.experiments.api.output import DetailOutput as ExperimentDetailOutput
from training.models import Sweep
from training.sweeps.api.output import (
    DETAIL_EXAMPLE,
    SWEEP_EXAMPLE,
    DetailOutput,
    PageOutput,
    SweepOutput,
    sweep_url,
)
from training.sweeps.services import sweep_cancel, sweep_create, sweep_delete, sweep_resume, sweep_train_best

MAY_SEE, MAY_RUN = "training.view_sweep", "training.run_experiment"
NOTHING = OpenApiExample("Nothing", {}, request_only=True)
DETAIL = OpenApiExample("A sweep", DETAIL_EXAMPLE, response_only=True)
START_EXAMPLE = {
    "name": "LoRA, rate and rank",
    "recipe": "lora",
    "dataset": 4,
    "config": {"data.max_rows": 4000},
    "space": {"loop.learning_rate": {"type": "float", "low": 0.0001, "high": 0.01, "log": True}},
    "objectives": [{"metric": "f1"}],
    "trials": 20,
}


class ListQuery(PageQuery):
    status = ChoiceParameter(required=False, choices=RUN_STATUS_CHOICES)


class SweepInput(ClosedSerializer):
    name = Text(max_length=150)
    recipe = Choice(choices=RECIPE_CHOICES)
    dataset = Id()
    space = AnyObject(help_text="{dotted field: {type, low, high, log, step} or {type, choices}}")
    objectives = serializers.ListField(child=AnyObject(), min_length=1, max_length=3)
    config = AnyObject(required=False, default=dict, help_text="What every trial shares.")
    full = AnyObject(
        required=False, default=dict, help_text="Over `config` when the best is trained in full."
    )
    sampler = Text(required=False, default="tpe", max_length=16)
    pruner = Text(required=False, default="median", max_length=16)
    trials = Whole(required=False, default=20, min_value=1, max_value=1_000)
    at_once = Whole(required=False, default=1, min_value=1, max_value=16, help_text="Trials side by side.")
    seed = Whole(required=False, default=13, min_value=0, max_value=2**31 - 1)
    train_best = TrueOrFalse(required=False, default=False, help_text="Train the best in full at the end.")
    teacher = Id(required=False, allow_null=True)
    base_version = Id(required=False, allow_null=True)


class SweepResumeInput(ClosedSerializer):
    trials = Whole(required=False, default=10, min_value=1, max_value=1_000, help_text="More trials.")


class SweepTrainBestInput(ClosedSerializer):
    trial = Whole(required=False, allow_null=True, default=None, min_value=0, max_value=1_000_000)


class SweepsEndpoint(TrainingEndpoint):
    needs = {"GET": MAY_SEE, "POST": MAY_RUN}

    @extend_schema(
        operation_id="list_sweeps",
        summary="List sweeps, newest first",
        description="Needs the scope `train`, or a session, and the permission to view sweeps.",
        parameters=[ListQuery],
        responses={200: PageOutput},
        examples=[OpenApiExample("A page", {"items": [SWEEP_EXAMPLE], "next": None}, response_only=True)],
    )
    def get(self, request: Request) -> Response:
        query = checked_query(ListQuery, request)
        rows = _sweeps().defer("analysis", "dataset__statistics")
        if "status" in query:
            rows = rows.filter(status=query["status"])
        output = SweepOutput(context={"request": request})
        return listed(rows, query, request, output.to_representation)

    @extend_schema(
        operation_id="start_sweep",
        summary="Start a sweep",
        description="Its trials are experiments, asked for one after another and pruned where they are hopeless.",
        request=SweepInput,
        responses={201: DetailOutput},
        examples=[
            OpenApiExample("LoRA", START_EXAMPLE, request_only=True),
            OpenApiExample("Queued", DETAIL_EXAMPLE, response_only=True, status_codes=["201"]),
        ],
    )
    def post(self, request: Request) -> Response:
        body = checked(SweepInput, request)
        named = references(body)
        given = {name: value for name, value in body.items() if name not in named}
        sweep = sweep_create(by=caller(request), **given, **named)
        headers = {"Location": sweep_url(sweep, request)}
        return Response(_shown(sweep.pk, request), status=201, headers=headers)


class SweepEndpoint(TrainingEndpoint):
    needs = {"GET": MAY_SEE, "DELETE": MAY_RUN}
    problems = {"DELETE": (NOT_NOW,)}

    @extend_schema(
        operation_id="read_sweep",
        summary="Read one sweep",
        description="With its trials, what matters among the fields, and the best.",
        responses={200: DetailOutput},
        examples=[DETAIL],
    )
    def get(self, request: Request, sweep_id: int) -> Response:
        return Response(_shown(sweep_id, request))

    @extend_schema(
        operation_id="delete_sweep",
        summary="Delete a sweep that is over",
        description="Its study is forgotten; its runs stay until they are deleted themselves.",
        responses={204: None},
    )
    def delete(self, request: Request, sweep_id: int) -> Response:
        sweep_delete(sweep=found(_sweeps(), sweep_id), by=caller(request))
        return Response(status=204)


class SweepCancelEndpoint(TrainingEndpoint):
    needs = {"POST": MAY_RUN}
    problems = {"POST": (NOT_NOW,)}

    @extend_schema(
        operation_id="cancel_sweep",
        summary="Cancel a sweep",
        description="Trials that wait or run are cancelled, those that are done stay.",
        request=NothingInput,
        responses={200: DetailOutput},
        examples=[NOTHING, DETAIL],
    )
    def post(self, request: Request, sweep_id: int) -> Response:
        without_body(request)
        sweep_cancel(sweep=found(_sweeps(), sweep_id), by=caller(request))
        return Response(_shown(sweep_id, request))


class SweepResumeEndpoint(TrainingEndpoint):
    needs = {"POST": MAY_RUN}
    problems = {"POST": (NOT_NOW,)}

    @extend_schema(
        operation_id="resume_sweep",
        summary="Go on with more trials",
        description="They learn from all earlier ones.",
        request=SweepResumeInput,
        responses={200: DetailOutput},
        examples=[OpenApiExample("Ten more", {"trials": 10}, request_only=True), DETAIL],
    )
    def post(self, request: Request, sweep_id: int) -> Response:
        sweep = found(_sweeps(), sweep_id)
        body = checked(SweepResumeInput, request)
        sweep_resume(sweep=sweep, trials=body["trials"], by=caller(request))
        return Response(_shown(sweep_id, request))


class SweepTrainBestEndpoint(TrainingEndpoint):
    needs = {"POST": MAY_RUN}
    problems = {"POST": (NOT_NOW,)}

    @extend_schema(
        operation_id="train_best_of_sweep",
        summary="Train the best of a sweep in full",
        description="A normal experiment with the values of the best trial, or of the one that is named.",
        request=SweepTrainBestInput,
        responses={201: ExperimentDetailOutput},
        examples=[
            OpenApiExample("The best", {}, request_only=True),
            OpenApiExample("Queued", EXPERIMENT_EXAMPLE, response_only=True, status_codes=["201"]),
        ],
    )
    def post(self, request: Request, sweep_id: int) -> Response:
        sweep = found(_sweeps(), sweep_id)
        body = checked(SweepTrainBestInput, request)
        return started(sweep_train_best(sweep=sweep, number=body["trial"], by=caller(request)), request)


def _sweeps() -> Any:
    return Sweep.objects.filter(deleted_at__isnull=True).select_related("dataset", "created_by")


def _shown(sweep_id: int, request: Request) -> Any:
    row = found(_sweeps().prefetch_related("history__actor"), sweep_id)
    return DetailOutput(row, context={"request": request}).data
