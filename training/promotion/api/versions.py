"""`/api/v1/model-versions/`: what may be in production, what is, and changing it."""

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from classifier.api.base import checked_query
from classifier.api.fields import ChoiceParameter, ClosedSerializer
from classifier.api.permissions import caller
from classifier.api.problems import GATE_CLOSED, NOT_NOW
from classifier.model_versions.services import model_version_activate, model_version_roll_back
from classifier.model_versions.shadow import shadow_start, shadow_stop
from classifier.models import ModelVersion
from training.api.base import NothingInput, TrainingEndpoint, checked, found, listed, without_body
from training.api.fields import PageQuery, Text
from training.evaluations.services import evaluation_start
from training.promotion.api.output import (
    DETAIL_EXAMPLE,
    VERSION_EXAMPLE,
    VERSION_STATUS_CHOICES,
    DetailOutput,
    PageOutput,
    VersionOutput,
    shown,
)

MAY_SEE, MAY_ACTIVATE = "classifier.view_modelversion", "classifier.activate_modelversion"
REASON_CHARACTERS = 300
NOTHING = OpenApiExample("Nothing", {}, request_only=True)
DETAIL = OpenApiExample("A version", DETAIL_EXAMPLE, response_only=True)


class ListQuery(PageQuery):
    status = ChoiceParameter(required=False, choices=VERSION_STATUS_CHOICES)


class ReasonInput(ClosedSerializer):
    reason = Text(required=False, default="", allow_blank=True, max_length=REASON_CHARACTERS)


class ActivateInput(ReasonInput):
    override_reason = Text(
        required=False,
        default="",
        allow_blank=True,
        max_length=REASON_CHARACTERS,
        help_text="Why it goes into production though the gate is closed; the history keeps it.",
    )


class VersionsEndpoint(TrainingEndpoint):
    needs = {"GET": MAY_SEE}

    @extend_schema(
        operation_id="list_model_versions",
        summary="List model versions, newest first",
        description="Needs the scope `train`, or a session, and the permission to view model versions.",
        parameters=[ListQuery],
        responses={200: PageOutput},
        examples=[OpenApiExample("A page", {"items": [VERSION_EXAMPLE], "next": None}, response_only=True)],
    )
    def get(self, request: Request) -> Response:
        query = checked_query(ListQuery, request)
        rows = ModelVersion.objects.defer("manifest")
        if "status" in query:
            rows = rows.filter(status=query["status"])
        output = VersionOutput(context={"request": request})
        return listed(rows, query, request, output.to_representation)


class VersionEndpoint(TrainingEndpoint):
    needs = {"GET": MAY_SEE}

    @extend_schema(
        operation_id="read_model_version",
        summary="Read one model version",
        description="With its evaluation on the test rows, what the gate says now, and its history.",
        responses={200: DetailOutput},
        examples=[DETAIL],
    )
    def get(self, request: Request, version_id: int) -> Response:
        return Response(shown(version_id, request))


class VersionEvaluateEndpoint(TrainingEndpoint):
    needs = {"POST": "training.run_experiment"}
    problems = {"POST": (NOT_NOW,)}

    @extend_schema(
        operation_id="evaluate_model_version",
        summary="Measure a version on the test rows",
        description="A training worker does it; `evaluating` says how it stands. An evaluation before is replaced.",
        request=NothingInput,
        responses={202: DetailOutput},
        examples=[
            NOTHING,
            OpenApiExample("Queued", DETAIL_EXAMPLE, response_only=True, status_codes=["202"]),
        ],
    )
    def post(self, request: Request, version_id: int) -> Response:
        version = found(ModelVersion.objects.all(), version_id)
        without_body(request)
        evaluation_start(model_version=version, by=caller(request))
        return Response(shown(version_id, request), status=202)


class VersionActivateEndpoint(TrainingEndpoint):
    needs = {"POST": MAY_ACTIVATE}
    problems = {"POST": (NOT_NOW, GATE_CLOSED)}

    @extend_schema(
        operation_id="activate_model_version",
        summary="Put a version into production",
        description=(
            "Workers answer with it seconds later. Where the quality gate is closed, the answer is 409 with its "
            "sentences, unless `override_reason` says why it is to be all the same."
        ),
        request=ActivateInput,
        responses={200: DetailOutput},
        examples=[
            OpenApiExample("With a reason", {"reason": "Best student of November"}, request_only=True),
            DETAIL,
        ],
    )
    def post(self, request: Request, version_id: int) -> Response:
        version = found(ModelVersion.objects.all(), version_id)
        body = checked(ActivateInput, request)
        model_version_activate(
            model_version=version,
            by=caller(request),
            reason=body["reason"],
            override_reason=body["override_reason"],
        )
        return Response(shown(version_id, request))


class RollBackEndpoint(TrainingEndpoint):
    needs = {"POST": MAY_ACTIVATE}
    problems = {"POST": (NOT_NOW,)}

    @extend_schema(
        operation_id="roll_back_model_version",
        summary="Go back to the version before",
        description="The one that was in production before the active one. Twice goes back two versions.",
        request=ReasonInput,
        responses={200: DetailOutput},
        examples=[
            OpenApiExample("With a reason", {"reason": "Too many false alarms"}, request_only=True),
            DETAIL,
        ],
    )
    def post(self, request: Request) -> Response:
        body = checked(ReasonInput, request)
        version = model_version_roll_back(by=caller(request), reason=body["reason"])
        return Response(shown(version.pk, request))


class VersionShadowEndpoint(TrainingEndpoint):
    needs = {"POST": MAY_ACTIVATE, "DELETE": MAY_ACTIVATE}
    problems = {"POST": (NOT_NOW,), "DELETE": (NOT_NOW,)}

    @extend_schema(
        operation_id="start_shadow",
        summary="Let a version score live traffic silently",
        description="Instead of another shadow. Nobody acts on what it says.",
        request=ReasonInput,
        responses={200: DetailOutput},
        examples=[OpenApiExample("For a week", {"reason": "One week"}, request_only=True), DETAIL],
    )
    def post(self, request: Request, version_id: int) -> Response:
        version = found(ModelVersion.objects.all(), version_id)
        body = checked(ReasonInput, request)
        shadow_start(model_version=version, by=caller(request), reason=body["reason"])
        return Response(shown(version_id, request))

    @extend_schema(
        operation_id="stop_shadow",
        summary="End it",
        description="What the version said so far stays.",
        responses={204: None},
    )
    def delete(self, request: Request, version_id: int) -> Response:
        shadow_stop(model_version=found(ModelVersion.objects.all(), version_id), by=caller(request))
        return Response(status=204)
