"""What the OpenAPI file says beyond what drf-spectacular finds: the errors of every operation, closed inputs.

The committed file is written by `make api-file`.
"""

from typing import Any

from drf_spectacular.openapi import AutoSchema

from classifier.api.field_errors import field_error, parameter_error
from classifier.api.problems import (
    BUSY,
    CHANGED_MEANWHILE,
    CONFLICT,
    DEADLINE_PASSED,
    FORBIDDEN,
    GATE_CLOSED,
    INVALID,
    KEY_REUSED,
    KINDS,
    MODEL_BROKEN,
    NO_ROOM,
    NO_WORKER,
    NOT_FOUND,
    NOT_NOW,
    PROBLEM_TYPE,
    SERVER_ERROR,
    THROTTLED,
    TOO_LARGE,
    UNAUTHENTICATED,
    UNAVAILABLE,
    UNSUPPORTED_MEDIA_TYPE,
    Kind,
    Problem,
    invalid,
)
from toxicsite.lib.storage_errors import NOTHING_STORED

PREFIX = "/api/v1/"
OWN = "x-own-problems"  # only until describe_api has turned them into answers
_EVERYWHERE = (INVALID, UNAUTHENTICATED, FORBIDDEN, THROTTLED, SERVER_ERROR, UNAVAILABLE, NO_ROOM)
_WITH_A_BODY = (TOO_LARGE, UNSUPPORTED_MEDIA_TYPE)
_BAD_BODY = field_error(("items", 3, "text"), "This field may not be empty.", "required")
_BAD_QUERY = parameter_error("limit", "must be a whole number, from 1 to 200", "invalid")
_TAKEN = field_error(("external_id",), "This external_id was already used for another text.", "conflict")
_CLOSED = field_error(("override_reason",), "ROC-AUC is 0.9610, at least 0.9730 is needed.", "gate")
_DETAILS = {
    UNAUTHENTICATED: "The API key is unknown, revoked or expired. Ask an administrator for a new one.",
    FORBIDDEN: 'This needs an API key with the scope "score"; this key has: submit, read.',
    NOT_NOW: "This comment has no verdict yet. It can be decided once it is classified.",
    CHANGED_MEANWHILE: "It has changed since you read it. Read it again, then change it.",
    KEY_REUSED: "This Idempotency-Key was sent with another request. Use a new key for a new request.",
    NOT_FOUND: "There is no such thing here, or it is not yours to see.",
    TOO_LARGE: "The body is larger than 10,485,760 bytes, the limit here. Send it in parts.",
    UNSUPPORTED_MEDIA_TYPE: "Send the body as JSON, with the header Content-Type: application/json.",
    THROTTLED: "This key or user may make 6,000 requests a minute and has made them; try again in 12 seconds.",
    SERVER_ERROR: "Something failed on the server; the details are in its log under this request id.",
    UNAVAILABLE: "The database does not answer. Try again in a few seconds.",
    BUSY: "8 streams are open already. Try again in a while.",
    MODEL_BROKEN: "The model version NAME cannot be loaded: one of its files is damaged.",
    NO_WORKER: "No worker is there to score the text. Try again shortly; nothing was stored.",
    NO_ROOM: NOTHING_STORED,
    DEADLINE_PASSED: "No verdict came within 5 seconds. Try again or send fewer texts.",
}
DESCRIPTION = """\
Submit comments for moderation, read their verdicts, and score texts that are stored nowhere; work through the review
queue, answer appeals, set policies; train, measure and promote the models that give the verdicts.

**Keys.** Send `Authorization: Bearer tox_…` or `X-API-Key: tox_…`. A key has the scopes `submit`, `read`, `score`,
`moderate`, `train` or `admin`, may be confined to sources, and acts as the person who owns it, never beyond what that
person may do. A browser session works too; writing then needs the header `X-CSRFToken`.

**Bodies** are JSON objects in UTF-8, not compressed. Nothing is coerced, trimmed or cut; unknown fields are errors,
and so are unknown or repeated parameters of the query string.

**Errors** are problem details (RFC 9457, `application/problem+json`) with a stable `type`. Each entry of `errors`
names a place in the body (`pointer`), in the query string (`parameter`) or a `header`. After an error nothing is
stored.

**Repeating.** Where an operation lists the header `Idempotency-Key`, the same key and the same request give the same
thing again for 24 hours instead of doing it twice; the answer then has the header `Idempotency-Replayed: true`.

**Changing.** Where an operation lists the header `If-Match`, reading gave an `ETag`; sent back as `If-Match`, a change
is refused with 412 where somebody else was quicker.

**Limits** count requests a minute for each key or person, and texts a day for each key that has such a quota. A
request with more texts than are left is refused whole. Every reply says what is left: `RateLimit-Policy` and
`RateLimit` (draft-ietf-httpapi-ratelimit-headers-10) name each quota; `RateLimit-Limit`, `RateLimit-Remaining` and
`RateLimit-Reset` (seconds) are for requests, or for the quota that refused. 429 says in `Retry-After` when to come
back. `/api/v1/usage/` tells a key what it used.

**Request ids.** Send `X-Request-ID` (6 to 64 letters, digits, `.`, `_`, `-`) or get one; the reply and the server's
log name it."""


RATE_LIMIT_HEADERS = {
    "RateLimit-Policy": ("string", 'Every quota: `"requests";q=6000;w=60, "texts";q=50000;w=86400`.'),
    "RateLimit": ("string", 'What is left of each, and for how long: `"requests";r=5999;t=60`.'),
    "RateLimit-Limit": ("integer", "The quota of requests, or the one that refused."),
    "RateLimit-Remaining": ("integer", "What is left of it."),
    "RateLimit-Reset": ("integer", "Seconds until all of it is there again."),
}
_QUOTA_REFERENCES = {name: {"$ref": f"#/components/headers/{name}"} for name in RATE_LIMIT_HEADERS}

# Small groups under the name of the large one that they belong to. With 26 groups and more than 122 operations Swagger
# UI 5 shows the first group only, and says nothing; a test counts what it shows.
GROUPS = {
    "exports": "transfers",
    "imports": "transfers",
    "rescorings": "transfers",
    "plans": "experiments",
    "recipes": "experiments",
    "reference-calls": "comparison",
    "score-maps": "comparison",
}


class OperationSchema(AutoSchema):
    """Tags operations by the thing they are about, and notes which problems of its own each may answer with."""

    def get_tags(self) -> list[str]:
        first = self.path.removeprefix(PREFIX).partition("/")[0]
        return [GROUPS.get(first, first)]

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        operation = super().get_operation(*args, **kwargs)
        if operation is not None:
            operation[OWN] = getattr(self.view, "problems", {}).get(self.method, ())
        return operation


def only_version_1(endpoints: list[tuple[str, str, str, Any]]) -> list[tuple[str, str, str, Any]]:
    return [endpoint for endpoint in endpoints if endpoint[0].startswith(PREFIX)]


def describe_api(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Say what holds everywhere, and give every operation the problems it may answer with."""
    result["info"]["description"] = DESCRIPTION
    result["components"]["schemas"]["Problem"] = _problem_schema()
    result["components"]["schemas"]["ProblemError"] = _error_schema()
    result["components"]["headers"] = {
        name: {"description": description, "schema": {"type": kind}}
        for name, (kind, description) in RATE_LIMIT_HEADERS.items()
    }
    for path in result["paths"].values():
        for operation in path.values():
            kinds = [*_EVERYWHERE, *operation.pop(OWN)]
            if any(parameter["in"] == "path" for parameter in operation.get("parameters", ())):
                kinds.append(NOT_FOUND)
            if "requestBody" in operation:
                kinds += _WITH_A_BODY
            for kind in sorted(
                dict.fromkeys(kinds), key=lambda kind: kind.status
            ):  # of one status the last named
                operation["responses"][str(kind.status)] = _response(
                    kind, has_body="requestBody" in operation
                )
            for status, response in operation["responses"].items():
                if status.startswith("2") or status == str(THROTTLED.status):
                    response.setdefault("headers", {}).update(_QUOTA_REFERENCES)
    return result


def close_inputs(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Unknown fields are refused, so say so."""
    for name, schema in result["components"]["schemas"].items():
        if name.endswith("Input") and schema.get("type") == "object":
            schema["additionalProperties"] = False
    return result


def _example(kind: Kind, *, has_body: bool) -> Problem:
    if kind is INVALID:
        return invalid([_BAD_BODY if has_body else _BAD_QUERY])
    if kind is CONFLICT:
        return Problem(CONFLICT, f"{_TAKEN['message']} Nothing was stored.", [_TAKEN])
    if kind is GATE_CLOSED:
        return Problem(
            GATE_CLOSED, f"The quality gate keeps it out of production. {_CLOSED['message']}", [_CLOSED]
        )
    request_id = "0c4f6f0c4b6f4f2b9a0d5e7c1b2a3d4e" if kind is SERVER_ERROR else ""
    return Problem(kind, _DETAILS[kind], request_id=request_id)


def _response(kind: Kind, *, has_body: bool) -> dict[str, Any]:
    media: dict[str, Any] = {
        "schema": {"$ref": "#/components/schemas/Problem"},
        "example": _example(kind, has_body=has_body).body(),
    }
    response: dict[str, Any] = {"description": f"{kind.title}.", "content": {PROBLEM_TYPE: media}}
    if kind in (THROTTLED, BUSY, NO_WORKER, MODEL_BROKEN, UNAVAILABLE, DEADLINE_PASSED, NO_ROOM):
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
            "action": {
                "type": "string",
                "enum": ["publish", "hold"],
                "description": (
                    "Where a text could not be scored in time: what the policy says to do with it."
                ),
            },
            "request_id": {
                "type": "string",
                "description": "Of a server error, to find it in the log.",
            },
        },
    }


def _error_schema() -> dict[str, Any]:
    return {
        "type": "object",
        "description": "One wrong place, in the body (`pointer`), the query string (`parameter`) or a `header`.",
        "required": ["message", "code"],
        "properties": {
            "pointer": {"type": "string", "description": "JSON pointer as a URI fragment, `#/items/3/text`."},
            "parameter": {"type": "string"},
            "header": {"type": "string"},
            "message": {"type": "string"},
            "code": {"type": "string", "description": "Stable, for programs."},
        },
    }
