"""`POST /v1alpha1/comments:suggestscore`: suggested scores of a comment, kept for training.

It stores what it is given, so its key needs the scope `submit`. Moderation systems also send what became of a comment
in place of an attribute (`APPROVED`, `DELETED` and so on, with the value 1): that is about the primary label. A status
below 0.5 says that it did not happen, which says nothing about a label. Suggestions about no label are accepted, named
in a reply header and not stored.
"""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse

from classifier.api.field_errors import printable
from classifier.core.validation import InvalidInput
from classifier.dialects.labels import PERSPECTIVE, STATUSES, is_attribute, label_of_attribute
from classifier.dialects.perspective import requests as common
from classifier.dialects.perspective.errors import invalid
from classifier.dialects.perspective.requests import Fields
from classifier.dialects.perspective.view import PerspectiveView, missing_header
from classifier.dialects.replies import reply
from classifier.model_versions.assembly import assembly_current, language_of_source
from classifier.models import ApiScope, ModelVersion, Source
from classifier.scoring.routes import routed
from classifier.suggestions.services import suggestion_create

KNOWN = (*("comment", "attributeScores", "context", "languages", "communityId", "clientToken", "sessionId"),)
PARTS = ("summaryScore", "spanScores")
SPANS_LIMIT = 1_000
HAPPENED = 0.5


class SuggestScore(PerspectiveView):
    scope = ApiScope.SUBMIT

    def post(self, request: HttpRequest) -> HttpResponse:
        fields = Fields(self.body(), KNOWN)
        self.note_asked(fields)
        sent = common.read_comment(fields.values.get("comment"))
        names = fields.mapping("attributeScores")
        if not names:
            raise invalid("Missing attribute_scores", "NO_REQUESTED_ATTRIBUTES")
        labels, unused = read_labels(names)
        token = fields.text("clientToken")
        languages = common.read_languages(fields)
        context = {
            "context": common.read_context(fields.values.get("context")),
            "communityId": fields.text("communityId", most=common.NAME_LIMIT),
            "sessionId": fields.text("sessionId", most=common.NAME_LIMIT),
        }
        source = self.source_of(fields)
        assert self.api_key is not None
        self.take_texts(1)
        if labels:
            try:
                suggestion_create(
                    text=sent.seen,
                    labels=labels,
                    source=source,
                    languages=languages,
                    context={name: value for name, value in context.items() if value},
                    by=self.api_key.owner,
                    api_key=self.api_key,
                )
            except InvalidInput as error:
                raise invalid(error.problems[0].message) from None
        self.extra_headers |= missing_header(unused)
        detected = routed(
            sent.seen,
            assembly_current(),
            source=language_of_source(source.pk if isinstance(source, Source) else None),
            detect=True,
        )
        return reply(
            {
                **({"clientToken": token} if token else {}),
                "detectedLanguages": list(detected.detected),
                "requestedLanguages": languages,
            }
        )


def read_labels(names: Mapping[str, Any]) -> tuple[dict[str, float], list[str]]:
    """Return the scores of the labels that a suggestion is about, and the names in it that are about no label."""
    labels: dict[str, float] = {}
    first_name: dict[str, str] = {}
    happened: dict[str, float] = {}
    unused = []
    for name, value in names.items():
        if name not in STATUSES and not is_attribute(name):
            raise common.unknown(name)
        score = _value(Fields({} if value is None else value, PARTS, f"attributeScores.{printable(name)}"))
        label = label_of_attribute(name)
        if name in STATUSES and score >= HAPPENED:
            happened[name] = STATUSES[name]
        elif label is None:
            unused.append(name)
        elif labels.setdefault(label, score) != score:
            raise contradiction(first_name[label], name)
        else:
            first_name.setdefault(label, name)
    primary = primary_label() if happened else ""
    for name, score in happened.items():
        if (labels.setdefault(primary, score) >= HAPPENED) != (score >= HAPPENED):
            raise contradiction(first_name[primary], name)
        first_name.setdefault(primary, name)
    return labels, unused


def primary_label() -> str:
    version = ModelVersion.objects.only("primary_label").active()
    return version.primary_label if version is not None else PERSPECTIVE["TOXICITY"]


def contradiction(first: str, second: str) -> Exception:
    return invalid(f"Two attributes say different things of the same label: {first} and {second}")


def _value(fields: Fields) -> float:
    """Return the suggested score of the whole comment, or the highest of its spans if only they were given."""
    spans = fields.each("spanScores", _span)
    if len(spans) > SPANS_LIMIT:
        raise invalid(f"'{fields.path('spanScores')}' is too long")
    summary = fields.values.get("summaryScore")
    if summary is not None:
        return _score(summary, fields.path("summaryScore"))
    if not spans:
        raise invalid(f"Missing '{fields.path('summaryScore')}'")
    return float(max(spans))


def _span(value: Any, where: str) -> float:
    fields = Fields(value, ("begin", "end", "score"), where)
    for name in ("begin", "end"):
        fields.number(name)
    return _score(fields.values.get("score"), fields.path("score"))


def _score(value: Any, where: str) -> float:
    fields = Fields(value, ("value", "type"), where)
    if fields.choice("type", common.SCORE_TYPES) not in common.SCORE_TYPES[:2]:
        raise invalid(f"Score type {fields.values['type']} is not supported; send PROBABILITY")
    number = fields.number("value")
    number = 0.0 if number is None else number  # protocol buffers leave out zeros
    if not 0 <= number <= 1:
        raise invalid(f"'{fields.path('value')}' must be from 0 to 1")
    return number
