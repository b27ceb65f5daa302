"""ETag and If-Match: a change names the version that was read, and is refused if that is not the newest."""

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
    description="The `ETag` of the version that was read. Without it, or with `*`, any version is changed.",
)


def etag_header(*statuses: int) -> OpenApiParameter:
    """Document that answers with these statuses have an ETag."""
    return OpenApiParameter(
        "ETag",
        str,
        OpenApiParameter.HEADER,
        response=list(statuses),
        description="The version, for `If-Match`.",
    )


def etag(version: str) -> str:
    return f'"{version}"'


def asked_version(request: Request) -> str | None:
    """Return the version that If-Match names, without quotes; None for any version. Raises the 400 problem.

    A weak tag does not identify a version, so it is returned with its prefix and matches none.
    """
    sent = request.headers.get("If-Match", "*").strip()
    if sent == "*":
        return None
    match = TAG.match(sent)
    if match is None:
        message = "must be one ETag in its quotes, as it was read, or *"
        raise invalid([header_error("If-Match", message, "invalid")])
    return sent if match[1] else match[2]
