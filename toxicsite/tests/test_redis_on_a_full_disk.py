"""A real Redis that keeps snapshots on a full disk, or has used up its memory, is no broker until there is room."""

import contextlib
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from pytest_django import Settings

from toxicsite.launcher import redis_server
from toxicsite.launcher.with_services import spawn
from toxicsite.lib import broker
from toxicsite.lib.broker import NoBroker, broker_errors
from toxicsite.tests.small_disk import SmallDisk, small_disk_or_skip
from toxicsite.tests.waiting import wait_until


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk_or_skip(tmp_path / "disk", mebibytes=16) as disk:
        yield disk


@pytest.fixture
def server(tmp_path: Path, settings: Settings) -> Iterator[redis.Redis]:
    """A server for this test alone; the site's own client uses it."""
    prepared = redis_server.prepare(tmp_path / "redis")
    with prepared.config.open("a") as file:
        file.write("enable-protected-configs yes\n")  # so that the folder of snapshots may be changed
    process = spawn(prepared.command(), signal.SIGKILL, tmp_path / "redis.log")
    try:
        redis_server.wait_until_ready(prepared, alive=lambda: process.poll() is None)
        settings.REDIS_URL = prepared.url
        broker.client.cache_clear()
        with contextlib.closing(redis.Redis.from_url(prepared.url)) as client:
            yield client
    finally:
        broker.client().close()
        broker.client.cache_clear()
        process.kill()
        process.wait()


def write() -> None:
    with broker_errors():
        broker.client().set(broker.key("written"), "x")


def test_snapshots_that_find_no_room_stop_writes_until_one_is_kept(
    disk: SmallDisk, server: redis.Redis
) -> None:
    server.config_set("dir", str(disk.folder))
    server.config_set("save", "3600 1")
    write()
    disk.fill()
    server.bgsave()
    wait_until(lambda: server.info("persistence")["rdb_last_bgsave_status"] == "err")
    with pytest.raises(NoBroker, match="Redis takes no writes now"):
        write()
    disk.free()
    server.bgsave()
    wait_until(lambda: server.info("persistence")["rdb_last_bgsave_status"] == "ok")
    write()


def test_memory_that_is_used_up_stops_writes_until_there_is_room(server: redis.Redis) -> None:
    server.config_set("maxmemory", "1")
    with pytest.raises(NoBroker, match="Redis takes no writes now"):
        write()
    server.config_set("maxmemory", "0")
    write()
