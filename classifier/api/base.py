"""What every endpoint shares: reading body and query string strictly, and naming the services' refusals."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from rest_framework.authentication import SessionAuthentication
from rest_framework.request import Request

from classifier.api.authentication import ApiKeyAuthentication
from classifier.api.field_errors import field_error, flatten, flatten_parameters, path_of
from classifier.api.fields import ClosedSerializer, json_type
from classifier.api.parsing import AlwaysJSON, StrictJSONParser, admit_chunked_body
from classifier.api.permissions import HasScope, ScopedView
from classifier.api.problems import CONFLICT, Problem, exception_handler, invalid
from classifier.api.throttling import Metered
from classifier.services import InvalidInput


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

    def get_exception_handler(self) -> Any:
        return exception_handler


def body_object(request: Request) -> Mapping[str, Any]:
    """The body, which must be one object."""
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


def checked_query(serializer: type[ClosedSerializer], request: Request) -> dict[str, Any]:
    read = serializer(data=dict(request.query_params.items()))
    if not read.is_valid():
        raise invalid(flatten_parameters(read.errors))
    return dict(read.validated_data)


def refusal(error: InvalidInput, *, rename: Mapping[str, str] | None = None) -> Problem:
    """The problem for input that a service refused: 409 where the only thing wrong is a taken external id."""
    errors = []
    for problem in error.problems:
        name = (rename or {}).get(problem.field, problem.field)
        errors.append(field_error(path_of(name), problem.message, problem.code))
    if all(problem.code == "conflict" for problem in error.problems):
        detail = f"{errors[0]['message']} Nothing was stored. Use another external_id or send the same text."
        return Problem(CONFLICT, detail, errors)
    return invalid(errors)


def batch_limit() -> int:
    return int(settings.BATCH_MAX_COMMENTS)
