"""Beat's schedule: kept over a restart, and no disk and no file can end it."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from toxicsite.beat import Scheduler
from toxicsite.celery import app


def scheduler(file: Path) -> Scheduler:
    return Scheduler(app, schedule_filename=str(file))


def test_a_restart_remembers_when_a_task_was_last_sent(tmp_path: Path) -> None:
    before = scheduler(tmp_path / "schedule")
    long_ago = datetime.now(UTC) - timedelta(hours=5)
    before.schedule["retention"].last_run_at = long_ago
    before.sync()
    after = scheduler(tmp_path / "schedule")
    assert after.schedule["retention"].last_run_at == long_ago
    assert after.schedule["retention"].is_due().is_due
    assert not after.schedule["delivery-log"].is_due().is_due
    assert [path.name for path in tmp_path.iterdir()] == ["schedule"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x13\x57\x9a\xce not ours",
        b"[1]",
        b'{"sweep": 7}',
        b'{"sweep": "2026-01-01T00:00:00"}',
        b'{"x": "2',
    ],
)
def test_a_file_that_cannot_be_read_is_replaced(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "schedule"
    file.write_bytes(content)
    scheduler(file)
    assert set(json.loads(file.read_text())) == set(app.conf.beat_schedule)


def test_a_disk_that_takes_nothing_leaves_the_file_and_beat_as_they_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "schedule"
    running = scheduler(file)
    before = file.read_text()
    (tmp_path / f"schedule.{os.getpid()}.writing").symlink_to("/dev/full")
    running.schedule["sweep"].last_run_at = datetime.now(UTC) + timedelta(seconds=1)
    running.sync()
    assert file.read_text() == before
    assert "kept in memory only: No space left on device" in caplog.text


def test_it_is_the_one_that_celery_takes() -> None:
    from celery.utils.imports import symbol_by_name

    assert symbol_by_name(app.conf.beat_scheduler) is Scheduler
