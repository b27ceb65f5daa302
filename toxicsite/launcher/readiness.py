"""Asking servers whether they are there: ours over /readyz, somebody else's by connecting."""

import http.client
import json
import time

import psycopg2
import redis

from toxicsite.launcher.environment import Options
from toxicsite.launcher.errors import LauncherError
from toxicsite.launcher.supervision import Supervisor

READY_SECONDS = 120.0
SETTLED_SECONDS = 15.0
NO_WORKER = "no classification worker"


def wait_until_ready(options: Options, supervisor: Supervisor) -> str:
    """Wait for /readyz; return "" or what is missing in the end. Refuses when the web server gives up."""
    give_up = time.monotonic() + READY_SECONDS
    missing, settled = "no answer from the web server", 0.0
    while time.monotonic() < give_up:
        if "web" in supervisor.given_up() or not supervisor.alive():
            log = supervisor.logs / "web.log"
            raise LauncherError(
                f"The web server does not start: {last_line(log.read_text(errors='replace'))} (see {log})."
            )
        found = ask(options)
        if found is not None:
            missing = ", ".join(f"{name}: {state}" for name, state in found.items() if state != "ok")
            if not missing:
                return ""
            settled = settled if NO_WORKER not in missing and settled else time.monotonic()
            # A worker that lives and still cannot score (no model) will not get better by waiting.
            if "worker-classify" in supervisor.given_up() or time.monotonic() - settled > SETTLED_SECONDS:
                return missing
        time.sleep(0.25)
    return missing


def ask(options: Options) -> dict[str, str] | None:
    """The checks of /readyz by name; None when nothing answers."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(options.bind, options.bind)  # noqa: S104 (compares only)
    connection = http.client.HTTPConnection(host, options.port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        checks = json.loads(connection.getresponse().read())["checks"]
        return {str(name): str(state) for name, state in checks.items()}
    except (OSError, http.client.HTTPException, ValueError, KeyError):
        return None
    finally:
        connection.close()


def check_server(name: str, url: str) -> None:
    """Connect to the Postgres or Redis that variable `name` points at. Raises LauncherError with the reason."""
    try:
        if name == "REDIS_URL":
            with redis.Redis.from_url(url, socket_connect_timeout=5, socket_timeout=5) as client:
                client.ping()
        else:
            psycopg2.connect(url.replace("postgis://", "postgres://"), connect_timeout=5).close()
    except (ValueError, redis.RedisError, psycopg2.Error) as error:
        raise LauncherError(f"The server of {name} does not answer: {last_line(str(error))}") from None


def last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no reason given"
