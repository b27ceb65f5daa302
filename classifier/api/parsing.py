"""Parsers of bodies. JSON is read strictly: bounded, in UTF-8, without NaN, repeated fields or endless nesting."""

import json
from collections.abc import Mapping
from io import BytesIO
from typing import IO, Any, NoReturn

from django.conf import settings
from django.http import HttpRequest, UnreadablePostError
from rest_framework.exceptions import ParseError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser, MultiPartParser

from classifier.api.field_errors import printable
from classifier.api.problems import MALFORMED, TOO_LARGE, Problem


class StrictJSONParser(BaseParser):
    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        declared = int((parser_context or {})["request"].META.get("CONTENT_LENGTH") or 0)
        if declared > limit:
            raise _too_large(limit)
        body = stream.read(limit + 1)
        if len(body) > limit:
            raise _too_large(limit)
        return loads(body)


class FileParser(MultiPartParser):
    """Parse a form with a file; refuse it before reading if it is larger than the file of an import may be."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        limit = settings.TRANSFER_MAX_BYTES + settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        if int((parser_context or {})["request"].META.get("CONTENT_LENGTH") or 0) > limit:
            raise _too_large(limit)
        return super().parse(stream, media_type, parser_context)


class AlwaysJSON(BaseContentNegotiation):
    """Answer JSON whatever the Accept header says, as RFC 9110 allows."""

    def select_parser(self, request: Any, parsers: Any) -> Any:
        content_type = (request.content_type or "").split(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == content_type), None)

    def select_renderer(self, request: Any, renderers: Any, format_suffix: Any = None) -> Any:
        return renderers[0], renderers[0].media_type


def admit_chunked_body(request: HttpRequest) -> None:
    """Read a body without a Content-Length, which Django would take for an empty one."""
    environ = request.META
    if "chunked" not in environ.get("HTTP_TRANSFER_ENCODING", "").lower():
        return
    if not environ.get("wsgi.input_terminated"):
        raise Problem(MALFORMED, "This server cannot read a chunked body. Send a Content-Length header.")
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    body = read_chunked(environ["wsgi.input"], limit + 1)
    if len(body) > limit:
        raise _too_large(limit)
    environ["CONTENT_LENGTH"] = str(len(body))
    request._stream = BytesIO(body)


def read_chunked(stream: IO[bytes], size: int) -> bytes:
    """Read up to `size` bytes of a chunked body. Raises UnreadablePostError if it is malformed or ends early."""
    try:
        return stream.read(size)
    except Exception as error:  # every server has exceptions of its own for what can be wrong with chunks
        raise UnreadablePostError("the chunks cannot be read") from error


def loads(body: bytes) -> Any:
    """Parse `body`. Raises ParseError with a message that says where it is wrong and how to fix it."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ParseError(
            f"The body is not valid UTF-8: byte 0x{body[error.start]:02x} at offset {error.start}. "
            "Encode it as UTF-8."
        ) from None
    try:
        return json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_object_without_repeats)
    except json.JSONDecodeError as error:
        raise ParseError(
            f"The body is not valid JSON: {error.msg.removesuffix(' at')} at line {error.lineno}, column {error.colno}."
        ) from None
    except RecursionError:
        raise ParseError("The body is nested too deeply. Send a flat object.") from None
    except ValueError:
        raise ParseError("The body holds a number with too many digits.") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ParseError(
        f"The body is not valid JSON: {name} is not a JSON number. Send a finite number or null."
    )


def _object_without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    whole = dict(pairs)
    if len(whole) != len(pairs):
        seen: set[str] = set()
        repeated = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise ParseError(
            f'The body names the field "{printable(repeated)}" twice in one object. Send it once.'
        )
    return whole


def _too_large(limit: int) -> Problem:
    return Problem(TOO_LARGE, f"The body is larger than {limit:,} bytes, the limit here. Send it in parts.")
