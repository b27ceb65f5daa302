"""What one operation of the API says about itself: its name, who may call it, what it takes, what it answers."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from drf_spectacular.utils import OpenApiParameter

from classifier.api.problems import CHANGED_MEANWHILE, KEY_REUSED, Kind
from classifier.models import ApiScope

Method = TypeVar("Method", bound=Callable[..., Any])
_PROBLEM_OF_HEADER = {"If-Match": CHANGED_MEANWHILE, "Idempotency-Key": KEY_REUSED}


@dataclass(frozen=True)
class Operation:
    """A described method of an endpoint. `problems` are those beyond the ones that every operation may answer."""

    id: str
    summary: str
    description: str
    scope: ApiScope | None
    permission: str | None
    parameters: Sequence[Any]
    body: Any
    answers: Mapping[Any, Any]
    problems: Sequence[Kind]


def operation(
    operation_id: str,
    *,
    answers: Any,
    scope: ApiScope | None = None,
    needs: str | None = None,
    query: Any = None,
    headers: Sequence[OpenApiParameter] = (),
    body: Any = None,
    problems: Sequence[Kind] = (),
    more: str = "",
) -> Callable[[Method], Method]:
    """Describe a method of an endpoint; `Endpoint` holds callers to it, and the OpenAPI file shows it.

    The docstring of the method is the summary and, after a blank line, the description; `more` is added to that.
    `scope` is the one that a key needs (None: the endpoint's own), `needs` the permission of its user. `query` and
    `body` are serializers; `answers` is the serializer of a 200, or serializers by status. `headers` of the request
    bring their problems along. Examples lie in `api/examples.yaml` of the application, under the operation's id.
    """

    def describe(method: Method) -> Method:
        summary, _, text = inspect.cleandoc(method.__doc__ or "").partition("\n\n")
        operation = Operation(
            id=operation_id,
            summary=_unwrapped(summary).removesuffix("."),
            description="\n\n".join(part for part in (_unwrapped(text), more) if part),
            scope=scope,
            permission=needs,
            parameters=[*([] if query is None else [query]), *headers],
            body=body,
            answers=answers if isinstance(answers, Mapping) else {200: answers},
            problems=[
                *problems,
                *(_PROBLEM_OF_HEADER[header.name] for header in headers if header.name in _PROBLEM_OF_HEADER),
            ],
        )
        setattr(method, "operation", operation)  # noqa: B010 (a plain attribute is an error to the type checker)
        return method

    return describe


def operation_of(view: Any, method: str) -> Operation | None:
    """Return what a view, or a class of views, says about a method; None for a method that it does not serve."""
    found: Operation | None = getattr(getattr(view, method.lower(), None), "operation", None)
    return found


def location(*statuses: int, description: str) -> OpenApiParameter:
    """Document the header that says where to read what the call made."""
    return OpenApiParameter(
        "Location", str, OpenApiParameter.HEADER, response=list(statuses), description=description
    )


def _unwrapped(text: str) -> str:
    """Join the lines of each paragraph; an item of a list keeps a line of its own."""
    paragraphs = []
    for paragraph in text.split("\n\n"):
        lines: list[str] = []
        for line in paragraph.splitlines():
            if lines and not line.lstrip().startswith("- "):
                lines[-1] += f" {line.strip()}"
            else:
                lines.append(line.strip())
        paragraphs.append("\n".join(lines))
    return "\n\n".join(paragraphs)
