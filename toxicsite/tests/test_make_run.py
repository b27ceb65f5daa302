"""`make run` as a whole: first start, a kill of everything, second start with the data kept, a full disk, Ctrl-C."""

import contextlib
import json
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg2
import pytest

from toxicsite.launcher.environment import PROJECT
from toxicsite.tests.launcher_process import launcher, launcher_environment, processes_mentioning
from toxicsite.tests.ports import free_port
from toxicsite.tests.small_disk import SmallDisk, small_disk
from toxicsite.tests.waiting import wait_until

pytestmark = pytest.mark.long

START_SECONDS = 150.0


def status(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=10) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


@pytest.fixture
def disk(closed_folder: Path) -> Iterator[SmallDisk | None]:
    """A small disk, where we may mount one."""
    with small_disk(closed_folder / "disk", mebibytes=768) as disk:
        yield disk


@pytest.fixture
def var(closed_folder: Path, disk: SmallDisk | None) -> Path:
    """A folder whose name holds what configuration files and shells may stumble over."""
    return closed_folder / "disk" / "my data %s"


def test_it_starts_survives_a_kill_keeps_its_data_outlives_a_full_disk_and_stops(
    tmp_path: Path, var: Path, disk: SmallDisk | None
) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    variables = {"VAR_DIR": str(var), "PORT": str(port)}
    first, second = tmp_path / "first", tmp_path / "second"

    with launcher("run", output=first, **variables) as process:
        wait_until(
            lambda: status(f"{url}/healthz") == 200 or process.poll() is not None, seconds=START_SECONDS
        )
        assert process.poll() is None, first.read_text()
        assert re.search(r"^    admin +\S{16}\n    moderator +\S{16}$", first.read_text(), re.MULTILINE)
        wait_until(lambda: status(f"{url}/sign-in/") == 200)
        with urllib.request.urlopen(f"{url}/sign-in/", timeout=10) as response:
            page = response.read().decode()
        style = re.search(r'href="(/static/[^"]+\.css)"', page)
        assert style is not None
        assert status(url + style.group(1)) == 200
        taken = tmp_path / "taken"
        with launcher("run", output=taken, **variables) as other:
            assert other.wait(30) == 1
        assert (
            taken.read_text()
            == f"toxicsite: toxicsite already runs from {var}; stop it first (Ctrl-C there).\n"
        )
        with launcher("run", output=taken, VAR_DIR=str(var.parent / "other"), PORT=str(port)) as other:
            assert other.wait(30) == 1
        assert taken.read_text().startswith(f"toxicsite: Port {port} is taken by another program")
        everything = [process, *psutil.Process(process.pid).children(recursive=True)]
        for each in everything:
            with contextlib.suppress(psutil.NoSuchProcess):
                each.kill()
    wait_until(lambda: processes_mentioning(str(var)) == [])

    with launcher("run", output=second, **variables) as process:
        wait_until(
            lambda: status(f"{url}/healthz") == 200 or process.poll() is not None, seconds=START_SECONDS
        )
        assert process.poll() is None, second.read_text()
        assert "Accounts" not in second.read_text()
        with urllib.request.urlopen(f"{url}/healthz", timeout=10) as response:
            assert json.load(response) == {"status": "ok"}
        if disk is not None:
            assert_it_outlives_a_full_disk(url, var, disk)
        assert process.poll() is None, second.read_text()
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    assert second.read_text().endswith("Stopped; the data stays in place for the next start.\n")
    assert processes_mentioning(str(var)) == []
    assert status(f"{url}/healthz") == 0
    if disk is None:
        pytest.skip("all of it held but the full disk, which was not tried: mounting a small one needs root")


def assert_it_outlives_a_full_disk(url: str, var: Path, disk: SmallDisk) -> None:
    """Fill the disk while comments wait for a verdict, until PostgreSQL panics; then free the room, and only wait."""
    key = make_key(var)
    wait_until(lambda: status(f"{url}/readyz") == 200, seconds=START_SECONDS)
    runner = runner_of(var)
    database = psycopg2.connect((var / "run" / "database_url").read_text())
    database.autocommit = True
    # In one go, so that most of them still wait when the disk is full
    waiting = {"items": [{"text": f"A kind word, number {number}. " * 10} for number in range(100)]}
    code, answer = send(f"{url}/api/v1/comments/", waiting, key)
    assert code == 202, answer
    accepted = [item["id"] for item in answer["items"]]
    disk.fill()
    for number in range(10):
        code, answer = send(f"{url}/api/v1/comments/", {"text": f"Another kind word, number {number}."}, key)
        assert code in (202, 503, 507), answer
        accepted += [answer["id"]] if code == 202 else []
    with contextlib.suppress(psycopg2.Error), database.cursor() as cursor:
        for _ in range(64):  # a crash of PostgreSQL: there is no room to go on with its log
            cursor.execute("SELECT pg_logical_emit_message(false, 'x', repeat('y', 1048576), true)")
    database.close()
    wait_until(lambda: status(f"{url}/readyz") == 503)
    for path, body in (
        ("/api/v1/comments/", {"text": "Not now."}),
        ("/v1/moderations", {"input": "Not now."}),
        (
            "/v1alpha1/comments:analyze",
            {"comment": {"text": "Not now."}, "requestedAttributes": {"TOXICITY": {}}},
        ),
        ("/predict", {"inputs": "Not now."}),
    ):
        code, answer = send(f"{url}{path}", body, key)
        assert code in (503, 507), (path, code, answer)
        assert "database does not answer" in json.dumps(answer) or "disk is full" in json.dumps(answer)
    assert status(f"{url}/healthz") == 200
    wait_until(
        lambda: runner_of(var) == runner
    )  # a child bears the runner's name until it runs its own program

    disk.free()
    wait_until(lambda: status(f"{url}/readyz") == 200)
    wait_until(lambda: statuses(var, accepted) == {"classified"}, seconds=90)
    assert send(f"{url}/api/v1/comments/", {"text": "As before."}, key)[0] == 202
    wait_until(
        lambda: runner_of(var) == runner
    )  # a child bears the runner's name until it runs its own program
    assert any("pieces are missing here" in log.read_text() for log in (var / "log").glob("*.log"))


def make_key(var: Path) -> str:
    command = [sys.executable, "manage.py", "api_key", "create", "forum", "--owner", "admin"]
    command += ["--scope", "submit", "--scope", "score"]
    environment = launcher_environment(VAR_DIR=str(var))
    done = subprocess.run(command, env=environment, cwd=PROJECT, capture_output=True, text=True, check=True)
    found = re.search(r"tox_\S+", done.stdout)
    assert found is not None, done.stdout
    return found.group()


def runner_of(var: Path) -> list[int]:
    """The process runner's own process, by its number."""
    return sorted(process.pid for process in processes_mentioning(str(var / "run" / "supervisord.conf")))


def send(url: str, body: Any, key: str) -> tuple[int, Any]:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key}", "X-Goog-Api-Key": key}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def statuses(var: Path, ids: list[int]) -> set[str]:
    connection = psycopg2.connect((var / "run" / "database_url").read_text())
    with contextlib.closing(connection), connection.cursor() as cursor:
        cursor.execute("SELECT status FROM classifier_comment WHERE id = ANY(%s)", [ids])
        found = [row[0] for row in cursor.fetchall()]
    assert len(found) == len(ids)
    return set(found)
