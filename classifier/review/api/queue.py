"""`/api/v1/queue/`: what waits for a person, claiming a comment and giving it back, as the person who owns the key."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from classifier.api.base import checked_query
from classifier.api.etag import etag, etag_header
from classifier.api.fields import ClosedSerializer, CountParameter, TextParameter
from classifier.api.moderation import ModerationEndpoint
from classifier.api.permissions import caller
from classifier.api.problems import NOT_NOW
from classifier.api.values import PAGE_SIZE, PAGE_SIZE_MAX, AnyObject, Choice, Id
from classifier.api.verbs import NothingInput, optional, without_body
from classifier.comments.api.output import COMMENT_EXAMPLE, CommentOutput
from classifier.comments.edits import comment_version
from classifier.core.errors import NotPossibleNow
from classifier.models import ApiScope, Comment
from classifier.review.api.output import DecisionOutput
from classifier.review.claims import claim, claim_next, release
from classifier.review.filters import QueueFilters
from classifier.review.selectors import ORDERS, queue_page

DECIDE = "classifier.add_decision"
PASSING_MAX = 1_000
ITEM_EXAMPLE: dict[str, Any] = {
    **COMMENT_EXAMPLE,
    "risk": 0.981,
    "uncertainty": 0.02,
    "reasons": [{"kind": "band", "band": "review", "label": "toxic", "score": 0.981, "threshold": 0.62}],
    "report_count": 0,
    "is_escalated": False,
    "has_open_appeal": False,
    "disagrees_with_shadow": False,
    "queued_at": "2026-11-24T09:30:00.412000Z",
    "claimed_by": "robin",
    "claimed_until": "2026-11-24T09:35:00.000000Z",
    "decision": None,
}
NOT_NARROWED = ("order", "cursor", "limit")
ONE_OR_MORE = "One, or several with commas between."


@extend_schema_serializer(component_name="QueueItem")
class ItemOutput(CommentOutput):
    """A comment with why and since when it waits, and who looks at it."""

    risk = serializers.FloatField(allow_null=True, help_text="The probability of the label that is worst.")
    uncertainty = serializers.FloatField(allow_null=True, help_text="The distance to the nearest threshold.")
    reasons = serializers.ListField(
        source="queue_reasons", child=serializers.DictField(), help_text="Why it waits; each has a `kind`."
    )
    report_count = serializers.IntegerField()
    is_escalated = serializers.BooleanField()
    has_open_appeal = serializers.BooleanField()
    disagrees_with_shadow = serializers.BooleanField()
    queued_at = serializers.DateTimeField(allow_null=True)
    claimed_by = serializers.CharField(source="review_by.username", allow_null=True, default=None)
    claimed_until = serializers.DateTimeField(source="review_until", allow_null=True)
    decision = DecisionOutput(source="current_decision", allow_null=True, help_text="What stands.")


@extend_schema_serializer(component_name="QueuePage", many=False)
class QueuePageOutput(serializers.Serializer[Any]):
    items = ItemOutput(many=True, help_text="In the order that was asked for.")
    next = serializers.URLField(allow_null=True, help_text="The page after this one; null on the last.")


class QueueQuery(ClosedSerializer):
    status = TextParameter(required=False, help_text="`waiting` (the default), `all`, or a status.")
    source = TextParameter(required=False, help_text=ONE_OR_MORE)  # type: ignore[assignment]
    label = TextParameter(  # type: ignore[assignment]
        required=False, help_text="Of which the model's threshold, or `threshold`, is reached."
    )
    threshold = TextParameter(required=False, help_text="A probability, with `label`.")
    band = TextParameter(required=False)
    older_hours = TextParameter(required=False)
    newer_hours = TextParameter(required=False)
    version = TextParameter(required=False, help_text="A model version.")
    disagrees = TextParameter(required=False, help_text="true or false: with the shadow version.")
    escalated = TextParameter(required=False, help_text="true or false")
    appeal = TextParameter(required=False, help_text="true or false: has an open appeal.")
    reported = TextParameter(required=False, help_text="true or false")
    claimed = TextParameter(required=False, help_text="`mine`, `free` or `others`.")
    reason = TextParameter(
        required=False, help_text="The kind of a reason, such as `band`, `rule` or `report`."
    )
    author = TextParameter(required=False)
    text = TextParameter(required=False, help_text="Words in the text.")
    order = TextParameter(required=False, default="risk", help_text=f"One of {', '.join(ORDERS)}.")
    cursor = TextParameter(required=False, default="", help_text="Taken from `next` of the page before.")
    limit = CountParameter(most=PAGE_SIZE_MAX, default=PAGE_SIZE, help_text="Comments a page.")


@extend_schema_serializer(component_name="ClaimInput")
class ClaimInput(ClosedSerializer):
    """Which comment to give next."""

    filters = AnyObject(required=False, default=dict, help_text="As in the query string of `GET /queue/`.")
    order = Choice(required=False, default="risk", choices=list(ORDERS))
    passing = serializers.ListField(
        child=Id(), required=False, default=list, max_length=PASSING_MAX, help_text="Comments to go past."
    )


class QueueEndpoint(ModerationEndpoint):
    scopes = {"GET": ApiScope.MODERATE}
    needs = {"GET": DECIDE}

    @extend_schema(
        operation_id="list_queue",
        summary="What waits for a person",
        description=(
            "By the same filters and orders as on the page. With a `status` other than waiting, newest first. Needs "
            "the scope `moderate`, or a session, and the permission to decide."
        ),
        parameters=[QueueQuery],
        responses={200: QueuePageOutput},
        examples=[OpenApiExample("A page", {"items": [ITEM_EXAMPLE], "next": None}, response_only=True)],
    )
    def get(self, request: Request) -> Response:
        query = checked_query(QueueQuery, request)
        data = {name: value for name, value in query.items() if name not in NOT_NARROWED}
        if "source" in data:
            data["source"] = data["source"].split(",")
        page = queue_page(
            user=caller(request),
            filters=QueueFilters.from_data(data),
            order=query["order"],
            size=query["limit"],
            cursor=query["cursor"],
        )
        output = ItemOutput(context={"request": request})
        items = [output.to_representation(comment) for comment in page.comments]
        return Response({"items": items, "next": _next(request, page.next)})


class QueueClaimEndpoint(ModerationEndpoint):
    scopes = {"POST": ApiScope.MODERATE}
    needs = {"POST": DECIDE}

    @extend_schema(
        operation_id="claim_next",
        summary="Claim the next comment",
        description=(
            "The first that nobody else looks at and that the caller has not just skipped. It is theirs for some "
            "minutes; asking again gives the same one, and whatever else they had claimed is free. 204: nothing waits. "
            "Needs the scope `moderate`, or a session, and the permission to decide."
        ),
        parameters=[etag_header(200)],
        request=ClaimInput,
        responses={200: ItemOutput, 204: OpenApiResponse(description="Nothing waits.")},
        examples=[
            OpenApiExample(
                "The riskiest of one source",
                {"filters": {"source": ["forum"]}, "order": "risk"},
                request_only=True,
            ),
            OpenApiExample("Claimed", ITEM_EXAMPLE, response_only=True, status_codes=["200"]),
        ],
    )
    def post(self, request: Request) -> Response:
        said = optional(ClaimInput, request)
        found = claim_next(
            filters=QueueFilters.from_data(said["filters"]),
            order=said["order"],
            passing=said["passing"],
            by=caller(request),
        )
        return Response(status=204) if found is None else _shown(request, found)


class CommentClaimEndpoint(ModerationEndpoint):
    scopes = {"POST": ApiScope.MODERATE}
    needs = {"POST": DECIDE}
    problems = {"POST": (NOT_NOW,)}

    @extend_schema(
        operation_id="claim_comment",
        summary="Claim this comment, or keep it longer",
        description=(
            "409 where somebody else looks at it or it does not wait any more. Needs the scope `moderate`, or a "
            "session, and the permission to decide."
        ),
        parameters=[etag_header(200)],
        request=NothingInput,
        responses={200: ItemOutput},
        examples=[
            OpenApiExample("Nothing", {}, request_only=True),
            OpenApiExample("Claimed", ITEM_EXAMPLE, response_only=True),
        ],
    )
    def post(self, request: Request, comment_id: int) -> Response:
        without_body(request)
        return _shown(request, claim(comment=self.comment, by=caller(request)))


class QueueReleaseEndpoint(ModerationEndpoint):
    scopes = {"POST": ApiScope.MODERATE}
    needs = {"POST": DECIDE}
    problems = {"POST": (NOT_NOW,)}

    @extend_schema(
        operation_id="release_comment",
        summary="Give a claimed comment back",
        description="Others may claim it at once. 409 where it is not the caller's. Needs the scope `moderate`.",
        request=NothingInput,
        responses={204: None},
        examples=[OpenApiExample("Nothing", {}, request_only=True)],
    )
    def post(self, request: Request, comment_id: int) -> Response:
        without_body(request)
        if not release(comment=self.comment, by=caller(request)):
            raise NotPossibleNow("You do not hold this comment.")
        return Response(status=204)


def _shown(request: Request, comment: Comment) -> Response:
    shown = ItemOutput(comment, context={"request": request}).data
    return Response(shown, headers={"ETag": etag(comment_version(comment))})


def _next(request: Request, cursor: str | None) -> str | None:
    if cursor is None:
        return None
    query = request.GET.copy()
    query["cursor"] = cursor
    return str(request.build_absolute_uri(f"{request.path}?{query.urlencode()}"))
