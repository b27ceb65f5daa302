"""`/api/v1/experiments/<id>/events/`: the progress of a run while it goes on, until it is over."""

from collections.abc import Iterator, Sequence
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from classifier.api.event_streams import (
    LAST_EVENT_ID,
    STREAM_HELP,
    event_stream,
    last_event_id,
    stream_answer,
    stream_example,
)
from classifier.api.problems import BUSY
from toxicsite.lib.event_stream import EventStreamResponse, ServerEvent
from training.api.base import TrainingEndpoint, found
from training.experiments.selectors import Turn, run_progress
from training.models import Experiment

EXAMPLE = """\
id: 5120
event: progress
data: {"status": "running", "progress": {"phase": "train", "step": 120, "steps": 960}, "points": []}
"""


class ExperimentEventsEndpoint(TrainingEndpoint):
    needs = {"GET": "training.view_experiment"}
    problems = {"GET": (BUSY,)}

    @extend_schema(
        operation_id="follow_experiment",
        summary="Follow the progress of a run",
        description=(
            f"{STREAM_HELP}\n\n`progress` comes when something changed: `status`, `progress` and the `points` of "
            "curves (phase, name, step, value) that are new. `over` is the last one, with `model_version` or "
            "`failure_reason`."
        ),
        parameters=[LAST_EVENT_ID],
        responses=stream_answer(),
        examples=[stream_example(EXAMPLE)],
    )
    def get(self, request: Request, experiment_id: int) -> EventStreamResponse:
        experiment = found(Experiment.objects.visible(), experiment_id)
        turns = run_progress(experiment_id=experiment.pk, after=last_event_id(request) or 0)
        return event_stream(request, _told(turns))


def _told(turns: Iterator[Turn | None]) -> Iterator[Sequence[ServerEvent] | None]:
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
