"""What every endpoint shares: who may call it, and reading body and query string strictly."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from rest_framework.authentication import SessionAuthentication
from rest_framework.request import Request
from rest_framework.response import Response

from classifier.api.authentication import ApiKeyAuthentication
from classifier.api.field_errors import (
    field_error,
    flatten,
    flatten_parameters,
    parameter_error,
)
from classifier.api.fields import ClosedSerializer, json_type
from classifier.api.parsing import AlwaysJSON, StrictJSONParser, admit_chunked_body
from classifier.api.permissions import HasScope, ScopedView
from classifier.api.problems import UNSUPPORTED_MEDIA_TYPE, Problem, exception_handler, invalid
from classifier.api.throttling import Metered
from classifier.core.visibility import blind_review_of
from classifier.models import User

QUERY_READ = "toxicsite.query_read"


class Endpoint(ScopedView, Metered):
    """An endpoint of version 1; each names the scopes its methods need."""

    authentication_classes = [ApiKeyAuthentication, SessionAuthentication]
    permission_classes = [HasScope]
    parser_classes = [StrictJSONParser]
    content_negotiation_class = AlwaysJSON
    metadata_class = None
    http_method_names = ["get", "head", "post"]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        admit_chunked_body(request._request)
        super().initial(request, *args, **kwargs)
        if request.auth is None and isinstance(request.user, User):
            request.user.looks_at = blind_review_of(request._request.session)
        _refuse_encoded_body(request)
        _refuse_repeated_parameters(request)

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Response:
        answer = super().finalize_response(request, response, *args, **kwargs)
        # Answers hold what people wrote, and the caller may be named by a header that caches do not know.
        answer.headers.setdefault("Cache-Control", "no-store")
        return answer

    def get_exception_handler(self) -> Any:
        return exception_handler


def body_object(request: Request) -> Mapping[str, Any]:
    """The body, which must be one object; a query string that nobody has read by now is refused."""
    refuse_unread_query(request)
    data = request.data
    if not isinstance(data, Mapping):
        message = f"must be an object, not {json_type(data)}"
        raise invalid([field_error((), message, "invalid_type")])
    return data


def checked_body(serializer: type[ClosedSerializer], data: Mapping[str, Any]) -> dict[str, Any]:
    read = serializer(data=data)
    if not read.is_valid():
        raise invalid(flatten(read.errors))
    return dict(read.validated_data)


class NoQuery(ClosedSerializer):
    """No parameters at all."""


def checked_query(serializer: type[ClosedSerializer], request: Request) -> dict[str, Any]:
    request._request.META[QUERY_READ] = True
    read = serializer(data=dict(request.query_params.items()))
    if not read.is_valid():
        raise invalid(flatten_parameters(read.errors))
    return dict(read.validated_data)


def refuse_unread_query(request: Request) -> None:
    """Raise the 400 problem for parameters that would do nothing here: who sends one expects something of it."""
    if request.query_params and QUERY_READ not in request._request.META:
        raise invalid(
            [
                parameter_error(name, "is no known name here; this takes no parameters", "unknown")
                for name in list(request.query_params)[:20]
            ]
        )


def batch_limit() -> int:
    return int(settings.BATCH_MAX_COMMENTS)


def _refuse_repeated_parameters(request: Request) -> None:
    twice = [name for name, values in request.query_params.lists() if len(values) > 1]
    if twice:
        raise invalid([parameter_error(name, "may be sent only once", "repeated") for name in twice[:20]])


def _refuse_encoded_body(request: Request) -> None:
    encoding = request.headers.get("Content-Encoding", "identity")
    if encoding.strip().lower() != "identity":
        detail = "Send the body as it is, not compressed, and without the header Content-Encoding."
        raise Problem(UNSUPPORTED_MEDIA_TYPE, detail, headers={"Accept-Encoding": "identity"})
