"""`/api/v1/comments/events/`: stream verdicts and decisions as they happen."""

from collections.abc import Iterator, Sequence

from rest_framework.request import Request

from classifier.api.authentication import caller
from classifier.api.base import Endpoint
from classifier.api.event_streams import LAST_EVENT_ID, STREAM, STREAM_HELP, event_stream, last_event_id
from classifier.api.fields import ChoiceParameter, ClosedSerializer, SourceParameter
from classifier.api.operation import operation
from classifier.api.problems import BUSY
from classifier.api.reading import checked_query
from classifier.comments.api.output import STATUS_CHOICES, comment_url
from classifier.comments.event_log import comment_events
from classifier.models import ApiScope, CommentEvent
from toxicsite.lib.event_stream import EventStreamResponse, ServerEvent


class CommentEventsQuery(ClosedSerializer):
    source = SourceParameter(default="")  # type: ignore[assignment]
    status = ChoiceParameter(required=False, choices=STATUS_CHOICES, help_text="Only changes to this status.")


class CommentEventsEndpoint(Endpoint):
    @operation(
        "follow_comments",
        scope=ApiScope.READ,
        query=CommentEventsQuery,
        headers=[LAST_EVENT_ID],
        answers=STREAM,
        problems=[BUSY],
        more=STREAM_HELP,
    )
    def get(self, request: Request) -> EventStreamResponse:
        """Follow verdicts and decisions as they happen.

        Each event is named `comment.` and the new status. Its data has the address of the comment, never the text. The
        stream has events of the comments that the caller may see.
        """
        query = checked_query(CommentEventsQuery, request)
        turns = comment_events(
            user=caller(request),
            after=last_event_id(request),
            source=query["source"],
            statuses=[query["status"]] if "status" in query else [],
        )
        return event_stream(request, _server_events(turns, request))


def _server_events(
    turns: Iterator[tuple[int, list[CommentEvent]]], request: Request
) -> Iterator[Sequence[ServerEvent]]:
    for cursor, events in turns:
        yield [_server_event(event, cursor, request) for event in events]


def _server_event(event: CommentEvent, cursor: int, request: Request) -> ServerEvent:
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
        "language": prediction and prediction.language,
        "language_supported": prediction and prediction.language_supported,
        "concern": comment.is_concern,
        "model_version": prediction and prediction.model_version.version,
        "decision": decision and decision.action,
    }
    return ServerEvent(f"comment.{event.new}", data, id=str(cursor))
