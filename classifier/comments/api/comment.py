"""`/api/v1/comments/<id>/`: read a comment with all its predictions; edit, rescan and erase it."""

from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from classifier.api.authentication import api_key_of, caller
from classifier.api.base import Endpoint
from classifier.api.etag import IF_MATCH, asked_version, etag, etag_header
from classifier.api.fields import Choice, ClosedSerializer, TextAsSent
from classifier.api.operation import operation
from classifier.api.problems import NOT_NOW
from classifier.api.reading import NothingInput, checked, checked_query, without_body
from classifier.comments.api.output import CommentOutput, PredictionOutput
from classifier.comments.api.submission import SubmitQuery, waited_for
from classifier.comments.edits import RESCAN, comment_edit, comment_rescan, comment_version
from classifier.core.visible_comments import comment_detail, comments_visible_to
from classifier.models import ApiScope, Comment, CommentStatus, ContextKind, TextFormat
from classifier.privacy.services import ERASE, comment_erase


class CommentContext(serializers.Serializer[Any]):
    """One text that a comment answers."""

    kind = serializers.ChoiceField(choices=[(kind.value, kind.value) for kind in ContextKind])
    text = serializers.CharField()


class CommentDetail(CommentOutput):
    predictions = PredictionOutput(many=True, help_text="Newest first.")
    context = serializers.SerializerMethodField(  # type: ignore[assignment]
        help_text="The texts that it answers, as they were submitted."
    )

    @extend_schema_field(CommentContext(many=True))
    def get_context(self, comment: Comment) -> list[dict[str, str]]:
        context = getattr(comment, "context", None)
        return [] if context is None else list(context.entries)


class CommentEditInput(ClosedSerializer):
    """The new text of a comment."""

    text = TextAsSent(
        max_length=settings.COMMENT_MAX_CHARACTERS, help_text="The whole text is scored; nothing is cut off."
    )
    format = Choice(
        required=False, choices=TextFormat.values, help_text="How it is written; as before if left out."
    )


class CommentEndpoint(Endpoint):
    @operation("read_comment", scope=ApiScope.READ, headers=[etag_header(200)], answers=CommentDetail)
    def get(self, request: Request, comment_id: int) -> Response:
        """Read one comment.

        The answer has its status, its current verdict, and all its predictions.
        """
        comment = comment_detail(comments=comments_visible_to(user=caller(request)), comment_id=comment_id)
        output = CommentDetail(comment, context={"request": request}).data
        return Response(output, headers={"ETag": etag(comment_version(comment))})

    @operation(
        "edit_comment",
        scope=ApiScope.SUBMIT,
        query=SubmitQuery,
        headers=[IF_MATCH, etag_header(200, 202)],
        body=CommentEditInput,
        answers={200: CommentOutput, 202: CommentOutput},
        problems=[NOT_NOW],
    )
    def patch(self, request: Request, comment_id: int) -> Response:
        """Change the text of a comment.

        The new text is scored. If it falls into another band, a decision about the comment is reopened. The earlier
        text is not kept; its predictions are. Only whoever submitted the comment, or a user with the permission to
        change comments, may edit it. 202: the new verdict is pending. 409: the text was erased.
        """
        wait = checked_query(SubmitQuery, request)["wait"]
        body = checked(CommentEditInput, request)
        comment_edit(
            comment=self.comment,
            text=body.get("text"),  # type: ignore[arg-type]  # the service checks it
            text_format=body.get("format"),
            if_version=asked_version(request),
            by=caller(request),
            api_key=api_key_of(request),
        )
        return _scored(request, comment_id, wait)

    @operation("erase_comment", scope=ApiScope.ADMIN, needs=ERASE, headers=[IF_MATCH], answers={204: None})
    def delete(self, request: Request, comment_id: int) -> Response:
        """Erase the text of a comment.

        The messages of its appeals are erased too. The comment stays without its text, and so do its predictions,
        decisions and counts. Erasing twice is no error.
        """
        comment_erase(
            comment=self.comment,
            if_version=asked_version(request),
            by=caller(request),
            api_key=api_key_of(request),
        )
        return Response(status=204)


class CommentRescanEndpoint(Endpoint):
    @operation(
        "rescan_comment",
        scope=ApiScope.MODERATE,
        needs=RESCAN,
        query=SubmitQuery,
        body=NothingInput,
        answers={200: CommentOutput, 202: CommentOutput},
        problems=[NOT_NOW],
    )
    def post(self, request: Request, comment_id: int) -> Response:
        """Score a comment again.

        The model version in production scores it. If the new verdict falls into another band, a decision about the
        comment is reopened. While the comment is pending, asking again changes nothing.
        """
        wait = checked_query(SubmitQuery, request)["wait"]
        without_body(request)
        comment_rescan(comment=self.comment, by=caller(request))
        return _scored(request, comment_id, wait)


def _scored(request: Request, comment_id: int, wait: float) -> Response:
    comment = waited_for([Comment.objects.with_verdict().get(pk=comment_id)], seconds=wait)[0]
    return Response(
        CommentOutput(comment, context={"request": request}).data,
        status=202 if comment.status == CommentStatus.PENDING else 200,
        headers={"ETag": etag(comment_version(comment))},
    )
