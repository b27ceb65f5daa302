"""A real web server and a real worker on temporary servers of their own, for benchmarks that go through all of it."""

import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from toxicsite.launcher.with_services import temporary_services

PROJECT = Path(__file__).resolve().parent.parent
START_SECONDS = 120.0
STOP_SECONDS = 20.0
QUIET_DELIVERIES = ("--without-gossip", "--without-mingle", "-n", "deliver@benchmark", "-l", "WARNING")
QUIET_WORKER = ("--without-gossip", "--without-mingle", "-n", "classify@benchmark", "-l", "WARNING")


@dataclass(frozen=True)
class Site:
    """Where the site listens, and a key that may do everything the API offers."""

    port: int
    key: str
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)

    def manage(self, *arguments: str) -> str:
        """Return what a management command prints."""
        return _manage(dict(self.environment), *arguments)

    def client(self) -> "Client":
        return Client(self)


class Client:
    """One kept-alive connection, as a program that calls the API would hold."""

    def __init__(self, site: Site) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=60)
        self.headers = {"Authorization": f"Bearer {site.key}", "Content-Type": "application/json"}

    def post(self, path: str, body: Any) -> tuple[int, Any]:
        self.connection.request("POST", path, json.dumps(body), self.headers)
        response = self.connection.getresponse()
        return response.status, json.loads(response.read())


@contextlib.contextmanager
def running_site(
    model: Path, *, settings: Mapping[str, str] | None = None, deliveries: bool = False
) -> Iterator[Site]:
    """Start Postgres (waiting for the disk, as in production), Redis, web and worker with `model` active.

    `settings` are further variables; `deliveries` starts the worker of that queue, too.
    """
    with tempfile.TemporaryDirectory() as folder, temporary_services(durable=True) as variables:
        port = _free_port()
        environment = {
            **os.environ,
            **variables,
            "VAR_DIR": folder,
            "MODELS_DIR": f"{folder}/models",
            "PORT": str(port),
            "BIND": "127.0.0.1",
            "API_REQUESTS_PER_MINUTE": "1000000",
            **(settings or {}),
        }
        _manage(environment, "migrate", "--verbosity", "0")
        _manage(environment, "collectstatic", "--noinput", "--verbosity", "0")
        _manage(environment, "load_model", str(model), "--activate")
        _manage(environment, "create_accounts")
        scopes = [word for scope in ("submit", "read", "score") for word in ("--scope", scope)]
        key = _manage(environment, "api_key", "create", "benchmark", "--owner", "moderator", *scopes).strip()
        commands = [
            ["gunicorn", "-c", "python:toxicsite.launcher.gunicorn_conf"],
            ["celery", "-A", "toxicsite", "worker", "-Q", "classify", "--pool=solo", *QUIET_WORKER],
        ]
        if deliveries:
            commands.append(
                ["celery", "-A", "toxicsite", "worker", "-Q", "deliveries", "--pool=solo", *QUIET_DELIVERIES]
            )
        with (Path(folder) / "site.log").open("wb") as log:
            processes = [
                subprocess.Popen(
                    [sys.executable, "-m", *command], env=environment, cwd=PROJECT, stdout=log, stderr=log
                )
                for command in commands
            ]
            try:
                site = Site(port, key, environment)
                _wait_until_it_scores(site, processes, Path(folder) / "site.log")
                yield site
            finally:
                for process in processes:
                    process.terminate()
                for process in processes:
                    process.wait(STOP_SECONDS)


def _manage(environment: dict[str, str], *arguments: str) -> str:
    command = [sys.executable, "manage.py", *arguments]
    done = subprocess.run(command, env=environment, cwd=PROJECT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"manage.py {arguments[0]} failed: {done.stderr.strip()[-1_000:]}")
    return done.stdout


def _wait_until_it_scores(site: Site, processes: list[subprocess.Popen[bytes]], log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if any(process.poll() is not None for process in processes):
            break
        try:
            if site.client().post("/api/v1/score/", {"text": "hello"})[0] == 200:
                return
        except OSError:
            pass
        time.sleep(0.3)
    raise RuntimeError(f"the site did not start: {log.read_text(errors='replace')[-2_000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
