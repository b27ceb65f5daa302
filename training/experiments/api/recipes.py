"""`/api/v1/recipes/` and `/api/v1/plans/`: list what can be trained, and start the experiments of a plan."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from classifier.api.authentication import caller
from classifier.api.fields import ClosedSerializer, Id
from classifier.api.operation import operation
from classifier.api.problems import NOT_FOUND, Problem
from classifier.api.reading import NoQuery, checked, checked_query
from training.api.base import TrainingEndpoint, referred
from training.experiments.api.output import RECIPE_CHOICES, ExperimentOutput
from training.experiments.services import plan_start
from training.ml.config import Preset, plans, presets
from training.ml.recipes.registry import RECIPES
from training.models import Dataset, Experiment


class FieldOutput(serializers.Serializer[Any]):
    name = serializers.CharField(help_text="The dotted name.")
    kind = serializers.CharField(help_text="integer, number, text, flag or list.")
    default = serializers.JSONField(help_text="Null if there is none.")
    doc = serializers.CharField()
    choices = serializers.ListField(child=serializers.CharField())
    optional = serializers.BooleanField(help_text="May be null.")
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    models = serializers.BooleanField(
        help_text="Whether its texts name models: `#12` for experiment 12, a model version, a hub name or a folder."
    )


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
        help_text="`base`: a pretrained encoder; `teacher` and `model`: an experiment or a model version."
    )
    fields = FieldOutput(many=True)  # type: ignore[assignment]
    presets = PresetOutput(many=True)


class RecipesOutput(serializers.Serializer[Any]):
    items = RecipeOutput(many=True)


class PlannedOutput(serializers.Serializer[Any]):
    name = serializers.CharField()
    recipe = serializers.ChoiceField(choices=RECIPE_CHOICES)
    preset = serializers.CharField()
    config = serializers.DictField()
    teacher = serializers.CharField(help_text="The name of an earlier experiment of the plan, or empty.")


class PlanOutput(serializers.Serializer[Any]):
    name = serializers.CharField()
    title = serializers.CharField()
    description = serializers.CharField()
    experiments = PlannedOutput(many=True, source="runs")


class PlansOutput(serializers.Serializer[Any]):
    items = PlanOutput(many=True)


class PlanStartInput(ClosedSerializer):
    dataset = Id(help_text="The id of the dataset to learn from.")


class PlanStartOutput(serializers.Serializer[Any]):
    items = ExperimentOutput(many=True, help_text="In the order of the plan.")


class RecipesEndpoint(TrainingEndpoint):
    @operation("list_recipes", needs="training.view_experiment", answers=RecipesOutput)
    def get(self, request: Request) -> Response:
        """List recipes with their fields and presets.

        The list has every field of each recipe's configuration, with its default, limits and meaning.
        """
        checked_query(NoQuery, request)
        by_recipe: dict[str, list[Preset]] = {}
        for preset in presets():
            by_recipe.setdefault(preset.recipe, []).append(preset)
        items = [
            {
                "name": recipe.name,
                "title": recipe.title,
                "description": recipe.description,
                "needs": recipe.needs,
                "fields": recipe.fields(),
                "presets": by_recipe.get(recipe.name, []),
            }
            for recipe in RECIPES.values()
        ]
        return Response(RecipesOutput({"items": items}).data)


class PlansEndpoint(TrainingEndpoint):
    @operation("list_plans", needs="training.view_experiment", answers=PlansOutput)
    def get(self, request: Request) -> Response:
        """List plans.

        A plan has several experiments that belong together; a later one may be taught by an earlier one.
        """
        checked_query(NoQuery, request)
        return Response(PlansOutput({"items": plans()}).data)


class PlanStartEndpoint(TrainingEndpoint):
    @operation(
        "start_plan", needs="training.run_experiment", body=PlanStartInput, answers={201: PlanStartOutput}
    )
    def post(self, request: Request, name: str) -> Response:
        """Start all experiments of a plan.

        Either all are queued or none. Students wait for their teachers.
        """
        if name not in {plan.name for plan in plans()}:
            raise Problem(NOT_FOUND, "There is no such plan; /api/v1/plans/ lists them.")
        body = checked(PlanStartInput, request)
        dataset = referred(Dataset.objects.usable(), body["dataset"], "dataset", "dataset")
        assert dataset is not None
        queued = plan_start(plan=name, dataset=dataset, by=caller(request))
        rows = Experiment.objects.filter(pk__in=[run.pk for run in queued]).select_related(
            "dataset", "created_by"
        )
        output = ExperimentOutput(context={"request": request})
        return Response({"items": [output.to_representation(row) for row in rows.order_by("pk")]}, status=201)
