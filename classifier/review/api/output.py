"""How decisions, appeals and reports look in the answers of version 1."""

from typing import Any

from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from classifier.models import Appeal, AppealStatus, Decision, DecisionAction, Report

ACTION_CHOICES = [(action.value, action.value) for action in DecisionAction]
APPEAL_CHOICES = [(status.value, status.value) for status in AppealStatus]
DECISION_EXAMPLE: dict[str, Any] = {
    "id": 912,
    "comment": 4711,
    "source": "forum",
    "action": "remove",
    "reason": "insult",
    "labels": {"insult": 1},
    "marks": [{"begin": 10, "end": 25}],
    "note": "",
    "by": "robin",
    "automatic": False,
    "bulk": None,
    "seconds": 4.2,
    "policy": {"id": 17, "version": 3},
    "model_version": "starter-1a2b3c4d",
    "undoes": None,
    "undone_by": None,
    "created_at": "2026-11-24T09:31:10.020000Z",
}
APPEAL_EXAMPLE: dict[str, Any] = {
    "id": 31,
    "comment": 4711,
    "source": "forum",
    "decision": 912,
    "message": "I was quoting the post above.",
    "status": "open",
    "answer": "",
    "created_at": "2026-11-24T10:02:00.000000Z",
    "resolved_at": None,
    "resolved_by": None,
}
REPORT_EXAMPLE: dict[str, Any] = {
    "id": 77,
    "comment": 4711,
    "source": "forum",
    "reporter_ref": "user-9",
    "reason": "He insults me.",
    "created_at": "2026-11-24T09:58:00.000000Z",
}


@extend_schema_serializer(component_name="DecisionPolicy")
class PolicyRefOutput(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    version = serializers.IntegerField(help_text="Of the source's own policy, or of the site's.")


@extend_schema_serializer(component_name="DecisionOutput")
class DecisionOutput(serializers.Serializer[Decision]):
    """What a person or a policy decided, under which policy and model version. Written once; undoing is a row too."""

    id = serializers.IntegerField()
    comment = serializers.IntegerField(source="comment_id")
    source = serializers.CharField(source="comment.source.slug")  # type: ignore[assignment]
    action = serializers.ChoiceField(choices=ACTION_CHOICES)
    reason = serializers.CharField(help_text="A code of the policy; empty where none was given.")
    labels = serializers.DictField(
        child=serializers.IntegerField(), help_text="Corrections, 0 or 1; the others are as the model said."
    )
    marks = serializers.ListField(
        child=serializers.DictField(child=serializers.IntegerField()),
        help_text="Words that mattered, begin and end in code points of the text as it was then.",
    )
    note = serializers.CharField()
    by = serializers.CharField(source="by.username", allow_null=True, default=None)
    automatic = serializers.BooleanField(help_text="Whether a policy decided, without a person.")
    bulk = serializers.IntegerField(source="bulk_id", allow_null=True)
    seconds = serializers.FloatField(allow_null=True, help_text="From the claim to the decision.")
    policy = PolicyRefOutput(allow_null=True, help_text="The policy that was in force.")
    model_version = serializers.CharField(
        source="prediction.model_version.version",
        allow_null=True,
        default=None,
        help_text="Whose verdict was seen.",
    )
    undoes = serializers.IntegerField(source="undoes_id", allow_null=True)
    undone_by = serializers.SerializerMethodField(help_text="The decision that took this one back.")
    created_at = serializers.DateTimeField()

    @extend_schema_field(serializers.IntegerField(allow_null=True))
    def get_undone_by(self, decision: Decision) -> int | None:
        undo = getattr(decision, "undone_by", None)
        return None if undo is None else int(undo.pk)


@extend_schema_serializer(component_name="AppealOutput")
class AppealOutput(serializers.Serializer[Appeal]):
    """An author's objection to a removal, and its answer."""

    id = serializers.IntegerField()
    comment = serializers.IntegerField(source="comment_id")
    source = serializers.CharField(source="comment.source.slug")  # type: ignore[assignment]
    decision = serializers.IntegerField(source="decision_id", help_text="The removal that it is against.")
    message = serializers.CharField()
    status = serializers.ChoiceField(choices=APPEAL_CHOICES)
    answer = serializers.CharField(help_text="For the author.")
    created_at = serializers.DateTimeField()
    resolved_at = serializers.DateTimeField(allow_null=True)
    resolved_by = serializers.CharField(source="resolved_by.username", allow_null=True, default=None)


@extend_schema_serializer(component_name="ReportOutput")
class ReportOutput(serializers.Serializer[Report]):
    """Somebody told that a comment is bad."""

    id = serializers.IntegerField()
    comment = serializers.IntegerField(source="comment_id")
    source = serializers.CharField(source="comment.source.slug")  # type: ignore[assignment]
    reporter_ref = serializers.CharField()
    reason = serializers.CharField()
    created_at = serializers.DateTimeField()


@extend_schema_serializer(component_name="DecisionPage", many=False)
class DecisionPageOutput(serializers.Serializer[Any]):
    items = DecisionOutput(many=True, help_text="Newest first.")
    next = serializers.URLField(allow_null=True, help_text="The page after this one; null on the last.")


@extend_schema_serializer(component_name="AppealPage", many=False)
class AppealPageOutput(serializers.Serializer[Any]):
    items = AppealOutput(many=True, help_text="Newest first.")
    next = serializers.URLField(allow_null=True, help_text="The page after this one; null on the last.")


@extend_schema_serializer(component_name="ReportPage", many=False)
class ReportPageOutput(serializers.Serializer[Any]):
    items = ReportOutput(many=True, help_text="Newest first.")
    next = serializers.URLField(allow_null=True, help_text="The page after this one; null on the last.")
