"""`with-services` gives a command a Postgres and a Redis of its own, and leaves nothing behind."""

import json
import os
import pwd
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psutil
import pytest

from toxicsite.launcher.environment import PROJECT
from toxicsite.tests.launcher_process import (
    launcher,
    launcher_environment,
    processes_mentioning,
)
from toxicsite.tests.waiting import wait_until

REPORT = """
import json, os, pathlib, sys, psycopg2, redis
database, broker = os.environ["DATABASE_URL"], os.environ["REDIS_URL"]
with psycopg2.connect(database) as connection, connection.cursor() as cursor:
    cursor.execute("SELECT current_setting('server_version_num')::int, current_database(), lower('ÄÖ')")
    row = cursor.fetchone()
pong = redis.Redis.from_url(broker).ping()
pathlib.Path(sys.argv[1]).write_text(json.dumps({"database": database, "broker": broker, "row": row, "pong": pong}))
"""


def folder_of(report: dict[str, str]) -> Path:
    """The temporary folder that the servers of a report live in."""
    return Path(parse_qs(urlsplit(report["database"]).query)["host"][0]).parent


def test_it_gives_the_command_real_servers_and_passes_its_exit_code_on(tmp_path: Path) -> None:
    script = REPORT + "\nsys.exit(7)"
    with launcher(
        "with-services", "--", sys.executable, "-c", script, str(tmp_path / "report"), output=tmp_path / "out"
    ) as process:
        assert process.wait(60) == 7, (tmp_path / "out").read_text()
    report = json.loads((tmp_path / "report").read_text())
    assert report["row"][0] >= 180000
    assert report["row"][1:] == ["toxicsite", "äö"]
    assert report["pong"] is True
    assert not folder_of(report).exists()
    assert processes_mentioning(str(folder_of(report))) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_it_stops_the_command_and_the_servers_on_a_signal(tmp_path: Path, number: signal.Signals) -> None:
    script = REPORT + "\nimport time; time.sleep(120)"
    with launcher(
        "with-services", "--", sys.executable, "-c", script, str(tmp_path / "report"), output=tmp_path / "out"
    ) as process:
        wait_until(lambda: (tmp_path / "report").exists() and bool((tmp_path / "report").read_text()))
        process.send_signal(number)
        assert process.wait(30) == (1 if number == signal.SIGINT else 128 + number) or number == signal.SIGINT
    folder = folder_of(json.loads((tmp_path / "report").read_text()))
    assert not folder.exists()
    assert processes_mentioning(str(folder)) == []


def test_a_kill_of_the_launcher_ends_command_and_servers_and_the_next_one_removes_the_folder(
    tmp_path: Path,
) -> None:
    script = REPORT + "\nimport time; time.sleep(120)"
    with launcher(
        "with-services", "--", sys.executable, "-c", script, str(tmp_path / "report"), output=tmp_path / "out"
    ) as process:
        wait_until(lambda: (tmp_path / "report").exists() and bool((tmp_path / "report").read_text()))
        children = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        folder = folder_of(json.loads((tmp_path / "report").read_text()))
        wait_until(lambda: processes_mentioning(str(folder)) == [])
        wait_until(lambda: not any(child.is_running() for child in children))
    assert folder.exists()
    with launcher("with-services", "--", "true", output=tmp_path / "out") as process:
        assert process.wait(60) == 0
    assert not folder.exists()


def test_a_command_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with launcher("with-services", "--", "no-such-command", output=tmp_path / "out") as process:
        assert process.wait(60) == 127
    assert (tmp_path / "out").read_text() == "no-such-command: No such file or directory\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_it_works_for_an_ordinary_user(tmp_path: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    python = Path("/usr/bin/python3.11")  # an interpreter that everybody may run, unlike one in root's home
    if not python.exists():
        pytest.skip("no system Python 3.11")
    site = next(path for path in sys.path if path.endswith("site-packages"))
    check = "import os, psycopg2; psycopg2.connect(os.environ['DATABASE_URL']).close(); print(os.geteuid())"
    environment = launcher_environment(PYTHONPATH=f"{PROJECT}:{site}:{tmp_path}", PYTHONDONTWRITEBYTECODE="1")
    (tmp_path / "async_timeout.py").write_text("from asyncio import timeout\n")  # redis needs it below 3.11.3
    for folder in (tmp_path, *tmp_path.parents[:3]):
        folder.chmod(folder.stat().st_mode | 0o055)
    done = subprocess.run(
        [python, "-m", "toxicsite.launcher", "with-services", "--", python, "-c", check],
        user=nobody.pw_uid,
        group=nobody.pw_gid,
        extra_groups=[],
        env=environment,
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (0, f"{nobody.pw_uid}\n"), done.stderr
