"""`/api/v1/score/`: a verdict at once on texts that are stored nowhere."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from drf_spectacular.utils import (
    OpenApiExample,
    PolymorphicProxySerializer,
    extend_schema,
    extend_schema_serializer,
)
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from classifier.api.base import Endpoint, body_object, checked_body
from classifier.api.field_errors import Path, field_error, path_of
from classifier.api.fields import ClosedSerializer, TextAsSent, TextsAsSent, TrueOrFalse
from classifier.api.permissions import caller
from classifier.api.problems import DEADLINE_PASSED, MODEL_BROKEN, NO_WORKER, Problem, invalid, problem_of
from classifier.api.throttling import give_texts_back, how_many, take_texts
from classifier.comments.api.output import ACTION_CHOICES, NUDGE_HELP, PROBABILITIES, VERDICT_CHOICES
from classifier.core.errors import SCORING_ERRORS
from classifier.core.validation import InvalidInput, validate_source_slug
from classifier.core.visibility import sees_source
from classifier.inference.bands import BANDS
from classifier.models import ApiScope, ModelVersion, Source
from classifier.policies.judging import Scored, judge_scored
from classifier.policies.recommended_actions import of_judgement, unscored_of
from classifier.scoring.score_texts import ScoredText, TextProblem, TextSpan, score_each

RETRY = {"Retry-After": "5"}
SPANS_HELP = "Say what each window of a long text scored: the parts that the model reads at once."
SENTENCES_HELP = "Score each sentence by itself as well, up to the first 50 of a text."
SOURCE_HELP = "The slug of a source whose policy and rules are tried; without one, the site's own."
BAND_CHOICES = [(band, band) for band in BANDS]
RESULT_EXAMPLE: dict[str, Any] = {
    "verdict": "toxic",
    "score": 0.981,
    "threshold": 0.62,
    "scores": PROBABILITIES,
    "thresholds": {"toxic": 0.62, "severe_toxic": 0.4, "obscene": 0.55, "threat": 0.31},
    "model_version": "starter-1a2b3c4d",
    "windows": 1,
    "band": "review",
    "action": "review",
    "nudge": True,
    "reasons": [{"kind": "band", "band": "review", "label": "toxic", "score": 0.981, "threshold": 0.62}],
    "spans": None,
    "sentences": [
        {"begin": 0, "end": 16, "scores": PROBABILITIES},
        {"begin": 17, "end": 34, "scores": {**PROBABILITIES, "toxic": 0.022}},
    ],
    "explanation": {
        "label": "toxic",
        "score": 0.981,
        "base": 0.02,
        "words": [{"begin": 0, "end": 5, "text": "idiot", "value": 0.87}],
    },
    "error": None,
}


@extend_schema_serializer(component_name="ScoreTextInput")
class OneInput(ClosedSerializer):
    """One text to score."""

    text = TextAsSent(max_length=settings.COMMENT_MAX_CHARACTERS)
    explain = TrueOrFalse(required=False, default=False, help_text="Say which words drove the score.")
    spans = TrueOrFalse(required=False, default=False, help_text=SPANS_HELP)
    sentences = TrueOrFalse(required=False, default=False, help_text=SENTENCES_HELP)
    source = TextAsSent(  # type: ignore[assignment]
        required=False, max_length=64, help_text=SOURCE_HELP
    )


@extend_schema_serializer(component_name="ScoreTextsInput")
class ManyInput(ClosedSerializer):
    """Many texts to score."""

    texts = TextsAsSent(
        child=serializers.CharField(),
        min_length=1,
        max_length=settings.BATCH_MAX_COMMENTS,
        help_text=f"Each of up to {settings.COMMENT_MAX_CHARACTERS:,} characters, and not blank.",
    )
    explain = TrueOrFalse(required=False, default=False, help_text="Say which words drove each score.")
    spans = TrueOrFalse(required=False, default=False, help_text=SPANS_HELP)
    sentences = TrueOrFalse(required=False, default=False, help_text=SENTENCES_HELP)
    source = TextAsSent(  # type: ignore[assignment]
        required=False, max_length=64, help_text=SOURCE_HELP
    )


@extend_schema_serializer(component_name="WordOutput")
class WordOutput(serializers.Serializer[Any]):
    begin = serializers.IntegerField(help_text="Offset into the text in code points.")
    end = serializers.IntegerField(help_text="Exclusive.")
    text = serializers.CharField()
    value = serializers.FloatField(help_text="Above 0 it pushes towards toxic, below 0 away from it.")


@extend_schema_serializer(component_name="ExplanationOutput")
class ExplanationOutput(serializers.Serializer[Any]):
    label = serializers.CharField()  # type: ignore[assignment]
    score = serializers.FloatField()
    base = serializers.FloatField(help_text="The score of a text without any of the words.")
    words = WordOutput(many=True)


@extend_schema_serializer(component_name="SpanOutput")
class SpanOutput(serializers.Serializer[Any]):
    begin = serializers.IntegerField(help_text="Offset into the text in code points.")
    end = serializers.IntegerField(help_text="Exclusive.")
    scores = serializers.DictField(child=serializers.FloatField())


@extend_schema_serializer(component_name="TextErrorOutput")
class TextErrorOutput(serializers.Serializer[Any]):
    pointer = serializers.CharField(help_text="The text in the request, a JSON pointer.")
    message = serializers.CharField()
    code = serializers.CharField()


@extend_schema_serializer(component_name="ScoreResult")
class ResultOutput(serializers.Serializer[Any]):
    """Either a verdict with everything behind it, or `error`; all other fields are null then."""

    verdict = serializers.ChoiceField(choices=VERDICT_CHOICES, allow_null=True)
    score = serializers.FloatField(allow_null=True, help_text="Probability of the primary label.")
    threshold = serializers.FloatField(allow_null=True, help_text="Of the primary label.")
    scores = serializers.DictField(child=serializers.FloatField(), allow_null=True)
    thresholds = serializers.DictField(child=serializers.FloatField(), allow_null=True)
    model_version = serializers.CharField(allow_null=True)
    windows = serializers.IntegerField(allow_null=True)
    band = serializers.ChoiceField(
        choices=BAND_CHOICES, allow_null=True, help_text="By the policy and the rules of the source."
    )
    action = serializers.ChoiceField(
        choices=ACTION_CHOICES,
        allow_null=True,
        help_text="What a submitted comment would be for: `publish`, `review` or `remove`.",
    )
    nudge = serializers.BooleanField(allow_null=True, help_text=NUDGE_HELP)
    reasons = serializers.ListField(
        child=serializers.DictField(),
        allow_null=True,
        help_text="Why it is not approved: each band reached and each rule that hit, the worst first.",
    )
    spans = SpanOutput(
        many=True, allow_null=True, help_text="Null unless `spans` was true; a short text is one window."
    )
    sentences = SpanOutput(
        many=True,
        allow_null=True,
        help_text="Null unless `sentences` was true; what each of the first 50 scored, taken alone.",
    )
    explanation = ExplanationOutput(allow_null=True, help_text="Null unless `explain` was true.")
    error = TextErrorOutput(allow_null=True)


@extend_schema_serializer(component_name="ScoreOutput", many=False)
class Output(serializers.Serializer[Any]):
    results = ResultOutput(many=True, help_text="One for each text, in the order of the texts.")


DESCRIPTION = """\
Send `text` or `texts`. Nothing is stored or logged. The verdict comes within the server's deadline, or the
answer is 504; 503 says that no worker is running or that the model cannot be loaded. Of `texts`, one that is
blank, too long or otherwise impossible to score has its own `error`, and the others have their verdicts; only
where none may be scored is the call refused.

Each verdict comes with what the policy of `source` would do with such a comment, as a dry run: `band`, `action`,
`nudge` and `reasons`. A 503 or 504 has an `action` too: `publish` where the policy fails open, `hold` where it
fails closed.

Needs the scope `score`, or a session with its CSRF token."""


class ScoreEndpoint(Endpoint):
    scopes = {"POST": ApiScope.SCORE}
    problems = {"POST": (MODEL_BROKEN, NO_WORKER, DEADLINE_PASSED)}

    @extend_schema(
        operation_id="score_texts",
        summary="Score texts without storing them",
        description=DESCRIPTION,
        request=PolymorphicProxySerializer(
            component_name="Scoring", serializers=[OneInput, ManyInput], resource_type_field_name=None
        ),
        responses={200: Output},
        examples=[
            OpenApiExample("One text", {"text": "idiot", "explain": True}, request_only=True),
            OpenApiExample(
                "Each sentence too",
                {"text": "You are an idiot. Thanks all the same.", "sentences": True},
                request_only=True,
            ),
            OpenApiExample("Many texts", {"texts": ["Thank you!", "I hate rain"]}, request_only=True),
            OpenApiExample("A verdict", {"results": [RESULT_EXAMPLE]}, response_only=True),
        ],
    )
    def post(self, request: Request) -> Response:
        data = body_object(request)
        if "text" in data and "texts" in data:
            message = "must not be sent together with `text`; send one of them"
            raise invalid([field_error(("texts",), message, "conflict")])
        single = "texts" not in data
        body = checked_body(OneInput if single else ManyInput, data)
        texts = [body.get("text")] if single else body["texts"]
        source_id = _source_id(request, body.get("source"))
        take_texts(request, how_many(texts))
        try:
            found = _scored(texts, body, single=single, source_id=source_id)
        except Problem:
            give_texts_back(request, how_many(texts))
            raise
        versions = _versions(found)
        output = ResultOutput()
        results = [
            _result(output, each, text, ("text",) if single else ("texts", position), versions, source_id)
            for position, (each, text) in enumerate(zip(found, texts, strict=True))
        ]
        unasked: dict[str, Any] = {name: None for name in ("spans", "sentences") if not body[name]}
        if unasked:
            results = [{**result, **unasked} for result in results]
        return Response({"results": results})


def _source_id(request: Request, slug: str | None) -> int | None:
    """The source that was named; one that is not there yet, or not the caller's to see, has the site's policy."""
    if slug is None:
        return None
    source = Source.objects.filter(slug=validate_source_slug(slug)).first()
    return source.pk if source is not None and sees_source(caller(request), source) else None


def _scored(
    texts: Any, body: Mapping[str, Any], *, single: bool, source_id: int | None
) -> Sequence[ScoredText | TextProblem]:
    try:
        return score_each(
            texts=texts,
            explain=body["explain"],
            sentences=body["sentences"],
            deadline=settings.SCORE_DEADLINE_SECONDS,
        )
    except InvalidInput as error:
        raise problem_of(error, _place_of_one if single else path_of) or error from None
    except SCORING_ERRORS as error:
        problem = problem_of(error)
        assert problem is not None
        problem.action = unscored_of(source_id)
        raise problem from None


def _place_of_one(field: str) -> Path:
    return path_of("text" if field == "texts[0]" else field)


def _versions(found: Sequence[ScoredText | TextProblem]) -> Mapping[str, ModelVersion]:
    names = {each.model_version for each in found if isinstance(each, ScoredText)}
    rows = ModelVersion.objects.filter(version__in=names)
    return {row.version: row for row in rows.only("version", "thresholds", "primary_label")}


def _result(
    output: ResultOutput,
    each: ScoredText | TextProblem,
    text: str,
    path: tuple[str | int, ...],
    versions: Mapping[str, ModelVersion],
    source_id: int | None,
) -> dict[str, Any]:
    empty: dict[str, Any] = dict.fromkeys(output.fields)
    if isinstance(each, TextProblem):
        return {**empty, "error": field_error(path, each.message, each.code)}
    spans = each.spans or (TextSpan(0, len(text), each.scores),)
    fields = {**empty, **vars(each), "spans": spans, "thresholds": {}}
    version = versions.get(each.model_version)
    if version is not None:
        [(policy, judged)] = judge_scored([Scored(source_id, text, each.scores)], version)
        advised = of_judgement(judged, policy, each.score)
        fields |= {"thresholds": version.thresholds, "band": judged.band, "reasons": list(judged.reasons)}
        fields |= vars(advised)
    return dict(ResultOutput(fields).data)
