"""`/api/v1/experiments/<id>/events/`: stream the progress of an experiment until it ends."""

from collections.abc import Iterator, Sequence
from typing import Any

from rest_framework.request import Request

from classifier.api.base import found
from classifier.api.event_streams import (
    LAST_EVENT_ID,
    STREAM,
    STREAM_HELP,
    event_stream,
    last_event_id,
)
from classifier.api.operation import operation
from classifier.api.problems import BUSY
from toxicsite.lib.event_stream import EventStreamResponse, ServerEvent
from training.api.base import TrainingEndpoint
from training.experiments.selectors import Turn, run_progress
from training.models import Experiment


class ExperimentEventsEndpoint(TrainingEndpoint):
    @operation(
        "follow_experiment",
        needs="training.view_experiment",
        headers=[LAST_EVENT_ID],
        answers=STREAM,
        more=STREAM_HELP,
        problems=[BUSY],
    )
    def get(self, request: Request, experiment_id: int) -> EventStreamResponse:
        """Follow the progress of an experiment.

        A `progress` event is sent when something has changed. It has `status`, `progress` and the new `points` of
        curves (phase, name, step, value). `over` is the last event, with `model_version` or `failure_reason`.
        """
        experiment = found(Experiment.objects.visible(), experiment_id)
        turns = run_progress(experiment_id=experiment.pk, after=last_event_id(request) or 0)
        return event_stream(request, _server_events(turns))


def _server_events(turns: Iterator[Turn | None]) -> Iterator[Sequence[ServerEvent] | None]:
    for turn in turns:
        if turn is None:
            yield []
            continue
        data: dict[str, Any] = {
            "status": turn.status,
            "progress": turn.progress,
            "points": [
                {"phase": phase, "name": name, "step": step, "value": value}
                for _, phase, name, step, value in turn.points
            ],
        }
        if turn.is_over:
            data |= {"model_version": turn.model_version, "failure_reason": turn.failure_reason}
        yield [ServerEvent("over" if turn.is_over else "progress", data, id=str(turn.cursor))]
    yield None
