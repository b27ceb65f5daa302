"""`/api/v1/feedback/`: what others say the labels of a text should be; training can use it."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from classifier.api.base import checked_query
from classifier.api.field_errors import field_error
from classifier.api.fields import ClosedSerializer, TextParameter
from classifier.api.idempotency import IDEMPOTENCY_KEY, once
from classifier.api.moderation import ModerationEndpoint
from classifier.api.permissions import api_key_of, caller
from classifier.api.problems import KEY_REUSED, invalid
from classifier.api.throttling import take_texts
from classifier.api.values import AnyObject, Id, Names, PageQuery, Text
from classifier.api.verbs import checked, found, listed, without_body
from classifier.core.visible_comments import comments_visible_to
from classifier.models import AUTHOR_REF_MAX_CHARACTERS, ApiScope, Comment, Suggestion
from classifier.suggestions.services import suggestion_create, suggestion_reject, suggestions_visible_to

DEFAULT_SOURCE = "api"
LANGUAGES_MOST = 35
EXAMPLE: dict[str, Any] = {
    "id": 18,
    "source": "forum",
    "comment": None,
    "text": "You are a genius, aren't you.",
    "labels": {"toxic": 1.0, "insult": 0.8},
    "author_ref": "user-9",
    "languages": ["en"],
    "by": "robin",
    "rejected_at": None,
    "rejected_by": None,
    "created_at": "2026-11-24T09:58:00.000000Z",
}


@extend_schema_serializer(component_name="FeedbackInput")
class FeedbackInput(ClosedSerializer):
    """What the labels of a text, or of a stored comment, should be."""

    labels = AnyObject(help_text="Each label that is spoken of, from 0 (it is not that) to 1 (it is).")
    text = Text(required=False, help_text="Or `comment`.")
    comment = Id(required=False, help_text="The id of a stored comment that you may see; or `text`.")
    source = Text(  # type: ignore[assignment]
        required=False, max_length=64, help_text="Where `text` comes from, a slug; `api` if left out."
    )
    author_ref = Text(
        required=False,
        allow_blank=True,
        max_length=AUTHOR_REF_MAX_CHARACTERS,
        help_text="Who wrote `text`, in your own terms: erasing that author erases this too.",
    )
    languages = Names(required=False, most=LANGUAGES_MOST)


@extend_schema_serializer(component_name="FeedbackOutput")
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
    rejected_at = serializers.DateTimeField(allow_null=True, help_text="From then on training leaves it out.")
    rejected_by = serializers.CharField(source="rejected_by.username", allow_null=True, default=None)
    created_at = serializers.DateTimeField()


@extend_schema_serializer(component_name="FeedbackPage", many=False)
class FeedbackPageOutput(serializers.Serializer[Any]):
    items = FeedbackOutput(many=True, help_text="Newest first.")
    next = serializers.URLField(allow_null=True, help_text="The page after this one; null on the last.")


class ListQuery(PageQuery):
    source = TextParameter(required=False, max_length=64)  # type: ignore[assignment]


class FeedbackEndpoint(ModerationEndpoint):
    scopes = {"POST": ApiScope.SUBMIT, "GET": ApiScope.READ}
    problems = {"POST": (KEY_REUSED,)}

    @extend_schema(
        operation_id="list_feedback",
        summary="List feedback, newest first",
        description=(
            "The caller's own; that of everybody, in the sources that one sees, for people who may view all. "
            "Needs the scope `read`, or a session."
        ),
        parameters=[ListQuery],
        responses={200: FeedbackPageOutput},
        examples=[OpenApiExample("A page", {"items": [EXAMPLE], "next": None}, response_only=True)],
    )
    def get(self, request: Request) -> Response:
        query = checked_query(ListQuery, request)
        rows = suggestions_visible_to(user=caller(request))
        if "source" in query:
            rows = rows.filter(source__slug=query["source"])
        return listed(rows, query, request, FeedbackOutput().to_representation)

    @extend_schema(
        operation_id="give_feedback",
        summary="Say what the labels of a text should be",
        description=(
            "Kept for training, which moderators' rejections keep it out of. It changes no verdict. `labels` are the "
            "Jigsaw names or those of the active version. Needs the scope `submit`, or a session."
        ),
        parameters=[IDEMPOTENCY_KEY],
        request=FeedbackInput,
        responses={201: FeedbackOutput},
        examples=[
            OpenApiExample(
                "About a text",
                {"text": EXAMPLE["text"], "labels": EXAMPLE["labels"], "source": "forum"},
                request_only=True,
            ),
            OpenApiExample(
                "About a stored comment", {"comment": 4711, "labels": {"toxic": 0}}, request_only=True
            ),
            OpenApiExample("Kept", EXAMPLE, response_only=True, status_codes=["201"]),
        ],
    )
    def post(self, request: Request) -> Response:
        said = checked(FeedbackInput, request)
        comment = self._comment(request, said)
        take_texts(request, 1)

        def make() -> int:
            return suggestion_create(
                labels=said["labels"],
                text=said.get("text"),
                source=said.get("source", DEFAULT_SOURCE),
                comment=comment,
                author_ref=said.get("author_ref", ""),
                languages=said.get("languages", ()),
                by=caller(request),
                api_key=api_key_of(request),
            ).pk

        def show(pk: int) -> Response:
            row = Suggestion.objects.select_related("source", "by", "rejected_by").get(pk=pk)
            return Response(FeedbackOutput(row).data, status=201)

        return once(request, make, show)

    def _comment(self, request: Request, said: dict[str, Any]) -> Comment | None:
        if "comment" not in said:
            return None
        more = next((name for name in ("text", "source", "author_ref") if name in said), None)
        if more is not None:
            message = "must not be sent together with `comment`, which has its own"
            raise invalid([field_error((more,), message, "conflict")])
        comment = comments_visible_to(user=caller(request)).filter(pk=said["comment"]).first()
        if comment is None:
            message = "is the id of no comment that you may see"
            raise invalid([field_error(("comment",), message, "invalid_choice")])
        return comment


class FeedbackRejectEndpoint(ModerationEndpoint):
    scopes = {"POST": ApiScope.MODERATE}

    @extend_schema(
        operation_id="reject_feedback",
        summary="Keep training from using feedback",
        description="For leads and admins; rejecting twice changes nothing. Needs the scope `moderate`, or a session.",
        request=None,
        responses={200: FeedbackOutput},
        examples=[
            OpenApiExample(
                "Rejected",
                {**EXAMPLE, "rejected_at": "2026-11-24T10:02:00.000000Z", "rejected_by": "kim"},
                response_only=True,
            )
        ],
    )
    def post(self, request: Request, feedback_id: int) -> Response:
        without_body(request)
        suggestion = found(suggestions_visible_to(user=caller(request)), feedback_id)
        suggestion_reject(suggestion=suggestion, by=caller(request))
        return Response(FeedbackOutput(suggestion).data)
