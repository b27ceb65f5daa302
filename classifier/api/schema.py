"""What the OpenAPI file says beyond what drf-spectacular finds: the errors of every operation, closed inputs.

The committed file is written by
`python manage.py spectacular --validate --fail-on-warn --file classifier/api/openapi.yaml`.
"""

from typing import Any

from drf_spectacular.openapi import AutoSchema

from classifier.api.field_errors import field_error
from classifier.api.problems import (
    CONFLICT,
    DEADLINE_PASSED,
    FORBIDDEN,
    INVALID,
    KINDS,
    NO_WORKER,
    NOT_FOUND,
    PROBLEM_TYPE,
    SERVER_ERROR,
    THROTTLED,
    TOO_LARGE,
    UNAUTHENTICATED,
    UNSUPPORTED_MEDIA_TYPE,
    Kind,
    Problem,
)

_EVERYWHERE = (INVALID, UNAUTHENTICATED, FORBIDDEN, THROTTLED, SERVER_ERROR)
_WITH_A_BODY = (TOO_LARGE, UNSUPPORTED_MEDIA_TYPE)
_OWN = {
    "submit_comments": (CONFLICT,),
    "read_comment": (NOT_FOUND,),
    "score_texts": (NO_WORKER, DEADLINE_PASSED),
}
_EXAMPLES = {
    INVALID: Problem(
        INVALID,
        "items[3].text: This field may not be empty. Nothing was stored.",
        [
            {
                "pointer": "#/items/3/text",
                "message": "items[3].text: This field may not be empty.",
                "code": "required",
            }
        ],
    ),
    CONFLICT: Problem(
        CONFLICT,
        "external_id: This external_id was already used for another text. Nothing was stored.",
        [field_error(("external_id",), "This external_id was already used for another text.", "conflict")],
    ),
}


class OperationSchema(AutoSchema):
    """Tags operations by the thing they are about."""

    def get_tags(self) -> list[str]:
        return ["score" if "/score/" in self.path else "comments"]


def only_version_1(endpoints: list[tuple[str, str, str, Any]]) -> list[tuple[str, str, str, Any]]:
    return [endpoint for endpoint in endpoints if endpoint[0].startswith("/api/v1/")]


def describe_errors(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Give every operation the problems it may answer with."""
    result["components"]["schemas"]["Problem"] = _problem_schema()
    result["components"]["schemas"]["ProblemError"] = _error_schema()
    for path in result["paths"].values():
        for operation in path.values():
            kinds = [*_EVERYWHERE, *_OWN.get(operation["operationId"], ())]
            if "requestBody" in operation:
                kinds += _WITH_A_BODY
            for kind in sorted(set(kinds), key=lambda kind: kind.status):
                operation["responses"][str(kind.status)] = _response(kind)
    return result


def close_inputs(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Unknown fields are refused, so say so."""
    for name, schema in result["components"]["schemas"].items():
        if name.endswith("Input") and schema.get("type") == "object":
            schema["additionalProperties"] = False
    return result


def _response(kind: Kind) -> dict[str, Any]:
    media: dict[str, Any] = {"schema": {"$ref": "#/components/schemas/Problem"}}
    if kind in _EXAMPLES:
        media["example"] = _EXAMPLES[kind].body()
    response: dict[str, Any] = {"description": f"{kind.title}.", "content": {PROBLEM_TYPE: media}}
    if kind in (THROTTLED, NO_WORKER, DEADLINE_PASSED):
        response["headers"] = {
            "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1}}
        }
    if kind is UNAUTHENTICATED:
        response["headers"] = {"WWW-Authenticate": {"schema": {"type": "string"}}}
    return response


def _problem_schema() -> dict[str, Any]:
    return {
        "type": "object",
        "description": "Problem details as in RFC 9457.",
        "required": ["type", "title", "status", "detail", "errors"],
        "properties": {
            "type": {
                "type": "string",
                "format": "uri",
                "description": f"One of {', '.join(kind.uri for kind in KINDS)}.",
            },
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string", "description": "What is wrong and what to do about it."},
            "errors": {"type": "array", "items": {"$ref": "#/components/schemas/ProblemError"}},
            "request_id": {
                "type": "string",
                "description": "Of a server error, to find it in the log.",
            },
        },
    }


def _error_schema() -> dict[str, Any]:
    return {
        "type": "object",
        "description": "One wrong place, in the body (`pointer`) or in the query string (`parameter`).",
        "required": ["message", "code"],
        "properties": {
            "pointer": {"type": "string", "description": "JSON pointer as a URI fragment, `#/items/3/text`."},
            "parameter": {"type": "string"},
            "message": {"type": "string"},
            "code": {"type": "string", "description": "Stable, for programs."},
        },
    }
