"""Reading bodies and query strings strictly: each is checked by a serializer, and what would do nothing is refused."""

import re
from collections.abc import Mapping
from typing import Any

from rest_framework.request import Request

from classifier.api.field_errors import (
    FieldError,
    Path,
    field_error,
    flatten,
    flatten_parameters,
    parameter_error,
)
from classifier.api.fields import ClosedSerializer, json_type
from classifier.api.problems import UNSUPPORTED_MEDIA_TYPE, Problem, invalid

QUERY_READ = "toxicsite.query_read"
MAX_DEPTH = 12
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class NoQuery(ClosedSerializer):
    """No parameters at all."""


class NothingInput(ClosedSerializer):
    """An empty object, or no body at all."""


def checked(serializer: type[ClosedSerializer], request: Request) -> dict[str, Any]:
    """Return the body as `serializer` reads it. Raises the 400 problem, also for what cannot be stored."""
    data = body_object(request)
    refuse_unstorable(data)
    return checked_body(serializer, data)


def optional(serializer: type[ClosedSerializer], request: Request) -> dict[str, Any]:
    """Like `checked`, but no body at all counts as `{}`."""
    refuse_unread_query(request)
    return checked_body(serializer, {}) if request.data == {} else checked(serializer, request)


def without_body(request: Request) -> None:
    """Refuse fields where an operation takes none; an empty body or `{}` is fine."""
    optional(NothingInput, request)


def body_object(request: Request) -> Mapping[str, Any]:
    """Return the body, which must be one object; a query string that nobody has read by now is refused."""
    refuse_unread_query(request)
    data = request.data
    if not isinstance(data, Mapping):
        message = f"must be an object, not {json_type(data)}"
        raise invalid([field_error((), message, "invalid_type")])
    return data


def checked_body(serializer: type[ClosedSerializer], data: Mapping[str, Any]) -> dict[str, Any]:
    """Return `data` as `serializer` reads it. Raises the 400 problem."""
    read = serializer(data=data)
    if not read.is_valid():
        raise invalid(flatten(read.errors))
    return dict(read.validated_data)


def checked_query(serializer: type[ClosedSerializer], request: Request) -> dict[str, Any]:
    """Return the parameters as `serializer` reads them. Raises the 400 problem."""
    request._request.META[QUERY_READ] = True
    read = serializer(data=dict(request.query_params.items()))
    if not read.is_valid():
        raise invalid(flatten_parameters(read.errors))
    return dict(read.validated_data)


def refuse_unread_query(request: Request) -> None:
    """Raise the 400 problem for parameters that would have no effect."""
    if request.query_params and QUERY_READ not in request._request.META:
        raise invalid(
            [
                parameter_error(name, "is unknown; this takes no parameters", "unknown")
                for name in list(request.query_params)[:20]
            ]
        )


def refuse_repeated_parameters(request: Request) -> None:
    """Raise the 400 problem for parameters that are sent twice."""
    repeated = [name for name, values in request.query_params.lists() if len(values) > 1]
    if repeated:
        raise invalid([parameter_error(name, "may be sent only once", "repeated") for name in repeated[:20]])


def refuse_encoded_body(request: Request) -> None:
    """Raise the 415 problem for a compressed body."""
    encoding = request.headers.get("Content-Encoding", "identity")
    if encoding.strip().lower() != "identity":
        detail = "Send the body as it is, not compressed, and without the header Content-Encoding."
        raise Problem(UNSUPPORTED_MEDIA_TYPE, detail, headers={"Accept-Encoding": "identity"})


def refuse_unstorable(data: Any) -> None:
    """Raise the 400 problem where a string of the body cannot be stored, or objects are nested too deeply."""
    errors: list[FieldError] = []
    _find_unstorable(data, (), errors)
    if errors:
        raise invalid(errors[:20])


def _find_unstorable(data: Any, path: Path, errors: list[FieldError]) -> None:
    if len(path) > MAX_DEPTH:
        errors.append(field_error(path[:1], "is nested too deeply", "too_deep"))
    elif isinstance(data, str):
        if _UNSTORABLE.search(data):
            message = "holds a NUL character or half of a surrogate pair; remove it"
            errors.append(field_error(path, message, "invalid"))
    elif isinstance(data, Mapping):
        for name, value in data.items():
            _find_unstorable(name, (*path, name), errors)
            _find_unstorable(value, (*path, name), errors)
    elif isinstance(data, list):
        for position, value in enumerate(data):
            _find_unstorable(value, (*path, position), errors)
