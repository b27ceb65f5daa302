"""OpenAI's `POST /v1/moderations`, with all thirteen categories that its clients need.

Categories that no label of the model covers are false and 0.0, and `category_applied_input_types` says so with an empty
list. A category is true where one of its labels reaches that label's own threshold. `flagged` follows the policy and
the rules of the key's source, or of the site where the key is not for one source: true unless they approve.

With a score map on the key `category_scores` are in the scale that the client knows and `model_scores` the model's own;
categories and `flagged` stay as they are.

A part with an image is skipped if there is text beside it; a reply header counts the skipped parts.
"""

import uuid
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from classifier.api.fields import json_type
from classifier.core.error_kinds import ErrorKind
from classifier.dialects.labels import OPENAI
from classifier.dialects.replies import Dialect, DialectError, reply
from classifier.dialects.scoring import (
    Moderated,
    judged_as,
    map_for,
    moderated,
    plain_reader,
    policy_header,
    scored,
    version_of,
)
from classifier.dialects.view import DialectView
from classifier.models import ApiScope, Wire
from classifier.references.calls import OwnAnswer
from classifier.references.queue import OwnText
from classifier.references.score_maps import HEADER as MAP_HEADER
from classifier.references.score_maps import ActiveMap
from classifier.references.wire import openai_body
from classifier.scoring.score_texts import ScoredText

FIELDS = ("input", "model")
SKIPPED = "Toxicsite-Skipped-Parts"
ONLY_IMAGES = (
    "This server reads text only; it cannot moderate images. "
    "Send an image beside text, and the text alone is read."
)
_CATEGORIES = {labels[0]: category for category, labels in OPENAI.items() if labels}
STATUSES = {ErrorKind.TIMEOUT: 503}
CODES = {
    ErrorKind.BAD_KEY: "invalid_api_key",
    ErrorKind.NO_KEY: "invalid_api_key",
    ErrorKind.NOT_ALLOWED: "missing_scope",
    ErrorKind.NOT_FOUND: "unknown_url",
    ErrorKind.METHOD_NOT_SUPPORTED: "method_not_supported",
    ErrorKind.TOO_LARGE: "request_too_large",
    ErrorKind.QUOTA_EXCEEDED: "rate_limit_exceeded",
}
MESSAGES = {
    ErrorKind.NO_KEY: (
        "You didn't provide an API key. Send it in an Authorization header as a Bearer token "
        "(i.e. Authorization: Bearer YOUR_KEY)."
    ),
    ErrorKind.BAD_KEY: "Incorrect API key provided: it is unknown, revoked or expired.",
}


def error_body(error: DialectError, status: int) -> dict[str, Any]:
    kind = "server_error" if status >= 500 else "invalid_request_error"
    if error.kind is ErrorKind.QUOTA_EXCEEDED and error.quota is not None:
        kind = error.quota.exceeded or "requests"
    return {
        "error": {
            "message": MESSAGES.get(error.kind, error.message),
            "type": kind,
            "param": error.param or None,
            "code": CODES.get(error.kind),
        }
    }


DIALECT = Dialect(STATUSES, error_body, "openai")


class Moderations(DialectView):
    dialect = DIALECT
    scope = ApiScope.SCORE
    wire = Wire.OPENAI
    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        body = self.body()
        unknown = next((name for name in body if name not in FIELDS), None)
        if unknown is not None:
            raise _invalid(f"Unrecognized request argument supplied: {unknown[:100]!a}", "")
        if not isinstance(body.get("model"), str | None):
            raise _invalid("The model must be a string; every name gives the active version.", "model")
        texts, names, skipped = read_input(body.get("input"))
        self.take_texts(len(texts))
        source_id = self.only_source_id()
        verdicts = scored(
            texts, names=names, read=plain_reader(source_id), unless=self.unless, source_id=source_id
        )
        versions = {verdict.model_version: version_of(verdict) for verdict in verdicts[:1] + verdicts[-1:]}
        for verdict in verdicts:
            if verdict.model_version not in versions:
                versions[verdict.model_version] = version_of(verdict)
        judged = moderated(
            [
                (text, verdict.scores, versions[verdict.model_version])
                for text, verdict in zip(texts, verdicts, strict=True)
            ],
            source_id=source_id,
            lifts=self.lifts,
            languages=judged_as(verdicts),
        )
        score_map = self.score_map(Wire.OPENAI)
        results = [
            result_of(moderation, versions[verdict.model_version].thresholds, map_for(score_map, verdict))
            for moderation, verdict in zip(judged, verdicts, strict=True)
        ]
        self.extra_headers |= policy_header(judged, _CATEGORIES)
        if score_map is not None:
            self.extra_headers[MAP_HEADER] = score_map.header
        if skipped:
            self.extra_headers[SKIPPED] = f"image_url={skipped}"
        self.own = OwnAnswer(
            wire=Wire.OPENAI,
            texts=[
                OwnText(text, _own_scores(verdict)) for text, verdict in zip(texts, verdicts, strict=True)
            ],
            model_version=verdicts[-1].model_version,
            body=openai_body(texts=texts, model=body.get("model") or ""),
            source=source_id or "",
        )
        return reply(
            {"id": f"modr-{uuid.uuid4().hex}", "model": verdicts[-1].model_version, "results": results}
        )


def read_input(value: Any) -> tuple[list[str], list[str], int]:
    """Return the texts to score, where each stands, and how many images are skipped.

    A string and a list of parts are one text, a list of strings is many.
    """
    if value is None:
        raise _invalid("Missing required parameter: 'input'.", "input")
    if isinstance(value, str):
        return [_text(value, "input")], ["input"], 0
    if not isinstance(value, list):
        raise _invalid(f"'input' must be a string or an array, not {json_type(value)}.", "input")
    if not value:
        raise _invalid("'input' must not be an empty array.", "input")
    if len(value) > settings.BATCH_MAX_COMMENTS:
        message = f"'input' has {len(value)} items; at most {settings.BATCH_MAX_COMMENTS} are allowed."
        raise _invalid(message, "input")
    if all(isinstance(item, str) for item in value):
        names = [f"input[{index}]" for index in range(len(value))]
        return [_text(item, name) for item, name in zip(value, names, strict=True)], names, 0
    parts = [_part(item, f"input[{index}]") for index, item in enumerate(value)]
    texts = [part for part in parts if part is not None]
    if not texts:
        raise _invalid(ONLY_IMAGES, "input[0]")
    return [_text("\n".join(texts), "input")], ["input"], len(parts) - len(texts)


def result_of(
    judged: Moderated, thresholds: Mapping[str, float], score_map: ActiveMap | None = None
) -> dict[str, Any]:
    """Return the result of one text in OpenAI's format. A score map changes `category_scores` alone."""
    categories, scores, own, applied = {}, {}, {}, {}
    for category, labels in OPENAI.items():
        known = [label for label in labels if label in judged.scores]
        categories[category] = any(
            judged.scores[label] >= thresholds[label] or label == judged.lifted for label in known
        )
        scores[category] = max((judged.scores[label] for label in known), default=0.0)
        is_mapped = bool(known) and score_map is not None and score_map.covers(category)
        if score_map is not None and is_mapped:
            scores[category] = score_map.apply(category, scores[category])
        if judged.lifted in known or is_mapped:
            own[category] = max(judged.own[label] for label in known)
        applied[category] = ["text"] if known else []
    return {
        "flagged": judged.flagged,
        "categories": categories,
        "category_scores": scores,
        "category_applied_input_types": applied,
        "moderation": judged.body(),
        **({"model_scores": own} if own else {}),
        **({"score_map": score_map.snake_body} if score_map is not None else {}),
    }


def _own_scores(verdict: ScoredText) -> dict[str, float]:
    """Return the model's own scores of the categories that it has labels for."""
    own_scores = {}
    for category, labels in OPENAI.items():
        known = [verdict.scores[label] for label in labels if label in verdict.scores]
        if known:
            own_scores[category] = max(known)
    return own_scores


def _part(item: Any, name: str) -> str | None:
    """Return the text of a part, or None for an image, which is skipped."""
    if not isinstance(item, dict):
        raise _invalid(f"'{name}' must be an object with a type, as its neighbours are.", name)
    kind = item.get("type")
    if kind == "image_url":
        return None
    if kind != "text":
        raise _invalid(f"'{name}.type' must be 'text'; beside it 'image_url' is skipped.", f"{name}.type")
    if not isinstance(item.get("text"), str):
        raise _invalid(f"'{name}.text' must be a string.", f"{name}.text")
    return str(item["text"])


def _text(value: str, name: str) -> str:
    if not value.strip():
        raise _invalid(f"'{name}' must not be empty.", name)
    return value


def _invalid(message: str, param: str) -> DialectError:
    return DialectError(ErrorKind.INVALID, message, param=param)
