"""`/api/v1/evaluations/`: whole reports, and runs and versions side by side."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from classifier.api.base import checked_query
from classifier.api.field_errors import parameter_error
from classifier.api.fields import ClosedSerializer, TextParameter
from classifier.api.problems import invalid
from classifier.core.validation import row_id
from training.api.base import TrainingEndpoint, found
from training.experiments.api.output import METRICS_EXAMPLE
from training.experiments.comparison import MOST, Compared, baselines_of, compared
from training.models import Evaluation

MAY_SEE = "training.view_evaluation"
REPORT_EXAMPLE: dict[str, Any] = {
    "id": 12,
    "model_version": 9,
    "baseline": "",
    "experiment": 31,
    "dataset": 4,
    "fingerprint": "9f2b" * 16,
    "report": {"format": 1, "rows": 63978, "labels": ["toxic"], "metrics": METRICS_EXAMPLE},
    "created_at": "2026-11-24T10:02:00.391000Z",
}
SIDE_EXAMPLE: dict[str, Any] = {
    "experiment": 31,
    "model_version": 9,
    "name": "Student, even layers",
    "dataset": "wiki_toxic",
    "fingerprint": "9f2b" * 16,
    "metrics": METRICS_EXAMPLE,
    "speed": {"latency_ms_p50": 4.1},
    "size": {"bytes": 48_000_000},
}


class EvaluationOutput(serializers.Serializer[Evaluation]):
    id = serializers.IntegerField()
    model_version = serializers.IntegerField(source="model_version_id", allow_null=True)
    baseline = serializers.CharField(help_text="`majority`, `tfidf`, or empty for a version.")
    experiment = serializers.IntegerField(source="experiment_id", allow_null=True)
    dataset = serializers.IntegerField(source="dataset_id")
    fingerprint = serializers.CharField(help_text="Of the test rows.")
    report = serializers.DictField(
        help_text="Metrics with intervals, curves, slices, mistakes, likely label errors, suites, speed, size."
    )
    created_at = serializers.DateTimeField()


class SideOutput(serializers.Serializer[Any]):
    experiment = serializers.IntegerField(allow_null=True)
    model_version = serializers.IntegerField(allow_null=True)
    name = serializers.CharField()
    dataset = serializers.CharField(help_text="Whose test rows; empty where nothing was measured.")
    fingerprint = serializers.CharField()
    metrics = serializers.DictField()
    speed = serializers.DictField()
    size = serializers.DictField()


@extend_schema_serializer(component_name="ComparisonOutput", many=False)
class ComparisonOutput(serializers.Serializer[Any]):
    comparable = serializers.BooleanField(help_text="All that were measured were measured on the same rows.")
    items = SideOutput(many=True, help_text="Experiments, then versions, in the order asked for.")
    baselines = SideOutput(many=True, help_text="Of the same rows.")


class CompareQuery(ClosedSerializer):
    experiments = TextParameter(required=False, default="", max_length=700, help_text="Ids: `31,32`.")
    model_versions = TextParameter(required=False, default="", max_length=700, help_text="Ids: `9,10`.")


class EvaluationEndpoint(TrainingEndpoint):
    needs = {"GET": MAY_SEE}

    @extend_schema(
        operation_id="read_evaluation",
        summary="Read one evaluation",
        description="The whole report, with the most confident mistakes and their texts.",
        responses={200: EvaluationOutput},
        examples=[OpenApiExample("An evaluation", REPORT_EXAMPLE, response_only=True)],
    )
    def get(self, request: Request, evaluation_id: int) -> Response:
        return Response(EvaluationOutput(found(Evaluation.objects.all(), evaluation_id)).data)


class CompareEndpoint(TrainingEndpoint):
    needs = {"GET": MAY_SEE}

    @extend_schema(
        operation_id="compare_evaluations",
        summary="Compare experiments and versions",
        description=f"Their metrics with intervals, speed and size, at most {MOST} in all.",
        parameters=[CompareQuery],
        responses={200: ComparisonOutput},
        examples=[
            OpenApiExample(
                "One run",
                {"comparable": True, "items": [SIDE_EXAMPLE], "baselines": []},
                response_only=True,
            )
        ],
    )
    def get(self, request: Request) -> Response:
        query = checked_query(CompareQuery, request)
        runs, versions = (_ids(query[name], name) for name in ("experiments", "model_versions"))
        sides = compared(run_ids=runs, version_ids=versions, label="")
        prints = {side.fingerprint for side in sides if side.fingerprint}
        known = baselines_of(fingerprint=prints.pop(), label="") if len(prints) == 1 else []
        return Response(
            {
                "comparable": len({side.fingerprint for side in sides if side.fingerprint}) <= 1,
                "items": [_side(side, _name(side)) for side in sides],
                "baselines": [_side(side, name) for name, side in known],
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
    }
