"""`/api/v1/suites/`: test suites that people bring, and how the versions did on them."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from classifier.api.base import checked_query
from classifier.api.field_errors import field_error
from classifier.api.fields import ClosedSerializer
from classifier.api.permissions import caller
from classifier.api.problems import invalid
from training.api.base import TrainingEndpoint, found, listed
from training.api.fields import Choice, PageQuery, Text
from training.api.uploads import UploadParser, checked_form
from training.evaluations.suites import suite_create, suite_list, suite_results
from training.ml.evaluation.suites import MOST_BYTES
from training.models import TestSuite

MAY_SEE, MAY_ADD = "training.view_testsuite", "training.add_testsuite"
SUITE_KIND_CHOICES = [(kind.value, kind.value) for kind in TestSuite.Kind]
SUITE_EXAMPLE: dict[str, Any] = {
    "id": 2,
    "name": "Insults in our forum",
    "kind": "cases",
    "description": "",
    "label": "toxic",
    "cases": 120,
    "groups": ["women", "men"],
    "fingerprint": "9f2b" * 16,
    "created_by": "ada",
    "created_at": "2026-11-24T09:30:00.391000Z",
    "retired_at": None,
}
RESULT_EXAMPLE = {
    "model_version": 9,
    "version": "student-even-1a2b3c4d",
    "report": {"accuracy": 0.91, "by_functionality": [], "by_group": []},
    "created_at": "2026-11-24T10:02:00.391000Z",
}


class SuiteUploadInput(ClosedSerializer):
    name = Text(max_length=150)
    kind = Choice(choices=SUITE_KIND_CHOICES)
    label = Text(required=False, default="toxic", max_length=64)  # type: ignore[assignment]
    description = Text(required=False, default="", allow_blank=True, max_length=2_000)
    file = serializers.FileField(
        help_text="CSV: text, expected, functionality, group; or HateCheck's columns."
    )
    terms = serializers.FileField(required=False, help_text="CSV of identity terms, for templates.")


class SuiteOutput(serializers.Serializer[TestSuite]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=SUITE_KIND_CHOICES)
    description = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    cases = serializers.IntegerField(source="case_count", help_text="How many.")
    groups = serializers.ListField(child=serializers.CharField())
    fingerprint = serializers.CharField()
    created_by = serializers.CharField(source="created_by.username", default=None, allow_null=True)
    created_at = serializers.DateTimeField()
    retired_at = serializers.DateTimeField(allow_null=True)


@extend_schema_serializer(component_name="SuitePage", many=False)
class PageOutput(serializers.Serializer[Any]):
    items = SuiteOutput(many=True, help_text="Newest first.")
    next = serializers.URLField(allow_null=True, help_text="The page after this one; null on the last.")


class ResultOutput(serializers.Serializer[Any]):
    model_version = serializers.IntegerField(source="model_version_id")
    version = serializers.CharField(source="model_version.version")
    report = serializers.DictField(help_text="Accuracy, by functionality and by group.")
    created_at = serializers.DateTimeField()


@extend_schema_serializer(component_name="SuiteResultsOutput", many=False)
class ResultsOutput(serializers.Serializer[Any]):
    items = ResultOutput(many=True, help_text="The newest 200 versions first.")


class SuitesEndpoint(TrainingEndpoint):
    needs = {"GET": MAY_SEE, "POST": MAY_ADD}
    parser_classes = [UploadParser]
    media_type_help = UploadParser.media_type_help

    @extend_schema(
        operation_id="list_suites",
        summary="List test suites, newest first",
        description="Every version is run on those that are not retired.",
        parameters=[PageQuery],
        responses={200: PageOutput},
        examples=[OpenApiExample("A page", {"items": [SUITE_EXAMPLE], "next": None}, response_only=True)],
    )
    def get(self, request: Request) -> Response:
        query = checked_query(PageQuery, request)
        return listed(suite_list(), query, request, SuiteOutput().to_representation)

    @extend_schema(
        operation_id="upload_suite",
        summary="Upload a test suite",
        description="Taken in whole or not at all; an error names row, column and remedy.",
        request={"multipart/form-data": SuiteUploadInput},
        responses={201: SuiteOutput},
        examples=[
            OpenApiExample(
                "Cases",
                {"name": "Insults in our forum", "kind": "cases", "file": "…"},
                request_only=True,
                media_type="multipart/form-data",
            ),
            OpenApiExample("A suite", SUITE_EXAMPLE, response_only=True, status_codes=["201"]),
        ],
    )
    def post(self, request: Request) -> Response:
        body = checked_form(SuiteUploadInput, request)
        terms = body.get("terms")
        suite = suite_create(
            name=body["name"],
            kind=body["kind"],
            data=_content(body["file"], "file"),
            terms=_content(terms, "terms") if terms is not None else None,
            label=body["label"],
            description=body["description"],
            by=caller(request),
        )
        return Response(SuiteOutput(suite_list().get(pk=suite.pk)).data, status=201)


class SuiteResultsEndpoint(TrainingEndpoint):
    needs = {"GET": MAY_SEE}

    @extend_schema(
        operation_id="read_suite_results",
        summary="Read how the versions did on a test suite",
        description="By functionality and by group.",
        responses={200: ResultsOutput},
        examples=[OpenApiExample("One version", {"items": [RESULT_EXAMPLE]}, response_only=True)],
    )
    def get(self, request: Request, suite_id: int) -> Response:
        results = suite_results(suite=found(TestSuite.objects.defer("cases"), suite_id))[:200]
        output = ResultOutput()
        return Response({"items": [output.to_representation(result) for result in results]})


def _content(file: Any, field: str) -> bytes:
    if file.size > MOST_BYTES:
        raise invalid([field_error((field,), f"has more than {MOST_BYTES:,} bytes", "max_length")])
    return bytes(file.read())
