"""`/api/v1/comparison/`, `/reference-calls/` and `/score-maps/`: compare this site with another service."""

from collections.abc import Mapping
from typing import Any

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from classifier.api.authentication import api_key_of, caller
from classifier.api.base import Endpoint, found
from classifier.api.field_errors import FieldError, field_error, parameter_error
from classifier.api.operation import location, operation
from classifier.api.pagination import PageQuery, listed, page_of
from classifier.api.problems import invalid
from classifier.api.reading import checked, checked_query
from classifier.core.validation import InvalidInput
from classifier.dialects.labels import labels_by_attribute
from classifier.models import ApiScope
from classifier.references.api.output import (
    CallOutput,
    CallsQuery,
    ComparisonOutput,
    ComparisonQuery,
    MapFitInput,
    PairsQuery,
    ScoreMapInput,
    ScoreMapOutput,
    ScoreMapPreview,
    comparison_shown,
)
from classifier.references.comparison_input import comparison_choice_checked
from classifier.references.export import CONTENT_TYPE, calls_export
from classifier.references.pairs import (
    ComparisonChoice,
    attributes_of,
    calls_of,
    comparison_files,
    reference_comparison,
    services_compared,
)
from classifier.references.score_maps import ADD, FittedMap, score_map_fit, score_map_save, score_maps
from classifier.transfers.services import DRAFT

SEE = "classifier.view_referencecall"
SEE_MAPS = "classifier.view_scoremap"
MISSING = "is needed: exactly one of `service` and `file`"
UNKNOWN = "does not exist, or you may not see it"


class ComparisonEndpoint(Endpoint):
    @operation(
        "read_comparison", scope=ApiScope.MODERATE, needs=SEE, query=ComparisonQuery, answers=ComparisonOutput
    )
    def get(self, request: Request) -> Response:
        """Compare another service's scores with this site's.

        The comparison is about the calls of a reference service, or about a file of old scores. It has failures by
        reason, the agreement at a threshold with its interval, kappa, the share that each service would flag, and both
        distributions. Only calls of sources that the caller may see count.
        """
        choice = _choice(checked_query(ComparisonQuery, request), request, query=True)
        comparison = reference_comparison(choice, caller(request))
        return Response(ComparisonOutput(comparison_shown(comparison)).data)


class ReferenceCallsEndpoint(Endpoint):
    @operation(
        "list_reference_calls",
        scope=ApiScope.MODERATE,
        needs=SEE,
        query=CallsQuery,
        answers=page_of(CallOutput),
    )
    def get(self, request: Request) -> Response:
        """List calls that both services answered, newest first.

        The list covers every model version and has both scores of each attribute, but no texts.
        """
        query = checked_query(CallsQuery, request)
        rows = calls_of(_choice(query, request, query=True), caller(request))
        rows = rows.select_related("api_key", "source", "model_version").defer(
            "text", "model_version__manifest"
        )
        return listed(rows, query, request, CallOutput)


class ReferenceCallsFileEndpoint(Endpoint):
    @operation(
        "download_reference_calls",
        scope=ApiScope.MODERATE,
        needs=SEE,
        query=PairsQuery,
        answers={(200, "text/csv"): OpenApiTypes.STR},
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        """Download the same calls as CSV.

        The file is streamed and has no texts. The audit log records each download.
        """
        choice, user = _choice(checked_query(PairsQuery, request), request, query=True), caller(request)
        names = attributes_of(choice, user, labels_by_attribute(choice.wire))
        text = calls_export(choice=choice, attributes=names, by=user, api_key=api_key_of(request))
        return StreamingHttpResponse(text, content_type=CONTENT_TYPE)


class ScoreMapsEndpoint(Endpoint):
    @operation(
        "list_score_maps",
        scope=ApiScope.MODERATE,
        needs=SEE_MAPS,
        query=PageQuery,
        answers=page_of(ScoreMapOutput),
    )
    def get(self, request: Request) -> Response:
        """List score maps, newest first.

        The list has every version of every map.
        """
        return listed(score_maps(), checked_query(PageQuery, request), request, ScoreMapOutput)

    @operation(
        "fit_score_map",
        scope=ApiScope.ADMIN,
        needs=ADD,
        headers=[location(201, description="The address of the map.")],
        body=ScoreMapInput,
        answers={201: ScoreMapOutput},
    )
    def post(self, request: Request) -> Response:
        """Fit a score map and save it.

        It is fitted on the pairs of a reference service or of a file, of one model version. The call is refused if no
        attribute has enough pairs. The map has no effect until it is switched on for a key.
        """
        data = checked(ScoreMapInput, request)
        saved = score_map_save(
            fitted=_fitted(data, request),
            name=data["name"],
            note=data["note"],
            by=caller(request),
            api_key=api_key_of(request),
        )
        url = str(reverse("api-score-map", kwargs={"map_id": saved.pk}, request=request))
        return Response(
            ScoreMapOutput(found(score_maps(), saved.pk)).data, status=201, headers={"Location": url}
        )


class ScoreMapPreviewEndpoint(Endpoint):
    @operation(
        "preview_score_map", scope=ApiScope.MODERATE, needs=SEE, body=MapFitInput, answers=ScoreMapPreview
    )
    def post(self, request: Request) -> Response:
        """Fit a score map without saving it."""
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


class OneScoreMapEndpoint(Endpoint):
    @operation("read_score_map", scope=ApiScope.MODERATE, needs=SEE_MAPS, answers=ScoreMapOutput)
    def get(self, request: Request, map_id: int) -> Response:
        """Read one version of a score map."""
        return Response(ScoreMapOutput(found(score_maps(), map_id)).data)


def _fitted(data: Mapping[str, Any], request: Request) -> FittedMap:
    choice, user = _choice(data, request, query=False), caller(request)
    known = attributes_of(choice, user, labels_by_attribute(choice.wire))
    return score_map_fit(choice=choice, method=data["method"], attributes=known, by=user)


def _choice(data: Mapping[str, Any], request: Request, *, query: bool) -> ComparisonChoice:
    """Return which calls are compared. Raises the 400 problem, about the query string or about the body."""

    def error(name: str, message: str, code: str) -> FieldError:
        return parameter_error(name, message, code) if query else field_error((name,), message, code)

    user = caller(request)
    if ("service" in data) == ("file" in data):
        raise invalid([error("service", MISSING, "required")])
    service = services_compared().filter(pk=data["service"]).first() if "service" in data else None
    files = comparison_files(user).exclude(options__has_key=DRAFT)
    file = files.filter(pk=data["file"]).first() if "file" in data else None
    if service is None and file is None:
        name = "service" if "service" in data else "file"
        raise invalid([error(name, UNKNOWN, "invalid_choice")])
    wire = ComparisonChoice(service=service, file=file).wire
    try:
        return comparison_choice_checked(
            _texts(data), service=service, file=file, known=labels_by_attribute(wire), by=user
        )
    except InvalidInput as refused:
        if not query:
            raise
        raise invalid(
            [error(problem.field, problem.message, problem.code) for problem in refused.problems]
        ) from None


def _texts(data: Mapping[str, Any]) -> dict[str, str]:
    """Return the values as texts, as in a query string; 0 is a threshold too."""
    names = ("attribute", "threshold", "key", "begin", "end", "version")
    return {name: str(data[name]) for name in names if data.get(name) is not None}
