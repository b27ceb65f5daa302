"""text-embeddings-inference: `POST /predict` for a sequence classifier, with `/info` and `/health`.

A text is scored whole, in windows, however much the model reads at once; only a text over this server's limit is
refused, or cut there with `truncate`. `raw_scores` are the log-odds of the probabilities: the worker passes on
probabilities only, and for a sigmoid head that is the same number again.

The scores are the model's own. What the policy and the rules of the key's source say of the texts is in a reply
header, and in the score of the primary label where the key lifts scores.
"""

import math
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from classifier.api.fields import json_type
from classifier.core.error_kinds import ErrorKind
from classifier.dialects.replies import Dialect, DialectError, DialectReply, reply
from classifier.dialects.scoring import (
    active_version,
    judged_as,
    moderated,
    plain_reader,
    policy_header,
    scored,
    version_of,
)
from classifier.dialects.view import DialectView
from classifier.models import ApiScope
from classifier.scoring.heartbeat import worker_status

SMALLEST = 1e-12
SEVERAL = 'For several texts send an array of arrays: [["first text"],["second text"]]'
PAIR = (
    "`inputs` holds two strings, which is one pair, and pairs are not supported: the model classifies single texts. "
    'For two texts send an array of arrays: [["first text"],["second text"]]'
)
STATUSES = {
    ErrorKind.INVALID: 422,
    ErrorKind.UNPROCESSABLE: 413,
    ErrorKind.NO_WORKER: 424,
    ErrorKind.TIMEOUT: 429,
}
TYPES = {
    ErrorKind.NO_WORKER: "Backend",
    ErrorKind.UNAVAILABLE: "Unhealthy",
    ErrorKind.BROKEN: "Backend",
    ErrorKind.TIMEOUT: "Overloaded",
    ErrorKind.QUOTA_EXCEEDED: "Overloaded",
}


def error_body(error: DialectError, status: int) -> dict[str, Any]:
    return {"error": error.message, "error_type": error.code or TYPES.get(error.kind, "Validation")}


DIALECT = Dialect(STATUSES, error_body, "tei")


class Predict(DialectView):
    dialect = DIALECT
    scope = ApiScope.SCORE
    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        body = self.body()
        options = _options(body)
        texts, is_batch = read_inputs(body.get("inputs"))
        limit = settings.COMMENT_MAX_CHARACTERS
        if options["truncate"]:
            left = options["truncation_direction"] == "Left"
            texts = [text[-limit:] if left else text[:limit] for text in texts]
        for text in texts:
            if len(text) > limit:
                message = f"`inputs` must have less than {limit} characters. Given: {len(text)}"
                raise DialectError(ErrorKind.UNPROCESSABLE, message)
        self.take_texts(len(texts))
        source_id = self.only_source_id()
        try:
            verdicts = scored(
                texts, names=["inputs"] * len(texts), read=plain_reader(source_id), source_id=source_id
            )
        except DialectError as error:
            error.code = ""
            raise
        versions = {verdict.model_version: verdict for verdict in verdicts}
        rows = {name: version_of(verdict) for name, verdict in versions.items()}
        judged = moderated(
            [
                (text, verdict.scores, rows[verdict.model_version])
                for text, verdict in zip(texts, verdicts, strict=True)
            ],
            source_id=source_id,
            lifts=self.lifts,
            languages=judged_as(verdicts),
        )
        self.extra_headers |= policy_header(judged, {})
        predictions = [_predictions(moderation.scores, raw=options["raw_scores"]) for moderation in judged]
        return reply(predictions if is_batch else predictions[0])


class Info(DialectView):
    dialect = DIALECT
    scope = ApiScope.SCORE
    http_method_names = ["get", "head"]

    def get(self, request: HttpRequest) -> HttpResponse:
        version = active_version()
        names = {str(index): label for index, label in enumerate(version.labels)}
        return reply(
            {
                "model_id": version.version,
                "model_sha": None,
                "model_type": {
                    "classifier": {
                        "id2label": names,
                        "label2id": {label: int(index) for index, label in names.items()},
                    }
                },
                "max_client_batch_size": settings.BATCH_MAX_COMMENTS,
                "auto_truncate": False,
            }
        )


class Health(DialectView):
    dialect = DIALECT
    http_method_names = ["get", "head"]

    def get(self, request: HttpRequest) -> HttpResponse:
        status = worker_status()
        if status.alive and status.model_version and not status.problem:
            return DialectReply(status=200, content_type="text/plain")
        return reply({"error": "unhealthy", "error_type": "Unhealthy"}, status=503)


def read_inputs(value: Any) -> tuple[list[str], bool]:
    """Return the texts, and whether the answer is a list of answers."""
    if isinstance(value, str):
        return [_text(value)], False
    if not isinstance(value, list):
        what = "is missing" if value is None else f"is {json_type(value)}"
        raise DialectError(
            ErrorKind.INVALID, f"`inputs` {what}; it must be a string or an array of arrays of one string"
        )
    if not value:
        raise DialectError(ErrorKind.MALFORMED, "`inputs` cannot be empty", code="Empty")
    if all(isinstance(item, str) for item in value):
        return [_single(value)], False
    if len(value) > settings.BATCH_MAX_COMMENTS:
        message = f"batch size {len(value)} > maximum allowed batch size {settings.BATCH_MAX_COMMENTS}"
        raise DialectError(ErrorKind.TOO_LARGE, message)
    if not all(isinstance(item, list) and all(isinstance(text, str) for text in item) for item in value):
        raise DialectError(ErrorKind.INVALID, "`inputs` must be a string or an array of arrays of one string")
    return [_single(item) for item in value], True


def _single(sequence: list[str]) -> str:
    if len(sequence) == 2:
        raise DialectError(ErrorKind.INVALID, PAIR)
    if len(sequence) != 1:
        raise DialectError(
            ErrorKind.INVALID, f"`inputs` must have a length of 1. Given: {len(sequence)}. {SEVERAL}"
        )
    return _text(sequence[0])


def _text(value: str) -> str:
    if not value.strip():
        raise DialectError(ErrorKind.MALFORMED, "`inputs` cannot be empty", code="Empty")
    return value


def _options(body: dict[str, Any]) -> dict[str, Any]:
    options: dict[str, Any] = {"raw_scores": False, "truncate": False, "truncation_direction": "Right"}
    for name in ("raw_scores", "truncate"):
        value = body.get(name)
        if not isinstance(value, bool | None):
            raise DialectError(ErrorKind.INVALID, f"`{name}` must be true or false, not {json_type(value)}")
        options[name] = bool(value)
    direction = body.get("truncation_direction")
    if direction not in (None, "Left", "Right", "left", "right"):
        raise DialectError(ErrorKind.INVALID, "`truncation_direction` must be Left or Right")
    options["truncation_direction"] = (direction or "Right").capitalize()
    return options


def _predictions(scores: Mapping[str, float], *, raw: bool) -> list[dict[str, Any]]:
    rows = [{"label": label, "score": _logit(p) if raw else p} for label, p in scores.items()]
    return sorted(rows, key=lambda row: -float(row["score"]))


def _logit(probability: float) -> float:
    bounded = min(max(probability, SMALLEST), 1 - SMALLEST)
    return math.log(bounded / (1 - bounded))
