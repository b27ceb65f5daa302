"""`/api/v1/queue/`: list the review queue; claim a comment and release it, as the user who owns the key."""

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import OpenApiResponse, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from classifier.api.authentication import caller
from classifier.api.base import Endpoint
from classifier.api.etag import etag, etag_header
from classifier.api.fields import AnyObject, Choice, ClosedSerializer, Id, TextParameter
from classifier.api.operation import operation
from classifier.api.pagination import PageQuery, next_url, page_of
from classifier.api.problems import NOT_NOW
from classifier.api.reading import NothingInput, checked_query, optional, without_body
from classifier.comments.api.output import CommentOutput
from classifier.comments.edits import comment_version
from classifier.core.errors import NotPossibleNow
from classifier.models import ApiScope, Comment
from classifier.review.api.decisions import DECIDE, DecisionOutput
from classifier.review.claims import claim, claim_next, release
from classifier.review.filters import QueueFilters
from classifier.review.selectors import ORDERS, queue_page

PASSING_MAX = 1_000


@extend_schema_serializer(component_name="QueueItem")
class QueueItemOutput(CommentOutput):
    """A comment in the review queue: why and since when it waits, and who has claimed it."""

    risk = serializers.FloatField(allow_null=True, help_text="The highest probability of any label.")
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
    decision = DecisionOutput(source="current_decision", allow_null=True, help_text="The current decision.")


class QueueFilterQuery(ClosedSerializer):
    """The filters of the queue, which an export takes too."""

    status = TextParameter(required=False, help_text="`waiting` (the default), `all`, or a status.")
    source = TextParameter(  # type: ignore[assignment]
        required=False, help_text="The slug of a source, or several, separated by commas."
    )
    label = TextParameter(  # type: ignore[assignment]
        required=False, help_text="A label whose score reaches the model's threshold, or `threshold`."
    )
    threshold = TextParameter(required=False, help_text="A probability, together with `label`.")
    band = TextParameter(required=False, help_text="`approve`, `review` or `remove`.")
    older_hours = TextParameter(required=False, help_text="Comments older than this number of hours.")
    newer_hours = TextParameter(required=False, help_text="Comments newer than this number of hours.")
    version = TextParameter(required=False, help_text="A model version.")
    language = TextParameter(
        required=False, help_text="The language that texts were identified as, such as `de`."
    )
    language_supported = TextParameter(
        required=False, help_text="true or false: the model knows the language of the text."
    )
    concern = TextParameter(required=False, help_text="true or false: the author tells of their own hurt.")
    disagrees = TextParameter(
        required=False, help_text="true or false: the shadow version's verdict differs."
    )
    escalated = TextParameter(required=False, help_text="true or false: it waits for a lead.")
    appeal = TextParameter(required=False, help_text="true or false: it has an open appeal.")
    reported = TextParameter(required=False, help_text="true or false: readers have reported it.")
    claimed = TextParameter(required=False, help_text="`mine`, `free` or `others`.")
    reason = TextParameter(
        required=False, help_text="The kind of a reason, such as `band`, `rule` or `report`."
    )
    author = TextParameter(required=False, help_text="The `author_ref` of the comments.")
    text = TextParameter(required=False, help_text="Words in the text.")


class QueueQuery(QueueFilterQuery, PageQuery):
    order = TextParameter(required=False, default="risk", help_text=f"One of {', '.join(ORDERS)}.")


class ClaimInput(ClosedSerializer):
    """Which comment to claim next."""

    filters = AnyObject(required=False, default=dict, help_text="As in the query string of `GET /queue/`.")
    order = Choice(required=False, default="risk", choices=list(ORDERS))
    passing = serializers.ListField(
        child=Id(),
        required=False,
        default=list,
        max_length=PASSING_MAX,
        help_text="Ids of comments to leave out.",
    )


class QueueEndpoint(Endpoint):
    @operation(
        "list_queue",
        scope=ApiScope.MODERATE,
        needs=DECIDE,
        query=QueueQuery,
        answers=page_of(QueueItemOutput, "QueuePage", order="In the order of `order`."),
    )
    def get(self, request: Request) -> Response:
        """List the comments that wait for a moderator.

        Filters and orders are those of the queue page. With a `status` other than `waiting`, the newest come first.
        """
        query = checked_query(QueueQuery, request)
        page = queue_page(
            user=caller(request),
            filters=QueueFilters.from_data(filter_data(query)),
            order=query["order"],
            size=query["limit"],
            cursor=query["cursor"],
        )
        output = QueueItemOutput(context={"request": request})
        items = [output.to_representation(comment) for comment in page.comments]
        return Response(
            {"items": items, "next": next_url(request, page.next) if page.next is not None else None}
        )


class QueueClaimEndpoint(Endpoint):
    @operation(
        "claim_next",
        scope=ApiScope.MODERATE,
        needs=DECIDE,
        headers=[etag_header(200)],
        body=ClaimInput,
        answers={200: QueueItemOutput, 204: OpenApiResponse(description="No comment is waiting.")},
    )
    def post(self, request: Request) -> Response:
        """Claim the next comment of the queue.

        It is the first that nobody else has claimed and that the caller has not just skipped. The claim lasts some
        minutes. Asking again returns the same comment and releases any other that the caller had claimed. 204: no
        comment is waiting.
        """
        fields = optional(ClaimInput, request)
        comment = claim_next(
            filters=QueueFilters.from_data(fields["filters"]),
            order=fields["order"],
            passing=fields["passing"],
            by=caller(request),
        )
        return Response(status=204) if comment is None else _claimed(request, comment)


class CommentClaimEndpoint(Endpoint):
    @operation(
        "claim_comment",
        scope=ApiScope.MODERATE,
        needs=DECIDE,
        headers=[etag_header(200)],
        body=NothingInput,
        answers=QueueItemOutput,
        problems=[NOT_NOW],
    )
    def post(self, request: Request, comment_id: int) -> Response:
        """Claim this comment, or extend the claim.

        409: another moderator has claimed it, or it does not wait any more.
        """
        without_body(request)
        return _claimed(request, claim(comment=self.comment, by=caller(request)))


class QueueReleaseEndpoint(Endpoint):
    @operation(
        "release_comment",
        scope=ApiScope.MODERATE,
        needs=DECIDE,
        body=NothingInput,
        answers={204: None},
        problems=[NOT_NOW],
    )
    def post(self, request: Request, comment_id: int) -> Response:
        """Release a claimed comment.

        Other moderators may claim it at once. 409: the caller has not claimed it.
        """
        without_body(request)
        if not release(comment=self.comment, by=caller(request)):
            raise NotPossibleNow("You have not claimed this comment.")
        return Response(status=204)


def filter_data(query: Mapping[str, Any]) -> dict[str, Any]:
    """Return the filters of a checked query as `QueueFilters` takes them."""
    data = {name: query[name] for name in map(str, QueueFilterQuery().fields) if name in query}
    return {**data, "source": data["source"].split(",")} if "source" in data else data


def _claimed(request: Request, comment: Comment) -> Response:
    output = QueueItemOutput(comment, context={"request": request}).data
    return Response(output, headers={"ETag": etag(comment_version(comment))})
