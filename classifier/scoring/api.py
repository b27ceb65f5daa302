"""`/api/v1/score/`: score texts at once, or large batches in the background, without storing them."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.http import Http404
from drf_spectacular.utils import PolymorphicProxySerializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from classifier.api.authentication import api_key_of, caller
from classifier.api.base import Endpoint
from classifier.api.field_errors import Path, field_error, path_of
from classifier.api.fields import Choice, ClosedSerializer, TextAsSent, TextsAsSent, TrueOrFalse
from classifier.api.operation import location, operation
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
from classifier.core.errors import SCORING_ERRORS, BatchTimeout, NoBroker
from classifier.core.validation import InvalidInput, language_problem, validate_source_slug
from classifier.core.visibility import sees_source
from classifier.inference.bands import BANDS
from classifier.inference.language import normal_tag
from classifier.inference.marked_text import LEAVE_OUTS
from classifier.models import ApiScope, ModelVersion, Source, TextFormat
from classifier.policies.active_policies import policy_for
from classifier.policies.judging import Scored, judge_scored
from classifier.policies.recommended_actions import of_judgement, unscored_of
from classifier.scoring.score_jobs import (
    JobSettings,
    JobStatus,
    ScoreJob,
    job_create,
    job_forget,
    job_read,
)
from classifier.scoring.score_texts import ScoredText, TextProblem, TextSpan, score_each

SPANS_HELP = "Return the scores of each window of a long text: the parts that the model reads at once."
SENTENCES_HELP = "Score each sentence by itself as well, at most the first 50 of a text."
SOURCE_HELP = "The slug of a source whose policy and rules are applied; the site's policy if left out."
RETRY_SECONDS = "2"
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


class ScoreJobOutput(serializers.Serializer[Any]):
    """A batch that is scored in the background."""

    id = serializers.CharField()
    url = serializers.CharField(help_text="Where to read the job and, once it is done, its results.")
    status = serializers.ChoiceField(
        choices=[(status.value, status.value) for status in JobStatus],
        help_text="`waiting` for a worker, `running`, or `done`.",
    )
    done_texts = serializers.IntegerField(help_text="Texts that have their result.")
    total_texts = serializers.IntegerField()
    action = serializers.ChoiceField(
        choices=[("publish", "publish"), ("hold", "hold")],
        help_text="What the policy's fail mode wants for texts that have no result yet.",
    )
    results = ScoreResult(
        many=True,
        allow_null=True,
        help_text="One result for each text, in the order of the texts; null until the job is done.",
    )


class ScoreEndpoint(Endpoint):
    @operation(
        "score_texts",
        scope=ApiScope.SCORE,
        body=PolymorphicProxySerializer(
            component_name="Scoring",
            serializers=[ScoreTextInput, ScoreTextsInput],
            resource_type_field_name=None,
        ),
        headers=[location(202, description="The address of the job.")],
        answers={200: ScoreOutput, 202: ScoreJobOutput},
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

        A batch of more than 16 texts or 4,096 characters that takes longer than the server lets a call take is a job:
        202 names its address. Texts and results then lie encrypted in the queue for some minutes, for the key that sent
        them. A smaller batch gets 504, and so does a caller with 8 jobs.
        """
        data = body_object(request)
        if "text" in data and "texts" in data:
            message = "must not be sent together with `text`; send one of them"
            raise invalid([field_error(("texts",), message, "conflict")])
        single = "texts" not in data
        body = checked_body(ScoreTextInput if single else ScoreTextsInput, data)
        texts: Any = [body.get("text")] if single else body["texts"]
        source_id = _source_id(request, body.get("source"))
        chosen = JobSettings(
            source_id,
            body.get("format", ""),
            _languages(body.get("language")),
            explain=body["explain"],
            sentences=body["sentences"],
            spans=body["spans"],
        )
        take_texts(request, how_many(texts))
        try:
            scores = _scored(texts, chosen, single=single)
        except BatchTimeout as error:
            return self._job(request, texts, error, chosen)
        except Problem:
            give_texts_back(request, how_many(texts))
            raise
        return Response({"results": _results(scores, texts, chosen, single=single)})

    def _job(self, request: Request, texts: Any, error: BatchTimeout, chosen: JobSettings) -> Response:
        """Answer with the job of a batch. Raises the problem of the batch where there can be none."""
        job = None
        with suppress(NoBroker):
            job = job_create(
                texts=texts,
                answered=error.answered,
                chosen=chosen,
                user=caller(request),
                api_key=api_key_of(request),
            )
        if job is None:
            give_texts_back(request, how_many(texts))
            raise _unscored(error, chosen.source_id)
        body = _job_body(job, request)
        headers = {"Location": body["url"], "Retry-After": RETRY_SECONDS}
        return Response(body, status=202, headers=headers)


class ScoreJobEndpoint(Endpoint):
    """A job of a batch; nobody but the key that sent the batch sees it."""

    scope = ApiScope.SCORE

    @operation("read_score_job", answers=ScoreJobOutput, problems=[NO_WORKER])
    def get(self, request: Request, job_id: str) -> Response:
        """Read a job of a batch of texts.

        Ask again until `status` is `done`, every few seconds as `Retry-After` says: `results` then has what the call
        would have answered, by the policy of now. They can be read again for a minute. A job expires some minutes after
        its last progress. 404: there is no such job of this key, or it has expired; send the batch again.
        """
        job = job_read(job_id=job_id, user=caller(request), api_key=api_key_of(request))
        if job is None:
            raise Http404
        headers = {} if job.status is JobStatus.DONE else {"Retry-After": RETRY_SECONDS}
        return Response(_job_body(job, request), headers=headers)

    @operation("delete_score_job", answers={204: None}, problems=[NO_WORKER])
    def delete(self, request: Request, job_id: str) -> Response:
        """Delete a job of a batch of texts.

        Its texts and results are deleted at once.
        """
        if not job_forget(job_id=job_id, user=caller(request), api_key=api_key_of(request)):
            raise Http404
        return Response(status=204)


def _job_body(job: ScoreJob, request: Request) -> dict[str, Any]:
    done = job.status is JobStatus.DONE
    return {
        "id": job.id,
        "url": reverse("api-score-job", kwargs={"job_id": job.id}, request=request),
        "status": job.status.value,
        "done_texts": job.done,
        "total_texts": job.total,
        "action": unscored_of(job.chosen.source_id),
        "results": _results(job.results, job.texts, job.chosen) if done else None,
    }


def _results(
    scores: Sequence[ScoredText | TextProblem],
    texts: Sequence[str],
    chosen: JobSettings,
    *,
    single: bool = False,
) -> list[dict[str, Any]]:
    versions = _versions(scores)
    asked = {"spans": chosen.spans, "sentences": chosen.sentences}
    not_requested: dict[str, Any] = {name: None for name, wanted in asked.items() if not wanted}
    return [
        {
            **_result(
                score,
                text,
                ("text",) if single else ("texts", position),
                versions,
                chosen.source_id,
                chosen.text_format,
            ),
            **not_requested,
        }
        for position, (score, text) in enumerate(zip(scores, texts, strict=True))
    ]


def _languages(language: str | None) -> tuple[str, ...]:
    """Return the stated language. Raises the problem of one that is none."""
    if (wrong := language_problem(language)) is not None:
        raise problem_of(InvalidInput([wrong])) or InvalidInput([wrong])
    return (normal_tag(language),) if language else ()


def _source_id(request: Request, slug: str | None) -> int | None:
    """Return the id of the source; None, for the site's policy, if it does not exist or the caller may not see it."""
    if slug is None:
        return None
    source = Source.objects.filter(slug=validate_source_slug(slug)).first()
    return source.pk if source is not None and sees_source(caller(request), source) else None


def _scored(texts: Any, chosen: JobSettings, *, single: bool) -> Sequence[ScoredText | TextProblem]:
    """Score the texts of a call. Raises Problem, and BatchTimeout where a job can answer."""
    policy = policy_for(chosen.source_id)
    try:
        return score_each(
            texts=texts,
            languages=chosen.languages,
            source_id=chosen.source_id,
            explain=chosen.explain,
            sentences=chosen.sentences,
            read=lambda text: policy.for_scoring(text, chosen.text_format),
            deadline=settings.SCORE_DEADLINE_SECONDS,
        )
    except InvalidInput as error:
        raise problem_of(error, _place_of_one if single else path_of) or error from None
    except BatchTimeout:
        raise
    except SCORING_ERRORS as error:
        raise _unscored(error, chosen.source_id) from None


def _unscored(error: Exception, source_id: int | None) -> Problem:
    problem = problem_of(error)
    assert problem is not None
    problem.action = unscored_of(source_id)
    return problem


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
