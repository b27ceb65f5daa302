"""`make run`: everything on one machine under one process runner, until Ctrl-C."""

import errno
import fcntl
import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType

import psycopg2
import redis

from toxicsite.launcher import postgres, redis_server
from toxicsite.launcher.environment import LOOPBACK, PROJECT, Options, read_options, refuse_taken_port
from toxicsite.launcher.errors import LauncherError
from toxicsite.launcher.stop_signals import ignore_stop_signals, on_stop_signals
from toxicsite.launcher.supervision import (
    APPLICATION,
    Supervisor,
    application_programs,
    end_orphan,
    service_programs,
)
from toxicsite.lib.files import replace_private

MEBIBYTE = 1024 * 1024
NEEDED_DISK = 300 * MEBIBYTE
TRY_AGAIN_SECONDS = 10.0  # what was given up
READY_SECONDS = 120.0
SETTLED_SECONDS = 15.0
NO_WORKER = "no classification worker"
LONGEST_SOCKET_FOLDER = 80  # bytes; a Unix socket's whole path may have 107


class Stopped(Exception):
    """Somebody asked us to stop: Ctrl-C, SIGTERM, or the terminal went away."""


def run() -> int:
    """Start everything, print the address and the logins, and stay until asked to stop."""
    on_stop_signals(_ask_to_stop)
    supervisor: Supervisor | None = None
    try:
        with ExitStack() as stack:
            options = read_options()
            run_dir, logs = folders(options)
            stack.enter_context(only_one(run_dir, options))
            end_orphan(run_dir)
            refuse_taken_port(options)
            began = time.monotonic()
            try:
                sockets = socket_folder(run_dir, stack)
                supervisor = _start(options, run_dir=run_dir, logs=logs, sockets=sockets)
                _serve(options, supervisor, began)
            finally:
                ignore_stop_signals()
                if supervisor is not None:
                    supervisor.stop()
                for name in ("database_url", "redis_url"):
                    (run_dir / name).unlink(missing_ok=True)
    except Stopped:
        _say("Stopped; the data stays in place for the next start.")
        return 0
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise LauncherError(
                "The disk is full: free some space and start again; nothing was lost."
            ) from None
        raise LauncherError(f"{error.filename or 'A file or server'}: {error.strerror or error}.") from None
    return 0


def _start(options: Options, *, run_dir: Path, logs: Path, sockets: Path) -> Supervisor:
    """Bring up the servers, bring the database up to date, and start the application's processes."""
    cluster = server = None
    if options.database_url is None:
        cluster = postgres.prepare(
            options.var / "postgres", socket_dir=sockets / "pg", log=logs / "postgres.log", durable=True
        )
    if options.redis_url is None:
        server = redis_server.prepare(run_dir / "redis")
    environment = os.environ | {
        "VAR_DIR": str(options.var),
        "DATABASE_URL": cluster.url if cluster else options.database_url or "",
        "REDIS_URL": server.url if server else options.redis_url or "",
        "PYTHONUNBUFFERED": "1",
    }
    programs = [*service_programs(cluster, server), *application_programs(options)]
    supervisor = Supervisor(programs, run_dir=run_dir, logs=logs, socket_dir=sockets)
    _say(
        "Starting PostgreSQL and Redis"
        if cluster or server
        else "Using the servers of DATABASE_URL and REDIS_URL"
    )
    try:
        for log in ("postgres", "redis", *APPLICATION):
            (logs / f"{log}.log").unlink(missing_ok=True)  # so that what we quote is about this start
        supervisor.start(environment)
        if cluster is not None:
            postgres.wait_until_ready(cluster, alive=lambda: not supervisor.is_dead("postgres"))
        if server is not None:
            redis_server.wait_until_ready(server, alive=lambda: not supervisor.is_dead("redis"))
        for name, embedded in (("DATABASE_URL", cluster), ("REDIS_URL", server)):
            if embedded is None:
                check_server(name, environment[name])
            else:  # for `manage.py` in another terminal
                replace_private(run_dir / name.lower(), environment[name])
        _say("Preparing the database, the static files and the model")
        logins = _prepare(environment, logs)
        if logins:
            _say(logins)
        _say("Starting the web server and the workers")
        for name in APPLICATION:
            supervisor.start_program(name)
    except BaseException:
        ignore_stop_signals()
        supervisor.stop()
        raise
    return supervisor


def _serve(options: Options, supervisor: Supervisor, began: float) -> None:
    missing = wait_until_ready(options, supervisor)
    seconds = time.monotonic() - began
    if missing:
        _say(
            f"toxicsite is up, but not everything is ready ({missing}): "
            f"`.venv/bin/python manage.py doctor` finds the cause; logs are in {supervisor.logs}."
        )
    else:
        _say(f"Ready in {seconds:.1f} s.")
    if options.bind not in LOOPBACK and not os.environ.get("ALLOWED_HOSTS"):
        _say("Only `localhost` is an allowed name so far: set ALLOWED_HOSTS to the names visitors use.")
    _say(f"\n    {options.url}\n\nCtrl-C stops it. Logs are in {supervisor.logs}.")
    looked = time.monotonic()
    while supervisor.alive():
        time.sleep(0.5)
        if time.monotonic() - looked > TRY_AGAIN_SECONDS:
            supervisor.start_given_up()
            looked = time.monotonic()
    raise LauncherError(f"The process runner stopped by itself; see {supervisor.logs / 'supervisord.log'}.")


def wait_until_ready(options: Options, supervisor: Supervisor) -> str:
    """Wait for /readyz; return "" or what is missing in the end. Raises LauncherError when the web server gives up."""
    give_up = time.monotonic() + READY_SECONDS
    missing, settled = "no answer from the web server", 0.0
    while time.monotonic() < give_up:
        if "web" in supervisor.given_up() or not supervisor.alive():
            log = supervisor.logs / "web.log"
            raise LauncherError(
                f"The web server does not start: {_last_line(log.read_text(errors='replace'))} (see {log})."
            )
        checks = _ask(options)
        if checks is not None:
            missing = ", ".join(f"{name}: {state}" for name, state in checks.items() if state != "ok")
            if not missing:
                return ""
            settled = settled if NO_WORKER not in missing and settled else time.monotonic()
            # A worker that lives and still cannot score (no model) will not get better by waiting.
            if "worker-classify" in supervisor.given_up() or time.monotonic() - settled > SETTLED_SECONDS:
                return missing
        time.sleep(0.25)
    return missing


def _ask(options: Options) -> dict[str, str] | None:
    """Return the checks of /readyz by name; None when nothing answers."""
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
        raise LauncherError(f"The server of {name} does not answer: {_last_line(str(error))}") from None


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no reason given"


def _prepare(environment: dict[str, str], logs: Path) -> str:
    """Migrate and so on in a process of its own; return what it printed (the new logins)."""
    with (logs / "prepare.log").open("w") as log:
        done = subprocess.run(
            [sys.executable, "-m", "toxicsite.launcher.prepare"],
            cwd=PROJECT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            check=False,
        )
    if done.returncode != 0:
        raise LauncherError(
            done.stdout.strip() or f"The database could not be prepared; see {logs / 'prepare.log'}."
        )
    return done.stdout.strip()


def folders(options: Options) -> tuple[Path, Path]:
    run_dir, logs = options.var / "run", options.var / "log"
    for folder in (run_dir, logs):
        folder.mkdir(parents=True, exist_ok=True)
    run_dir.chmod(0o711)
    if shutil.disk_usage(options.var).free < NEEDED_DISK:
        raise LauncherError(
            f"The disk is full: {options.var} needs at least {NEEDED_DISK // MEBIBYTE} MiB free."
        )
    return run_dir, logs


def socket_folder(run_dir: Path, stack: ExitStack) -> Path:
    """Return a folder for sockets: beside the data, or in /tmp where the path would be too long for a socket."""
    if len(os.fsencode(run_dir)) <= LONGEST_SOCKET_FOLDER:
        return run_dir
    folder = Path(tempfile.mkdtemp(prefix="toxicsite-run-", dir="/tmp"))
    folder.chmod(0o711)
    stack.callback(shutil.rmtree, folder, ignore_errors=True)
    return folder


@contextmanager
def only_one(run_dir: Path, options: Options) -> Iterator[None]:
    """Hold the folder's lock; the kernel frees it however we end, so it is never stale."""
    with (run_dir / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LauncherError(
                f"toxicsite already runs from {options.var}; stop it first (Ctrl-C there)."
            ) from None
        yield


def _ask_to_stop(number: int, _: FrameType | None) -> None:
    ignore_stop_signals()
    if number == signal.SIGINT:
        _say("\nStopping …")
    raise Stopped


def _say(text: str) -> None:
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except OSError:
        pass  # the terminal is gone; stopping in order matters more
