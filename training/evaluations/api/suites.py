"""`/api/v1/suites/`: upload and list test suites, and read the results of model versions on them."""

from typing import Any

from django.http import Http404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from classifier.api.authentication import caller
from classifier.api.base import found
from classifier.api.field_errors import field_error
from classifier.api.fields import Choice, ClosedSerializer, Text
from classifier.api.operation import operation
from classifier.api.pagination import PageQuery, listed, page_of
from classifier.api.problems import invalid
from classifier.api.reading import checked, checked_query
from training.api.base import TrainingEndpoint
from training.api.uploads import UploadParser, checked_form
from training.evaluations.hub_suites import WantedSuite, suite_from_hub, suites_wanted
from training.evaluations.shipped_suites import SLUGS, shipped_results, shipped_suite_rows
from training.evaluations.suites import suite_create, suite_list, suite_results
from training.ml.evaluation.hub_suites import SUITE_PRESETS
from training.ml.evaluation.suites import MOST_BYTES
from training.models import TestSuite

MAY_SEE, MAY_ADD = "training.view_testsuite", "training.add_testsuite"
WANTED_STATE_CHOICES = [("loading", "loading"), ("failed", "failed")]
SUITE_KIND_CHOICES = [(kind.value, kind.value) for kind in TestSuite.Kind]


class SuiteUploadInput(ClosedSerializer):
    name = Text(max_length=150)
    kind = Choice(choices=SUITE_KIND_CHOICES)
    label = Text(required=False, default="toxic", max_length=64)  # type: ignore[assignment]
    description = Text(required=False, default="", allow_blank=True, max_length=2_000)
    file = serializers.FileField(
        help_text="CSV with the columns text, expected, functionality and group, or with those of HateCheck."
    )
    terms = serializers.FileField(
        required=False, help_text="CSV of identity terms, for a suite of templates."
    )


class SuiteOutput(serializers.Serializer[TestSuite]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=SUITE_KIND_CHOICES)
    description = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    cases = serializers.IntegerField(source="case_count", help_text="Number of cases.")
    groups = serializers.ListField(child=serializers.CharField())
    fingerprint = serializers.CharField()
    created_by = serializers.CharField(source="created_by.username", default=None, allow_null=True)
    created_at = serializers.DateTimeField()
    retired_at = serializers.DateTimeField(allow_null=True)


class ResultOutput(serializers.Serializer[Any]):
    model_version = serializers.IntegerField(source="model_version_id")
    version = serializers.CharField(source="model_version.version")
    report = serializers.DictField(help_text="Accuracy, by functionality and by group.")
    created_at = serializers.DateTimeField()


class SuiteResultsOutput(serializers.Serializer[Any]):
    items = ResultOutput(many=True, help_text="The results of the newest 200 model versions, newest first.")


class HubSuiteInput(ClosedSerializer):
    hub_name = Text(
        max_length=200,
        help_text=f"The name on the hub, such as `Paul/hatecheck`, or one of {', '.join(SUITE_PRESETS)}.",
    )
    name = Text(
        required=False,
        default="",
        allow_blank=True,
        max_length=150,
        help_text="By default the title of a well-known suite, or the name on the hub.",
    )
    label = Text(required=False, default="toxic", max_length=64)  # type: ignore[assignment]
    description = Text(required=False, default="", allow_blank=True, max_length=2_000)
    configuration = Text(required=False, default="", allow_blank=True, max_length=100)
    revision = Text(required=False, default="", allow_blank=True, max_length=100)


class WantedSuiteOutput(serializers.Serializer[WantedSuite]):
    key = serializers.CharField()
    name = serializers.CharField()
    hub_name = serializers.CharField()
    configuration = serializers.CharField()
    revision = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    description = serializers.CharField()
    state = serializers.ChoiceField(choices=WANTED_STATE_CHOICES)
    problem = serializers.CharField(help_text="Why it could not be loaded; empty otherwise.")


class WantedSuitesOutput(serializers.Serializer[Any]):
    items = WantedSuiteOutput(many=True, help_text="A suite that was loaded is no longer here.")


class ShippedSuiteOutput(serializers.Serializer[TestSuite]):
    slug = serializers.CharField(help_text="`kinds` or `identities`.")
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=SUITE_KIND_CHOICES)
    description = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    cases = serializers.IntegerField(help_text="Number of cases.")
    groups = serializers.ListField(child=serializers.CharField())


class ShippedSuitesOutput(serializers.Serializer[Any]):
    items = ShippedSuiteOutput(many=True)


class ShippedResultOutput(serializers.Serializer[Any]):
    model_version = serializers.IntegerField()
    version = serializers.CharField()
    report = serializers.DictField(help_text="Right answers by kind, the weakest first, and by group.")


class ShippedResultsOutput(serializers.Serializer[Any]):
    items = ShippedResultOutput(
        many=True, help_text="The results of the newest 200 model versions, newest first."
    )


class SuitesEndpoint(TrainingEndpoint):
    parser_classes = [UploadParser]
    media_type_help = UploadParser.media_type_help

    @operation("list_suites", needs=MAY_SEE, query=PageQuery, answers=page_of(SuiteOutput))
    def get(self, request: Request) -> Response:
        """List test suites, newest first.

        Every model version is measured on those that are not retired.
        """
        query = checked_query(PageQuery, request)
        return listed(suite_list(), query, request, SuiteOutput)

    @operation(
        "upload_suite",
        needs=MAY_ADD,
        body={"multipart/form-data": SuiteUploadInput},
        answers={201: SuiteOutput},
    )
    def post(self, request: Request) -> Response:
        """Upload a test suite.

        Either the whole file is accepted or nothing. An error names the row and the column and says how to fix it.
        """
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
    @operation("read_suite_results", needs=MAY_SEE, answers=SuiteResultsOutput)
    def get(self, request: Request, suite_id: int) -> Response:
        """Read the results of model versions on a test suite.

        Each result has the accuracy by functionality and by group.
        """
        results = suite_results(suite=found(TestSuite.objects.defer("cases"), suite_id))[:200]
        output = ResultOutput()
        return Response({"items": [output.to_representation(result) for result in results]})


class HubSuitesEndpoint(TrainingEndpoint):
    @operation("list_wanted_suites", needs=MAY_SEE, answers=WantedSuitesOutput)
    def get(self, request: Request) -> Response:
        """List the suites of the hub that wait to be loaded or could not be."""
        output = WantedSuiteOutput()
        return Response({"items": [output.to_representation(wanted) for wanted in suites_wanted()]})

    @operation("add_hub_suite", needs=MAY_ADD, body=HubSuiteInput, answers={202: WantedSuiteOutput})
    def post(self, request: Request) -> Response:
        """Add a test suite of the Hugging Face hub.

        A training worker loads it: HateCheck, Multilingual HateCheck, or any dataset with the columns of suites.
        """
        wanted = suite_from_hub(by=caller(request), **checked(HubSuiteInput, request))
        return Response(WantedSuiteOutput().to_representation(wanted), status=202)


class ShippedSuitesEndpoint(TrainingEndpoint):
    @operation("list_shipped_suites", needs=MAY_SEE, answers=ShippedSuitesOutput)
    def get(self, request: Request) -> Response:
        """List the suites that ship with toxicsite; every model version is measured on them."""
        items = [
            {
                "slug": slug,
                "cases": len(suite.cases),
                **{
                    field: getattr(suite, field)
                    for field in ("name", "kind", "description", "label", "groups")
                },
            }
            for slug, suite in shipped_suite_rows().items()
        ]
        return Response({"items": items})


class ShippedSuiteResultsEndpoint(TrainingEndpoint):
    @operation("read_shipped_suite_results", needs=MAY_SEE, answers=ShippedResultsOutput)
    def get(self, request: Request, slug: str) -> Response:
        """Read the results of model versions on a suite that ships with toxicsite.

        Each result has the right answers by kind, with some of the cases that were answered wrongly.
        """
        if slug not in SLUGS:
            raise Http404
        results = shipped_results(name=SLUGS[slug])
        return Response(
            {
                "items": [
                    {"model_version": version.pk, "version": version.version, "report": report}
                    for version, report in results
                ]
            }
        )


def _content(file: Any, field: str) -> bytes:
    if file.size > MOST_BYTES:
        raise invalid([field_error((field,), f"has more than {MOST_BYTES:,} bytes", "max_length")])
    return bytes(file.read())
