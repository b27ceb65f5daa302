"""What every address of a dialect does: key, quota, body, errors in the dialect's format, and the reference service."""

import logging
import uuid
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.core.signals import got_request_exception
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt
from rest_framework.exceptions import ParseError

from classifier.api.parsing import admit_chunked_body, loads
from classifier.api.problems import Problem
from classifier.api_keys.clients_seen import client_seen
from classifier.api_keys.quotas import QuotaState, quota_give_back, quota_headers, quota_refusal, quota_take
from classifier.api_keys.services import api_key_authenticate
from classifier.api_keys.usage import usage_error_count
from classifier.core.error_kinds import ErrorKind
from classifier.core.visibility import seen_by
from classifier.dialects.replies import Dialect, DialectError, DialectReply, dialect_error
from classifier.models import ApiKey, ApiScope, ReferenceMode, Source, Wire
from classifier.references.calls import OwnAnswer
from classifier.references.live_calls import follow_begin, follow_record, observe
from classifier.references.score_maps import ActiveMap, score_map_of

logger = logging.getLogger(__name__)
ANSWERED_BY = "Toxicsite-Answered-By"
# Errors of this site that the reference service may answer in its place; keys, quotas and scopes stay this site's.
REPLACEABLE = frozenset(
    {ErrorKind.INVALID, ErrorKind.UNPROCESSABLE, ErrorKind.NO_WORKER, ErrorKind.TIMEOUT, ErrorKind.BROKEN}
)


@method_decorator(csrf_exempt, name="dispatch")  # there is no session here: only keys count
class DialectView(View):
    """One address of a dialect. `scope` is what its key needs; None lets everybody in."""

    dialect: ClassVar[Dialect]
    scope: ClassVar[ApiScope | None] = None
    http_method_names = ["get", "head", "post"]

    api_key: ApiKey | None = None
    wire: ClassVar[Wire | None] = None  # the wire format of a reference service at this address
    quota: QuotaState | None = None
    own: OwnAnswer | None = None  # this site's answer, to be compared with that of the reference service
    unless: Callable[[], bool] | None = None  # true once this site's own verdict is not needed any more
    sent: bytes | None = None
    taken = 0
    extra_headers: dict[str, str]  # headers that the other service does not send; on every 2xx
    asked_attributes: Iterable[str] = ()  # what this call asks for, shown on the migration page
    asked_languages: Iterable[str] = ()

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.extra_headers = {}
        try:
            response = self._answered(request, *args, **kwargs)
        except DialectError as error:
            response = self.dialect.answer(error)
        except PermissionDenied:
            response = self.dialect.answer(
                DialectError(ErrorKind.NOT_ALLOWED, "The owner of this key may not do this here.")
            )
        except (RequestDataTooBig, UnreadablePostError):
            response = self.dialect.answer(
                DialectError(ErrorKind.MALFORMED, "The request could not be read.")
            )
        except Exception as error:
            response = self.dialect.answer(dialect_error(error) or self._failed(request, error))
        if 200 <= response.status_code < 300:
            for name, value in self.extra_headers.items():
                response.headers[name] = value
        if response.status_code >= 400 and self.taken:
            quota_give_back(api_key=self.api_key, texts=self.taken)
        if self.quota is not None:
            for name, value in quota_headers(self.quota).items():
                response.headers.setdefault(name, value)
        self.dialect.finish(response)
        if self.api_key is not None and response.status_code >= 400 and response.status_code != 429:
            usage_error_count(api_key=self.api_key)
        if self.api_key is not None:
            client_seen(
                api_key=self.api_key,
                dialect=self.dialect.name,
                user_agent=request.headers.get("User-Agent", ""),
                library=request.headers.get("X-Goog-Api-Client", ""),
                attributes=self.asked_attributes,
                languages=self.asked_languages,
            )
        return response

    def body(self) -> dict[str, Any]:
        """Return the body as an object, whatever its media type: the dialects know JSON only."""
        data = parse_json(self.raw_body())
        if not isinstance(data, dict):
            raise DialectError(ErrorKind.MALFORMED, "The body must be one JSON object.")
        return data

    def raw_body(self) -> bytes:
        """Return the body as it came."""
        if self.sent is None:
            self.sent = read_body(self.request)
        return self.sent

    def take_texts(self, texts: int) -> None:
        """Count the texts of this call, all of them or none; over the quota nothing is scored.

        If the call then ends with an error they are given back.
        """
        self._take(texts=texts, requests=0)
        self.taken = texts

    def sent_key(self) -> str | None:
        """Return the key that the caller sent; a dialect may know other places."""
        scheme, _, credentials = self.request.headers.get("Authorization", "").partition(" ")
        return credentials.strip() or None if scheme.lower() == "bearer" else None

    def score_map(self, wire: Wire) -> ActiveMap | None:
        """Return the score map that is on for this key, if it is for the scale of `wire`."""
        score_map = score_map_of(self.api_key) if self.api_key is not None else None
        return score_map if score_map is not None and score_map.wire == wire else None

    def only_source(self) -> Source | None:
        """Return the source of a key that is for exactly one, as long as its owner sees it."""
        owner = self.api_key.owner if self.api_key is not None else None
        if owner is None or owner.only_sources is None or len(owner.only_sources) != 1:
            return None
        return Source.objects.filter(seen_by(owner, "pk")).first()

    def only_source_id(self) -> int | None:
        only = self.only_source()
        return None if only is None else only.pk

    @property
    def lifts(self) -> bool:
        """Return whether this key asks for scores lifted to the policy's threshold."""
        return self.api_key is not None and self.api_key.lifts_scores

    def require_scope(self, scope: ApiScope) -> None:
        if self.api_key is not None and scope not in self.api_key.scopes:
            own_scopes = ", ".join(self.api_key.scopes)
            message = f'This needs an API key with the scope "{scope}"; this key has: {own_scopes}.'
            raise DialectError(ErrorKind.NOT_ALLOWED, message, code=scope)

    def _answered(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        handler = getattr(self, (request.method or "").lower(), None)
        if (request.method or "").lower() not in self.http_method_names or handler is None:
            allowed = ", ".join(name.upper() for name in self.http_method_names if hasattr(self, name))
            message = f"{request.method} is not supported at {request.path}; it answers {allowed}."
            raise DialectError(ErrorKind.METHOD_NOT_SUPPORTED, message, headers={"Allow": allowed})
        if self.scope is not None:
            self.api_key = self._authenticated()
            self._take(texts=0, requests=1)
            self.require_scope(self.scope)
        if self.wire is None or self.api_key is None or self.api_key.reference_mode == ReferenceMode.OFF:
            answered: HttpResponse = handler(request, *args, **kwargs)
            return answered
        return with_reference(self, self.wire, self.api_key, lambda: handler(request, *args, **kwargs))

    def _authenticated(self) -> ApiKey:
        plaintext = self.sent_key()
        if plaintext is None:
            raise DialectError(ErrorKind.NO_KEY, "No API key was sent.")
        return api_key_authenticate(plaintext=plaintext)

    def _take(self, *, texts: int, requests: int) -> None:
        assert self.api_key is not None
        self.quota = quota_take(api_key=self.api_key, user=self.api_key.owner, texts=texts, requests=requests)
        if self.quota.exceeded:
            raise DialectError(
                ErrorKind.QUOTA_EXCEEDED, quota_refusal(self.quota, texts=texts), quota=self.quota
            )

    def _failed(self, request: HttpRequest, error: Exception) -> DialectError:
        request_id = uuid.uuid4().hex
        logger.error("request %s failed", request_id, exc_info=error)
        got_request_exception.send(sender=None, request=request)
        message = f"Something failed on the server; the details are in its log under {request_id}."
        return DialectError(ErrorKind.BROKEN, message)


def with_reference(
    view: DialectView, wire: Wire, api_key: ApiKey, answer: Callable[[], HttpResponse]
) -> HttpResponse:
    """Return this site's answer or, if the key follows a reference service that has one, that service's as it came.

    A key that observes a service hands the call over to the worker after its answer.
    """
    view.body()  # a body that is no JSON object is not sent on
    follow = follow_begin(api_key=api_key, wire=wire, body=view.raw_body())
    if follow is None:
        response = answer()
        if view.own is not None:
            observe(api_key=api_key, own=view.own)
        return response
    view.unless = follow.overtaken
    own_error: DialectError | None = None
    try:
        response = answer()
    except DialectError as error:
        if error.kind not in REPLACEABLE:
            raise
        own_error = error
    reply = follow.reply()
    follow_record(api_key=api_key, follow=follow, own=view.own)
    if reply.answered:
        view.extra_headers.clear()
        view.extra_headers[ANSWERED_BY] = "reference"
        headers = {"Cache-Control": "no-store"}
        return DialectReply(reply.body, headers=headers, content_type="application/json; charset=utf-8")
    answered_by = f"own; reason={reply.failure}"
    if own_error is not None:
        own_error.headers = {**own_error.headers, ANSWERED_BY: answered_by}
        raise own_error
    view.extra_headers[ANSWERED_BY] = answered_by
    return response


def read_body(request: HttpRequest) -> bytes:
    """Read the body, bounded before it is read. Raises DialectError."""
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    encoding = request.headers.get("Content-Encoding", "")
    if encoding.strip().lower() not in ("", "identity"):
        raise DialectError(
            ErrorKind.MALFORMED, "Compressed bodies are not read. Send it without Content-Encoding."
        )
    try:
        admit_chunked_body(request)
        if int(request.META.get("CONTENT_LENGTH") or 0) > limit:
            raise _too_large()
        body = request.read(limit + 1)
    except Problem as problem:
        raise _unread(problem) from None
    if len(body) > limit:
        raise _too_large()
    return body


def parse_json(body: bytes) -> Any:
    """Parse a body as strictly as the REST API does. Raises DialectError."""
    try:
        return loads(body)
    except Problem as problem:
        raise _unread(problem) from None
    except ParseError as error:
        raise DialectError(ErrorKind.MALFORMED, str(error.detail)) from None


def _unread(problem: Problem) -> DialectError:
    return _too_large() if problem.kind.status == 413 else DialectError(ErrorKind.MALFORMED, problem.detail)


def _too_large() -> DialectError:
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    return DialectError(ErrorKind.TOO_LARGE, f"Request payload size exceeds the limit: {limit} bytes.")
