"""JSON replies of the dialects: compact, in UTF-8, and known as such to the middleware."""

import json
from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse


class DialectReply(HttpResponse):
    """An answer in the caller's own format, which no middleware translates any more."""


def reply(body: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> HttpResponse:
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return DialectReply(
        text.encode(),
        status=status,
        headers={"Cache-Control": "no-store", **(headers or {})},  # a key may stand in the address
        content_type="application/json; charset=utf-8",
    )
