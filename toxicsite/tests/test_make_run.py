"""`make run` as a whole: first start, a kill of everything, second start with the data kept, Ctrl-C."""

import contextlib
import json
import re
import signal
import urllib.error
import urllib.request
from pathlib import Path

import psutil
import pytest

from toxicsite.tests.launcher_process import launcher, processes_mentioning
from toxicsite.tests.ports import free_port
from toxicsite.tests.waiting import wait_until

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
def var(closed_folder: Path) -> Path:
    """A folder whose name holds what configuration files and shells may stumble over."""
    return closed_folder / "my data %s"


def test_it_starts_survives_a_kill_keeps_its_data_and_stops(tmp_path: Path, var: Path) -> None:
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
        assert status(f"{url}/sign-in/") == 200
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
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    assert second.read_text().endswith("Stopped; the data stays in place for the next start.\n")
    assert processes_mentioning(str(var)) == []
    assert status(f"{url}/healthz") == 0
