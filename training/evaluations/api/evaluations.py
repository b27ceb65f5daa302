"""`/api/v1/evaluations/`: read whole reports, and compare experiments and model versions."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from classifier.api.base import found
from classifier.api.field_errors import parameter_error
from classifier.api.fields import ClosedSerializer, TextParameter
from classifier.api.operation import operation
from classifier.api.problems import invalid
from classifier.api.reading import checked_query
from classifier.core.validation import row_id
from training.api.base import TrainingEndpoint
from training.experiments.api.output import suites_and_sources
from training.experiments.comparison import MOST, Compared, baselines_of, compared
from training.models import Evaluation

MAY_SEE = "training.view_evaluation"


class EvaluationOutput(serializers.Serializer[Evaluation]):
    id = serializers.IntegerField()
    model_version = serializers.IntegerField(source="model_version_id", allow_null=True)
    baseline = serializers.CharField(help_text="`majority`, `tfidf`, or empty for a model version.")
    experiment = serializers.IntegerField(source="experiment_id", allow_null=True)
    dataset = serializers.IntegerField(source="dataset_id")
    fingerprint = serializers.CharField(help_text="Fingerprint of the test rows.")
    report = serializers.DictField(
        help_text="Metrics with intervals, curves, slices, mistakes, likely label errors, suites, speed, size."
    )
    created_at = serializers.DateTimeField()


class SideOutput(serializers.Serializer[Any]):
    experiment = serializers.IntegerField(allow_null=True)
    model_version = serializers.IntegerField(allow_null=True)
    name = serializers.CharField()
    dataset = serializers.CharField(help_text="The dataset of the test rows; empty if nothing was measured.")
    fingerprint = serializers.CharField()
    metrics = serializers.DictField()
    speed = serializers.DictField()
    size = serializers.DictField()
    suites = serializers.ListField(
        child=serializers.DictField(), help_text="Its test suites: right answers by kind, the weakest first."
    )
    sources = serializers.ListField(
        child=serializers.DictField(), help_text="Metrics by source of the test rows, and their mean."
    )


class ComparisonOutput(serializers.Serializer[Any]):
    comparable = serializers.BooleanField(help_text="Whether all were measured on the same rows.")
    items = SideOutput(many=True, help_text="Experiments, then model versions, in the order of the request.")
    baselines = SideOutput(many=True, help_text="Baselines on the same rows.")


class CompareQuery(ClosedSerializer):
    experiments = TextParameter(required=False, default="", max_length=700, help_text="Ids: `31,32`.")
    model_versions = TextParameter(required=False, default="", max_length=700, help_text="Ids: `9,10`.")


class EvaluationEndpoint(TrainingEndpoint):
    @operation("read_evaluation", needs=MAY_SEE, answers=EvaluationOutput)
    def get(self, request: Request, evaluation_id: int) -> Response:
        """Read one evaluation.

        The answer has the whole report, with the most confident mistakes and their texts.
        """
        return Response(EvaluationOutput(found(Evaluation.objects.all(), evaluation_id)).data)


class CompareEndpoint(TrainingEndpoint):
    @operation(
        "compare_evaluations",
        needs=MAY_SEE,
        query=CompareQuery,
        answers=ComparisonOutput,
        more=f"At most {MOST} may be compared at once.",
    )
    def get(self, request: Request) -> Response:
        """Compare experiments and model versions.

        The answer has their metrics with intervals, their speed and their size.
        """
        query = checked_query(CompareQuery, request)
        runs, versions = (_ids(query[name], name) for name in ("experiments", "model_versions"))
        sides = compared(run_ids=runs, version_ids=versions, label="")
        prints = {side.fingerprint for side in sides if side.fingerprint}
        baselines = baselines_of(fingerprint=min(prints), label="") if len(prints) == 1 else []
        return Response(
            {
                "comparable": len(prints) <= 1,
                "items": [_side(side, _name(side)) for side in sides],
                "baselines": [_side(side, name) for name, side in baselines],
            }
        )


def _ids(text: str, name: str) -> list[int]:
    parts = [part for part in text.split(",") if part]
    numbers = [number for part in parts if (number := row_id(part)) is not None]
    if len(numbers) != len(parts):
        raise invalid([parameter_error(name, "must be ids separated by commas, such as 31,32", "invalid")])
    return numbers


def _name(side: Compared) -> str:
    return side.run.name if side.run is not None else str(side.version)


def _side(side: Compared, name: str) -> dict[str, Any]:
    return {
        "experiment": side.run.pk if side.run is not None else None,
        "model_version": side.version.pk if side.version is not None else None,
        "name": name,
        "dataset": side.dataset,
        "fingerprint": side.fingerprint,
        **{part: side.report.get(part) or {} for part in ("metrics", "speed", "size")},
        **suites_and_sources(side.report),
    }
