"""`/api/v1/comments/<id>/`: one comment with every prediction it ever got; editing, rescanning and erasing it."""

from typing import Any

from django.conf import settings
from drf_spectacular.utils import (
    OpenApiExample,
    extend_schema,
    extend_schema_field,
    extend_schema_serializer,
)
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from classifier.api.base import checked_query
from classifier.api.etag import IF_MATCH, asked_version, etag, etag_header
from classifier.api.fields import ClosedSerializer, TextAsSent
from classifier.api.moderation import ModerationEndpoint
from classifier.api.permissions import api_key_of, caller
from classifier.api.problems import CHANGED_MEANWHILE, NOT_NOW
from classifier.api.verbs import NothingInput, checked, without_body
from classifier.comments.api.output import (
    COMMENT_EXAMPLE,
    PENDING_EXAMPLE,
    PREDICTION_EXAMPLE,
    CommentOutput,
    PredictionOutput,
)
from classifier.comments.api.submission import SubmitQuery, waited_for
from classifier.comments.edits import RESCAN, comment_edit, comment_rescan, comment_version
from classifier.core.visible_comments import comment_detail, comments_visible_to
from classifier.models import ApiScope, Comment, CommentStatus, ContextKind
from classifier.privacy.services import ERASE, comment_erase

WAITS = OpenApiExample("Pending", PENDING_EXAMPLE, response_only=True, status_codes=["202"])
SCORED = OpenApiExample("With its verdict", COMMENT_EXAMPLE, response_only=True, status_codes=["200"])


@extend_schema_serializer(component_name="CommentContext")
class ContextOutput(serializers.Serializer[Any]):
    """One text that a comment answers to."""

    kind = serializers.ChoiceField(choices=[(kind.value, kind.value) for kind in ContextKind])
    text = serializers.CharField()


@extend_schema_serializer(component_name="CommentDetail")
class DetailOutput(CommentOutput):
    predictions = PredictionOutput(many=True, help_text="Newest first.")
    context = serializers.SerializerMethodField(  # type: ignore[assignment]
        help_text="What it answers to, as it was sent with it."
    )

    @extend_schema_field(ContextOutput(many=True))
    def get_context(self, comment: Comment) -> list[dict[str, str]]:
        context = getattr(comment, "context", None)
        return [] if context is None else list(context.entries)


@extend_schema_serializer(component_name="CommentEditInput")
class EditInput(ClosedSerializer):
    """The comment's new text."""

    text = TextAsSent(max_length=settings.COMMENT_MAX_CHARACTERS, help_text="Scored whole, never cut.")


class CommentEndpoint(ModerationEndpoint):
    scopes = {"GET": ApiScope.READ, "PATCH": ApiScope.SUBMIT, "DELETE": ApiScope.ADMIN}
    needs = {"DELETE": ERASE}
    problems = {"PATCH": (NOT_NOW, CHANGED_MEANWHILE), "DELETE": (CHANGED_MEANWHILE,)}

    @extend_schema(
        operation_id="read_comment",
        summary="Read one comment",
        description=(
            "With its status, the verdict that counts and every prediction it ever got. "
            "Needs the scope `read`, or a session."
        ),
        parameters=[etag_header(200)],
        responses={200: DetailOutput},
        examples=[
            OpenApiExample(
                "A comment",
                {
                    **COMMENT_EXAMPLE,
                    "predictions": [PREDICTION_EXAMPLE],
                    "context": [{"kind": "parent", "text": "I like this film."}],
                },
                response_only=True,
            )
        ],
    )
    def get(self, request: Request, comment_id: int) -> Response:
        comment = comment_detail(comments=comments_visible_to(user=caller(request)), comment_id=comment_id)
        shown = DetailOutput(comment, context={"request": request}).data
        return Response(shown, headers={"ETag": etag(comment_version(comment))})

    @extend_schema(
        operation_id="edit_comment",
        summary="Change the text of a comment",
        description=(
            "It is scored anew; a decision about it is reopened where the new text comes into another band. The "
            "earlier text is kept nowhere, its predictions are. By the site that submitted it, or who may change "
            "comments. 202 while the new verdict is pending; 409 where the text was erased. Needs the scope `submit`, "
            "or a session."
        ),
        parameters=[SubmitQuery, IF_MATCH, etag_header(200, 202)],
        request=EditInput,
        responses={200: CommentOutput, 202: CommentOutput},
        examples=[
            OpenApiExample("A new text", {"text": "I did not mean it."}, request_only=True),
            SCORED,
            WAITS,
        ],
    )
    def patch(self, request: Request, comment_id: int) -> Response:
        wait = checked_query(SubmitQuery, request)["wait"]
        said = checked(EditInput, request)
        comment_edit(
            comment=self.comment,
            text=said.get("text"),  # type: ignore[arg-type]  # the service says what is wrong with it
            if_version=asked_version(request),
            by=caller(request),
            api_key=api_key_of(request),
        )
        return _answer(request, comment_id, wait)

    @extend_schema(
        operation_id="erase_comment",
        summary="Erase the text of a comment",
        description=(
            "And what appeals about it say. Predictions, decisions and counts stay, and so does the comment without "
            "words. Erasing again is fine. Needs the scope `admin`, or a session, and the permission to erase."
        ),
        parameters=[IF_MATCH],
        request=None,
        responses={204: None},
    )
    def delete(self, request: Request, comment_id: int) -> Response:
        comment_erase(
            comment=self.comment,
            if_version=asked_version(request),
            by=caller(request),
            api_key=api_key_of(request),
        )
        return Response(status=204)


class CommentRescanEndpoint(ModerationEndpoint):
    scopes = {"POST": ApiScope.MODERATE}
    needs = {"POST": RESCAN}
    problems = {"POST": (NOT_NOW,)}

    @extend_schema(
        operation_id="rescan_comment",
        summary="Score a comment again",
        description=(
            "By the version in production; a decision is reopened where its verdict comes into another band. Asking "
            "again while it is pending changes nothing. Needs the scope `moderate`, or a session."
        ),
        parameters=[SubmitQuery],
        request=NothingInput,
        responses={200: CommentOutput, 202: CommentOutput},
        examples=[OpenApiExample("Nothing", {}, request_only=True), SCORED, WAITS],
    )
    def post(self, request: Request, comment_id: int) -> Response:
        wait = checked_query(SubmitQuery, request)["wait"]
        without_body(request)
        comment_rescan(comment=self.comment, by=caller(request))
        return _answer(request, comment_id, wait)


def _answer(request: Request, comment_id: int, wait: float) -> Response:
    comment = waited_for([Comment.objects.with_verdict().get(pk=comment_id)], seconds=wait)[0]
    return Response(
        CommentOutput(comment, context={"request": request}).data,
        status=202 if comment.status == CommentStatus.PENDING else 200,
        headers={"ETag": etag(comment_version(comment))},
    )
