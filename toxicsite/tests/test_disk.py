"""A disk that gets full is told of early, by `/readyz`, `/metrics` and doctor, and fails only when it is full."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from classifier.scoring.heartbeat import WorkerStatus
from toxicsite import doctor, views
from toxicsite.lib.disk import disk_use
from toxicsite.tests.small_disk import MEBIBYTE, SmallDisk, small_disk_or_skip

ALIVE = WorkerStatus(alive=True, model_version="starter-1a2b3c4d", backend="torch")


@pytest.fixture
def disk(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[SmallDisk]:
    """A disk of 64 MiB for the models, beside a folder with room for everything else, and a worker that lives."""
    monkeypatch.setattr(views, "worker_status", lambda: ALIVE)
    monkeypatch.setattr(views, "workers", lambda: [ALIVE])
    with small_disk_or_skip(tmp_path / "mounted", mebibytes=64) as disk:
        settings.MODELS_DIR = disk.folder / "models"  # not made yet: its disk is known all the same
        settings.DISK_WARN_MIB, settings.DISK_FULL_MIB = 32, 8
        yield disk


def take(disk: SmallDisk, mebibytes: int) -> None:
    (disk.folder / "taken").write_bytes(b"x" * (mebibytes * MEBIBYTE))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("taken", "status", "check", "warnings", "found"),
    [
        (10, 200, "ok", [], doctor.OK),
        (40, 200, "ok", ["the disk gets full: models"], doctor.FAIL),  # under 1 GiB
        (60, 503, "the disk is full: models", ["the disk gets full: models"], doctor.FAIL),
    ],
)
def test_it_is_a_warning_first_and_a_failure_when_it_is_full(
    client: Client, disk: SmallDisk, taken: int, status: int, check: str, warnings: list[str], found: str
) -> None:
    take(disk, taken)
    response = client.get("/readyz")
    answer = json.loads(response.content)
    assert (response.status_code, answer["checks"]["disk"], answer["warnings"]) == (status, check, warnings)
    assert str(disk.folder) not in response.content.decode()
    of_models = [one for one in doctor.check_files() if str(disk.folder) in one.message]
    assert [one.state for one in of_models] == [found]


@pytest.mark.django_db
@pytest.mark.usefixtures("redis_clean")
def test_metrics_show_room_and_size_of_each_folder(client: Client, disk: SmallDisk) -> None:
    def shown(name: str) -> dict[str, float]:
        families = text_string_to_metric_families(client.get("/metrics").content.decode())
        return {
            sample.labels["folder"]: sample.value
            for family in families
            for sample in family.samples
            if sample.name == name
        }

    assert set(shown("toxicsite_disk_free_bytes")) == {"var", "models", "datasets", "runs", "transfers"}
    assert shown("toxicsite_disk_total_bytes")["models"] == 64 * MEBIBYTE
    before = shown("toxicsite_disk_free_bytes")["models"]
    take(disk, 40)
    assert before - shown("toxicsite_disk_free_bytes")["models"] == 40 * MEBIBYTE
    assert shown("toxicsite_disk_total_bytes")["var"] != 64 * MEBIBYTE


def test_the_disk_of_a_folder_that_is_not_made_yet_is_that_of_the_one_above(tmp_path: Path) -> None:
    there = disk_use(tmp_path)
    assert disk_use(tmp_path / "not" / "there").total == there.total
    assert 0 < there.free <= there.total
