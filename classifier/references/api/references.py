"""`/api/v1/comparison/`, `/reference-calls/` and `/score-maps/`: another service beside this site, for programs."""

from collections.abc import Mapping
from typing import Any

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from classifier.api.base import checked_query
from classifier.api.field_errors import field_error, parameter_error
from classifier.api.moderation import ModerationEndpoint
from classifier.api.permissions import api_key_of, caller
from classifier.api.problems import invalid
from classifier.api.values import PageQuery
from classifier.api.verbs import checked, found, listed
from classifier.core.validation import InvalidInput
from classifier.dialects.wire_labels import labels_by_attribute
from classifier.models import ApiScope
from classifier.references.api.output import (
    CALL_EXAMPLE,
    COMPARISON_EXAMPLE,
    FITTED_EXAMPLE,
    MAP_EXAMPLE,
    MAP_INPUT_EXAMPLE,
    CallOutput,
    CallPageOutput,
    CallsFileQuery,
    CallsQuery,
    ComparisonOutput,
    ComparisonQuery,
    MapFitInput,
    MapInput,
    MapOutput,
    MapPageOutput,
    MapPreviewOutput,
    comparison_shown,
)
from classifier.references.export import CONTENT_TYPE, calls_export
from classifier.references.file_input import comparison_choice_checked
from classifier.references.map_selectors import score_maps
from classifier.references.pairs import (
    ComparisonChoice,
    attributes_of,
    calls_of,
    comparison_files,
    reference_comparison,
    services_compared,
)
from classifier.references.score_maps import ADD, FittedMap, score_map_fit, score_map_save
from classifier.transfers.services import DRAFT

SEE = "classifier.view_referencecall"
SEE_MAPS = "classifier.view_scoremap"
NEEDS = "For leads; needs the scope `moderate`, or a session. Only calls of the sources that the caller sees count."
MAP_NEEDS = "Needs the scope `admin`, or a session, and the permission to save maps."
MISSING = "is needed: exactly one of `service` and `file`"
UNKNOWN = "is none here, or not yours to see"
CSV_EXAMPLE = (
    "id,time,key,source,mode,answered_by,model_version,failure,milliseconds,comment,ours_TOXICITY,theirs_TOXICITY\n"
    "90211,2026-11-30T09:30:00.391000+00:00,tox_1a2b3c4d,forum,observe,own,starter-1a2b3c4d,,84,4711,0.61,0.83\n"
)


class ComparisonEndpoint(ModerationEndpoint):
    scopes = {"GET": ApiScope.MODERATE}
    needs = {"GET": SEE}

    @extend_schema(
        operation_id="read_comparison",
        summary="Compare another service's scores with this site's",
        description=(
            "Of a reference service's calls, or of a file of old scores: failures by reason, agreement at a threshold "
            f"with its interval, kappa, what each would flag, and both distributions. {NEEDS}"
        ),
        parameters=[ComparisonQuery],
        responses={200: ComparisonOutput},
        examples=[OpenApiExample("A reference service", COMPARISON_EXAMPLE, response_only=True)],
    )
    def get(self, request: Request) -> Response:
        choice = _choice(checked_query(ComparisonQuery, request), request, query=True)
        return Response(
            ComparisonOutput(comparison_shown(reference_comparison(choice, caller(request)))).data
        )


class ReferenceCallsEndpoint(ModerationEndpoint):
    scopes = {"GET": ApiScope.MODERATE}
    needs = {"GET": SEE}

    @extend_schema(
        operation_id="list_reference_calls",
        summary="The calls that both services were asked, newest first",
        description=f"Of every model version, with both scores by attribute; texts are not among them. {NEEDS}",
        parameters=[CallsQuery],
        responses={200: CallPageOutput},
        examples=[OpenApiExample("A page", {"items": [CALL_EXAMPLE], "next": None}, response_only=True)],
    )
    def get(self, request: Request) -> Response:
        query = checked_query(CallsQuery, request)
        rows = calls_of(_choice(query, request, query=True), caller(request))
        rows = rows.select_related("api_key", "source", "model_version").defer(
            "text", "model_version__manifest"
        )
        return listed(rows, query, request, lambda row: CallOutput(row).data)


class ReferenceCallsFileEndpoint(ModerationEndpoint):
    scopes = {"GET": ApiScope.MODERATE}
    needs = {"GET": SEE}

    @extend_schema(
        operation_id="download_reference_calls",
        summary="The same calls as CSV",
        description=f"Streamed, without texts; each download leaves a row in the audit. {NEEDS}",
        parameters=[CallsFileQuery],
        responses={(200, "text/csv"): OpenApiTypes.STR},
        examples=[OpenApiExample("One call", CSV_EXAMPLE, response_only=True, media_type="text/csv")],
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        choice, user = _choice(checked_query(CallsFileQuery, request), request, query=True), caller(request)
        names = attributes_of(choice, user, labels_by_attribute(choice.wire))
        text = calls_export(choice=choice, attributes=names, by=user, api_key=api_key_of(request))
        return StreamingHttpResponse(text, content_type=CONTENT_TYPE)


class ScoreMapsEndpoint(ModerationEndpoint):
    scopes = {"GET": ApiScope.MODERATE, "POST": ApiScope.ADMIN}
    needs = {"GET": SEE_MAPS, "POST": ADD}

    @extend_schema(
        operation_id="list_score_maps",
        summary="Score maps, newest first",
        description="Every version of every map. For leads; needs the scope `moderate`, or a session.",
        parameters=[PageQuery],
        responses={200: MapPageOutput},
        examples=[OpenApiExample("A page", {"items": [MAP_EXAMPLE], "next": None}, response_only=True)],
    )
    def get(self, request: Request) -> Response:
        query = checked_query(PageQuery, request)
        return listed(score_maps(), query, request, lambda row: MapOutput(row).data)

    @extend_schema(
        operation_id="fit_score_map",
        summary="Fit a score map and save it",
        description=(
            "On the pairs of a reference service or of a file, of one model version; refused where no attribute has "
            f"enough pairs. It is off until it is switched on for a key. {MAP_NEEDS}"
        ),
        parameters=[OpenApiParameter("Location", str, OpenApiParameter.HEADER, response=[201])],
        request=MapInput,
        responses={201: MapOutput},
        examples=[
            OpenApiExample("From a reference service", MAP_INPUT_EXAMPLE, request_only=True),
            OpenApiExample("Saved", MAP_EXAMPLE, response_only=True, status_codes=["201"]),
        ],
    )
    def post(self, request: Request) -> Response:
        data = checked(MapInput, request)
        made = score_map_save(
            fitted=_fitted(data, request),
            name=data["name"],
            note=data["note"],
            by=caller(request),
            api_key=api_key_of(request),
        )
        made = found(score_maps(), made.pk)
        url = str(reverse("api-score-map", kwargs={"map_id": made.pk}, request=request))
        return Response(MapOutput(made).data, status=201, headers={"Location": url})


class ScoreMapPreviewEndpoint(ModerationEndpoint):
    scopes = {"POST": ApiScope.MODERATE}
    needs = {"POST": SEE}

    @extend_schema(
        operation_id="preview_score_map",
        summary="Fit a score map without saving it",
        description=NEEDS,
        request=MapFitInput,
        responses={200: MapPreviewOutput},
        examples=[
            OpenApiExample("From a reference service", {"service": 3, "threshold": 0.8}, request_only=True),
            OpenApiExample(
                "Fitted",
                {
                    "wire": "perspective",
                    "method": "quantile",
                    "model_version": "starter-1a2b3c4d",
                    "threshold": 0.8,
                    "attributes": {"TOXICITY": FITTED_EXAMPLE},
                    "too_few": {"INSULT": 12},
                },
                response_only=True,
            ),
        ],
    )
    def post(self, request: Request) -> Response:
        fitted = _fitted(checked(MapFitInput, request), request)
        return Response(
            {
                "wire": fitted.choice.wire,
                "method": fitted.method,
                "model_version": fitted.model_version.version,
                "threshold": fitted.choice.threshold,
                "attributes": fitted.attributes,
                "too_few": fitted.too_few,
            }
        )


class OneScoreMapEndpoint(ModerationEndpoint):
    scopes = {"GET": ApiScope.MODERATE}
    needs = {"GET": SEE_MAPS}

    @extend_schema(
        operation_id="read_score_map",
        summary="One version of a score map",
        description="For leads; needs the scope `moderate`, or a session.",
        responses={200: MapOutput},
        examples=[OpenApiExample("A map", MAP_EXAMPLE, response_only=True)],
    )
    def get(self, request: Request, map_id: int) -> Response:
        return Response(MapOutput(found(score_maps(), map_id)).data)


def _fitted(data: Mapping[str, Any], request: Request) -> FittedMap:
    choice, user = _choice(data, request, query=False), caller(request)
    known = attributes_of(choice, user, labels_by_attribute(choice.wire))
    return score_map_fit(choice=choice, method=data["method"], attributes=known, by=user)


def _choice(data: Mapping[str, Any], request: Request, *, query: bool) -> ComparisonChoice:
    """Which calls are compared. Raises the 400 problem."""
    user = caller(request)
    if ("service" in data) == ("file" in data):
        wrong = (
            parameter_error("service", MISSING, "required")
            if query
            else field_error(("service",), MISSING, "required")
        )
        raise invalid([wrong])
    service = services_compared().filter(pk=data["service"]).first() if "service" in data else None
    files = comparison_files(user).exclude(options__has_key=DRAFT)
    file = files.filter(pk=data["file"]).first() if "file" in data else None
    if service is None and file is None:
        name = "service" if "service" in data else "file"
        raise invalid(
            [
                parameter_error(name, UNKNOWN, "invalid_choice")
                if query
                else field_error((name,), UNKNOWN, "invalid_choice")
            ]
        )
    wire = ComparisonChoice(service=service, file=file).wire
    try:
        return comparison_choice_checked(
            _texts(data), service=service, file=file, known=labels_by_attribute(wire), by=user
        )
    except InvalidInput as error:
        if not query:
            raise
        raise invalid(
            [parameter_error(problem.field, problem.message, problem.code) for problem in error.problems]
        ) from None


def _texts(data: Mapping[str, Any]) -> dict[str, str]:
    """Values as they stand in a query string; 0 is a threshold too."""
    names = ("attribute", "threshold", "key", "begin", "end", "version")
    return {name: str(data[name]) for name in names if data.get(name) is not None}
