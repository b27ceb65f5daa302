"""`/api/v1/comments/`: submit one comment or many, and list those that one may see."""

from typing import Any

from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    PolymorphicProxySerializer,
    extend_schema,
    extend_schema_serializer,
)
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from classifier.api.base import Endpoint, body_object, checked_query
from classifier.api.idempotency import IDEMPOTENCY_KEY, once, refuse_key
from classifier.api.problems import CONFLICT, KEY_REUSED
from classifier.comments.api.listing import PAGE_EXAMPLE, ListQuery, PageOutput, asked_page
from classifier.comments.api.output import COMMENT_EXAMPLE, PENDING_EXAMPLE, CommentOutput, comment_url, shown
from classifier.comments.api.submission import (
    ManyInput,
    OneInput,
    SubmitQuery,
    submitted_many,
    submitted_one,
    waited_for,
)
from classifier.models import ApiScope, Comment, CommentStatus

LOCATION = OpenApiParameter(
    "Location", str, OpenApiParameter.HEADER, response=[200, 201, 202], description="Of a single comment."
)
SUBMIT_DESCRIPTION = """\
Send one comment as an object with `text`, or many as `{"items": [...]}`. Many are stored all or none, and
every error names the item and the field.

- 201: stored, and the verdict is there (or the comment failed).
- 202: stored, the verdict is pending; read it at `Location` (one) or at each item's `url`.
- 200: all of it had been sent before, with the same `external_id` from the same source; the answer shows what
  is stored, whatever its status. So it is for one comment under the same `Idempotency-Key`.
- 409: an `external_id` was used for another text or by somebody else.

Needs the scope `submit`, or a session with its CSRF token."""


@extend_schema_serializer(component_name="CommentsOutput")
class ManyOutput(serializers.Serializer[Any]):
    items = CommentOutput(many=True, help_text="In the order they were sent.")


class CommentsEndpoint(Endpoint):
    scopes = {"POST": ApiScope.SUBMIT, "GET": ApiScope.READ}
    problems = {"POST": (CONFLICT, KEY_REUSED)}

    @extend_schema(
        operation_id="submit_comments",
        summary="Submit one comment or many",
        description=SUBMIT_DESCRIPTION,
        parameters=[SubmitQuery, IDEMPOTENCY_KEY, LOCATION],
        request=PolymorphicProxySerializer(
            component_name="Submission", serializers=[OneInput, ManyInput], resource_type_field_name=None
        ),
        responses={
            status: OpenApiResponse(
                PolymorphicProxySerializer(
                    component_name="Submitted",
                    serializers=[CommentOutput, ManyOutput],
                    resource_type_field_name=None,
                    many=False,
                ),
                description=description,
            )
            for status, description in (
                (200, "Everything had been sent before."),
                (201, "Stored, with the verdict."),
                (202, "Stored, the verdict is pending."),
            )
        },
        examples=[
            OpenApiExample(
                "One comment",
                {"text": "You are a worthless idiot.", "source": "forum", "external_id": "post-81"},
                request_only=True,
            ),
            OpenApiExample(
                "Many comments",
                {
                    "source": "forum",
                    "items": [
                        {"text": "Thank you!", "external_id": "post-82"},
                        {"text": "I hate rain"},
                    ],
                },
                request_only=True,
            ),
            OpenApiExample(
                "With its verdict", COMMENT_EXAMPLE, response_only=True, status_codes=["200", "201"]
            ),
            OpenApiExample("Pending", PENDING_EXAMPLE, response_only=True, status_codes=["202"]),
        ],
    )
    def post(self, request: Request) -> Response:
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

    @extend_schema(
        operation_id="list_comments",
        summary="List comments, newest first",
        description=(
            "The caller's own comments; all comments for people who may view all. "
            "Needs the scope `read`, or a session."
        ),
        parameters=[ListQuery],
        responses={200: PageOutput},
        examples=[OpenApiExample("The last page", PAGE_EXAMPLE, response_only=True)],
    )
    def get(self, request: Request) -> Response:
        page = asked_page(request)
        return Response({"items": shown(page.rows, request), "next": page.next_url})


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
