"""`/api/v1/comments/`: submit one comment or many, and list those that the caller may see."""

from typing import Any

from drf_spectacular.utils import OpenApiResponse, PolymorphicProxySerializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from classifier.api.authentication import caller
from classifier.api.base import Endpoint
from classifier.api.fields import (
    BooleanParameter,
    ChoiceParameter,
    SourceParameter,
    TextParameter,
    TimeParameter,
)
from classifier.api.idempotency import IDEMPOTENCY_KEY, once, refuse_key
from classifier.api.operation import location, operation
from classifier.api.pagination import PageQuery, listed, page_of
from classifier.api.problems import CONFLICT
from classifier.api.reading import body_object, checked_query
from classifier.comments.api.output import STATUS_CHOICES, VERDICT_CHOICES, CommentOutput, comment_url, shown
from classifier.comments.api.submission import (
    CommentInput,
    CommentsInput,
    SubmitQuery,
    submitted_many,
    submitted_one,
    waited_for,
)
from classifier.core.visible_comments import comments_visible_to
from classifier.models import EXTERNAL_ID_MAX_CHARACTERS, ApiScope, Comment, CommentStatus

COLUMNS = {
    "status": "status",
    "verdict": "current_prediction__verdict",
    "language": "current_prediction__language",
    "language_supported": "current_prediction__language_supported",
    "concern": "is_concern",
    "source": "source__slug",
    "external_id": "external_id",
    "created_from": "created_at__gte",
    "created_before": "created_at__lt",
}


class CommentsOutput(serializers.Serializer[Any]):
    items = CommentOutput(many=True, help_text="In the order of the request.")


SUBMISSION = PolymorphicProxySerializer(
    component_name="Submission", serializers=[CommentInput, CommentsInput], resource_type_field_name=None
)
SUBMITTED = PolymorphicProxySerializer(
    component_name="Submitted",
    serializers=[CommentOutput, CommentsOutput],
    resource_type_field_name=None,
    many=False,
)


class CommentListQuery(PageQuery):
    status = ChoiceParameter(required=False, choices=STATUS_CHOICES)
    verdict = ChoiceParameter(required=False, choices=VERDICT_CHOICES)
    language = TextParameter(
        required=False, max_length=35, help_text="The language that texts were identified as, such as `de`."
    )
    language_supported = BooleanParameter(
        required=False, help_text="Whether the model knows the language of the text."
    )
    concern = BooleanParameter(required=False, help_text="Whether the author tells of their own hurt.")
    source = SourceParameter()  # type: ignore[assignment]
    external_id = TextParameter(required=False, max_length=EXTERNAL_ID_MAX_CHARACTERS)
    created_from = TimeParameter(
        required=False, help_text="Submitted at this time or later; a date alone means midnight UTC."
    )
    created_before = TimeParameter(required=False, help_text="Submitted before this time.")


class CommentsEndpoint(Endpoint):
    @operation(
        "submit_comments",
        scope=ApiScope.SUBMIT,
        query=SubmitQuery,
        headers=[IDEMPOTENCY_KEY, location(200, 201, 202, description="The address of a single comment.")],
        body=SUBMISSION,
        answers={
            200: OpenApiResponse(SUBMITTED, description="Everything was submitted before."),
            201: OpenApiResponse(SUBMITTED, description="Stored, with the verdict."),
            202: OpenApiResponse(SUBMITTED, description="Stored; the verdict is pending."),
        },
        problems=[CONFLICT],
    )
    def post(self, request: Request) -> Response:
        """Submit one comment or many.

        Send one comment as an object with `text`, or many as `{"items": [...]}`. Of many, either all are stored or
        none, and every error names the item and the field.

        - 201: stored, with the verdict (or the comment failed).
        - 202: stored, the verdict is pending: read it at `Location` (one comment) or at the `url` of each item.
        - 200: everything was submitted before with the same `external_id` from the same source, or one comment under
          the same `Idempotency-Key`. The answer shows what is stored, whatever its status.
        - 409: an `external_id` was already used for another text, or by another caller.
        """
        wait = checked_query(SubmitQuery, request)["wait"]
        data = body_object(request)
        if "items" in data:
            refuse_key(request, "is for one comment; give each of many an external_id instead")
            return _submitted(submitted_many(request, data), request, wait=wait, many=True)
        made: list[Comment] = []

        def make() -> int:
            made.append(submitted_one(request, data))
            return made[0].pk

        def show(pk: int) -> Response:
            comments = made or [Comment.objects.with_verdict().get(pk=pk)]
            return _submitted(comments, request, wait=wait, many=False)

        return once(request, make, show)

    @operation("list_comments", scope=ApiScope.READ, query=CommentListQuery, answers=page_of(CommentOutput))
    def get(self, request: Request) -> Response:
        """List comments, newest first.

        Users with the permission to view comments see all comments of their sources; others see those that they
        submitted themselves.
        """
        query = checked_query(CommentListQuery, request)
        return listed(comments_visible_to(user=caller(request)), query, request, CommentOutput, COLUMNS)


def _submitted(comments: list[Comment], request: Request, *, wait: float, many: bool) -> Response:
    is_new = any(comment.newly_submitted for comment in comments)
    comments = waited_for(comments, seconds=wait)
    is_pending = any(comment.status == CommentStatus.PENDING for comment in comments)
    output = shown(comments, request)
    return Response(
        {"items": output} if many else output[0],
        status=(202 if is_pending else 201) if is_new else 200,
        headers={} if many else {"Location": comment_url(comments[0], request)},
    )
