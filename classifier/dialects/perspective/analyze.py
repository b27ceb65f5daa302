"""`POST /v1alpha1/comments:analyze`: the attributes of one comment, for the whole of it and for each sentence.

Without `spanAnnotations` there is one span over the whole text. With it each sentence is scored by itself, and offsets
count UTF-16 code units of the text as it was sent. A comment is stored only where the caller did not say `doNotStore`
and the key has the scope `submit`; what was scored is then kept as it is, not scored again.

A text in a language that no version in production knows is an error, as with Google's server, unless the source's
policy judges it anyway; languages that the caller states count before those that are identified. A text in several
languages is judged by the version of each, and what the one says that finds it more toxic counts.

The policy and rules of the comment's source say what they would do with it (`moderation`, and a header where they do
not approve); a key may ask for the score of the primary label to be lifted to the policy's threshold then. Real
attributes that no label covers are left out, refused or given a constant, by the key's setting; the reply says which.

A key may have a score map: scores, those of sentences too, are then in the scale of the service that the client knows,
and `scoreThreshold` is compared with them; `modelScores` has the model's own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse

from classifier.api.field_errors import printable
from classifier.dialects.labels import PERSPECTIVE, is_attribute, label_of_attribute
from classifier.dialects.perspective import requests as common
from classifier.dialects.perspective.errors import DIALECT, invalid
from classifier.dialects.perspective.requests import Fields, SentText
from classifier.dialects.perspective.utf16 import Utf16
from classifier.dialects.perspective.view import Missing, PerspectiveView
from classifier.dialects.replies import DialectError, reply
from classifier.dialects.scoring import (
    Moderated,
    active_version,
    map_for,
    moderated,
    policy_header,
    scored,
    version_of,
)
from classifier.inference.language import UNDETERMINED, Identified
from classifier.inference.normalise import NormalisedText
from classifier.inference.sentences import joined, sentence_spans
from classifier.model_versions.assembly import Assembly, assembly_of
from classifier.models import ApiScope, Source, TextFormat, Wire
from classifier.policies.active_policies import policy_for
from classifier.references.calls import OwnAnswer
from classifier.references.queue import OwnText
from classifier.references.score_maps import HEADER as MAP_HEADER
from classifier.references.score_maps import ActiveMap
from classifier.references.wire import perspective_body
from classifier.scoring.score_texts import ScoredText
from classifier.scoring.store_scored import scored_comment_store

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
_ATTRIBUTES = {label: name for name, label in PERSPECTIVE.items()}


@dataclass(frozen=True)
class Asked:
    """One requested attribute, under the name that the caller gave it; no `label` covers it where that is None."""

    name: str
    label: str | None
    threshold: float | None


class Analyze(PerspectiveView):
    dialect = DIALECT
    scope = ApiScope.SCORE
    wire = Wire.PERSPECTIVE

    def post(self, request: HttpRequest) -> HttpResponse:
        fields = Fields(self.body(), KNOWN)
        self.note_asked(fields, "requestedAttributes")
        sent = common.read_comment(fields.values.get("comment"))
        names = fields.mapping("requestedAttributes")
        if not names:
            raise invalid("Missing requested_attributes", "NO_REQUESTED_ATTRIBUTES")
        drop = fields.flag("dropUnsupportedAttributes")
        keep = not fields.flag("doNotStore")
        annotate = fields.flag("spanAnnotations")
        token = fields.text("clientToken")
        source = self.source_of(fields)
        source_id = source.pk if isinstance(source, Source) else None
        policy = policy_for(source_id)
        marked = policy.read(sent.text, sent.text_format)
        plain = marked.for_scoring(policy.leave_out)
        context = common.read_context(fields.values.get("context"))
        session = fields.text("sessionId", most=common.NAME_LIMIT)
        languages = common.read_languages(fields)
        version = active_version()
        assembly = assembly_of(version)
        missing = Missing.of(self.api_key, drop=drop)
        asked = [
            attribute
            for name, value in names.items()
            if (attribute := _asked(name, value, languages, assembly, missing, drop=drop)) is not None
        ]
        spans = joined(sentence_spans(plain.text), SPANS_MAX) if annotate else []
        if spans == [(0, len(plain.text))]:
            spans = []
        self.take_texts(1)
        texts = [plain.text, *(plain.text[begin:end] for begin, end in spans)]
        whole, *parts = scored(
            texts,
            names=["comment.text"] * len(texts),
            unless=self.unless,
            languages=languages,
            source_id=source_id,
            whole=1,
        )
        if not languages and policy.unread(whole):
            asked = _without_unsupported(asked, whole, drop=drop)
        _note_unanswered(asked, whole, missing)
        answered = version if version.version == whole.model_version else version_of(whole)
        [judged] = moderated(
            [(sent.text, whole.scores, answered)],
            source_id=source_id,
            lifts=self.lifts,
            language=Identified(whole.language, whole.language_supported),
            text_format=sent.text_format,
        )
        # Markup is not stored, unless only it says what the policy leaves out.
        if not marked.left_out(policy.leave_out):
            sent = SentText(sent.seen, TextFormat.TEXT)
        stored = None
        if keep and self.api_key is not None and ApiScope.SUBMIT in self.api_key.scopes:
            stored = scored_comment_store(
                text=sent.text,
                text_format=sent.text_format,
                scored=whole,
                source=source,
                context=common.kept_context(context, session),
                languages=languages,
                by=self.api_key.owner,
                api_key=self.api_key,
            )
        own = _own_scores(asked, whole)
        self.own = OwnAnswer(
            wire=Wire.PERSPECTIVE,
            texts=[OwnText(sent.text, own, stored.pk if stored is not None else None)],
            model_version=whole.model_version,
            body=perspective_body(
                comment=fields.values["comment"],
                attributes=list(own),
                languages=languages,
                do_not_store=not keep,
            ),
            source=source.pk if isinstance(source, Source) else source,
            may_keep=keep,
        )
        places = _Places(plain)
        score_map = map_for(self.score_map(Wire.PERSPECTIVE), whole)
        attribute_scores = {
            attribute.name: scores
            for attribute in asked
            if (scores := _scores(attribute, judged, parts, spans, places, missing, score_map)) is not None
        }
        model_scores = {
            attribute.name: own[attribute.name]
            for attribute in asked
            if attribute.name in attribute_scores
            and attribute.name in own
            and (attribute.label == judged.lifted or _is_mapped(score_map, attribute))
        }
        detected = list(whole.detected)
        answered_languages = languages or _scored_as(whole, assembly) or detected
        self.extra_headers |= missing.header() | policy_header([judged], _ATTRIBUTES)
        if score_map is not None:
            self.extra_headers[MAP_HEADER] = score_map.header
        return reply(
            {
                "attributeScores": attribute_scores,
                "languages": answered_languages,
                "detectedLanguages": detected,
                **({"clientToken": token} if token else {}),
                "modelVersion": whole.model_version,
                "moderation": judged.body(),
                **({"modelScores": model_scores} if model_scores else {}),
                **({"scoreMap": score_map.body} if score_map is not None else {}),
                **({"missingAttributes": missing.body()} if missing.names else {}),
            }
        )


class _Places:
    """Offsets in UTF-16 code units of the text as it was sent."""

    def __init__(self, plain: NormalisedText) -> None:
        self.plain, self.units = plain, Utf16(plain.original)

    def whole(self) -> tuple[int, int]:
        return 0, self.units.at(len(self.plain.original))

    def of(self, span: tuple[int, int]) -> tuple[int, int]:
        begin, end = self.plain.original_span(*span)
        return self.units.at(begin), self.units.at(end)


def _asked(
    name: str, value: Any, languages: list[str], assembly: Assembly, missing: Missing, *, drop: bool
) -> Asked | None:
    fields = Fields(
        {} if value is None else value,
        ("scoreType", "scoreThreshold"),
        f"requestedAttributes.{printable(name)}",
    )
    if fields.choice("scoreType", common.SCORE_TYPES) not in common.SCORE_TYPES[:2]:
        raise invalid(f"Score type {fields.values['scoreType']} is not supported; ask for {PROBABILITY}")
    threshold = fields.number("scoreThreshold")
    label = label_of_attribute(name)
    if label is not None and any(label in version.labels for version in assembly.versions):
        try:
            common.check_languages(languages, name, assembly)
        except DialectError:
            if drop:
                return None
            raise
        return Asked(name, label, threshold)
    if is_attribute(name):
        missing.add(name)
        return Asked(name, None, threshold)
    if drop:
        return None
    raise common.unknown(name)


def _scored_as(whole: ScoredText, assembly: Assembly) -> list[str]:
    """Return the language that a text was scored as: that of a slot, or else the first that the default knows."""
    if assembly.slots and not whole.language.startswith(UNDETERMINED):
        return [whole.language]
    return assembly.languages[:1]


def _without_unsupported(asked: list[Asked], whole: ScoredText, *, drop: bool) -> list[Asked]:
    """Leave out the attributes of a text in a language that the model does not know. Raises DialectError."""
    unanswered = [attribute for attribute in asked if attribute.label is not None]
    if unanswered and not drop:
        raise common.unsupported(unanswered[0].name, "detectedLanguages", [whole.language])
    return [attribute for attribute in asked if attribute.label is None]


def _note_unanswered(asked: list[Asked], whole: ScoredText, missing: Missing) -> None:
    """Note attributes without a label in the version that answered: another one may have become active meanwhile."""
    for attribute in asked:
        if attribute.label is not None and attribute.label not in whole.scores:
            missing.add(attribute.name)


def _scores(
    asked: Asked,
    judged: Moderated,
    parts: list[ScoredText],
    spans: list[tuple[int, int]],
    places: _Places,
    missing: Missing,
    score_map: ActiveMap | None,
) -> dict[str, Any] | None:
    """Return the scores of one attribute, or None if it is left out. Scores of sentences are never lifted."""

    def enough(value: float) -> bool:
        return asked.threshold is None or value >= asked.threshold

    def of(scores: Mapping[str, float]) -> float | None:
        if asked.label is None or asked.label not in scores:
            return missing.of_attribute(asked.name)
        score = scores[asked.label]
        return score if score_map is None else score_map.apply(_mapped_name(score_map, asked), score)

    summary = of(judged.scores)
    if summary is None or not enough(summary):
        return None
    span_scores = [(places.whole(), summary)]
    if parts:
        span_scores = [
            (places.of(span), value)
            for span, part in zip(spans, parts, strict=True)
            if (value := of(part.scores)) is not None
        ]
    return {
        "spanScores": [
            {"begin": begin, "end": end, "score": _score(value)}
            for (begin, end), value in span_scores
            if enough(value)
        ],
        "summaryScore": _score(summary),
    }


def _own_scores(asked: list[Asked], whole: ScoredText) -> dict[str, float]:
    """Return the model's own scores of the attributes that it has a label for."""
    return {
        attribute.name: whole.scores[attribute.label]
        for attribute in asked
        if attribute.label is not None and attribute.label in whole.scores
    }


def _is_mapped(score_map: ActiveMap | None, asked: Asked) -> bool:
    return score_map is not None and score_map.covers(_mapped_name(score_map, asked))


def _mapped_name(score_map: ActiveMap, asked: Asked) -> str:
    """Return the attribute's name in the map: as it was asked for (`TOXICITY@6`), or without the version."""
    if asked.label is None or score_map.covers(asked.name):
        return asked.name
    return _ATTRIBUTES[asked.label]


def _score(value: float) -> dict[str, Any]:
    return {"value": value, "type": PROBABILITY}
