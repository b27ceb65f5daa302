"""`POST /v1alpha1/comments:analyze`: the attributes of one comment, for the whole of it and for each sentence.

Without `spanAnnotations` there is one span over the whole text. With it each sentence is scored by itself, and offsets
count UTF-16 code units of the text as it was sent. A comment is stored only where the caller did not say `doNotStore`
and the key has the scope `submit`; what was scored is then kept as it is, not scored again.
"""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse

from classifier.api.dialects.labels import label_of_attribute
from classifier.api.dialects.perspective import comment as common
from classifier.api.dialects.perspective.errors import DIALECT, invalid
from classifier.api.dialects.perspective.keys import PerspectiveView
from classifier.api.dialects.perspective.markup import Plain, Utf16
from classifier.api.dialects.perspective.reading import Fields
from classifier.api.dialects.refusals import Refusal
from classifier.api.dialects.replies import reply
from classifier.api.dialects.scoring import active_version, scored
from classifier.api.field_errors import printable
from classifier.inference.sentences import joined, sentence_spans
from classifier.models import ApiScope, ModelVersion
from classifier.services import ScoredText
from classifier.services.scored_comments import scored_comment_store

KNOWN = (
    *(
        "comment",
        "requestedAttributes",
        "languages",
        "doNotStore",
        "spanAnnotations",
        "dropUnsupportedAttributes",
    ),
    *("clientToken", "sessionId", "communityId", "context"),
)
PROBABILITY = "PROBABILITY"
SPANS_MAX = 64


@dataclass(frozen=True)
class Asked:
    """One requested attribute, under the name that the caller gave it."""

    name: str
    label: str
    threshold: float | None


class Analyze(PerspectiveView):
    dialect = DIALECT
    scope = ApiScope.SCORE

    def post(self, request: HttpRequest) -> HttpResponse:
        fields = Fields(self.body(), KNOWN)
        plain = common.read_comment(fields.values.get("comment"))
        names = fields.mapping("requestedAttributes")
        if not names:
            raise invalid("Missing requested_attributes", "NO_REQUESTED_ATTRIBUTES")
        drop = fields.flag("dropUnsupportedAttributes")
        keep = not fields.flag("doNotStore")
        annotate = fields.flag("spanAnnotations")
        token = fields.text("clientToken")
        source = self.source_of(fields)
        context = common.read_context(fields.values.get("context"))
        session = fields.text("sessionId", most=common.NAME_LIMIT)
        languages = common.read_languages(fields)
        version = active_version()
        asked = [
            each
            for name, value in names.items()
            if (each := _asked(name, value, languages, version, drop=drop)) is not None
        ]
        spans = joined(sentence_spans(plain.text), SPANS_MAX) if annotate else []
        if spans == [(0, len(plain.text))]:
            spans = []
        self.take_texts(1)
        texts = [plain.text, *(plain.text[begin:end] for begin, end in spans)]
        whole, *parts = scored(texts, names=["comment.text"] * len(texts))
        asked = _answered(asked, whole, drop=drop)
        if keep and self.api_key is not None and ApiScope.SUBMIT in self.api_key.scopes:
            scored_comment_store(
                text=plain.text,
                scored=whole,
                source=source,
                context=common.kept_context(context, session),
                by=self.api_key.owner,
                api_key=self.api_key,
            )
        places = _Places(plain)
        spoken = languages or common.languages_of(version)[:1]
        return reply(
            {
                "attributeScores": {
                    each.name: scores
                    for each in asked
                    if (scores := _scores(each, whole, parts, spans, places)) is not None
                },
                "languages": spoken,
                "detectedLanguages": spoken,
                **({"clientToken": token} if token else {}),
                "modelVersion": whole.model_version,
            }
        )


class _Places:
    """UTF-16 places in the text as it was sent."""

    def __init__(self, plain: Plain) -> None:
        self.plain, self.units = plain, Utf16(plain.original)

    def whole(self) -> tuple[int, int]:
        return 0, self.units.at(len(self.plain.original))

    def of(self, span: tuple[int, int]) -> tuple[int, int]:
        begin, end = self.plain.original_span(*span)
        return self.units.at(begin), self.units.at(end)


def _asked(name: str, value: Any, languages: list[str], version: ModelVersion, *, drop: bool) -> Asked | None:
    fields = Fields(
        {} if value is None else value,
        ("scoreType", "scoreThreshold"),
        f"requestedAttributes.{printable(name)}",
    )
    if fields.choice("scoreType", common.SCORE_TYPES) not in common.SCORE_TYPES[:2]:
        raise invalid(f"Score type {fields.values['scoreType']} is not supported; ask for {PROBABILITY}")
    threshold = fields.number("scoreThreshold")
    label = label_of_attribute(name)
    try:
        if label is None or label not in version.labels:
            raise common.unknown(name)
        common.check_languages(languages, label, name, version)
    except Refusal:
        if drop:
            return None
        raise
    return Asked(name, label, threshold)


def _answered(asked: list[Asked], whole: ScoredText, *, drop: bool) -> list[Asked]:
    """Those that the version which answered has a label for: another may have become active meanwhile."""
    missing = next((each for each in asked if each.label not in whole.scores), None)
    if missing is not None and not drop:
        raise common.unknown(missing.name)
    return [each for each in asked if each.label in whole.scores]


def _scores(
    asked: Asked, whole: ScoredText, parts: list[ScoredText], spans: list[tuple[int, int]], places: _Places
) -> dict[str, Any] | None:
    def enough(value: float) -> bool:
        return asked.threshold is None or value >= asked.threshold

    summary = whole.scores[asked.label]
    if not enough(summary):
        return None
    found = [(places.whole(), summary)]
    if parts:
        each = zip(spans, parts, strict=True)
        found = [(places.of(span), part.scores[asked.label]) for span, part in each]
    return {
        "spanScores": [
            {"begin": begin, "end": end, "score": _score(value)}
            for (begin, end), value in found
            if enough(value)
        ],
        "summaryScore": _score(summary),
    }


def _score(value: float) -> dict[str, Any]:
    return {"value": value, "type": PROBABILITY}
