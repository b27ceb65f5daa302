"""`/api/v1/decisions/`: decide about a comment, undo a decision, and list decisions."""

from typing import Any

from django.db import transaction
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from classifier.api.authentication import caller
from classifier.api.base import Endpoint, found
from classifier.api.etag import IF_MATCH, asked_version
from classifier.api.fields import (
    AnyObject,
    Choice,
    ChoiceParameter,
    ClosedSerializer,
    Id,
    IdParameter,
    SourceParameter,
    Text,
    TextParameter,
    TimeParameter,
    TrueOrFalse,
    Whole,
)
from classifier.api.idempotency import IDEMPOTENCY_KEY, once
from classifier.api.operation import operation
from classifier.api.pagination import PageQuery, listed, page_of
from classifier.api.problems import NOT_NOW
from classifier.api.reading import checked, checked_query, optional
from classifier.comments.edits import comment_version
from classifier.core.errors import VersionConflict
from classifier.models import ApiScope, Decision, DecisionAction
from classifier.review.decision_input import ACTIONS, MARKS_MAX, NOTE_CHARACTERS
from classifier.review.decisions import decision_record, decision_undo
from classifier.review.reports import reports_mark
from classifier.review.selectors import decisions_visible_to

SEE, DECIDE = "classifier.view_decision", "classifier.add_decision"
ACTION_CHOICES = [(action.value, action.value) for action in DecisionAction]
COLUMNS = {
    "action": "action",
    "by": "by__username",
    "automatic": "automatic",
    "comment": "comment_id",
    "source": "comment__source__slug",
    "created_from": "created_at__gte",
    "created_before": "created_at__lt",
}


class LabelsField(AnyObject):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(child=TrueOrFalse(), **kwargs)


class MarkInput(ClosedSerializer):
    begin = Whole(min_value=0)
    end = Whole(min_value=1)


class DecisionInput(ClosedSerializer):
    """One decision."""

    action = Choice(choices=[(action.value, action.value) for action in ACTIONS])
    reason = Text(
        required=False, default="", allow_blank=True, max_length=64, help_text="A reason code of the policy."
    )
    labels = LabelsField(required=False, default=dict, help_text="Corrections of the model's labels.")
    marks = serializers.ListField(
        child=MarkInput(),
        required=False,
        default=list,
        max_length=MARKS_MAX,
        help_text="The words that the decision is about: begin and end in code points of the text.",
    )
    note = Text(required=False, default="", allow_blank=True, max_length=NOTE_CHARACTERS)
    seen_decision = Id(
        required=False,
        allow_null=True,
        default=None,
        help_text="The id of the current decision, if there is one: it must be named to be replaced, unless the "
        "comment was approved and waits again because readers reported it.",
    )
    reports_harmless = TrueOrFalse(
        required=False,
        default=False,
        help_text="true: further reports do not bring the comment back, until its text changes.",
    )


class UndoInput(ClosedSerializer):
    note = Text(
        required=False,
        default="",
        allow_blank=True,
        max_length=NOTE_CHARACTERS,
        help_text="Why it is undone.",
    )


class SwitchParameter(ChoiceParameter):
    """`true` or `false` in a query string."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=["true", "false"], **kwargs)

    def run_validation(self, data: Any = serializers.empty) -> Any:
        return super().run_validation(data) == "true"


class DecisionListQuery(PageQuery):
    action = ChoiceParameter(required=False, choices=ACTION_CHOICES)
    by = TextParameter(required=False, max_length=150, help_text="The username of the moderator.")
    automatic = SwitchParameter(required=False, help_text="Whether a policy decided.")
    comment = IdParameter(required=False, help_text="The id of a comment.")
    source = SourceParameter()  # type: ignore[assignment]
    created_from = TimeParameter(required=False, help_text="Decided at this time or later.")
    created_before = TimeParameter(required=False, help_text="Decided before this time.")


class DecisionPolicy(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    version = serializers.IntegerField(help_text="The version of the source's policy, or of the site's.")


class DecisionOutput(serializers.Serializer[Decision]):
    """A decision of a moderator or a policy. It is never changed: undoing it adds another one."""

    id = serializers.IntegerField()
    comment = serializers.IntegerField(source="comment_id")
    source = serializers.CharField(source="comment.source.slug")  # type: ignore[assignment]
    action = serializers.ChoiceField(choices=ACTION_CHOICES)
    reason = serializers.CharField(help_text="A reason code of the policy; empty if none was given.")
    labels = serializers.DictField(
        child=serializers.IntegerField(),
        help_text="Corrected labels, 0 or 1; the others are as the model said.",
    )
    marks = serializers.ListField(
        child=serializers.DictField(child=serializers.IntegerField()),
        help_text="The words that the decision is about: begin and end in code points of the text at that time.",
    )
    note = serializers.CharField()
    by = serializers.CharField(source="by.username", allow_null=True, default=None)
    automatic = serializers.BooleanField(help_text="Whether a policy decided, without a moderator.")
    bulk = serializers.IntegerField(source="bulk_id", allow_null=True)
    seconds = serializers.FloatField(allow_null=True, help_text="Seconds from the claim to the decision.")
    policy = DecisionPolicy(allow_null=True, help_text="The policy that was active.")
    model_version = serializers.CharField(
        source="prediction.model_version.version",
        allow_null=True,
        default=None,
        help_text="The model version whose verdict the decision is about.",
    )
    undoes = serializers.IntegerField(source="undoes_id", allow_null=True)
    undone_by = serializers.SerializerMethodField(help_text="The id of the decision that undid this one.")
    created_at = serializers.DateTimeField()

    @extend_schema_field(serializers.IntegerField(allow_null=True))
    def get_undone_by(self, decision: Decision) -> int | None:
        undo = getattr(decision, "undone_by", None)
        return None if undo is None else int(undo.pk)


class CommentDecisionsEndpoint(Endpoint):
    @operation(
        "list_comment_decisions",
        scope=ApiScope.READ,
        needs=SEE,
        query=PageQuery,
        answers=page_of(DecisionOutput),
    )
    def get(self, request: Request, comment_id: int) -> Response:
        """List the decisions about a comment, newest first.

        The list includes undone decisions and those that undid them.
        """
        rows = decisions_visible_to(user=caller(request)).filter(comment_id=comment_id)
        return listed(rows, checked_query(PageQuery, request), request, DecisionOutput)

    @operation(
        "decide_comment",
        scope=ApiScope.MODERATE,
        needs=DECIDE,
        headers=[IF_MATCH, IDEMPOTENCY_KEY],
        body=DecisionInput,
        answers={201: DecisionOutput},
        problems=[NOT_NOW],
    )
    def post(self, request: Request, comment_id: int) -> Response:
        """Decide about a comment.

        The user who owns the key approves or removes it, hands it to a lead (`escalate`) or leaves it to other
        moderators (`skip`). 403: the comment waits for a lead. 409: it has no verdict yet, its text was erased, or
        somebody else has decided meanwhile. 412: `If-Match` names another version of the comment.
        """
        fields = checked(DecisionInput, request)
        expected = asked_version(request)

        def decide() -> int:
            if expected is not None and expected != comment_version(self.comment):
                raise VersionConflict
            seen_decision, harmless = fields.pop("seen_decision"), fields.pop("reports_harmless")
            with transaction.atomic():
                decision = decision_record(
                    comment=self.comment, **fields, seen_decision_id=seen_decision, by=caller(request)
                )
                if harmless:
                    reports_mark(comment=self.comment, harmless=True, by=caller(request))
            return decision.pk

        return once(request, decide, lambda pk: _created(request, pk))


class DecisionsEndpoint(Endpoint):
    @operation(
        "list_decisions",
        scope=ApiScope.MODERATE,
        needs=SEE,
        query=DecisionListQuery,
        answers=page_of(DecisionOutput),
    )
    def get(self, request: Request) -> Response:
        """List decisions, newest first.

        The list covers the sources that the caller may see.
        """
        query = checked_query(DecisionListQuery, request)
        return listed(decisions_visible_to(user=caller(request)), query, request, DecisionOutput, COLUMNS)


class DecisionUndoEndpoint(Endpoint):
    @operation(
        "undo_decision",
        scope=ApiScope.MODERATE,
        needs=DECIDE,
        headers=[IDEMPOTENCY_KEY],
        body=UndoInput,
        answers={201: DecisionOutput},
        problems=[NOT_NOW],
    )
    def post(self, request: Request, decision_id: int) -> Response:
        """Undo a decision.

        The comment waits for a moderator again. The decision is kept; the answer is the new decision that undoes it.
        409: it is not the current decision any more.
        """
        decision = found(decisions_visible_to(user=caller(request)), decision_id)
        note = optional(UndoInput, request)["note"]

        def undo() -> int:
            return decision_undo(decision=decision, note=note, by=caller(request)).pk

        return once(request, undo, lambda pk: _created(request, pk))


def _created(request: Request, pk: int) -> Response:
    decision: Decision = found(decisions_visible_to(user=caller(request)), pk)
    return Response(DecisionOutput(decision).data, status=201)
