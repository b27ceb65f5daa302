"""The site under attack: `make run` on a folder and a port of its own, and the ways to look into it."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
import xmlrpc.client
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any, cast

import psutil
import psycopg2
import redis
from supervisor.xmlrpc import SupervisorTransport

from toxicsite.launcher.environment import PROJECT

START_SECONDS = 240.0
STOP_SECONDS = 60.0
CALL_SECONDS = 20.0
SCOPES = ("submit", "read", "score", "moderate", "admin")
LEFT_OUT = (
    *("DATABASE_URL", "REDIS_URL", "VAR_DIR", "REDIS_KEY_PREFIX", "PORT", "BIND", "DJANGO_SETTINGS_MODULE"),
    *("MODELS_DIR", "DATASETS_DIR", "RUNS_DIR", "TRANSFERS_DIR", "SECRET_KEY"),
)


class Unanswered(Exception):
    """No answer came: the server may have done it or not."""


@dataclass
class Site:
    """A running site; `environment` is that of its processes."""

    var: Path
    port: int
    environment: Mapping[str, str]
    key: str = ""

    def call(
        self, method: str, path: str, body: Any = None, *, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Any]:
        """Return status and JSON of an API call. Raises Unanswered."""
        sent = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json", **(headers or {})}
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data, sent, method=method)
        try:
            with urllib.request.urlopen(request, timeout=CALL_SECONDS) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, None
        except (OSError, HTTPException, ValueError) as error:
            raise Unanswered(str(error)) from error

    def rows(self, query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Ask the database itself, on a connection of its own. Raises psycopg2.Error."""
        url = (self.var / "run" / "database_url").read_text()
        with contextlib.closing(psycopg2.connect(url, connect_timeout=5)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(query, parameters)
                return cursor.fetchall() if cursor.description else []

    def redis_client(self) -> redis.Redis:
        return redis.Redis.from_url((self.var / "run" / "redis_url").read_text(), socket_timeout=5)

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            env=dict(self.environment),
            cwd=PROJECT,
            capture_output=True,
            text=True,
            check=False,
        )

    def processes(self) -> dict[str, psutil.Process]:
        """Return the process of each program that runs, by the program's name."""
        transport = SupervisorTransport(None, None, f"unix://{self.var / 'run' / 'supervisor.sock'}")
        try:
            with xmlrpc.client.ServerProxy("http://localhost", transport=transport) as proxy:
                infos = cast("list[dict[str, Any]]", proxy.supervisor.getAllProcessInfo())
        except (OSError, HTTPException, TypeError, xmlrpc.client.Error):
            return {}
        found = {}
        for info in infos:
            with contextlib.suppress(psutil.Error):
                if info["pid"]:
                    found[info["name"]] = psutil.Process(info["pid"])
        return found

    def process(self, name: str) -> psutil.Process:
        """Return the process of this program, waiting until it runs."""
        wait_until(lambda: name in self.processes(), f"{name} to run")
        return self.processes()[name]

    def ready(self) -> bool:
        with contextlib.suppress(Unanswered):
            return self.call("GET", "/readyz")[0] == 200
        return False


def wait_until(
    condition: Callable[[], object], what: str, seconds: float = 60.0, *, every: float = 0.1
) -> None:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"waited {seconds:.0f} s for {what}")
        time.sleep(every)


@contextlib.contextmanager
def running_site(var: Path, *, port: int, settings: Mapping[str, str]) -> Iterator[Site]:
    """Start `make run` on `var`, wait until it scores, make a key for everything, and stop it in the end."""
    inherited = {name: value for name, value in os.environ.items() if name not in LEFT_OUT}
    variables = {"VAR_DIR": str(var), "PORT": str(port), "PYTHONPATH": str(PROJECT), **settings}
    site = Site(var, port, inherited | variables)
    output = var.parent / "output.log"
    with output.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "toxicsite.launcher", "run"],
            env=dict(site.environment),
            cwd=PROJECT,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        wait_until(lambda: site.ready() or process.poll() is not None, "the first start", START_SECONDS)
        if process.poll() is not None:
            raise RuntimeError(f"the site did not start: {output.read_text()[-2_000:]}")
        scopes = [word for scope in SCOPES for word in ("--scope", scope)]
        made = site.manage("api_key", "create", "chaos", "--owner", "admin", *scopes)
        found = re.search(r"tox_\S+", made.stdout)
        if found is None:
            raise RuntimeError(f"no key was made: {made.stderr[-1_000:]}")
        site.key = found.group()
        yield site
        if process.poll() is not None:
            raise RuntimeError(f"the site ended by itself: {output.read_text()[-2_000:]}")
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
