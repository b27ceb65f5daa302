"""How comments and predictions look in the answers of version 1."""

from collections.abc import Sequence
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.reverse import reverse

from classifier.models import Comment, CommentStatus, Prediction, Verdict

STATUS_CHOICES = [(status.value, status.value) for status in CommentStatus]
VERDICT_CHOICES = [(verdict.value, verdict.value) for verdict in Verdict]
PROBABILITIES = {"toxic": 0.981, "severe_toxic": 0.031, "obscene": 0.204, "threat": 0.012}
PREDICTION_EXAMPLE: dict[str, Any] = {
    "model_version": "starter-1a2b3c4d",
    "verdict": "toxic",
    "score": 0.981,
    "threshold": 0.62,
    "scores": PROBABILITIES,
    "windows": 1,
    "created_at": "2026-11-24T09:30:00.412000Z",
}
COMMENT_EXAMPLE: dict[str, Any] = {
    "id": 4711,
    "url": "https://moderation.example.org/api/v1/comments/4711/",
    "source": "forum",
    "external_id": "post-81",
    "author_ref": "user-7",
    "text": "You are a worthless idiot.",
    "status": "classified",
    "failure_reason": "",
    "created_at": "2026-11-24T09:30:00.391000Z",
    "classified_at": "2026-11-24T09:30:00.412000Z",
    "prediction": PREDICTION_EXAMPLE,
}
PENDING_EXAMPLE = {**COMMENT_EXAMPLE, "status": "pending", "classified_at": None, "prediction": None}


class PredictionOutput(serializers.Serializer[Prediction]):
    """What one model version said about a comment. Predictions are never changed, only added."""

    model_version = serializers.CharField(source="model_version.version")
    verdict = serializers.ChoiceField(choices=VERDICT_CHOICES)
    score = serializers.FloatField(help_text="Probability of the primary label.")
    threshold = serializers.FloatField(help_text="The verdict is toxic from this score on.")
    scores = serializers.DictField(child=serializers.FloatField(), help_text="Probability of each label.")
    windows = serializers.IntegerField(help_text="How many overlapping parts a long text was scored in.")
    created_at = serializers.DateTimeField()


class CommentOutput(serializers.Serializer[Comment]):
    id = serializers.IntegerField()
    url = serializers.SerializerMethodField(help_text="Where the comment, and its status, can be read.")
    source = serializers.CharField(source="source.slug")  # type: ignore[assignment]
    external_id = serializers.CharField(allow_null=True)
    author_ref = serializers.CharField()
    text = serializers.CharField()
    status = serializers.ChoiceField(choices=STATUS_CHOICES)
    failure_reason = serializers.CharField(help_text="Why the status is failed; empty otherwise.")
    created_at = serializers.DateTimeField()
    classified_at = serializers.DateTimeField(allow_null=True)
    prediction = PredictionOutput(
        source="current_prediction", allow_null=True, help_text="The verdict that counts; null while pending."
    )

    def get_url(self, comment: Comment) -> str:
        return comment_url(comment, self.context["request"])


def comment_url(comment: Comment, request: Request) -> str:
    return str(reverse("api-comment", kwargs={"comment_id": comment.pk}, request=request))


def shown(comments: Sequence[Comment], request: Request) -> list[Any]:
    """One serializer for all: building its fields costs more than writing a comment out."""
    output = CommentOutput(context={"request": request})
    return [output.to_representation(comment) for comment in comments]
