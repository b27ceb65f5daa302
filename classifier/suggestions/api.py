"""`/api/v1/feedback/`: suggestions what the labels of a text should be; training can use them."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from classifier.api.authentication import api_key_of, caller
from classifier.api.base import Endpoint, found
from classifier.api.field_errors import field_error
from classifier.api.fields import AnyObject, ClosedSerializer, Id, Names, SourceParameter, Text
from classifier.api.idempotency import IDEMPOTENCY_KEY, once
from classifier.api.operation import operation
from classifier.api.pagination import PageQuery, listed, page_of
from classifier.api.problems import invalid
from classifier.api.reading import checked, checked_query, without_body
from classifier.api.throttling import take_texts
from classifier.core.visible_comments import comments_visible_to
from classifier.models import AUTHOR_REF_MAX_CHARACTERS, ApiScope, Comment, Suggestion
from classifier.suggestions.services import suggestion_create, suggestion_reject, suggestions_visible_to

DEFAULT_SOURCE = "api"
LANGUAGES_MOST = 35


class FeedbackInput(ClosedSerializer):
    """The labels that a text, or a stored comment, should have."""

    labels = AnyObject(help_text="For each label a value from 0 (it does not apply) to 1 (it applies).")
    text = Text(required=False, help_text="A text. Send either this or `comment`.")
    comment = Id(
        required=False, help_text="The id of a stored comment that you may see. Send either this or `text`."
    )
    source = Text(  # type: ignore[assignment]
        required=False,
        max_length=64,
        help_text="The slug of the source that `text` comes from; `api` if left out.",
    )
    author_ref = Text(
        required=False,
        allow_blank=True,
        max_length=AUTHOR_REF_MAX_CHARACTERS,
        help_text="Your own id of the author of `text`: erasing that author erases this too.",
    )
    languages = Names(required=False, most=LANGUAGES_MOST)


class FeedbackOutput(serializers.Serializer[Suggestion]):
    """One suggestion; `text` is empty once it has been erased."""

    id = serializers.IntegerField()
    source = serializers.CharField(source="source.slug")  # type: ignore[assignment]
    comment = serializers.IntegerField(source="comment_id", allow_null=True)
    text = serializers.CharField()
    labels = serializers.DictField(child=serializers.FloatField())
    author_ref = serializers.CharField()
    languages = serializers.ListField(child=serializers.CharField())
    by = serializers.CharField(source="by.username", allow_null=True, default=None)
    rejected_at = serializers.DateTimeField(
        allow_null=True, help_text="When it was rejected: training leaves it out."
    )
    rejected_by = serializers.CharField(source="rejected_by.username", allow_null=True, default=None)
    created_at = serializers.DateTimeField()


class FeedbackListQuery(PageQuery):
    source = SourceParameter()  # type: ignore[assignment]


class FeedbackEndpoint(Endpoint):
    @operation("list_feedback", scope=ApiScope.READ, query=FeedbackListQuery, answers=page_of(FeedbackOutput))
    def get(self, request: Request) -> Response:
        """List feedback, newest first.

        Users with the permission to view feedback see all of it in their sources; others see their own.
        """
        query = checked_query(FeedbackListQuery, request)
        rows = suggestions_visible_to(user=caller(request))
        return listed(rows, query, request, FeedbackOutput, {"source": "source__slug"})

    @operation(
        "give_feedback",
        scope=ApiScope.SUBMIT,
        headers=[IDEMPOTENCY_KEY],
        body=FeedbackInput,
        answers={201: FeedbackOutput},
    )
    def post(self, request: Request) -> Response:
        """Suggest what the labels of a text should be.

        The suggestion is kept for training, unless a moderator rejects it. It changes no verdict. `labels` are those
        of Jigsaw or of the model version in production.
        """
        fields = checked(FeedbackInput, request)
        comment = self._comment(request, fields)
        take_texts(request, 1)

        def make() -> int:
            return suggestion_create(
                labels=fields["labels"],
                text=fields.get("text"),
                source=fields.get("source", DEFAULT_SOURCE),
                comment=comment,
                author_ref=fields.get("author_ref", ""),
                languages=fields.get("languages", ()),
                by=caller(request),
                api_key=api_key_of(request),
            ).pk

        def show(pk: int) -> Response:
            row = Suggestion.objects.select_related("source", "by", "rejected_by").get(pk=pk)
            return Response(FeedbackOutput(row).data, status=201)

        return once(request, make, show)

    def _comment(self, request: Request, fields: dict[str, Any]) -> Comment | None:
        if "comment" not in fields:
            return None
        more = next((name for name in ("text", "source", "author_ref") if name in fields), None)
        if more is not None:
            message = "must not be sent together with `comment`, which has its own"
            raise invalid([field_error((more,), message, "conflict")])
        comment = comments_visible_to(user=caller(request)).filter(pk=fields["comment"]).first()
        if comment is None:
            message = "names no comment that you may see"
            raise invalid([field_error(("comment",), message, "invalid_choice")])
        return comment


class FeedbackRejectEndpoint(Endpoint):
    @operation("reject_feedback", scope=ApiScope.MODERATE, answers=FeedbackOutput)
    def post(self, request: Request, feedback_id: int) -> Response:
        """Reject feedback, so that training does not use it.

        Leads and admins may do this. Rejecting twice changes nothing.
        """
        without_body(request)
        suggestion = found(suggestions_visible_to(user=caller(request)), feedback_id)
        suggestion_reject(suggestion=suggestion, by=caller(request))
        return Response(FeedbackOutput(suggestion).data)
