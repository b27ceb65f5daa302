"""One call to a reference service in its wire format: the address, the request, and reading the answer.

The service's key travels in a header and never in a URL, which servers and proxies log: `X-Goog-Api-Key` for
Perspective (Google's front end takes it in place of the documented `?key=`), `Authorization: Bearer` for OpenAI.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from classifier.core.outbound_http import Answer, Trouble, post
from classifier.models import ReferenceCall, ReferenceService, Wire
from toxicsite.lib.encryption import DecryptionFailed, decrypt

Failure = ReferenceCall.Failure

ANSWER_BYTES = 1024 * 1024
SCORES_MOST = 200
SCORE_NAME_CHARACTERS = 100
USER_AGENT = "toxicsite-reference/1"
PATHS = {Wire.PERSPECTIVE: ("v1alpha1", "comments:analyze"), Wire.OPENAI: ("v1", "moderations")}
MACHINE_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_]{1,63}\Z")

Scores = dict[str, float]


@dataclass(frozen=True)
class Reply:
    """What a reference service answered: its scores for each text, or why there are none.

    `body` is the answer as it came. `detail` is short and holds neither a text nor a key.
    """

    failure: str = Failure.NONE.value
    detail: str = ""
    scores: tuple[Scores, ...] = ()
    body: bytes = field(default=b"", repr=False)
    retry_after: str = ""
    milliseconds: int | None = None

    @property
    def answered(self) -> bool:
        return not self.failure


class AnswerUnreadable(Exception):
    """The answer does not have the form of this wire; the message says what is wrong."""


def endpoint(service: ReferenceService) -> str:
    """Return the URL that is called. A base URL may end with the version already, as OpenAI's clients write it."""
    version, call = PATHS[Wire(service.wire)]
    base = service.url.rstrip("/")
    return f"{base}/{call}" if base.endswith(f"/{version}") else f"{base}/{version}/{call}"


def ask(service: ReferenceService, body: bytes, *, texts: int | None) -> Reply:
    """Ask `service` in one call about this number of texts (None: any number); errors of the network do not raise."""
    try:
        headers = _headers(service)
    except DecryptionFailed:
        detail = "Its key cannot be read, because the site's SECRET_KEY was changed. Enter it again."
        return Reply(Failure.KEY.value, detail)
    answer = post(
        url=endpoint(service),
        body=body,
        headers=headers,
        seconds=service.timeout_seconds,
        keep_bytes=ANSWER_BYTES,
    )
    return read(answer, Wire(service.wire), texts=texts)


def perspective_body(
    *, comment: Mapping[str, Any], attributes: Sequence[str], languages: Sequence[str], do_not_store: bool
) -> dict[str, Any]:
    """Return the body of an observed call to Perspective: the comment, for the attributes that both services know."""
    asked: dict[str, Any] = {
        "comment": dict(comment),
        "requestedAttributes": {name: {} for name in attributes},
        "doNotStore": do_not_store,
    }
    return {**asked, "languages": list(languages)} if languages else asked


def openai_body(*, texts: Sequence[str], model: str) -> dict[str, Any]:
    asked: dict[str, Any] = {"input": list(texts)}
    return {**asked, "model": model} if model else asked


def read(answer: Answer, wire: Wire, *, texts: int | None) -> Reply:
    """Read scores or a failure from the answer to a request about this number of texts (None: any number)."""
    failure, detail = _failure(answer)
    scores: tuple[Scores, ...] = ()
    if not failure:
        try:
            scores = _scores(answer.body, wire, texts)
        except AnswerUnreadable as error:
            failure, detail = Failure.ANSWER, str(error)
    return Reply(
        failure.value,
        detail,
        scores,
        b"" if failure else answer.body,
        answer.retry_after,
        answer.milliseconds,
    )


def _headers(service: ReferenceService) -> dict[str, str]:
    headers = {"Content-Type": "application/json", "Accept": "application/json", "User-Agent": USER_AGENT}
    if service.sealed_key is None:
        return headers
    key = str(decrypt(bytes(service.sealed_key)))
    if service.wire == Wire.PERSPECTIVE:
        return {**headers, "X-Goog-Api-Key": key}
    return {**headers, "Authorization": f"Bearer {key}"}


def _failure(answer: Answer) -> tuple[ReferenceCall.Failure, str]:
    status = answer.status
    if status is None:
        kind = Failure.TIMEOUT if answer.trouble is Trouble.TIMEOUT else Failure.CONNECTION
        return kind, answer.error
    if 200 <= status < 300:
        return (Failure.ANSWER, "Its answer is too long.") if answer.is_cut else (Failure.NONE, "")
    if status < 400:
        return Failure.ANSWER, f"It answered {status}; redirects are not followed."
    word = _machine_word(answer.body)
    detail = f"It answered {status} ({word})." if word else f"It answered {status}."
    if status == 429:
        return Failure.QUOTA, detail
    return (Failure.SERVER if status >= 500 or status == 408 else Failure.REFUSED), detail


def _machine_word(body: bytes) -> str:
    """Return the code that an error has for programs; its message may quote the text or the key and is left out."""
    error = _object(_json_or_none(body).get("error"))
    details = error.get("details")
    first = _object(details[0]) if isinstance(details, list) and details else {}
    for word in (first.get("errorType"), first.get("reason"), error.get("code"), error.get("status")):
        if isinstance(word, str) and MACHINE_WORD.match(word):
            return word
    return ""


def _scores(body: bytes, wire: Wire, texts: int | None) -> tuple[Scores, ...]:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        raise AnswerUnreadable("Its answer is not JSON.") from None
    if not isinstance(answer, dict):
        raise AnswerUnreadable("Its answer is not a JSON object.")
    if wire == Wire.PERSPECTIVE:
        return (_perspective_scores(answer),)
    results = answer.get("results")
    if not isinstance(results, list) or not results:
        raise AnswerUnreadable("Its answer has no results.")
    if texts is not None and len(results) != texts:
        raise AnswerUnreadable(f"It answered {len(results)} results for {texts} texts.")
    return tuple(_openai_scores(result) for result in results)


def _perspective_scores(answer: Mapping[str, Any]) -> Scores:
    """Return the scores; attributes below the caller's `scoreThreshold` are absent, so there may be none."""
    default: dict[str, Any] | None = {} if "languages" in answer or "detectedLanguages" in answer else None
    attributes = answer.get("attributeScores", default)
    if not isinstance(attributes, dict):
        raise AnswerUnreadable("Its answer has no attributeScores.")
    return _checked(
        {
            name: _object(_object(attribute).get("summaryScore")).get("value")
            for name, attribute in attributes.items()
        }
    )


def _openai_scores(result: Any) -> Scores:
    scores = _object(result).get("category_scores")
    if not isinstance(scores, dict):
        raise AnswerUnreadable("One of its results has no category_scores.")
    return _checked(scores)


def _checked(scores: Mapping[str, Any]) -> Scores:
    """Check the scores; null, which some OpenAI models give for categories they do not know, is left out."""
    if len(scores) > SCORES_MOST:
        raise AnswerUnreadable(f"Its answer has more than {SCORES_MOST} scores.")
    if any(len(name) > SCORE_NAME_CHARACTERS or not name.isprintable() for name in scores):
        raise AnswerUnreadable("One of its scores has a name that cannot be kept.")
    given = {name: value for name, value in scores.items() if value is not None}
    for value in given.values():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise AnswerUnreadable("One of its scores is not a number.")
        if not (math.isfinite(value) and 0 <= value <= 1):
            raise AnswerUnreadable("One of its scores is not from 0 to 1.")
    return {name: float(value) for name, value in given.items()}


def _json_or_none(body: bytes) -> dict[str, Any]:
    try:
        return _object(json.loads(body))
    except (ValueError, RecursionError):
        return {}


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
