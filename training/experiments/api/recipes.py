"""`/api/v1/recipes/` and `/api/v1/plans/`: what can be started, and starting several runs that belong together."""

from dataclasses import asdict
from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from classifier.api.base import NoQuery, checked_query
from classifier.api.fields import ClosedSerializer
from classifier.api.permissions import caller
from classifier.api.problems import NOT_FOUND, Problem
from training.api.base import TrainingEndpoint, checked, referred
from training.api.fields import Id
from training.experiments.api.output import EXPERIMENT_EXAMPLE, RECIPE_CHOICES, ExperimentOutput
from training.experiments.services import plan_start
from training.ml.config import plans, presets
from training.ml.recipes.registry import RECIPES
from training.models import Dataset, Experiment

FIELD_EXAMPLE = {
    "name": "loop.epochs",
    "kind": "number",
    "default": 1.0,
    "doc": "Passes over the rows.",
    "choices": [],
    "optional": False,
    "low": 0,
    "high": 1000,
}
RECIPE_EXAMPLE = {
    "name": "distill",
    "title": "Student: distillation from chosen layers",
    "description": "Copies some of a teacher's layers and teaches them.",
    "needs": "teacher",
    "fields": [FIELD_EXAMPLE],
    "presets": [{"name": "starter-student", "title": "starter-student", "description": "", "config": {}}],
}
PLAN_EXAMPLE = {
    "name": "seed-done-right",
    "title": "The published experiment, corrected",
    "description": "",
    "experiments": [{"name": "teacher", "recipe": "teacher", "preset": "", "config": {}, "teacher": ""}],
}


class FieldOutput(serializers.Serializer[Any]):
    name = serializers.CharField(help_text="Dotted.")
    kind = serializers.CharField(help_text="integer, number, text, flag or list.")
    default = serializers.JSONField(help_text="null where there is none.")
    doc = serializers.CharField()
    choices = serializers.ListField(child=serializers.CharField())
    optional = serializers.BooleanField(help_text="May be null.")
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)


class PresetOutput(serializers.Serializer[Any]):
    name = serializers.CharField()
    title = serializers.CharField()
    description = serializers.CharField()
    config = serializers.DictField()


class RecipeOutput(serializers.Serializer[Any]):
    name = serializers.ChoiceField(choices=RECIPE_CHOICES)
    title = serializers.CharField()
    description = serializers.CharField()
    needs = serializers.CharField(
        help_text="`base`: a pretrained encoder; `teacher`: a run or version must be chosen."
    )
    fields = FieldOutput(many=True)  # type: ignore[assignment]
    presets = PresetOutput(many=True)


@extend_schema_serializer(component_name="RecipesOutput", many=False)
class RecipesOutput(serializers.Serializer[Any]):
    items = RecipeOutput(many=True)


class PlannedOutput(serializers.Serializer[Any]):
    name = serializers.CharField()
    recipe = serializers.ChoiceField(choices=RECIPE_CHOICES)
    preset = serializers.CharField()
    config = serializers.DictField()
    teacher = serializers.CharField(help_text="An experiment of the plan before this one, or empty.")


class PlanOutput(serializers.Serializer[Any]):
    name = serializers.CharField()
    title = serializers.CharField()
    description = serializers.CharField()
    experiments = PlannedOutput(many=True)


@extend_schema_serializer(component_name="PlansOutput", many=False)
class PlansOutput(serializers.Serializer[Any]):
    items = PlanOutput(many=True)


class PlanStartInput(ClosedSerializer):
    dataset = Id()


@extend_schema_serializer(component_name="PlanStartOutput", many=False)
class PlanStartOutput(serializers.Serializer[Any]):
    items = ExperimentOutput(many=True, help_text="In the order of the plan.")


class RecipesEndpoint(TrainingEndpoint):
    needs = {"GET": "training.view_experiment"}

    @extend_schema(
        operation_id="list_recipes",
        summary="List recipes with their fields and presets",
        description="Every field of each recipe's configuration with its default, limits and meaning.",
        responses={200: RecipesOutput},
        examples=[OpenApiExample("A recipe", {"items": [RECIPE_EXAMPLE]}, response_only=True)],
    )
    def get(self, request: Request) -> Response:
        checked_query(NoQuery, request)
        known = presets()
        return Response(
            {
                "items": [
                    {
                        "name": recipe.name,
                        "title": recipe.title,
                        "description": recipe.description,
                        "needs": recipe.needs,
                        "fields": [
                            {**asdict(field), "choices": list(field.choices)} for field in recipe.fields()
                        ],
                        "presets": [
                            {
                                "name": each.name,
                                "title": each.title,
                                "description": each.description,
                                "config": each.config,
                            }
                            for each in known
                            if each.recipe == recipe.name
                        ],
                    }
                    for recipe in RECIPES.values()
                ]
            }
        )


class PlansEndpoint(TrainingEndpoint):
    needs = {"GET": "training.view_experiment"}

    @extend_schema(
        operation_id="list_plans",
        summary="List plans",
        description="Several runs that belong together, a later one taught by an earlier one.",
        responses={200: PlansOutput},
        examples=[OpenApiExample("A plan", {"items": [PLAN_EXAMPLE]}, response_only=True)],
    )
    def get(self, request: Request) -> Response:
        checked_query(NoQuery, request)
        return Response(
            {
                "items": [
                    {
                        "name": plan.name,
                        "title": plan.title,
                        "description": plan.description,
                        "experiments": [asdict(run) for run in plan.runs],
                    }
                    for plan in plans()
                ]
            }
        )


class PlanStartEndpoint(TrainingEndpoint):
    needs = {"POST": "training.run_experiment"}

    @extend_schema(
        operation_id="start_plan",
        summary="Start every run of a plan",
        description="All are queued, or none; students wait for their teachers.",
        request=PlanStartInput,
        responses={201: PlanStartOutput},
        examples=[
            OpenApiExample("On a dataset", {"dataset": 4}, request_only=True),
            OpenApiExample(
                "Queued", {"items": [EXPERIMENT_EXAMPLE]}, response_only=True, status_codes=["201"]
            ),
        ],
    )
    def post(self, request: Request, name: str) -> Response:
        if name not in {plan.name for plan in plans()}:
            raise Problem(NOT_FOUND, "There is no such plan; /api/v1/plans/ lists them.")
        body = checked(PlanStartInput, request)
        dataset = referred(Dataset.objects.usable(), body["dataset"], "dataset", "dataset")
        assert dataset is not None
        made = plan_start(plan=name, dataset=dataset, by=caller(request))
        rows = Experiment.objects.filter(pk__in=[run.pk for run in made]).select_related(
            "dataset", "created_by"
        )
        output = ExperimentOutput(context={"request": request})
        return Response({"items": [output.to_representation(row) for row in rows.order_by("pk")]}, status=201)
