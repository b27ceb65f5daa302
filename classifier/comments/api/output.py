"""How comments and predictions look in the answers of version 1."""

from collections.abc import Sequence
from typing import Any, cast

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.reverse import reverse

from classifier.models import Comment, CommentStatus, Prediction, TextFormat, Verdict
from classifier.policies import recommended_actions as actions
from classifier.policies.active_policies import CurrentPolicy, policy_for

STATUS_CHOICES = [(status.value, status.value) for status in CommentStatus]
VERDICT_CHOICES = [(verdict.value, verdict.value) for verdict in Verdict]
FORMAT_CHOICES = [(text_format.value, text_format.value) for text_format in TextFormat]
ACTION_CHOICES = [(action, action) for action in actions.ACTIONS]
ACTION_HELP = (
    "What to do with the comment now, by its decision or else by the policy of its source: `publish`; `review` while "
    "it waits for a moderator; `remove`; or, while there is no verdict, `publish` if the policy fails open and `hold` "
    "if it fails closed."
)
NUDGE_HELP = (
    "True if the author should be asked to think again: the score reaches the policy's nudge threshold."
)
READ_AS_HELP = (
    "What a person reads in the text, where its words are disguised (`id10t`, `i d i o t`) and this reading has the "
    "higher score; empty otherwise."
)

LANGUAGE_HELP = (
    "The language of the text as a BCP 47 tag: `und` if it is not clear, as with a few words, `und-Cyrl` if only the "
    "script is."
)
LANGUAGE_SUPPORTED_HELP = (
    "False if the text is in a language that the model does not know, so that its scores mean little."
)

CONCERN_HELP = (
    "True if the author tells of self-harm, suicide or violence that they suffered, and the scores reach no `remove` "
    "threshold. Unless the policy says otherwise, a person looks at it. False by models that cannot recognise it."
)
AUTHOR_TEXT_HELP = (
    "What your site wants to say to an author who tells of their own hurt, by the policy's `concern_text`; empty where "
    "`concern` is false or the policy has no such text."
)
CONCERN_SCORE_HELP = (
    "Probability that the author tells of their own hurt; null by models that cannot recognise it."
)


class PredictionOutput(serializers.Serializer[Prediction]):
    """The verdict of one model version about a comment. Predictions are never changed, only added."""

    model_version = serializers.CharField(source="model_version.version")
    verdict = serializers.ChoiceField(choices=VERDICT_CHOICES)
    score = serializers.FloatField(help_text="Probability of the primary label.")
    threshold = serializers.FloatField(help_text="The verdict is toxic if the score is at least this.")
    scores = serializers.DictField(child=serializers.FloatField(), help_text="Probability of each label.")
    windows = serializers.IntegerField(
        help_text="Number of overlapping parts in which a long text was scored."
    )
    language = serializers.CharField(
        help_text=LANGUAGE_HELP + " Empty for verdicts from before languages were identified."
    )
    language_supported = serializers.BooleanField(help_text=LANGUAGE_SUPPORTED_HELP)
    concern_score = serializers.FloatField(allow_null=True, help_text=CONCERN_SCORE_HELP)
    created_at = serializers.DateTimeField()


class CommentOutput(serializers.Serializer[Comment]):
    id = serializers.IntegerField()
    url = serializers.SerializerMethodField(help_text="The address at which to read the comment again.")
    source = serializers.CharField(source="source.slug")  # type: ignore[assignment]
    external_id = serializers.CharField(allow_null=True)
    author_ref = serializers.CharField()
    text = serializers.CharField()
    read_as = serializers.CharField(help_text=READ_AS_HELP)
    format = serializers.SerializerMethodField(
        help_text="How the text is written, as it was sent or else by the policy of its source."
    )
    status = serializers.ChoiceField(choices=STATUS_CHOICES)
    action = serializers.SerializerMethodField(help_text=ACTION_HELP)
    nudge = serializers.SerializerMethodField(help_text=NUDGE_HELP)
    failure_reason = serializers.CharField(help_text="Why the status is `failed`; empty otherwise.")
    created_at = serializers.DateTimeField()
    classified_at = serializers.DateTimeField(allow_null=True)
    edited_at = serializers.DateTimeField(allow_null=True, help_text="When the text was last changed.")
    text_erased_at = serializers.DateTimeField(
        source="text_purged_at",
        allow_null=True,
        help_text="When the text was erased; `text` is empty since then.",
    )
    band = serializers.CharField(
        help_text="The policy's band for the score: `approve`, `review` or `remove`; empty without a verdict."
    )
    concern = serializers.BooleanField(source="is_concern", help_text=CONCERN_HELP)
    author_text = serializers.SerializerMethodField(help_text=AUTHOR_TEXT_HELP)
    prediction = PredictionOutput(
        source="current_prediction", allow_null=True, help_text="The current verdict; null while pending."
    )

    @extend_schema_field(serializers.ChoiceField(choices=ACTION_CHOICES, help_text=ACTION_HELP))
    def get_action(self, comment: Comment) -> str:
        return actions.of_comment(comment, self._policy(comment)).action

    @extend_schema_field(serializers.ChoiceField(choices=TextFormat.values))
    def get_format(self, comment: Comment) -> str:
        return comment.text_format or self._policy(comment).text_format

    def get_nudge(self, comment: Comment) -> bool:
        return actions.of_comment(comment, self._policy(comment)).nudge

    def get_author_text(self, comment: Comment) -> str:
        return self._policy(comment).author_text(concern=comment.is_concern)

    def _policy(self, comment: Comment) -> CurrentPolicy:
        """Return the active policy, read once for all comments of a source in one answer."""
        policies: dict[int, CurrentPolicy] = cast(dict[str, Any], self.context).setdefault("policies", {})
        if comment.source_id not in policies:
            policies[comment.source_id] = policy_for(comment.source_id)
        return policies[comment.source_id]

    def get_url(self, comment: Comment) -> str:
        return comment_url(comment, self.context["request"])


def comment_url(comment: Comment, request: Request) -> str:
    return str(reverse("api-comment", kwargs={"comment_id": comment.pk}, request=request))


def shown(comments: Sequence[Comment], request: Request) -> list[Any]:
    """Write all comments with one serializer: building its fields costs more than writing a comment."""
    output = CommentOutput(context={"request": request})
    return [output.to_representation(comment) for comment in comments]
