"""`/api/v1/score/`: score texts at once, without storing them."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from drf_spectacular.utils import (
    PolymorphicProxySerializer,
)
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from classifier.api.authentication import caller
from classifier.api.base import Endpoint
from classifier.api.field_errors import Path, field_error, path_of
from classifier.api.fields import Choice, ClosedSerializer, TextAsSent, TextsAsSent, TrueOrFalse
from classifier.api.operation import operation
from classifier.api.problems import DEADLINE_PASSED, MODEL_BROKEN, NO_WORKER, Problem, invalid, problem_of
from classifier.api.reading import body_object, checked_body
from classifier.api.throttling import give_texts_back, how_many, take_texts
from classifier.comments.api.output import (
    ACTION_CHOICES,
    AUTHOR_TEXT_HELP,
    CONCERN_HELP,
    CONCERN_SCORE_HELP,
    LANGUAGE_HELP,
    LANGUAGE_SUPPORTED_HELP,
    NUDGE_HELP,
    READ_AS_HELP,
    VERDICT_CHOICES,
)
from classifier.core.errors import SCORING_ERRORS
from classifier.core.validation import InvalidInput, language_problem, validate_source_slug
from classifier.core.visibility import sees_source
from classifier.inference.bands import BANDS
from classifier.inference.language import normal_tag
from classifier.inference.marked_text import LEAVE_OUTS
from classifier.models import ApiScope, ModelVersion, Source, TextFormat
from classifier.policies.active_policies import policy_for
from classifier.policies.judging import Scored, judge_scored
from classifier.policies.recommended_actions import of_judgement, unscored_of
from classifier.scoring.score_texts import ScoredText, TextProblem, TextSpan, score_each

SPANS_HELP = "Return the scores of each window of a long text: the parts that the model reads at once."
SENTENCES_HELP = "Score each sentence by itself as well, at most the first 50 of a text."
SOURCE_HELP = "The slug of a source whose policy and rules are applied; the site's policy if left out."
BAND_CHOICES = [(band, band) for band in BANDS]


FORMAT_HELP = (
    "How the text is written: rules and scores look at what a reader of that format sees. If left out, the policy of "
    "`source` says."
)
LANGUAGE_STATED_HELP = (
    "The language of the text, such as `de`: a version that knows it judges the text. If left out, the setting of "
    "`source` counts, or the language is identified."
)


class ScoreTextInput(ClosedSerializer):
    """One text to score."""

    text = TextAsSent(max_length=settings.COMMENT_MAX_CHARACTERS)
    format = Choice(required=False, choices=TextFormat.values, help_text=FORMAT_HELP)
    language = TextAsSent(required=False, max_length=35, help_text=LANGUAGE_STATED_HELP)
    explain = TrueOrFalse(required=False, default=False, help_text="Return the words that drove the score.")
    spans = TrueOrFalse(required=False, default=False, help_text=SPANS_HELP)
    sentences = TrueOrFalse(required=False, default=False, help_text=SENTENCES_HELP)
    source = TextAsSent(  # type: ignore[assignment]
        required=False, max_length=64, help_text=SOURCE_HELP
    )


class ScoreTextsInput(ClosedSerializer):
    """Many texts to score."""

    texts = TextsAsSent(
        child=serializers.CharField(),
        min_length=1,
        max_length=settings.BATCH_MAX_COMMENTS,
        help_text=f"Each has at most {settings.COMMENT_MAX_CHARACTERS:,} characters and is not blank.",
    )
    format = Choice(required=False, choices=TextFormat.values, help_text=FORMAT_HELP)
    language = TextAsSent(required=False, max_length=35, help_text=LANGUAGE_STATED_HELP)
    explain = TrueOrFalse(required=False, default=False, help_text="Return the words that drove each score.")
    spans = TrueOrFalse(required=False, default=False, help_text=SPANS_HELP)
    sentences = TrueOrFalse(required=False, default=False, help_text=SENTENCES_HELP)
    source = TextAsSent(  # type: ignore[assignment]
        required=False, max_length=64, help_text=SOURCE_HELP
    )


class WordOutput(serializers.Serializer[Any]):
    begin = serializers.IntegerField(help_text="Offset into the text, in code points.")
    end = serializers.IntegerField(help_text="Exclusive.")
    text = serializers.CharField()
    value = serializers.FloatField(help_text="Above 0, the word raises the score; below 0, it lowers it.")


class ExplanationOutput(serializers.Serializer[Any]):
    label = serializers.CharField()  # type: ignore[assignment]
    score = serializers.FloatField()
    base = serializers.FloatField(help_text="The score of the text without any of its words.")
    words = WordOutput(many=True)


class SpanOutput(serializers.Serializer[Any]):
    begin = serializers.IntegerField(help_text="Offset into the text, in code points.")
    end = serializers.IntegerField(help_text="Exclusive.")
    scores = serializers.DictField(child=serializers.FloatField())


class UnreadPartOutput(serializers.Serializer[Any]):
    """A part of the text that the policy leaves out of rules and scores."""

    kind = serializers.ChoiceField(choices=[(kind, kind) for kind in LEAVE_OUTS])
    begin = serializers.IntegerField(help_text="Offset into the text, in code points.")
    end = serializers.IntegerField(help_text="Exclusive.")


class TextErrorOutput(serializers.Serializer[Any]):
    pointer = serializers.CharField(help_text="JSON pointer to the text in the request.")
    message = serializers.CharField()
    code = serializers.CharField()


class ScoreResult(serializers.Serializer[Any]):
    """A verdict with its details; or `error`, with all other fields null."""

    verdict = serializers.ChoiceField(choices=VERDICT_CHOICES, allow_null=True)
    score = serializers.FloatField(allow_null=True, help_text="Probability of the primary label.")
    threshold = serializers.FloatField(allow_null=True, help_text="Threshold of the primary label.")
    scores = serializers.DictField(child=serializers.FloatField(), allow_null=True)
    thresholds = serializers.DictField(child=serializers.FloatField(), allow_null=True)
    model_version = serializers.CharField(allow_null=True)
    windows = serializers.IntegerField(allow_null=True)
    read_as = serializers.CharField(allow_null=True, help_text=READ_AS_HELP)
    language = serializers.CharField(allow_null=True, help_text=LANGUAGE_HELP)
    language_supported = serializers.BooleanField(allow_null=True, help_text=LANGUAGE_SUPPORTED_HELP)
    concern = serializers.BooleanField(allow_null=True, help_text=CONCERN_HELP)
    concern_score = serializers.FloatField(allow_null=True, help_text=CONCERN_SCORE_HELP)
    author_text = serializers.CharField(allow_null=True, help_text=AUTHOR_TEXT_HELP)
    band = serializers.ChoiceField(
        choices=BAND_CHOICES, allow_null=True, help_text="The band by the policy and the rules of the source."
    )
    action = serializers.ChoiceField(
        choices=ACTION_CHOICES,
        allow_null=True,
        help_text="What to do with a submitted comment of this text: `publish`, `review` or `remove`.",
    )
    nudge = serializers.BooleanField(allow_null=True, help_text=NUDGE_HELP)
    reasons = serializers.ListField(
        child=serializers.DictField(),
        allow_null=True,
        help_text="Why it is not approved: each band that is reached and each rule that matches, the worst first.",
    )
    format = serializers.ChoiceField(
        choices=TextFormat.values, allow_null=True, help_text="How the text was read."
    )
    left_out = UnreadPartOutput(
        many=True,
        allow_null=True,
        help_text=(
            "The parts that the policy left out of rules and scores. Where that would leave nothing, the list is empty "
            "and the whole text is scored."
        ),
    )
    spans = SpanOutput(
        many=True, allow_null=True, help_text="Null unless `spans` is true; a short text is one window."
    )
    sentences = SpanOutput(
        many=True,
        allow_null=True,
        help_text="Null unless `sentences` is true; the scores of each of the first 50 sentences alone.",
    )
    explanation = ExplanationOutput(allow_null=True, help_text="Null unless `explain` is true.")
    error = TextErrorOutput(allow_null=True)


class ScoreOutput(serializers.Serializer[Any]):
    results = ScoreResult(many=True, help_text="One result for each text, in the order of the texts.")


class ScoreEndpoint(Endpoint):
    @operation(
        "score_texts",
        scope=ApiScope.SCORE,
        body=PolymorphicProxySerializer(
            component_name="Scoring",
            serializers=[ScoreTextInput, ScoreTextsInput],
            resource_type_field_name=None,
        ),
        answers=ScoreOutput,
        problems=[MODEL_BROKEN, NO_WORKER, DEADLINE_PASSED],
    )
    def post(self, request: Request) -> Response:
        """Score texts without storing them.

        Send `text` or `texts`. Nothing is stored or logged. The verdict comes within the server's deadline; otherwise
        the answer is 504. 503: no worker is running, or the model cannot be loaded. A text of `texts` that is blank,
        too long or otherwise impossible to score has its own `error`, and the others have their verdicts. The call is
        refused only if no text can be scored.

        Each verdict says what the policy of `source` would do with such a comment, as a dry run: `band`, `action`,
        `nudge` and `reasons`. If the model does not know the language of a text, `language_supported` is false, and the
        verdict and the scores mean little: unless the policy judges them anyway, the action is `review`. If
        its author tells of their own hurt, `concern` is true and `author_text` is what your policy says to them. A 503
        or 504 has an `action` too: `publish` if the policy fails open, `hold` if it fails closed.
        """
        data = body_object(request)
        if "text" in data and "texts" in data:
            message = "must not be sent together with `text`; send one of them"
            raise invalid([field_error(("texts",), message, "conflict")])
        single = "texts" not in data
        body = checked_body(ScoreTextInput if single else ScoreTextsInput, data)
        texts = [body.get("text")] if single else body["texts"]
        source_id = _source_id(request, body.get("source"))
        take_texts(request, how_many(texts))
        try:
            scores = _scored(texts, body, single=single, source_id=source_id)
        except Problem:
            give_texts_back(request, how_many(texts))
            raise
        versions = _versions(scores)
        text_format = body.get("format", "")
        not_requested: dict[str, Any] = {name: None for name in ("spans", "sentences") if not body[name]}
        results = [
            _result(
                score, text, ("text",) if single else ("texts", position), versions, source_id, text_format
            )
            for position, (score, text) in enumerate(zip(scores, texts, strict=True))
        ]
        return Response({"results": [{**result, **not_requested} for result in results]})


def _source_id(request: Request, slug: str | None) -> int | None:
    """Return the id of the source; None, for the site's policy, if it does not exist or the caller may not see it."""
    if slug is None:
        return None
    source = Source.objects.filter(slug=validate_source_slug(slug)).first()
    return source.pk if source is not None and sees_source(caller(request), source) else None


def _scored(
    texts: Any, body: Mapping[str, Any], *, single: bool, source_id: int | None
) -> Sequence[ScoredText | TextProblem]:
    policy = policy_for(source_id)
    try:
        if (wrong := language_problem(body.get("language"))) is not None:
            raise InvalidInput([wrong])
        return score_each(
            texts=texts,
            languages=[normal_tag(body["language"])] if body.get("language") else (),
            source_id=source_id,
            explain=body["explain"],
            sentences=body["sentences"],
            read=lambda text: policy.for_scoring(text, body.get("format", "")),
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


def _versions(scores: Sequence[ScoredText | TextProblem]) -> Mapping[str, ModelVersion]:
    names = {score.model_version for score in scores if isinstance(score, ScoredText)}
    rows = ModelVersion.objects.filter(version__in=names)
    return {row.version: row for row in rows.only("version", "thresholds", "primary_label")}


def _result(
    score: ScoredText | TextProblem,
    text: str,
    path: tuple[str | int, ...],
    versions: Mapping[str, ModelVersion],
    source_id: int | None,
    text_format: str,
) -> dict[str, Any]:
    empty: dict[str, Any] = dict.fromkeys(ScoreResult().fields)
    if isinstance(score, TextProblem):
        return {**empty, "error": field_error(path, score.message, score.code)}
    spans = score.spans or (TextSpan(0, len(text), score.scores),)
    fields = {**empty, **vars(score), "spans": spans, "thresholds": {}}
    policy = policy_for(source_id)
    fields["format"] = text_format or policy.text_format
    fields["left_out"] = policy.read(text, text_format).left_out(policy.leave_out)
    version = versions.get(score.model_version)
    if version is not None:
        item = Scored(
            source_id,
            text,
            score.scores,
            score.language,
            score.language_supported,
            text_format,
            is_concern=score.is_concern,
        )
        [(policy, judgement)] = judge_scored([item], version)
        fields |= {
            "thresholds": version.thresholds,
            "band": judgement.band,
            "reasons": list(judgement.reasons),
            "concern": judgement.concern,
            "author_text": policy.author_text(concern=judgement.concern),
        }
        fields |= vars(of_judgement(judgement, policy, score.score))
    return dict(ScoreResult(fields).data)
