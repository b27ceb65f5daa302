"""`/api/v1/appeals/`: an author appeals against a removal, and a moderator answers."""

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from classifier.api.authentication import api_key_of, caller
from classifier.api.base import Endpoint, found
from classifier.api.fields import (
    Choice,
    ChoiceParameter,
    ClosedSerializer,
    Id,
    SourceParameter,
    Text,
)
from classifier.api.idempotency import IDEMPOTENCY_KEY, once
from classifier.api.operation import operation
from classifier.api.pagination import PageQuery, listed, page_of
from classifier.api.problems import NOT_NOW
from classifier.api.reading import checked, checked_query
from classifier.models import AUTHOR_REF_MAX_CHARACTERS, ApiScope, Appeal, AppealStatus
from classifier.review.appeals import MESSAGE_CHARACTERS, appeal_open, appeal_resolve
from classifier.review.selectors import APPEALS, SEES_APPEALS, appeals_visible_to

OUTCOMES = ("uphold", "overturn")
STATUS_CHOICES = [(status.value, status.value) for status in AppealStatus]


class AppealInput(ClosedSerializer):
    """An author's appeal."""

    message = Text(required=False, default="", allow_blank=True, max_length=MESSAGE_CHARACTERS)
    author_ref = Text(
        required=False,
        default="",
        allow_blank=True,
        max_length=AUTHOR_REF_MAX_CHARACTERS,
        help_text="Your own id of who appeals. If given, it must be that of the comment's author.",
    )
    decision = Id(
        required=False,
        allow_null=True,
        default=None,
        help_text="The id of the removal. If given, it must be the current decision.",
    )


class AppealAnswerInput(ClosedSerializer):
    """The answer to an appeal."""

    outcome = Choice(
        choices=OUTCOMES, help_text="`uphold`: the comment stays removed; `overturn`: it is approved."
    )
    answer = Text(
        required=False,
        default="",
        allow_blank=True,
        max_length=MESSAGE_CHARACTERS,
        help_text="A message for the author.",
    )
    reason = Text(
        required=False,
        allow_null=True,
        default=None,
        allow_blank=True,
        max_length=64,
        help_text="With `uphold`, a reason code of the policy; that of the first decision if left out.",
    )


class AppealListQuery(PageQuery):
    status = ChoiceParameter(required=False, choices=STATUS_CHOICES)
    source = SourceParameter()  # type: ignore[assignment]


class AppealOutput(serializers.Serializer[Appeal]):
    """An author's appeal against a removal, and its answer."""

    id = serializers.IntegerField()
    comment = serializers.IntegerField(source="comment_id")
    source = serializers.CharField(source="comment.source.slug")  # type: ignore[assignment]
    decision = serializers.IntegerField(source="decision_id", help_text="The id of the removal.")
    message = serializers.CharField()
    status = serializers.ChoiceField(choices=STATUS_CHOICES)
    answer = serializers.CharField(help_text="A message for the author.")
    created_at = serializers.DateTimeField()
    resolved_at = serializers.DateTimeField(allow_null=True)
    resolved_by = serializers.CharField(source="resolved_by.username", allow_null=True, default=None)


class CommentAppealsEndpoint(Endpoint):
    @operation("list_comment_appeals", scope=ApiScope.READ, query=PageQuery, answers=page_of(AppealOutput))
    def get(self, request: Request, comment_id: int) -> Response:
        """List the appeals about a comment, newest first.

        Users with the permission to view appeals see all of them; others see those about comments that they submitted.
        """
        rows = appeals_visible_to(user=caller(request)).filter(comment_id=comment_id)
        return listed(rows, checked_query(PageQuery, request), request, AppealOutput)

    @operation(
        "open_appeal",
        scope=ApiScope.SUBMIT,
        headers=[IDEMPOTENCY_KEY],
        body=AppealInput,
        answers={201: AppealOutput},
        problems=[NOT_NOW],
    )
    def post(self, request: Request, comment_id: int) -> Response:
        """Appeal against a removal.

        Whoever submitted the comment, or a user with the permission to add appeals, passes on the appeal of the
        author: once for each decision, within the days that its policy allows. 409: the comment is not removed, it is
        too late, or there was an appeal before.
        """
        fields = checked(AppealInput, request)

        def make() -> int:
            return appeal_open(
                comment=self.comment,
                message=fields["message"],
                author_ref=fields["author_ref"],
                decision_id=fields["decision"],
                by=caller(request),
                api_key=api_key_of(request),
            ).pk

        return once(request, make, lambda pk: _answer(request, pk, 201))


class AppealsEndpoint(Endpoint):
    @operation(
        "list_appeals",
        scope=ApiScope.MODERATE,
        needs=SEES_APPEALS,
        query=AppealListQuery,
        answers=page_of(AppealOutput),
    )
    def get(self, request: Request) -> Response:
        """List appeals, newest first.

        The list covers the sources that the caller may see.
        """
        query = checked_query(AppealListQuery, request)
        rows = appeals_visible_to(user=caller(request), status=query.get("status", ""))
        return listed(rows, query, request, AppealOutput, {"source": "comment__source__slug"})


class AppealResolveEndpoint(Endpoint):
    @operation(
        "resolve_appeal",
        scope=ApiScope.MODERATE,
        needs=APPEALS,
        headers=[IDEMPOTENCY_KEY],
        body=AppealAnswerInput,
        answers=AppealOutput,
        problems=[NOT_NOW],
    )
    def post(self, request: Request, appeal_id: int) -> Response:
        """Answer an appeal.

        `uphold` repeats the removal, `overturn` approves the comment; either is a new decision. 403: the site requires
        that someone other than the moderator who removed the comment answers.
        """
        appeal = found(appeals_visible_to(user=caller(request)), appeal_id)
        fields = checked(AppealAnswerInput, request)

        def resolve() -> int:
            appeal_resolve(
                appeal=appeal,
                uphold=fields["outcome"] == "uphold",
                answer=fields["answer"],
                reason=fields["reason"],
                by=caller(request),
            )
            return appeal.pk

        return once(request, resolve, lambda pk: _answer(request, pk, 200))


def _answer(request: Request, pk: int, status: int) -> Response:
    appeal: Appeal = found(appeals_visible_to(user=caller(request)), pk)
    return Response(AppealOutput(appeal).data, status=status)
