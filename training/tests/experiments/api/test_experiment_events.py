"""Following a run: what is new, and an end."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from training.models import Dataset, Experiment, MetricPoint
from training.tests.api.conftest import Program
from training.tests.experiments.pages.builders import make_run


@pytest.fixture(autouse=True)
def quick(settings: Any) -> None:
    settings.API_STREAM_LOOK_SECONDS = 0.01
    settings.API_STREAM_SECONDS = 60


def learn(run: Experiment, *steps: int) -> None:
    MetricPoint.objects.bulk_create(
        MetricPoint(experiment=run, phase="train", name="loss", step=step, value=1 / step) for step in steps
    )


def follow(program: Program, run: Experiment, last_id: str = "") -> Iterator[tuple[str, Any, str]]:
    """The parts of the stream, one after another: name and data."""
    headers = {**program.headers, **({"Last-Event-ID": last_id} if last_id else {})}
    response: Any = program.client.get(f"/api/v1/experiments/{run.pk}/events/", headers=headers)
    assert response.headers["Content-Type"].startswith("text/event-stream")
    parts = iter(response.streaming_content)
    assert next(parts).startswith(b"retry: ")
    for part in parts:
        fields = dict(line.split(": ", 1) for line in part.decode().strip().splitlines())
        yield fields["event"], json.loads(fields["data"]), fields["id"]


def test_a_run_is_followed_until_it_is_over(program: Program, dataset: Dataset) -> None:
    run = make_run(dataset, status="running")
    learn(run, 1, 2)
    events = follow(program, run)
    name, data, _ = next(events)
    assert (name, data["status"]) == ("progress", "running")
    assert [(point["name"], point["step"]) for point in data["points"]] == [("loss", 1), ("loss", 2)]
    learn(run, 3)
    _, data, _ = next(events)
    assert [point["step"] for point in data["points"]] == [3]
    Experiment.objects.filter(pk=run.pk).update(status="failed", failure_reason="no rows")
    name, data, _ = next(events)
    assert (name, data["status"], data["failure_reason"]) == ("over", "failed", "no rows")
    assert list(events) == []


def test_who_comes_back_gets_only_the_points_since(program: Program, dataset: Dataset) -> None:
    run = make_run(dataset, status="failed", failure_reason="no rows")
    learn(run, 1, 2)
    first = MetricPoint.objects.filter(experiment=run).order_by("id")[0]
    [(_, data, last_id)] = list(follow(program, run, str(first.pk)))
    assert [point["step"] for point in data["points"]] == [2]
    [(_, data, _)] = list(follow(program, run, last_id))
    assert data["points"] == []
