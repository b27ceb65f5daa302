"""A run as somebody sees it who follows along: what is new since the last look, until it is over."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from training.models import Experiment, MetricPoint, RunStatus

POINTS_MAX = 1_000


@dataclass(frozen=True)
class Turn:
    """`points` are new since the last turn: (id, phase, name, step, value); `cursor` is the last one's id."""

    status: str
    progress: dict[str, Any]
    points: list[tuple[int, str, str, int, float]]
    cursor: int
    model_version: int | None
    failure_reason: str

    @property
    def is_over(self) -> bool:
        return RunStatus(self.status).is_over


def run_progress(*, experiment_id: int, after: int = 0) -> Iterator[Turn | None]:
    """Each turn what has changed, None when nothing has; ends after the turn in which the run is over or gone.

    `after` is the cursor of an earlier turn. The points of one run are written by one process, one batch after another,
    so none appears behind a later one.
    """
    columns = ("status", "progress", "model_version_id", "failure_reason")
    before: Any = None
    while True:
        run = Experiment.objects.visible().filter(pk=experiment_id).values_list(*columns).first()
        if run is None:
            return
        points = list(
            MetricPoint.objects.filter(experiment_id=experiment_id, id__gt=after)
            .order_by("id")
            .values_list("id", "phase", "name", "step", "value")[:POINTS_MAX]
        )
        is_last = len(points) < POINTS_MAX
        after = points[-1][0] if points else after
        status, progress, model_version, failure_reason = run
        if points or run != before:
            shown = status if is_last else RunStatus.RUNNING.value
            turn = Turn(shown, progress, points, after, model_version, failure_reason)
            yield turn
            if turn.is_over:
                return
            before = run if is_last else None
        else:
            yield None
