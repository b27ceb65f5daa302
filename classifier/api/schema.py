"""The OpenAPI file: operations as their methods describe them, with the errors and examples of each.

The committed file is written by `make api-file`.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from django.apps import apps
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiExample

from classifier.api.field_errors import field_error, parameter_error
from classifier.api.operation import Operation, operation_of
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
from classifier.api.reading import NothingInput
from toxicsite.lib.storage_errors import NOTHING_STORED

PREFIX = "/api/v1/"
OWN = "x-own-problems"  # removed when describe_api turns them into answers
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
    NOT_FOUND: "It does not exist, or you may not see it.",
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
Submit comments for moderation and read their verdicts. Score texts without storing them. Work through the review
queue, answer appeals, and set policies. Train, measure and promote the models that give the verdicts.

**Keys.** Send `Authorization: Bearer tox_…` or `X-API-Key: tox_…`. A key has one or more of the scopes `submit`,
`read`, `score`, `moderate`, `train` and `admin`, and can be limited to some sources. It acts as the user who owns it
and may never do more than that user. A browser session works too; requests that change something then need the header
`X-CSRFToken`.

**Bodies** are JSON objects in UTF-8, not compressed. Nothing is coerced, trimmed or cut. Unknown fields are errors, and
so are unknown or repeated parameters of the query string.

**Lists** come newest first, in pages. `next` is the address of the next page, null on the last one.

**Errors** are problem details (RFC 9457, `application/problem+json`) with a stable `type`. Each entry of `errors` names
a place in the body (`pointer`), a parameter of the query string (`parameter`) or a `header`. A request that is answered
with an error has stored nothing.

**Repeating.** Where an operation lists the header `Idempotency-Key`, send a new key with each new request and the same
key when you repeat it. For 24 hours, a repeat returns the result of the first request instead of doing it again, with
the header `Idempotency-Replayed: true`.

**Changing.** Where an operation lists the header `If-Match`, send the `ETag` of the version that you read. If somebody
has changed it since, the change is refused with 412.

**Limits** are requests a minute for each key or user, and texts a day for each key that has such a quota. A request
with more texts than are left is refused as a whole. Every reply says what is left: `RateLimit-Policy` and `RateLimit`
(draft-ietf-httpapi-ratelimit-headers-10) name each quota; `RateLimit-Limit`, `RateLimit-Remaining` and
`RateLimit-Reset` (seconds) are about requests, or about the quota that refused. With 429, `Retry-After` says when to
try again. `GET /api/v1/usage/` shows what a key has used.

**Request ids.** Send `X-Request-ID` (6 to 64 letters, digits, `.`, `_`, `-`), or take the one of the reply: the
server's log has it too."""


RATE_LIMIT_HEADERS = {
    "RateLimit-Policy": ("string", 'Every quota: `"requests";q=6000;w=60, "texts";q=50000;w=86400`.'),
    "RateLimit": (
        "string",
        'What is left of each quota, and for how many seconds: `"requests";r=5999;t=60`.',
    ),
    "RateLimit-Limit": ("integer", "The quota of requests, or the quota that refused."),
    "RateLimit-Remaining": ("integer", "What is left of it."),
    "RateLimit-Reset": ("integer", "Seconds until the whole quota is available again."),
}
_QUOTA_REFERENCES = {name: {"$ref": f"#/components/headers/{name}"} for name in RATE_LIMIT_HEADERS}

# Small groups, and the large one whose name they take. With 26 groups and more than 122 operations Swagger UI 5 shows
# only the first group, without an error; a test counts what it shows.
GROUPS = {
    "exports": "transfers",
    "imports": "transfers",
    "rescorings": "transfers",
    "plans": "experiments",
    "recipes": "experiments",
    "reference-calls": "comparison",
    "score-maps": "comparison",
    "rule-lists": "rules",
}


class OperationSchema(AutoSchema):
    """Writes an operation of the OpenAPI file from what its method says about itself (`classifier.api.operation`)."""

    view: Any

    @property
    def described(self) -> Operation:
        operation = operation_of(self.view, self.method)
        assert operation is not None, f"{self.method} {self.path} is not described"
        return operation

    def get_operation_id(self) -> str:
        return self._for_address(self.described.id)

    def get_summary(self) -> str:
        return self._for_address(self.described.summary)

    def get_description(self) -> str:  # type: ignore[override]
        scope, permission = self.view.scopes.get(self.method), self.described.permission
        access = (
            f"Needs a key with the scope `{scope}`, or a session." if scope else "Needs a key, or a session."
        )
        if permission is not None:
            access += f" The user needs the permission `{permission}`."
        return f"{self.described.description}\n\n{access}".lstrip()

    def get_override_parameters(self) -> list[Any]:
        return list(self.described.parameters)

    def get_request_serializer(self) -> Any:
        return self.described.body

    def get_response_serializers(self) -> Any:
        return self.described.answers

    def get_examples(self) -> list[OpenApiExample]:
        nothing = OpenApiExample("Nothing", {}, request_only=True)
        return [
            *examples().get(self.described.id, []),
            *([nothing] if self.described.body is NothingInput else []),
        ]

    def get_tags(self) -> list[str]:
        first = self.path.removeprefix(PREFIX).partition("/")[0]
        return [GROUPS.get(first, first)]

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        operation = super().get_operation(*args, **kwargs)
        if operation is not None:
            operation[OWN] = self.described.problems
        return operation

    def _for_address(self, text: str) -> str:
        """Put the words of an address without a slug in, where the view serves one with a slug too."""
        if "{slug}" not in self.path:
            for with_slug, without in self.view.without_slug.items():
                text = text.replace(with_slug, without, 1)
        return text


@cache
def examples() -> dict[str, list[OpenApiExample]]:
    """Read `api/examples.yaml` of each application: examples by operation id."""
    files = [Path(application.path) / "api" / "examples.yaml" for application in apps.get_app_configs()]
    texts = [file.read_text(encoding="utf-8") for file in files if file.is_file()]
    return {
        name: [
            _example_of(title, value, str(where).split())
            for where, values in operation.items()
            for title, value in values.items()
        ]
        for text in texts
        for name, operation in yaml.safe_load(text)["operations"].items()
    }


def _example_of(title: str, value: Any, where: Sequence[str]) -> OpenApiExample:
    """Make the example of `request` or of answers with some statuses; JSON if no media type is named."""
    media = next((word for word in where if "/" in word), "application/json")
    statuses = [word for word in where if word.isdigit()]
    return OpenApiExample(
        title,
        value,
        media_type=media,
        request_only=not statuses,
        response_only=bool(statuses),
        status_codes=statuses or None,
    )


def only_version_1(endpoints: list[tuple[str, str, str, Any]]) -> list[tuple[str, str, str, Any]]:
    return [endpoint for endpoint in endpoints if endpoint[0].startswith(PREFIX)]


def describe_api(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Describe the API as a whole, and give every operation the problems that it may answer."""
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
            # Of several kinds with one status, the last one is shown.
            for kind in sorted(dict.fromkeys(kinds), key=lambda kind: kind.status):
                response = _response(kind, has_body="requestBody" in operation)
                operation["responses"][str(kind.status)] = response
            for status, response in operation["responses"].items():
                if status.startswith("2") or status == str(THROTTLED.status):
                    response.setdefault("headers", {}).update(_QUOTA_REFERENCES)
    return result


def close_inputs(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Say that inputs take no unknown fields."""
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
            "Retry-After": {
                "description": "Seconds to wait before trying again.",
                "schema": {"type": "integer", "minimum": 1},
            }
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
                "description": ("If a text could not be scored: what the policy says to do with it."),
            },
            "request_id": {
                "type": "string",
                "description": "The id under which the server's log has the error.",
            },
        },
    }


def _error_schema() -> dict[str, Any]:
    return {
        "type": "object",
        "description": "An error in one place: in the body (`pointer`), the query string (`parameter`) or a `header`.",
        "required": ["message", "code"],
        "properties": {
            "pointer": {
                "type": "string",
                "description": "JSON pointer as a URI fragment, such as `#/items/3/text`.",
            },
            "parameter": {"type": "string", "description": "A parameter of the query string."},
            "header": {"type": "string", "description": "A header of the request."},
            "message": {"type": "string", "description": "A sentence for people."},
            "code": {"type": "string", "description": "A stable code for programs."},
        },
    }
