"""`/api/v1/experiments/<id>/`: one run with its verbs, its curves and its files."""

from typing import Any

from django.http import FileResponse
from django.utils.text import slugify
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from classifier.api.base import checked_query
from classifier.api.fields import ClosedSerializer, TextParameter
from classifier.api.permissions import caller
from classifier.api.problems import NOT_FOUND, NOT_NOW, Problem
from training.api.base import NothingInput, TrainingEndpoint, checked, found, without_body
from training.api.fields import AnyObject, Id, Text
from training.experiments.api.experiments import references, shown, started
from training.experiments.api.output import DETAIL_EXAMPLE, DetailOutput
from training.experiments.artifact_zip import zip_stream
from training.experiments.selectors import experiment_curves
from training.experiments.services import (
    experiment_cancel,
    experiment_clone,
    experiment_delete,
    experiment_resume,
)
from training.models import Experiment

DETAIL = OpenApiExample("An experiment", DETAIL_EXAMPLE, response_only=True)
MAY_SEE, MAY_RUN = "training.view_experiment", "training.run_experiment"


class CloneInput(ClosedSerializer):
    name = Text(required=False, max_length=150)
    config = AnyObject(required=False, help_text="Differences to the configuration that is cloned.")
    dataset = Id(required=False)
    teacher = Id(required=False, help_text="Replaces a base version.")
    base_version = Id(required=False, help_text="Replaces a teacher.")
    notes = Text(required=False, allow_blank=True, max_length=5_000)


class PointsQuery(ClosedSerializer):
    name = TextParameter(required=False, max_length=64, help_text="Only this curve, such as `loss`.")


class CurveOutput(serializers.Serializer[Any]):
    phase = serializers.CharField()
    name = serializers.CharField()
    points = serializers.ListField(
        child=serializers.ListField(child=serializers.FloatField()), help_text="[step, value], by step."
    )


@extend_schema_serializer(component_name="PointsOutput", many=False)
class PointsOutput(serializers.Serializer[Any]):
    curves = CurveOutput(many=True)


class ExperimentEndpoint(TrainingEndpoint):
    needs = {"GET": MAY_SEE, "DELETE": MAY_RUN}
    problems = {"DELETE": (NOT_NOW,)}

    @extend_schema(
        operation_id="read_experiment",
        summary="Read one experiment",
        description="With configuration, progress, provenance, history and what its model is worth on the test rows.",
        responses={200: DetailOutput},
        examples=[DETAIL],
    )
    def get(self, request: Request, experiment_id: int) -> Response:
        return Response(shown(experiment_id, request))

    @extend_schema(
        operation_id="delete_experiment",
        summary="Delete an experiment that is over",
        description="Its curves, its folder and its candidate version go; its row stays for the history.",
        responses={204: None},
    )
    def delete(self, request: Request, experiment_id: int) -> Response:
        experiment_delete(experiment=found(Experiment.objects.visible(), experiment_id), by=caller(request))
        return Response(status=204)


class ExperimentCancelEndpoint(TrainingEndpoint):
    needs = {"POST": MAY_RUN}
    problems = {"POST": (NOT_NOW,)}

    @extend_schema(
        operation_id="cancel_experiment",
        summary="Cancel an experiment",
        description="A queued one at once, a running one within seconds; its checkpoint is kept.",
        request=NothingInput,
        responses={200: DetailOutput},
        examples=[OpenApiExample("Nothing", {}, request_only=True), DETAIL],
    )
    def post(self, request: Request, experiment_id: int) -> Response:
        without_body(request)
        experiment_cancel(experiment=found(Experiment.objects.visible(), experiment_id), by=caller(request))
        return Response(shown(experiment_id, request))


class ExperimentResumeEndpoint(TrainingEndpoint):
    needs = {"POST": MAY_RUN}
    problems = {"POST": (NOT_NOW,)}

    @extend_schema(
        operation_id="resume_experiment",
        summary="Resume a failed or cancelled experiment",
        description="It is queued again and goes on from its checkpoint where there is one.",
        request=NothingInput,
        responses={200: DetailOutput},
        examples=[OpenApiExample("Nothing", {}, request_only=True), DETAIL],
    )
    def post(self, request: Request, experiment_id: int) -> Response:
        without_body(request)
        experiment_resume(experiment=found(Experiment.objects.visible(), experiment_id), by=caller(request))
        return Response(shown(experiment_id, request))


class ExperimentCloneEndpoint(TrainingEndpoint):
    needs = {"POST": MAY_RUN}

    @extend_schema(
        operation_id="clone_experiment",
        summary="Start an experiment like another",
        description="Everything is as it was, but for the fields that are sent.",
        request=CloneInput,
        responses={201: DetailOutput},
        examples=[
            OpenApiExample("Another seed", {"config": {"loop.seed": 7}}, request_only=True),
            OpenApiExample("Queued", DETAIL_EXAMPLE, response_only=True, status_codes=["201"]),
        ],
    )
    def post(self, request: Request, experiment_id: int) -> Response:
        experiment = found(Experiment.objects.visible(), experiment_id)
        body = checked(CloneInput, request)
        changes = {name: body[name] for name in ("name", "config", "notes") if name in body}
        clone = experiment_clone(
            experiment=experiment, changes=changes | references(body), by=caller(request)
        )
        return started(clone, request)


class ExperimentPointsEndpoint(TrainingEndpoint):
    needs = {"GET": MAY_SEE}

    @extend_schema(
        operation_id="read_experiment_points",
        summary="Read the curves of an experiment",
        description="Losses, speed and memory by step; at most about 500 points a curve are kept.",
        parameters=[PointsQuery],
        responses={200: PointsOutput},
        examples=[
            OpenApiExample(
                "A loss",
                {"curves": [{"phase": "train", "name": "loss", "points": [[1, 0.71], [2, 0.64]]}]},
                response_only=True,
            )
        ],
    )
    def get(self, request: Request, experiment_id: int) -> Response:
        experiment = found(Experiment.objects.visible(), experiment_id)
        wanted = checked_query(PointsQuery, request).get("name")
        curves = experiment_curves(experiment_ids=[experiment.pk])[experiment.pk]
        shown = [
            {"phase": phase, "name": name, "points": [list(point) for point in points]}
            for (phase, name), points in sorted(curves.items())
            if wanted in (None, name)
        ]
        return Response({"curves": shown})


class ExperimentArtifactEndpoint(TrainingEndpoint):
    needs = {"GET": MAY_SEE}

    @extend_schema(
        operation_id="download_experiment_artifact",
        summary="Download the model that came of an experiment",
        description="A zip of the model folder: weights (safetensors), tokenizer, manifest and card.",
        responses={(200, "application/zip"): OpenApiResponse(OpenApiTypes.BINARY, description="The zip.")},
    )
    def get(self, request: Request, experiment_id: int) -> FileResponse:
        experiment = found(Experiment.objects.visible().select_related("model_version"), experiment_id)
        folder = experiment.artifact_path
        if not experiment.directory or not (folder / "manifest.json").is_file():
            if experiment.model_version is None or not experiment.model_version.path.is_dir():
                raise Problem(NOT_FOUND, "The experiment has no model to download.")
            folder = experiment.model_version.path
        version = experiment.model_version
        name = str(version) if version is not None else slugify(experiment.name) or f"run-{experiment.pk}"
        response = FileResponse(zip_stream(folder, inside=name), content_type="application/zip")
        response["Content-Disposition"] = f'attachment; filename="{name}.zip"'
        return response
