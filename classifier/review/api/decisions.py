"""`/api/v1/decisions/`: deciding about a comment, undoing it, and what was decided."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from classifier.api.base import checked_query
from classifier.api.etag import IF_MATCH, asked_version
from classifier.api.fields import ChoiceParameter, ClosedSerializer, TextParameter, TimeParameter, TrueOrFalse
from classifier.api.idempotency import IDEMPOTENCY_KEY, once
from classifier.api.moderation import ModerationEndpoint
from classifier.api.permissions import caller
from classifier.api.problems import CHANGED_MEANWHILE, KEY_REUSED, NOT_NOW
from classifier.api.values import AnyObject, Choice, Id, IdParameter, PageQuery, Text, Whole
from classifier.api.verbs import checked, found, listed, optional
from classifier.comments.edits import comment_version
from classifier.core.errors import VersionConflict
from classifier.models import ApiScope, Decision
from classifier.review.api.output import ACTION_CHOICES, DECISION_EXAMPLE, DecisionOutput, DecisionPageOutput
from classifier.review.decision_input import ACTIONS, MARKS_MAX, NOTE_CHARACTERS
from classifier.review.decisions import decision_record, decision_undo
from classifier.review.selectors import decisions_visible_to

SEE, DECIDE = "classifier.view_decision", "classifier.add_decision"
PAGE_EXAMPLE = OpenApiExample("A page", {"items": [DECISION_EXAMPLE], "next": None}, response_only=True)
UNDO_EXAMPLE = {
    **DECISION_EXAMPLE,
    "id": 913,
    "action": "undo",
    "undoes": 912,
    "reason": "",
    "labels": {},
    "marks": [],
}
FILTERS = {
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


@extend_schema_serializer(component_name="DecisionInput")
class DecideInput(ClosedSerializer):
    """One decision."""

    action = Choice(choices=[(action.value, action.value) for action in ACTIONS])
    reason = Text(
        required=False, default="", allow_blank=True, max_length=64, help_text="A code of the policy."
    )
    labels = LabelsField(required=False, default=dict, help_text="Corrections of what the model said.")
    marks = serializers.ListField(
        child=MarkInput(),
        required=False,
        default=list,
        max_length=MARKS_MAX,
        help_text="The words that mattered.",
    )
    note = Text(required=False, default="", allow_blank=True, max_length=NOTE_CHARACTERS)
    seen_decision = Id(
        required=False,
        allow_null=True,
        default=None,
        help_text="The decision that stands, where there is one; only who has seen it may decide anew.",
    )


@extend_schema_serializer(component_name="UndoInput")
class UndoInput(ClosedSerializer):
    note = Text(required=False, default="", allow_blank=True, max_length=NOTE_CHARACTERS)


class SwitchParameter(ChoiceParameter):
    """`true` or `false` in a query string."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=["true", "false"], **kwargs)

    def run_validation(self, data: Any = serializers.empty) -> Any:
        return super().run_validation(data) == "true"


class ListQuery(PageQuery):
    action = ChoiceParameter(required=False, choices=ACTION_CHOICES)
    by = TextParameter(required=False, max_length=150, help_text="The name of who decided.")
    automatic = SwitchParameter(required=False)
    comment = IdParameter(required=False)
    source = TextParameter(required=False, max_length=64)  # type: ignore[assignment]
    created_from = TimeParameter(required=False)
    created_before = TimeParameter(required=False)


class CommentDecisionsEndpoint(ModerationEndpoint):
    scopes = {"GET": ApiScope.READ, "POST": ApiScope.MODERATE}
    needs = {"GET": SEE, "POST": DECIDE}
    problems = {"POST": (NOT_NOW, CHANGED_MEANWHILE, KEY_REUSED)}

    @extend_schema(
        operation_id="list_comment_decisions",
        summary="What was decided about a comment",
        description="Newest first, undone ones and undoing too. Needs the scope `read`, or a session.",
        parameters=[PageQuery],
        responses={200: DecisionPageOutput},
        examples=[PAGE_EXAMPLE],
    )
    def get(self, request: Request, comment_id: int) -> Response:
        rows = decisions_visible_to(user=caller(request)).filter(comment_id=comment_id)
        return listed(rows, checked_query(PageQuery, request), request, DecisionOutput().to_representation)

    @extend_schema(
        operation_id="decide_comment",
        summary="Decide about a comment",
        description=(
            "Approve or remove it, hand it to a lead (`escalate`) or leave it to others (`skip`), as the person who "
            "owns the key. 409 where it has no verdict yet, its text is gone or somebody else decided meanwhile; 403 "
            "where it waits for a lead; "
            "412 where `If-Match` names another version of the comment. Needs the scope `moderate`, or a session."
        ),
        parameters=[IF_MATCH, IDEMPOTENCY_KEY],
        request=DecideInput,
        responses={201: DecisionOutput},
        examples=[
            OpenApiExample("Remove", {"action": "remove", "reason": "insult"}, request_only=True),
            OpenApiExample("Removed", DECISION_EXAMPLE, response_only=True, status_codes=["201"]),
        ],
    )
    def post(self, request: Request, comment_id: int) -> Response:
        said = checked(DecideInput, request)
        asked = asked_version(request)

        def decide() -> int:
            if asked is not None and asked != comment_version(self.comment):
                raise VersionConflict
            return decision_record(
                comment=self.comment,
                action=said["action"],
                reason=said["reason"],
                labels=said["labels"],
                marks=said["marks"],
                note=said["note"],
                seen_decision_id=said["seen_decision"],
                by=caller(request),
            ).pk

        return once(request, decide, lambda pk: _shown(request, pk))


class DecisionsEndpoint(ModerationEndpoint):
    scopes = {"GET": ApiScope.MODERATE}
    needs = {"GET": SEE}

    @extend_schema(
        operation_id="list_decisions",
        summary="List decisions, newest first",
        description="Of the sources that the caller sees. Needs the scope `moderate`, or a session.",
        parameters=[ListQuery],
        responses={200: DecisionPageOutput},
        examples=[PAGE_EXAMPLE],
    )
    def get(self, request: Request) -> Response:
        query = checked_query(ListQuery, request)
        asked = {column: query[name] for name, column in FILTERS.items() if name in query}
        rows = decisions_visible_to(user=caller(request)).filter(**asked)
        return listed(rows, query, request, DecisionOutput().to_representation)


class DecisionUndoEndpoint(ModerationEndpoint):
    scopes = {"POST": ApiScope.MODERATE}
    needs = {"POST": DECIDE}
    problems = {"POST": (NOT_NOW, KEY_REUSED)}

    @extend_schema(
        operation_id="undo_decision",
        summary="Undo a decision",
        description=(
            "The comment waits for a person again. Both stay: undoing is a decision of its own, which is answered. 409 "
            "where it does not stand any more. Needs the scope `moderate`, or a session."
        ),
        parameters=[IDEMPOTENCY_KEY],
        request=UndoInput,
        responses={201: DecisionOutput},
        examples=[
            OpenApiExample("With a note", {"note": "Wrong button."}, request_only=True),
            OpenApiExample("Undone", UNDO_EXAMPLE, response_only=True, status_codes=["201"]),
        ],
    )
    def post(self, request: Request, decision_id: int) -> Response:
        decision = found(decisions_visible_to(user=caller(request)), decision_id)
        note = optional(UndoInput, request)["note"]

        def undo() -> int:
            return decision_undo(decision=decision, note=note, by=caller(request)).pk

        return once(request, undo, lambda pk: _shown(request, pk))


def _shown(request: Request, pk: int) -> Response:
    decision: Decision = found(decisions_visible_to(user=caller(request)), pk)
    return Response(DecisionOutput(decision).data, status=201)
