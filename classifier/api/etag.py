"""ETag and If-Match: who changes something says which version they read, and is refused where it is not the last."""

import re

from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from classifier.api.field_errors import header_error
from classifier.api.problems import invalid

TAG = re.compile(r'(W/)?"([\x21\x23-\x7e]{1,200})"\Z')
IF_MATCH = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    description="The `ETag` that was read; without it, or as `*`, whatever is there is changed.",
)


def etag_header(*statuses: int) -> OpenApiParameter:
    """For the OpenAPI file: these answers carry an ETag."""
    return OpenApiParameter(
        "ETag", str, OpenApiParameter.HEADER, response=list(statuses), description="For `If-Match`."
    )


def etag(version: str) -> str:
    return f'"{version}"'


def asked_version(request: Request) -> str | None:
    """What If-Match names, without quotes; None where any version will do. Raises the 400 problem.

    A weak tag names nothing that a change could rest on, so it comes back as it is and matches no version.
    """
    sent = request.headers.get("If-Match", "*").strip()
    if sent == "*":
        return None
    match = TAG.match(sent)
    if match is None:
        message = "must be one ETag in its quotes, as it was read, or *"
        raise invalid([header_error("If-Match", message, "invalid")])
    return sent if match[1] else match[2]
