"""The stages of a run: what each took over all tries, and how long the whole still takes."""

import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from classifier.tests.conftest import admin_person
from training.experiments.follower import ProgressReader
from training.experiments.job_spec import evaluation_job
from training.experiments.pages.run_rows import took
from training.experiments.stage_times import StageClock, stage_rows, time_left
from training.ml.job.listener import FileListener
from training.ml.job.stage_names import ALL_DONE, EVALUATE, EXPORT, TRAIN
from training.ml.progress import Progress
from training.models import Dataset, Experiment
from training.tests.experiments.pages.builders import make_dataset, make_finished, make_run

__all__ = ["admin_person"]
NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)


def line(stage: str, seconds: float) -> dict[str, Any]:
    return {"phase": stage, "stage": stage, "at": (NOW + timedelta(seconds=seconds)).isoformat()}


def running(dataset: Dataset, stages: dict[str, float], stage: str, **progress: Any) -> Experiment:
    known = {"phase": stage, "stage": stage, "at": NOW.isoformat(), "stages": stages, **progress}
    return make_run(dataset, status="running", started_at=NOW - timedelta(hours=1), progress=known)


def test_a_job_names_its_stage_in_every_line(tmp_path: Path) -> None:
    listener = FileListener(tmp_path / "progress.jsonl", threading.Event())
    listener.stage_begins(TRAIN, "loading")
    listener.report(Progress("teacher", 1, 10))
    listener.stage_begins(ALL_DONE, "done")
    lines = ProgressReader(tmp_path / "progress.jsonl").read()
    assert [(one["stage"], one["phase"]) for one in lines] == [
        (TRAIN, "loading"),
        (TRAIN, "teacher"),
        (ALL_DONE, "done"),
    ]


def test_the_pause_between_two_tries_is_nobodys_time() -> None:
    first = StageClock({})
    first.add([line(TRAIN, 0), line(TRAIN, 60), line(TRAIN, 100)])
    again = StageClock(json.loads(json.dumps(first.seconds)))
    again.add([line(TRAIN, 5_000), line(TRAIN, 5_020), line(EXPORT, 5_030), line(EVALUATE, 5_032)])
    again.add([line(ALL_DONE, 5_092), {"phase": "torn"}])
    assert again.seconds == {TRAIN: 130.0, EXPORT: 2.0, EVALUATE: 60.0}


@pytest.mark.django_db
def test_the_rest_is_a_lower_bound_until_a_run_alike_has_ended() -> None:
    dataset = make_dataset()
    run = running(dataset, {TRAIN: 40.0}, TRAIN, eta_seconds=90)
    first = time_left(run, NOW)
    assert first is not None
    assert (first.seconds, first.at_least) == (90.0, True)
    for number, seconds in enumerate((300.0, 500.0, 400.0)):
        ended = {TRAIN: seconds, EXPORT: 2.0, EVALUATE: 60.0}
        make_finished(dataset, f"Earlier {number}", progress={"stages": ended})
    make_finished(make_dataset("other"), "Other rows", progress={"stages": {TRAIN: 9_000.0}})
    left = time_left(run, NOW + timedelta(seconds=10))
    assert left is not None
    assert (left.seconds, left.at_least, left.based_on) == (400 - 50 + 2 + 60, False, 3)


@pytest.mark.django_db
def test_a_stage_that_takes_longer_than_usual_never_has_less_than_nothing_left() -> None:
    dataset = make_dataset()
    make_finished(dataset, "Earlier", progress={"stages": {TRAIN: 10.0, EXPORT: 1.0, EVALUATE: 5.0}})
    left = time_left(running(dataset, {TRAIN: 80.0, EXPORT: 1.0, EVALUATE: 30.0}, EVALUATE), NOW)
    assert left is not None
    assert left.seconds == 0
    assert time_left(make_run(dataset, "Waits"), NOW) is None


@pytest.mark.django_db
def test_stages_are_ticked_and_timed() -> None:
    dataset = make_dataset()
    run = running(dataset, {TRAIN: 700.0, EXPORT: 3.0}, EXPORT)
    rows = stage_rows(run, NOW + timedelta(seconds=1))
    assert [(row.state, row.seconds) for row in rows] == [("done", 700.0), ("now", 4.0), ("next", None)]
    run.status = "failed"
    assert [row.state for row in stage_rows(run, NOW)] == ["done", "next", "next"]
    run.status, run.progress = "succeeded", {**run.progress, "stage": ALL_DONE}
    assert [row.state for row in stage_rows(run, NOW)][:2] == ["done", "done"]


@pytest.mark.django_db
def test_an_ended_run_says_how_long_the_whole_took(client: Client, admin_person: Any) -> None:
    stages = {TRAIN: 600.0, EXPORT: 20.0, EVALUATE: 400.0}
    run = make_finished(
        make_dataset(),
        started_at=NOW - timedelta(minutes=17),
        finished_at=NOW,
        progress={"stages": stages, "stage": ALL_DONE},
        provenance={"duration_seconds": 78.0},
    )
    assert took(run, NOW) == "17 min"
    client.force_login(admin_person)
    page = client.get(f"/training/experiments/{run.pk}/").content.decode()
    assert page.count("stages__one is-done") == 3
    assert "78 s" not in page
    run.started_at, run.attempts = NOW - timedelta(days=2), 2  # resumed after a pause
    assert took(run, NOW) == "17 min"


@pytest.mark.django_db
def test_a_quick_measurement_wants_no_baselines_and_measures_no_other_version(
    tmp_path: Path, settings: Any
) -> None:
    settings.DATASETS_DIR = tmp_path
    dataset = make_dataset(is_test_set=True)
    for split in ("train", "test"):
        dataset.file(split).parent.mkdir(parents=True, exist_ok=True)
        dataset.file(split).write_bytes(b"rows")
    whole, quick = evaluation_job(training=dataset), evaluation_job(training=dataset, quick=True)
    assert whole is not None
    assert quick is not None
    assert (bool(whole["train"]), whole["baselines_wanted"]) == (True, ["majority", "tfidf"])
    assert (quick["train"], quick["baselines_wanted"], quick["quick"]) == (None, [], True)
