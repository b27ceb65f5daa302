"""`/api/v1/appeals/`: an author objects to a removal, and somebody answers."""

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework.request import Request
from rest_framework.response import Response

from classifier.api.base import checked_query
from classifier.api.fields import ChoiceParameter, ClosedSerializer, TextParameter
from classifier.api.idempotency import IDEMPOTENCY_KEY, once
from classifier.api.moderation import ModerationEndpoint
from classifier.api.permissions import api_key_of, caller
from classifier.api.problems import KEY_REUSED, NOT_NOW
from classifier.api.values import Choice, Id, PageQuery, Text
from classifier.api.verbs import checked, found, listed
from classifier.models import AUTHOR_REF_MAX_CHARACTERS, ApiScope, Appeal
from classifier.review.api.output import APPEAL_CHOICES, APPEAL_EXAMPLE, AppealOutput, AppealPageOutput
from classifier.review.appeals import MESSAGE_CHARACTERS, appeal_open, appeal_resolve
from classifier.review.selectors import APPEALS, SEES_APPEALS, appeals_visible_to

OUTCOMES = ("uphold", "overturn")
PAGE_EXAMPLE = OpenApiExample("A page", {"items": [APPEAL_EXAMPLE], "next": None}, response_only=True)
ANSWERED_EXAMPLE = {
    **APPEAL_EXAMPLE,
    "status": "overturned",
    "answer": "You are right, it is a quote.",
    "resolved_at": "2026-11-24T11:40:00.000000Z",
    "resolved_by": "robin",
}


@extend_schema_serializer(component_name="AppealInput")
class OpenInput(ClosedSerializer):
    """An author's objection."""

    message = Text(required=False, default="", allow_blank=True, max_length=MESSAGE_CHARACTERS)
    author_ref = Text(
        required=False,
        default="",
        allow_blank=True,
        max_length=AUTHOR_REF_MAX_CHARACTERS,
        help_text="Who objects; where given, it must be the author of the comment.",
    )
    decision = Id(
        required=False,
        allow_null=True,
        default=None,
        help_text="The removal; where given, it must stand still.",
    )


@extend_schema_serializer(component_name="AppealAnswerInput")
class AnswerInput(ClosedSerializer):
    """What becomes of an appeal."""

    outcome = Choice(choices=OUTCOMES, help_text="`uphold`: it stays removed; `overturn`: it is approved.")
    answer = Text(
        required=False,
        default="",
        allow_blank=True,
        max_length=MESSAGE_CHARACTERS,
        help_text="For the author.",
    )
    reason = Text(
        required=False,
        allow_null=True,
        default=None,
        allow_blank=True,
        max_length=64,
        help_text="A code of the policy for upholding; left out, that of the first decision.",
    )


class ListQuery(PageQuery):
    status = ChoiceParameter(required=False, choices=APPEAL_CHOICES)
    source = TextParameter(required=False, max_length=64)  # type: ignore[assignment]


class CommentAppealsEndpoint(ModerationEndpoint):
    scopes = {"GET": ApiScope.READ, "POST": ApiScope.SUBMIT}
    problems = {"POST": (NOT_NOW, KEY_REUSED)}

    @extend_schema(
        operation_id="list_comment_appeals",
        summary="The appeals about a comment",
        description="With their answers: one's own comments', or all for who may see appeals. Needs the scope `read`.",
        parameters=[PageQuery],
        responses={200: AppealPageOutput},
        examples=[PAGE_EXAMPLE],
    )
    def get(self, request: Request, comment_id: int) -> Response:
        rows = appeals_visible_to(user=caller(request)).filter(comment_id=comment_id)
        return listed(rows, checked_query(PageQuery, request), request, AppealOutput().to_representation)

    @extend_schema(
        operation_id="open_appeal",
        summary="Appeal against a removal",
        description=(
            "For the author, by the site that submitted the comment (or who may open appeals): once a decision, "
            "within the days that its policy gives. 409 where nothing is removed, it is too late, or it was appealed "
            "before. Needs the scope `submit`, or a session."
        ),
        parameters=[IDEMPOTENCY_KEY],
        request=OpenInput,
        responses={201: AppealOutput},
        examples=[
            OpenApiExample(
                "By the author",
                {"message": "I was quoting the post above.", "author_ref": "user-7"},
                request_only=True,
            ),
            OpenApiExample("Opened", APPEAL_EXAMPLE, response_only=True, status_codes=["201"]),
        ],
    )
    def post(self, request: Request, comment_id: int) -> Response:
        said = checked(OpenInput, request)

        def open_it() -> int:
            return appeal_open(
                comment=self.comment,
                message=said["message"],
                author_ref=said["author_ref"],
                decision_id=said["decision"],
                by=caller(request),
                api_key=api_key_of(request),
            ).pk

        return once(request, open_it, lambda pk: _shown(request, pk, 201))


class AppealsEndpoint(ModerationEndpoint):
    scopes = {"GET": ApiScope.MODERATE}
    needs = {"GET": SEES_APPEALS}

    @extend_schema(
        operation_id="list_appeals",
        summary="List appeals, newest first",
        description="Of the sources that the caller sees. Needs the scope `moderate`, or a session.",
        parameters=[ListQuery],
        responses={200: AppealPageOutput},
        examples=[PAGE_EXAMPLE],
    )
    def get(self, request: Request) -> Response:
        query = checked_query(ListQuery, request)
        rows = appeals_visible_to(user=caller(request), status=query.get("status", ""))
        if "source" in query:
            rows = rows.filter(comment__source__slug=query["source"])
        return listed(rows, query, request, AppealOutput().to_representation)


class AppealResolveEndpoint(ModerationEndpoint):
    scopes = {"POST": ApiScope.MODERATE}
    needs = {"POST": APPEALS}
    problems = {"POST": (NOT_NOW, KEY_REUSED)}

    @extend_schema(
        operation_id="resolve_appeal",
        summary="Answer an appeal",
        description=(
            "Upholding decides the same again, overturning approves: either is a decision of its own. Who made the "
            "first decision gets 403 where the site lets others answer. Needs the scope `moderate`, or a session."
        ),
        parameters=[IDEMPOTENCY_KEY],
        request=AnswerInput,
        responses={200: AppealOutput},
        examples=[
            OpenApiExample(
                "Overturn",
                {"outcome": "overturn", "answer": "You are right, it is a quote."},
                request_only=True,
            ),
            OpenApiExample("Answered", ANSWERED_EXAMPLE, response_only=True),
        ],
    )
    def post(self, request: Request, appeal_id: int) -> Response:
        appeal = found(appeals_visible_to(user=caller(request)), appeal_id)
        said = checked(AnswerInput, request)

        def resolve() -> int:
            appeal_resolve(
                appeal=appeal,
                uphold=said["outcome"] == "uphold",
                answer=said["answer"],
                reason=said["reason"],
                by=caller(request),
            )
            return appeal.pk

        return once(request, resolve, lambda pk: _shown(request, pk, 200))


def _shown(request: Request, pk: int, status: int) -> Response:
    appeal: Appeal = found(appeals_visible_to(user=caller(request)), pk)
    return Response(AppealOutput(appeal).data, status=status)
