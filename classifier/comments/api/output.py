"""How comments and predictions look in the answers of version 1."""

from collections.abc import Sequence
from typing import Any, cast

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.reverse import reverse

from classifier.models import Comment, CommentStatus, Prediction, Verdict
from classifier.policies import recommended_actions as actions
from classifier.policies.active_policies import CurrentPolicy, policy_for

STATUS_CHOICES = [(status.value, status.value) for status in CommentStatus]
VERDICT_CHOICES = [(verdict.value, verdict.value) for verdict in Verdict]
ACTION_CHOICES = [(action, action) for action in actions.ACTIONS]
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
    "action": "review",
    "nudge": True,
    "failure_reason": "",
    "created_at": "2026-11-24T09:30:00.391000Z",
    "classified_at": "2026-11-24T09:30:00.412000Z",
    "edited_at": None,
    "text_erased_at": None,
    "band": "review",
    "prediction": PREDICTION_EXAMPLE,
}
PENDING_EXAMPLE = {
    **COMMENT_EXAMPLE,
    "status": "pending",
    "action": "hold",
    "nudge": False,
    "classified_at": None,
    "band": "",
    "prediction": None,
}
ACTION_HELP = (
    "What to do with it now, by its decision or else by its source's policy: `publish`; `review` while a person is to "
    "look at it; `remove`; or, while there is no verdict, `publish` where the policy fails open and `hold` where it "
    "fails closed."
)
NUDGE_HELP = "Whether the author should be asked to think again, by the policy's nudge threshold."


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
    action = serializers.SerializerMethodField(help_text=ACTION_HELP)
    nudge = serializers.SerializerMethodField(help_text=NUDGE_HELP)
    failure_reason = serializers.CharField(help_text="Why the status is failed; empty otherwise.")
    created_at = serializers.DateTimeField()
    classified_at = serializers.DateTimeField(allow_null=True)
    edited_at = serializers.DateTimeField(allow_null=True, help_text="When its text was last changed.")
    text_erased_at = serializers.DateTimeField(
        source="text_purged_at", allow_null=True, help_text="Since when the text is gone; it is empty then."
    )
    band = serializers.CharField(
        help_text="`approve`, `review` or `remove` by the policy; empty without a verdict."
    )
    prediction = PredictionOutput(
        source="current_prediction", allow_null=True, help_text="The verdict that counts; null while pending."
    )

    @extend_schema_field(serializers.ChoiceField(choices=ACTION_CHOICES, help_text=ACTION_HELP))
    def get_action(self, comment: Comment) -> str:
        return actions.of_comment(comment, self._policy(comment)).action

    def get_nudge(self, comment: Comment) -> bool:
        return actions.of_comment(comment, self._policy(comment)).nudge

    def _policy(self, comment: Comment) -> CurrentPolicy:
        """The policy in force, asked once for all comments of a source in one answer."""
        policies: dict[int, CurrentPolicy] = cast(dict[str, Any], self.context).setdefault("policies", {})
        if comment.source_id not in policies:
            policies[comment.source_id] = policy_for(comment.source_id)
        return policies[comment.source_id]

    def get_url(self, comment: Comment) -> str:
        return comment_url(comment, self.context["request"])


def comment_url(comment: Comment, request: Request) -> str:
    return str(reverse("api-comment", kwargs={"comment_id": comment.pk}, request=request))


def shown(comments: Sequence[Comment], request: Request) -> list[Any]:
    """One serializer for all: building its fields costs more than writing a comment out."""
    output = CommentOutput(context={"request": request})
    return [output.to_representation(comment) for comment in comments]
