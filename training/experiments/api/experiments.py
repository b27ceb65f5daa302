"""`/api/v1/experiments/`: list runs and start one."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from classifier.api.base import checked_query
from classifier.api.fields import ChoiceParameter, ClosedSerializer, TextParameter
from classifier.api.idempotency import IDEMPOTENCY_KEY, once
from classifier.api.permissions import caller
from classifier.api.problems import KEY_REUSED
from classifier.models import ModelVersion
from training.api.base import TrainingEndpoint, checked, listed, referred
from training.api.fields import AnyObject, Choice, Id, IdParameter, PageQuery, Text
from training.experiments.api.output import (
    DETAIL_EXAMPLE,
    EXPERIMENT_EXAMPLE,
    RECIPE_CHOICES,
    RUN_STATUS_CHOICES,
    DetailOutput,
    ExperimentOutput,
    experiment_url,
)
from training.experiments.selectors import experiment_detail, experiments_matching
from training.experiments.services import experiment_create
from training.models import Dataset, Experiment

START_EXAMPLE = {
    "name": "Student, even layers",
    "recipe": "distill",
    "dataset": 4,
    "teacher": 30,
    "config": {"layers": "even", "loop": {"epochs": 2}},
}


class ListQuery(PageQuery):
    status = ChoiceParameter(required=False, choices=RUN_STATUS_CHOICES)
    recipe = ChoiceParameter(required=False, choices=RECIPE_CHOICES)
    dataset = IdParameter(required=False)
    sweep = IdParameter(required=False, help_text="Only the trials of this sweep; left out: everything else.")
    search = TextParameter(required=False, max_length=150, help_text="Part of the name.")


@extend_schema_serializer(component_name="ExperimentInput")
class StartInput(ClosedSerializer):
    name = Text(max_length=150)
    recipe = Choice(choices=RECIPE_CHOICES, help_text="One of `/api/v1/recipes/`.")
    dataset = Id(help_text="What it learns from.")
    config = AnyObject(
        required=False, default=dict, help_text="Differences to the defaults or the preset, nested or dotted."
    )
    preset = Text(required=False, default="", allow_blank=True, max_length=100)
    teacher = Id(required=False, allow_null=True, help_text="An experiment; waited for until it succeeds.")
    base_version = Id(required=False, allow_null=True, help_text="A model version to start from instead.")
    notes = Text(required=False, default="", allow_blank=True, max_length=5_000)


@extend_schema_serializer(component_name="ExperimentPage", many=False)
class PageOutput(serializers.Serializer[Any]):
    items = ExperimentOutput(many=True, help_text="Newest first.")
    next = serializers.URLField(allow_null=True, help_text="The page after this one; null on the last.")


class ExperimentsEndpoint(TrainingEndpoint):
    needs = {"GET": "training.view_experiment", "POST": "training.run_experiment"}
    problems = {"POST": (KEY_REUSED,)}

    @extend_schema(
        operation_id="list_experiments",
        summary="List experiments, newest first",
        description="Needs the scope `train`, or a session, and the permission to view experiments.",
        parameters=[ListQuery],
        responses={200: PageOutput},
        examples=[
            OpenApiExample("A page", {"items": [EXPERIMENT_EXAMPLE], "next": None}, response_only=True)
        ],
    )
    def get(self, request: Request) -> Response:
        query = checked_query(ListQuery, request)
        sweep = query.get("sweep")
        rows = experiments_matching(
            recipe=query.get("recipe"),
            dataset=query.get("dataset"),
            sweep=str(sweep) if sweep else None,
            search=query.get("search"),
        ).select_related("dataset", "created_by")
        if "status" in query:
            rows = rows.filter(status=query["status"])
        rows = rows.defer("log", "provenance", "result", "config", "dataset__statistics")
        output = ExperimentOutput(context={"request": request})
        return listed(rows, query, request, output.to_representation)

    @extend_schema(
        operation_id="start_experiment",
        summary="Start an experiment",
        description=(
            "It is queued, and a training worker runs it. Wrong fields of `config` are named by their place. "
            "Needs the permission to run experiments."
        ),
        parameters=[IDEMPOTENCY_KEY],
        request=StartInput,
        responses={201: DetailOutput},
        examples=[
            OpenApiExample("A student", START_EXAMPLE, request_only=True),
            OpenApiExample(
                "Queued",
                {**DETAIL_EXAMPLE, "status": "queued"},
                response_only=True,
                status_codes=["201"],
            ),
        ],
    )
    def post(self, request: Request) -> Response:
        body = checked(StartInput, request)

        def make() -> int:
            experiment = experiment_create(
                name=body["name"],
                recipe=body["recipe"],
                config=body["config"],
                preset=body["preset"],
                notes=body["notes"],
                by=caller(request),
                **references(body),
            )
            return experiment.pk

        return once(request, make, lambda pk: started(Experiment.objects.get(pk=pk), request))


def references(body: dict[str, Any]) -> dict[str, Any]:
    """The dataset, teacher and base version that the body names by id, as the services want them."""
    named: dict[str, Any] = {}
    if "dataset" in body:
        named["dataset"] = referred(Dataset.objects.usable(), body["dataset"], "dataset", "dataset")
    if "teacher" in body:
        named["teacher"] = referred(Experiment.objects.visible(), body["teacher"], "teacher", "experiment")
    if "base_version" in body:
        named["base_version"] = referred(
            ModelVersion.objects.all(), body["base_version"], "base_version", "model version"
        )
    return named


def started(experiment: Experiment, request: Request) -> Response:
    """The answer for a run that was just queued."""
    return Response(
        shown(experiment.pk, request), status=201, headers={"Location": experiment_url(experiment, request)}
    )


def shown(experiment_id: int, request: Request) -> Any:
    return DetailOutput(experiment_detail(experiment_id=experiment_id), context={"request": request}).data
