"""`POST /batch`: calls of Perspective in one body, as Google's client libraries put them together.

The body is multipart/mixed; each part is a whole HTTP request (application/http) and is answered as if it had come
alone: with the key from its own address or headers, or else that of the outer request, under the same quota, with an
error of its own. The answers stand in the order of the parts. https://developers.google.com/workspace/gmail/api/guides/batch
"""

import re
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesHeaderParser
from http import HTTPStatus
from io import BytesIO
from typing import Any, cast
from urllib.parse import unquote, urlsplit

from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, HttpResponse

from classifier.core.error_kinds import ErrorKind
from classifier.dialects.perspective.analyze import Analyze
from classifier.dialects.perspective.errors import DIALECT, invalid
from classifier.dialects.perspective.suggest import SuggestScore
from classifier.dialects.perspective.view import PerspectiveView
from classifier.dialects.replies import DialectError, DialectReply
from classifier.dialects.view import read_body

PARTS_MAX = 100
SECONDS_MAX = 30.0  # the parts left by then are answered: send this call again
HEADER_BYTES = 256 * 1024  # limit for a part; a client may use the text itself as the part's Content-ID
METHODS = {"/v1alpha1/comments:analyze": Analyze, "/v1alpha1/comments:suggestscore": SuggestScore}
# What each part takes over from the outer request; the outer key only where the part has none.
OUTER = (
    *("REMOTE_ADDR", "REMOTE_PORT", "SERVER_NAME", "SERVER_PORT", "SERVER_PROTOCOL", "HTTP_HOST"),
    *("HTTP_USER_AGENT", "HTTP_X_GOOG_API_CLIENT", "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO"),
    *("wsgi.url_scheme", "wsgi.errors", "SCRIPT_NAME"),
)
OF_PART = ("Authorization", "X-Goog-Api-Key", "X-Goog-Api-Client", "Content-Encoding")
_BLANK_LINE = re.compile(rb"\r?\n\r?\n")
_TOKEN = re.compile(r"[A-Z]{1,20}\Z")


@dataclass(frozen=True)
class Part:
    """One request of a batch; `problem` says why it cannot be read as one."""

    content_id: str
    method: str = ""
    path: str = ""
    query: str = ""
    headers: Message | None = None
    body: bytes = b""
    problem: str = ""


class Batch(PerspectiveView):
    """The endpoint of batches; the batch needs no key of its own, because each part needs one."""

    scope = None

    def post(self, request: HttpRequest) -> HttpResponse:
        parts = list(read_parts(read_body(request), _boundary(request)))
        end = time.monotonic() + SECONDS_MAX
        key = self.sent_key()
        # In sequence: a thread for each part would need a database connection for each.
        answers = [(part, self._answer(part, key, late=time.monotonic() > end)) for part in parts]
        mark = f"batch_{secrets.token_hex(16)}"
        body = b"".join(_written(mark, part, answer) for part, answer in answers)
        return DialectReply(
            body + f"--{mark}--\r\n".encode(),
            content_type=f"multipart/mixed; boundary={mark}",
            headers={"Cache-Control": "no-store"},
        )

    def _answer(self, part: Part, key: str | None, *, late: bool) -> HttpResponse:
        if part.problem:
            return DIALECT.answer(DialectError(ErrorKind.MALFORMED, part.problem))
        if late:
            message = f"The batch took more than {SECONDS_MAX:g} seconds. Send this call again."
            return DIALECT.answer(DialectError(ErrorKind.TIMEOUT, message, headers={"Retry-After": "5"}))
        view = METHODS.get(part.path)
        if view is None:
            return DIALECT.answer(
                DialectError(ErrorKind.NOT_FOUND, f"There is nothing at {part.method} {part.path}.")
            )
        return cast(HttpResponse, view.as_view()(_request(self.request, part, key)))


def read_parts(body: bytes, boundary: bytes) -> Iterator[Part]:
    """Yield the parts of a multipart body. Raises DialectError for a body without an end, or with too many parts."""
    line = re.compile(rb"(?:\A|\r?\n)--" + re.escape(boundary) + rb"(--)?[ \t]*(?=\r?\n|\Z)")
    begin, count = None, 0
    for match in line.finditer(body):
        if begin is not None:
            count += 1
            if count > PARTS_MAX:
                raise invalid(f"A batch has at most {PARTS_MAX} parts. Send it in several.")
            yield _part(body[begin : match.start()])
        if match.group(1):
            break
        begin = match.end()
    else:
        raise invalid("The batch has no closing boundary.")
    if not count:
        raise invalid("The batch has no parts.")


def _boundary(request: HttpRequest) -> bytes:
    kind = Message()
    kind["Content-Type"] = request.headers.get("Content-Type", "")
    boundary = kind.get_boundary("")
    if kind.get_content_type() != "multipart/mixed" or not boundary or not boundary.isascii():
        raise invalid("A batch is multipart/mixed, with a boundary named in Content-Type.")
    return boundary.encode()


def _part(raw: bytes) -> Part:
    outer, inner = _split(raw)
    content_id = " ".join(str(outer.get("Content-ID", "")).split()) if outer is not None else ""
    if not content_id.isascii() or not content_id.isprintable():
        content_id = ""
    if outer is None or outer.get_content_type() != "application/http":
        return Part(content_id, problem="Each part of a batch is application/http, with a request in it.")
    first, _, rest = inner.lstrip(b"\r\n").partition(b"\n")
    words = first.decode("ascii", "replace").split()
    headers, body = _split(b"\n" + rest)
    if len(words) != 3 or not _TOKEN.match(words[0]) or not words[2].startswith("HTTP/") or headers is None:
        return Part(content_id, problem="The request in this part cannot be read.")
    try:
        target = urlsplit(words[1])
    except ValueError:
        return Part(content_id, problem="The address of the request in this part cannot be read.")
    return Part(content_id, words[0], unquote(target.path), target.query, headers, body)


def _split(raw: bytes) -> tuple[Message | None, bytes]:
    """Split `raw` into headers and body, without its first line; None for headers without a blank line after them."""
    blank = _BLANK_LINE.search(raw)
    if blank is None or blank.start() > HEADER_BYTES:
        return None, b""
    return BytesHeaderParser().parsebytes(raw[: blank.start()].lstrip(b"\r\n")), raw[blank.end() :]


def _request(outer: HttpRequest, part: Part, key: str | None) -> HttpRequest:
    assert part.headers is not None
    environ: dict[str, Any] = {name: outer.META[name] for name in OUTER if name in outer.META}
    for name in OF_PART:
        if part.headers.get(name):
            environ[f"HTTP_{name.upper().replace('-', '_')}"] = str(part.headers[name])
    environ |= {
        "REQUEST_METHOD": part.method,
        "PATH_INFO": part.path,
        "QUERY_STRING": part.query,
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(part.body)),
        "wsgi.input": BytesIO(part.body),
    }
    request = WSGIRequest(environ)
    own = request.GET.get("key") or "HTTP_AUTHORIZATION" in environ or "HTTP_X_GOOG_API_KEY" in environ
    if not own and key is not None:
        environ["HTTP_X_GOOG_API_KEY"] = key
        request = WSGIRequest(environ)
    return request


def _written(mark: str, part: Part, answer: HttpResponse) -> bytes:
    reason = HTTPStatus(answer.status_code).phrase
    lines = [f"--{mark}", "Content-Type: application/http"]
    if part.content_id:
        lines.append(f"Content-ID: {_response_id(part.content_id)}")
    lines += ["", f"HTTP/1.1 {answer.status_code} {reason}"]
    lines += [f"{name}: {value}" for name, value in answer.headers.items()]
    lines += [f"Content-Length: {len(answer.content)}", "", ""]
    return "\r\n".join(lines).encode("ascii", "replace") + answer.content + b"\r\n"


def _response_id(content_id: str) -> str:
    """Return `<response-abc>` for `<abc>`, as Google's servers answer."""
    return f"<response-{content_id[1:]}" if content_id.startswith("<") else f"response-{content_id}"
