"""`/api/v1/sweeps/`: start, list, read, cancel, resume and delete searches over hyper-parameters; train the best."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from classifier.api.authentication import caller
from classifier.api.base import found
from classifier.api.fields import (
    AnyObject,
    Choice,
    ChoiceParameter,
    ClosedSerializer,
    Id,
    Text,
    TrueOrFalse,
    Whole,
)
from classifier.api.operation import operation
from classifier.api.pagination import PageQuery, listed, page_of
from classifier.api.problems import NOT_NOW
from classifier.api.reading import NothingInput, checked, checked_query, without_body
from training.api.base import TrainingEndpoint
from training.experiments.api.experiments import references, started
from training.experiments.api.output import (
    RECIPE_CHOICES,
    RUN_STATUS_CHOICES,
    EventOutput,
    ExperimentDetail,
    NamedOutput,
)
from training.ml.search.study import PRUNERS, SAMPLERS
from training.models import Sweep
from training.sweeps.services import sweep_cancel, sweep_create, sweep_delete, sweep_resume, sweep_train_best

MAY_SEE, MAY_RUN = "training.view_sweep", "training.run_experiment"


class SweepListQuery(PageQuery):
    status = ChoiceParameter(required=False, choices=RUN_STATUS_CHOICES)


class SweepInput(ClosedSerializer):
    name = Text(max_length=150)
    recipe = Choice(choices=RECIPE_CHOICES)
    dataset = Id(help_text="The id of the dataset to learn from.")
    space = AnyObject(help_text="{dotted field: {type, low, high, log, step} or {type, choices}}")
    objectives = serializers.ListField(
        child=AnyObject(),
        min_length=1,
        max_length=3,
        help_text="Objects with a `metric` and, if wanted, a `direction` and a `label`.",
    )
    config = AnyObject(
        required=False, default=dict, help_text="Differences from the defaults that all trials share."
    )
    full = AnyObject(
        required=False,
        default=dict,
        help_text="Differences from `config` for training the best trial in full.",
    )
    sampler = Text(required=False, default="tpe", max_length=16, help_text=f"One of {', '.join(SAMPLERS)}.")
    pruner = Text(required=False, default="median", max_length=16, help_text=f"One of {', '.join(PRUNERS)}.")
    trials = Whole(required=False, default=20, min_value=1, max_value=1_000)
    at_once = Whole(
        required=False,
        default=1,
        min_value=1,
        max_value=16,
        help_text="Number of trials that run at the same time.",
    )
    seed = Whole(required=False, default=13, min_value=0, max_value=2**31 - 1)
    train_best = TrueOrFalse(
        required=False, default=False, help_text="Whether to train the best trial in full at the end."
    )
    teacher = Id(required=False, allow_null=True, help_text="The id of an experiment.")
    base_version = Id(required=False, allow_null=True, help_text="The id of a model version.")


class SweepResumeInput(ClosedSerializer):
    trials = Whole(
        required=False, default=10, min_value=1, max_value=1_000, help_text="Number of further trials."
    )


class SweepTrainBestInput(ClosedSerializer):
    trial = Whole(
        required=False,
        allow_null=True,
        default=None,
        min_value=0,
        max_value=1_000_000,
        help_text="The number of a trial; the best trial if left out.",
    )


class SweepOutput(serializers.Serializer[Sweep]):
    id = serializers.IntegerField()
    url = serializers.SerializerMethodField(help_text="The address at which to read the sweep.")
    name = serializers.CharField()
    recipe = serializers.ChoiceField(choices=RECIPE_CHOICES)
    status = serializers.ChoiceField(choices=RUN_STATUS_CHOICES)
    dataset = NamedOutput()
    teacher = serializers.IntegerField(source="teacher_id", allow_null=True)
    base_version = serializers.IntegerField(source="base_version_id", allow_null=True)
    space = serializers.DictField()
    objectives = serializers.ListField(child=serializers.DictField())
    sampler = serializers.CharField()
    pruner = serializers.CharField()
    seed = serializers.IntegerField()
    trials_wanted = serializers.IntegerField()
    best_experiment = serializers.IntegerField(source="best_experiment_id", allow_null=True)
    failure_reason = serializers.CharField()
    created_by = serializers.CharField(source="created_by.username", default=None, allow_null=True)
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)

    def get_url(self, sweep: Sweep) -> str:
        return _url(sweep, self.context["request"])


class SweepDetail(SweepOutput):
    config = serializers.DictField(help_text="Differences from the defaults that all trials share.")
    options = serializers.DictField()
    analysis = serializers.DictField(
        help_text="Trials, importance of the fields, Pareto front and best trial, as last computed."
    )
    trials = serializers.SerializerMethodField(help_text="Ids of the experiments, by trial number.")
    history = EventOutput(many=True, source="history.all")

    def get_trials(self, sweep: Sweep) -> list[int]:
        return list(sweep.experiments.order_by("trial_number").values_list("pk", flat=True))


class SweepsEndpoint(TrainingEndpoint):
    @operation("list_sweeps", needs=MAY_SEE, query=SweepListQuery, answers=page_of(SweepOutput))
    def get(self, request: Request) -> Response:
        """List sweeps, newest first."""
        query = checked_query(SweepListQuery, request)
        rows = _sweeps().defer("analysis", "dataset__statistics")
        return listed(rows, query, request, SweepOutput, {"status": "status"})

    @operation("start_sweep", needs=MAY_RUN, body=SweepInput, answers={201: SweepDetail})
    def post(self, request: Request) -> Response:
        """Start a sweep.

        Its trials are experiments. They are chosen one after another, and those without a chance are pruned.
        """
        body = checked(SweepInput, request)
        sweep = sweep_create(by=caller(request), **{**body, **references(body)})
        headers = {"Location": _url(sweep, request)}
        return Response(_shown(sweep.pk, request), status=201, headers=headers)


class SweepEndpoint(TrainingEndpoint):
    @operation("read_sweep", needs=MAY_SEE, answers=SweepDetail)
    def get(self, request: Request, sweep_id: int) -> Response:
        """Read one sweep.

        The answer has its trials, the importance of the fields, and the best trial.
        """
        return Response(_shown(sweep_id, request))

    @operation("delete_sweep", needs=MAY_RUN, answers={204: None}, problems=[NOT_NOW])
    def delete(self, request: Request, sweep_id: int) -> Response:
        """Delete a sweep that has ended.

        Its study is deleted. Its experiments are kept until they are deleted themselves.
        """
        sweep_delete(sweep=_sweep(sweep_id), by=caller(request))
        return Response(status=204)


class SweepCancelEndpoint(TrainingEndpoint):
    @operation("cancel_sweep", needs=MAY_RUN, body=NothingInput, answers=SweepDetail, problems=[NOT_NOW])
    def post(self, request: Request, sweep_id: int) -> Response:
        """Cancel a sweep.

        Trials that wait or run are cancelled. Finished trials are kept.
        """
        without_body(request)
        sweep_cancel(sweep=_sweep(sweep_id), by=caller(request))
        return Response(_shown(sweep_id, request))


class SweepResumeEndpoint(TrainingEndpoint):
    @operation("resume_sweep", needs=MAY_RUN, body=SweepResumeInput, answers=SweepDetail, problems=[NOT_NOW])
    def post(self, request: Request, sweep_id: int) -> Response:
        """Resume a sweep with further trials.

        They are chosen by the results of all earlier ones.
        """
        sweep = _sweep(sweep_id)
        body = checked(SweepResumeInput, request)
        sweep_resume(sweep=sweep, trials=body["trials"], by=caller(request))
        return Response(_shown(sweep_id, request))


class SweepTrainBestEndpoint(TrainingEndpoint):
    @operation(
        "train_best_of_sweep",
        needs=MAY_RUN,
        body=SweepTrainBestInput,
        answers={201: ExperimentDetail},
        problems=[NOT_NOW],
    )
    def post(self, request: Request, sweep_id: int) -> Response:
        """Train the best trial of a sweep in full.

        It starts a normal experiment with the values of the best trial, or of the trial with the given number.
        """
        sweep = _sweep(sweep_id)
        body = checked(SweepTrainBestInput, request)
        return started(sweep_train_best(sweep=sweep, number=body["trial"], by=caller(request)), request)


def _sweeps() -> Any:
    return Sweep.objects.filter(deleted_at__isnull=True).select_related("dataset", "created_by")


def _sweep(sweep_id: int) -> Sweep:
    row: Sweep = found(_sweeps(), sweep_id)
    return row


def _shown(sweep_id: int, request: Request) -> Any:
    row = found(_sweeps().prefetch_related("history__actor"), sweep_id)
    return SweepDetail(row, context={"request": request}).data


def _url(sweep: Sweep, request: Request) -> str:
    return str(reverse("api-sweep", kwargs={"sweep_id": sweep.pk}, request=request))
