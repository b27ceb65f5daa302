"""`/api/v1/experiments/`: start, list, read, cancel, resume, clone and delete experiments; their curves and models."""

from typing import Any

from django.http import FileResponse
from django.utils.text import slugify
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from classifier.api.authentication import caller
from classifier.api.base import found
from classifier.api.fields import (
    AnyObject,
    Choice,
    ChoiceParameter,
    ClosedSerializer,
    Id,
    IdParameter,
    Text,
    TextParameter,
)
from classifier.api.idempotency import IDEMPOTENCY_KEY, once
from classifier.api.operation import operation
from classifier.api.pagination import PageQuery, listed, page_of
from classifier.api.problems import NOT_FOUND, NOT_NOW, Problem
from classifier.api.reading import NothingInput, checked, checked_query, without_body
from classifier.models import ModelVersion
from training.api.base import TrainingEndpoint, referred
from training.experiments.api.output import (
    RECIPE_CHOICES,
    RUN_STATUS_CHOICES,
    ExperimentDetail,
    ExperimentOutput,
    experiment_url,
)
from training.experiments.artifact_zip import check_folder_to_pass_on, zip_stream
from training.experiments.selectors import experiment_curves, experiment_detail, experiments_matching
from training.experiments.services import (
    experiment_cancel,
    experiment_clone,
    experiment_create,
    experiment_delete,
    experiment_resume,
)
from training.models import Dataset, Experiment

MAY_SEE, MAY_RUN = "training.view_experiment", "training.run_experiment"


class ExperimentListQuery(PageQuery):
    status = ChoiceParameter(required=False, choices=RUN_STATUS_CHOICES)
    recipe = ChoiceParameter(required=False, choices=RECIPE_CHOICES)
    dataset = IdParameter(required=False)
    sweep = IdParameter(
        required=False, help_text="The trials of this sweep. If left out, all experiments that are no trials."
    )
    search = TextParameter(required=False, max_length=150, help_text="A part of the name.")


class ExperimentInput(ClosedSerializer):
    name = Text(max_length=150)
    recipe = Choice(choices=RECIPE_CHOICES, help_text="A recipe of `/api/v1/recipes/`.")
    dataset = Id(help_text="The id of the dataset to learn from.")
    config = AnyObject(
        required=False,
        default=dict,
        help_text="Differences from the defaults or the preset, nested or with dotted names.",
    )
    preset = Text(
        required=False, default="", allow_blank=True, max_length=100, help_text="A preset of the recipe."
    )
    teacher = Id(
        required=False,
        allow_null=True,
        help_text="The id of an experiment; the run waits until it has succeeded.",
    )
    base_version = Id(
        required=False,
        allow_null=True,
        help_text="The id of a model version to start from, instead of a teacher.",
    )
    notes = Text(required=False, default="", allow_blank=True, max_length=5_000)
    quick_measurement = serializers.BooleanField(
        required=False,
        default=False,
        help_text="Afterwards measure without baselines, shipped suites and the search for label errors.",
    )


class CloneInput(ClosedSerializer):
    name = Text(required=False, max_length=150)
    config = AnyObject(required=False, help_text="Differences from the configuration that is cloned.")
    dataset = Id(required=False, help_text="The id of another dataset.")
    teacher = Id(required=False, help_text="The id of an experiment; replaces a base version.")
    base_version = Id(required=False, help_text="The id of a model version; replaces a teacher.")
    notes = Text(required=False, allow_blank=True, max_length=5_000)


class PointsQuery(ClosedSerializer):
    name = TextParameter(required=False, max_length=64, help_text="Only this curve, such as `loss`.")


class CurveOutput(serializers.Serializer[Any]):
    phase = serializers.CharField()
    name = serializers.CharField()
    points = serializers.ListField(
        child=serializers.ListField(child=serializers.FloatField()), help_text="Pairs [step, value], by step."
    )


class PointsOutput(serializers.Serializer[Any]):
    curves = CurveOutput(many=True)


class ExperimentsEndpoint(TrainingEndpoint):
    @operation(
        "list_experiments",
        needs=MAY_SEE,
        query=ExperimentListQuery,
        answers=page_of(ExperimentOutput),
    )
    def get(self, request: Request) -> Response:
        """List experiments, newest first."""
        query = checked_query(ExperimentListQuery, request)
        sweep = query.get("sweep")
        rows = experiments_matching(
            recipe=query.get("recipe"),
            dataset=query.get("dataset"),
            sweep=str(sweep) if sweep else None,
            search=query.get("search"),
        ).select_related("dataset", "created_by")
        rows = rows.defer("log", "provenance", "result", "config", "dataset__statistics")
        return listed(rows, query, request, ExperimentOutput, {"status": "status"})

    @operation(
        "start_experiment",
        needs=MAY_RUN,
        headers=[IDEMPOTENCY_KEY],
        body=ExperimentInput,
        answers={201: ExperimentDetail},
    )
    def post(self, request: Request) -> Response:
        """Start an experiment.

        It is queued, and a training worker runs it. Errors name each wrong field of `config` by its place.
        """
        body = checked(ExperimentInput, request)

        def make() -> int:
            experiment = experiment_create(
                name=body["name"],
                recipe=body["recipe"],
                config=body["config"],
                preset=body["preset"],
                notes=body["notes"],
                quick_measurement=body["quick_measurement"],
                by=caller(request),
                **references(body),
            )
            return experiment.pk

        return once(request, make, lambda pk: started(Experiment.objects.get(pk=pk), request))


class ExperimentEndpoint(TrainingEndpoint):
    @operation("read_experiment", needs=MAY_SEE, answers=ExperimentDetail)
    def get(self, request: Request, experiment_id: int) -> Response:
        """Read one experiment.

        The answer has its configuration, progress, provenance and history, and the evaluation of its model on the
        test rows.
        """
        return Response(shown(experiment_id, request))

    @operation("delete_experiment", needs=MAY_RUN, answers={204: None}, problems=[NOT_NOW])
    def delete(self, request: Request, experiment_id: int) -> Response:
        """Delete an experiment that has ended.

        Its curves, its folder and its candidate version are deleted. Its row is kept for the history.
        """
        experiment_delete(experiment=_experiment(experiment_id), by=caller(request))
        return Response(status=204)


class ExperimentCancelEndpoint(TrainingEndpoint):
    @operation(
        "cancel_experiment", needs=MAY_RUN, body=NothingInput, answers=ExperimentDetail, problems=[NOT_NOW]
    )
    def post(self, request: Request, experiment_id: int) -> Response:
        """Cancel an experiment.

        A queued one is cancelled at once, a running one within seconds. Its checkpoint is kept.
        """
        without_body(request)
        experiment_cancel(experiment=_experiment(experiment_id), by=caller(request))
        return Response(shown(experiment_id, request))


class ExperimentResumeEndpoint(TrainingEndpoint):
    @operation(
        "resume_experiment", needs=MAY_RUN, body=NothingInput, answers=ExperimentDetail, problems=[NOT_NOW]
    )
    def post(self, request: Request, experiment_id: int) -> Response:
        """Resume a failed or cancelled experiment.

        It is queued again and continues from its checkpoint, if there is one.
        """
        without_body(request)
        experiment_resume(experiment=_experiment(experiment_id), by=caller(request))
        return Response(shown(experiment_id, request))


class ExperimentCloneEndpoint(TrainingEndpoint):
    @operation("clone_experiment", needs=MAY_RUN, body=CloneInput, answers={201: ExperimentDetail})
    def post(self, request: Request, experiment_id: int) -> Response:
        """Clone an experiment.

        A new experiment is started with the same settings, except for the fields that are sent.
        """
        experiment = _experiment(experiment_id)
        body = checked(CloneInput, request)
        changes = {name: body[name] for name in ("name", "config", "notes") if name in body}
        clone = experiment_clone(
            experiment=experiment, changes=changes | references(body), by=caller(request)
        )
        return started(clone, request)


class ExperimentPointsEndpoint(TrainingEndpoint):
    @operation("read_experiment_points", needs=MAY_SEE, query=PointsQuery, answers=PointsOutput)
    def get(self, request: Request, experiment_id: int) -> Response:
        """Read the curves of an experiment.

        Losses, speed and memory by step. About 500 points are kept for each curve.
        """
        experiment = _experiment(experiment_id)
        name_filter = checked_query(PointsQuery, request).get("name")
        curves = experiment_curves(experiment_ids=[experiment.pk])[experiment.pk]
        items = [
            {"phase": phase, "name": name, "points": [list(point) for point in points]}
            for (phase, name), points in sorted(curves.items())
            if name_filter in (None, name)
        ]
        return Response({"curves": items})


class ArtifactQuery(ClosedSerializer):
    purpose = ChoiceParameter(
        required=False,
        choices=[("own_use", "own_use"), ("to_pass_on", "to_pass_on")],
        help_text="`to_pass_on` refuses a model whose data are under a licence that forbids passing it on. "
        "`own_use` is the default.",
    )


class ExperimentArtifactEndpoint(TrainingEndpoint):
    @operation(
        "download_experiment_artifact",
        needs=MAY_SEE,
        query=ArtifactQuery,
        answers={(200, "application/zip"): OpenApiResponse(OpenApiTypes.BINARY, description="The zip file.")},
        problems=[NOT_NOW],
    )
    def get(self, request: Request, experiment_id: int) -> FileResponse:
        """Download the model of an experiment.

        The zip file has the model's folder: weights (safetensors), tokenizer, manifest and model card. The card lists
        what the model learned from, and says whether the model may be passed on.
        """
        to_pass_on = checked_query(ArtifactQuery, request).get("purpose") == "to_pass_on"
        experiment = found(Experiment.objects.visible().select_related("model_version"), experiment_id)
        folder = experiment.artifact_path
        if not experiment.directory or not (folder / "manifest.json").is_file():
            if experiment.model_version is None or not experiment.model_version.path.is_dir():
                raise Problem(NOT_FOUND, "The experiment has no model to download.")
            folder = experiment.model_version.path
        if to_pass_on:
            check_folder_to_pass_on(folder)
        version = experiment.model_version
        name = str(version) if version is not None else slugify(experiment.name) or f"run-{experiment.pk}"
        response = FileResponse(zip_stream(folder, inside=name), content_type="application/zip")
        response["Content-Disposition"] = f'attachment; filename="{name}.zip"'
        return response


def references(body: dict[str, Any]) -> dict[str, Any]:
    """Return the dataset, teacher and base version that the body names by id. Raises the 400 problem."""
    rows: dict[str, Any] = {}
    if "dataset" in body:
        rows["dataset"] = referred(Dataset.objects.usable(), body["dataset"], "dataset", "dataset")
    if "teacher" in body:
        rows["teacher"] = referred(Experiment.objects.visible(), body["teacher"], "teacher", "experiment")
    if "base_version" in body:
        rows["base_version"] = referred(
            ModelVersion.objects.all(), body["base_version"], "base_version", "model version"
        )
    return rows


def started(experiment: Experiment, request: Request) -> Response:
    """Answer with an experiment that was just queued."""
    return Response(
        shown(experiment.pk, request), status=201, headers={"Location": experiment_url(experiment, request)}
    )


def shown(experiment_id: int, request: Request) -> Any:
    return ExperimentDetail(experiment_detail(experiment_id=experiment_id), context={"request": request}).data


def _experiment(experiment_id: int) -> Experiment:
    return found(Experiment.objects.visible(), experiment_id)
