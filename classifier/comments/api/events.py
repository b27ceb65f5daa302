"""`/api/v1/comments/events/`: verdicts and decisions as they happen."""

from collections.abc import Iterator, Sequence

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from classifier.api.base import Endpoint, checked_query
from classifier.api.event_streams import (
    LAST_EVENT_ID,
    STREAM_HELP,
    event_stream,
    last_event_id,
    stream_answer,
    stream_example,
)
from classifier.api.fields import ChoiceParameter, ClosedSerializer, TextParameter
from classifier.api.permissions import caller
from classifier.api.problems import BUSY
from classifier.comments.api.output import STATUS_CHOICES, comment_url
from classifier.comments.event_log import comment_events
from classifier.models import ApiScope, CommentEvent
from toxicsite.lib.event_stream import EventStreamResponse, ServerEvent

EXAMPLE = """\
id: 90211
event: comment.classified
data: {"event": 90215, "comment": 4711, "source": "forum", "new": "classified", "verdict": "toxic"}
"""


class EventsQuery(ClosedSerializer):
    source = TextParameter(required=False, max_length=64, default="")  # type: ignore[assignment]
    status = ChoiceParameter(required=False, choices=STATUS_CHOICES, help_text="Only changes to this status.")


class CommentEventsEndpoint(Endpoint):
    scopes = {"GET": ApiScope.READ}
    problems = {"GET": (BUSY,)}

    @extend_schema(
        operation_id="follow_comments",
        summary="Follow verdicts and decisions as they happen",
        description=(
            f"{STREAM_HELP}\n\nEach event is named `comment.` and the new status; its data has no text, but the "
            "address of the comment. Of the comments that the caller may see. Needs the scope `read`, or a session."
        ),
        parameters=[EventsQuery, LAST_EVENT_ID],
        responses=stream_answer(),
        examples=[stream_example(EXAMPLE)],
    )
    def get(self, request: Request) -> EventStreamResponse:
        query = checked_query(EventsQuery, request)
        turns = comment_events(
            user=caller(request),
            after=last_event_id(request),
            source=query["source"],
            statuses=[query["status"]] if "status" in query else [],
        )
        return event_stream(request, _told(turns, request))


def _told(
    turns: Iterator[tuple[int, list[CommentEvent]]], request: Request
) -> Iterator[Sequence[ServerEvent]]:
    for cursor, events in turns:
        yield [_told_one(event, cursor, request) for event in events]


def _told_one(event: CommentEvent, cursor: int, request: Request) -> ServerEvent:
    comment = event.comment
    prediction = comment.current_prediction
    decision = comment.current_decision
    data = {
        "event": event.pk,
        "at": event.created_at.isoformat().replace("+00:00", "Z"),
        "comment": comment.pk,
        "url": comment_url(comment, request),
        "source": comment.source.slug,
        "external_id": comment.external_id,
        "old": event.old,
        "new": event.new,
        "reason": event.reason,
        "verdict": prediction and prediction.verdict,
        "score": prediction and prediction.score,
        "model_version": prediction and prediction.model_version.version,
        "decision": decision and decision.action,
    }
    return ServerEvent(f"comment.{event.new}", data, id=str(cursor))
