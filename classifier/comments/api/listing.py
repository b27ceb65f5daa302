"""Listing through the API: the filters, and what a page of comments looks like."""

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request

from classifier.api.base import checked_query
from classifier.api.fields import (
    ChoiceParameter,
    ClosedSerializer,
    CountParameter,
    TextParameter,
    TimeParameter,
)
from classifier.api.pagination import Page, page_of
from classifier.api.permissions import caller
from classifier.comments.api.output import COMMENT_EXAMPLE, STATUS_CHOICES, VERDICT_CHOICES, CommentOutput
from classifier.core.visible_comments import comments_visible_to
from classifier.models import EXTERNAL_ID_MAX_CHARACTERS, Comment

PAGE_SIZE, PAGE_SIZE_MAX = 50, 200
PAGE_EXAMPLE = {"items": [COMMENT_EXAMPLE], "next": None}
FILTERS = {
    "status": "status",
    "verdict": "current_prediction__verdict",
    "source": "source__slug",
    "external_id": "external_id",
    "created_from": "created_at__gte",
    "created_before": "created_at__lt",
}


@extend_schema_serializer(component_name="CommentPage", many=False)
class PageOutput(serializers.Serializer[Any]):
    items = CommentOutput(many=True, help_text="Newest first.")
    next = serializers.URLField(allow_null=True, help_text="The page after this one; null on the last.")


class ListQuery(ClosedSerializer):
    status = ChoiceParameter(required=False, choices=STATUS_CHOICES)
    verdict = ChoiceParameter(required=False, choices=VERDICT_CHOICES)
    source = TextParameter(required=False, max_length=64)  # type: ignore[assignment]
    external_id = TextParameter(required=False, max_length=EXTERNAL_ID_MAX_CHARACTERS)
    created_from = TimeParameter(
        required=False, help_text="Submitted then or later; a date alone is its midnight UTC."
    )
    created_before = TimeParameter(required=False, help_text="Submitted before this time.")
    cursor = TextParameter(required=False, default="", help_text="Taken from `next` of the page before.")
    limit = CountParameter(most=PAGE_SIZE_MAX, default=PAGE_SIZE, help_text="Comments a page.")


def asked_page(request: Request) -> Page[Comment]:
    """The comments that the caller may see and that the query string asks for."""
    query = checked_query(ListQuery, request)
    asked = {column: query[name] for name, column in FILTERS.items() if name in query}
    return page_of(
        comments_visible_to(user=caller(request)).filter(**asked),
        cursor=query["cursor"],
        size=query["limit"],
        request=request,
    )
