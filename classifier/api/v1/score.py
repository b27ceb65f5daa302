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

from classifier.api.base import Endpoint, body_object, checked_body, refusal
from classifier.api.field_errors import field_error
from classifier.api.fields import ClosedSerializer, TextAsSent, TextsAsSent, TrueOrFalse
from classifier.api.problems import DEADLINE_PASSED, NO_WORKER, Problem, invalid
from classifier.api.v1.representation import PROBABILITIES, VERDICT_CHOICES
from classifier.models import ApiScope, ModelVersion
from classifier.services import (
    InvalidInput,
    NoBroker,
    NoModel,
    NoWorker,
    ScoredText,
    ScoreTimeout,
    TextProblem,
    score_texts,
)

RETRY_AFTER_SECONDS = "5"
RESULT_EXAMPLE: dict[str, Any] = {
    "verdict": "toxic",
    "score": 0.981,
    "threshold": 0.62,
    "scores": PROBABILITIES,
    "thresholds": {"toxic": 0.62, "severe_toxic": 0.4, "obscene": 0.55, "threat": 0.31},
    "model_version": "starter-1a2b3c4d",
    "windows": 1,
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


@extend_schema_serializer(component_name="ScoreTextsInput")
class ManyInput(ClosedSerializer):
    """Many texts to score."""

    texts = TextsAsSent(
        child=serializers.CharField(max_length=settings.COMMENT_MAX_CHARACTERS),
        min_length=1,
        max_length=settings.BATCH_MAX_COMMENTS,
    )
    explain = TrueOrFalse(required=False, default=False, help_text="Say which words drove each score.")


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
    explanation = ExplanationOutput(allow_null=True, help_text="Null unless `explain` was true.")
    error = TextErrorOutput(allow_null=True)


@extend_schema_serializer(component_name="ScoreOutput", many=False)
class Output(serializers.Serializer[Any]):
    results = ResultOutput(many=True, help_text="One for each text, in the order of the texts.")


DESCRIPTION = """\
Send `text` or `texts`. Nothing is stored or logged. The verdict comes within the server's deadline, or the
answer is 504; 503 says that no worker is running. A text that turns out impossible to score has its own
`error`, and the others have their verdicts.

Needs the scope `score`, or a session with its CSRF token."""


class ScoreEndpoint(Endpoint):
    scopes = {"POST": ApiScope.SCORE}
    problems = {"POST": (NO_WORKER, DEADLINE_PASSED)}

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
        found = _scored(texts, explain=body["explain"], single=single)
        thresholds = _thresholds(found)
        output = ResultOutput()
        results = [
            _result(output, each, ("text",) if single else ("texts", position), thresholds)
            for position, each in enumerate(found)
        ]
        return Response({"results": results})


def _scored(texts: Any, *, explain: bool, single: bool) -> Sequence[ScoredText | TextProblem]:
    try:
        return score_texts(texts=texts, explain=explain, deadline=settings.SCORE_DEADLINE_SECONDS)
    except InvalidInput as error:
        raise refusal(error, rename={"texts[0]": "text"} if single else {}) from None
    except ScoreTimeout:
        detail = (
            f"No verdict came within {settings.SCORE_DEADLINE_SECONDS:g} seconds. Try again, send fewer "
            "texts or submit them to /api/v1/comments/ and read the verdicts later."
        )
        raise Problem(DEADLINE_PASSED, detail, headers={"Retry-After": RETRY_AFTER_SECONDS}) from None
    except NoModel:
        detail = "A worker runs, but it has no active model version. An administrator has to activate one."
        raise Problem(NO_WORKER, detail, headers={"Retry-After": RETRY_AFTER_SECONDS}) from None
    except (NoWorker, NoBroker):
        detail = "No worker is there to score the text. Try again shortly; nothing was stored."
        raise Problem(NO_WORKER, detail, headers={"Retry-After": RETRY_AFTER_SECONDS}) from None


def _thresholds(found: Sequence[ScoredText | TextProblem]) -> Mapping[str, Mapping[str, float]]:
    versions = {each.model_version for each in found if isinstance(each, ScoredText)}
    rows = ModelVersion.objects.filter(version__in=versions).values_list("version", "thresholds")
    return dict(rows)


def _result(
    output: ResultOutput,
    each: ScoredText | TextProblem,
    path: tuple[str | int, ...],
    thresholds: Mapping[str, Mapping[str, float]],
) -> dict[str, Any]:
    if isinstance(each, TextProblem):
        failed: dict[str, Any] = dict.fromkeys(output.fields)
        return {**failed, "error": field_error(path, each.message, each.code)}
    return dict(
        ResultOutput({**vars(each), "thresholds": thresholds.get(each.model_version, {}), "error": None}).data
    )
