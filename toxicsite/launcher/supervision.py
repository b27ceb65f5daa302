"""The process runner and the programs that it keeps running: servers, web, workers, beat.

It writes supervisord's configuration, starts it, and talks to it over its Unix socket.
"""

import contextlib
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any, cast

import psutil
from supervisor.xmlrpc import SupervisorTransport

from toxicsite.launcher.environment import PROJECT, Options
from toxicsite.launcher.errors import LauncherError
from toxicsite.launcher.postgres import Cluster
from toxicsite.launcher.redis_server import RedisServer
from toxicsite.lib.die_with_parent import dying_with_parent

START_SECONDS = 20.0
STOP_SECONDS = 45.0
DEAD = {"FATAL", "EXITED", "BACKOFF", "UNKNOWN"}
APPLICATION = ("web", "worker-classify", "worker-train", "worker-transfers", "worker-deliver", "beat")


@dataclass(frozen=True)
class Program:
    """One process to keep running. Lower `priority` starts earlier and stops later."""

    name: str
    command: Sequence[str]
    priority: int
    autostart: bool = False
    stop_signal: str = "TERM"
    stop_seconds: int = 15
    start_retries: int = 10
    account: str = "-"

    def section(self, logs: Path) -> str:
        command = dying_with_parent(self.command, signal_name=f"SIG{self.stop_signal}", account=self.account)
        settings = {
            "command": shlex.join(command).replace("%", "%%"),
            "directory": str(PROJECT).replace("%", "%%"),
            "priority": self.priority,
            "autostart": str(self.autostart).lower(),
            "autorestart": "true",
            "startsecs": 1,
            "startretries": self.start_retries,
            "stopsignal": self.stop_signal,
            "stopwaitsecs": self.stop_seconds,
            "killasgroup": "true",
            "redirect_stderr": "true",
            # supervisord replaces in this value twice
            "stdout_logfile": str(logs / f"{self.name}.log").replace("%", "%%%%"),
            "stdout_logfile_maxbytes": "10MB",
            "stdout_logfile_backups": 3,
        }
        return f"[program:{self.name}]\n" + "".join(f"{key} = {value}\n" for key, value in settings.items())


class Supervisor:
    """A running supervisord that keeps `programs`; every program's output goes to `logs`/NAME.log."""

    def __init__(self, programs: Sequence[Program], *, run_dir: Path, logs: Path, socket_dir: Path) -> None:
        self.config = run_dir / "supervisord.conf"
        self.pid_file = run_dir / "supervisord.pid"
        self.logs = logs
        self.socket = socket_dir / "supervisor.sock"
        quoted = {name: str(path).replace("%", "%%") for name, path in vars(self).items()}
        text = (
            f"[unix_http_server]\nfile = {quoted['socket']}\nchmod = 0700\n\n"
            "[rpcinterface:supervisor]\n"
            "supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface\n\n"
            f"[supervisord]\nnodaemon = true\nsilent = true\nlogfile = {quoted['logs']}/supervisord.log\n"
            f"pidfile = {quoted['pid_file']}\nchildlogdir = {quoted['logs']}\n"
        )
        if os.geteuid() == 0:
            text += "user = root\n"  # said on purpose, else it warns at every start
        self.config.write_text(text + "\n" + "\n".join(program.section(logs) for program in programs))
        self.config.chmod(0o600)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, environment: Mapping[str, str]) -> None:
        """Start supervisord away from the terminal's Ctrl-C, so that it stops its programs in order."""
        self.socket.unlink(missing_ok=True)
        with (self.logs / "supervisord-start.log").open("wb") as output:
            self.process = subprocess.Popen(
                dying_with_parent(
                    [sys.executable, "-m", "toxicsite.launcher.supervisord", "-n", "-c", str(self.config)]
                ),
                cwd=PROJECT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                env=dict(environment),
            )
        give_up = time.monotonic() + START_SECONDS
        while True:
            try:
                self._call("getState")
                return
            except (OSError, HTTPException, xmlrpc.client.Error):
                if not self.alive() or time.monotonic() > give_up:
                    raise LauncherError(f"The process runner did not start; see {self.logs}.") from None
                time.sleep(0.05)

    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start_program(self, name: str) -> None:
        self._call("startProcess", name, False)

    def is_dead(self, name: str) -> bool:
        """Return whether the program is down at this moment: given up, or waiting to be tried again."""
        try:
            return cast(dict[str, Any], self._call("getProcessInfo", name))["statename"] in DEAD
        except (OSError, HTTPException, xmlrpc.client.Error):
            return True

    def given_up(self) -> list[str]:
        """Return the programs that supervisord has stopped restarting."""
        try:
            infos = cast(list[dict[str, Any]], self._call("getAllProcessInfo"))
        except (OSError, HTTPException, xmlrpc.client.Error):
            return []
        return [info["name"] for info in infos if info["statename"] == "FATAL"]

    def start_given_up(self) -> None:
        """Try again what supervisord has stopped restarting: what keeps it down (a full disk) may be over by now."""
        for name in self.given_up():
            with contextlib.suppress(OSError, HTTPException, xmlrpc.client.Error):
                self.start_program(name)

    def stop(self) -> None:
        """Stop every program, last started first, then supervisord itself."""
        if self.process is None:
            return
        if self.alive():
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _call(self, method: str, *arguments: Any) -> Any:
        transport = SupervisorTransport(None, None, f"unix://{self.socket}")
        try:
            with xmlrpc.client.ServerProxy("http://localhost", transport=transport) as proxy:
                return getattr(proxy.supervisor, method)(*arguments)
        except (socket.gaierror, TypeError) as error:
            raise OSError(str(error)) from error


def end_orphan(run_dir: Path) -> None:
    """Stop a supervisord whose launcher was killed, so that it does not hold the port and the data."""
    try:
        process = psutil.Process(int((run_dir / "supervisord.pid").read_text()))
        if str(run_dir / "supervisord.conf") not in process.cmdline():
            return  # the number belongs to another process by now
        process.terminate()
        process.wait(STOP_SECONDS)
    except (OSError, ValueError, psutil.NoSuchProcess):
        return
    except psutil.Error:
        raise LauncherError(f"An earlier toxicsite of this folder does not stop; see {run_dir}.") from None


def service_programs(cluster: Cluster | None, server: RedisServer | None) -> list[Program]:
    """Return the embedded servers, started at once and stopped last."""
    programs = []
    if cluster is not None:
        programs.append(
            Program(
                "postgres",
                cluster.command(),
                priority=10,
                autostart=True,
                stop_signal="INT",  # Postgres' fast shutdown: it ends sessions, and writes its checkpoint
                stop_seconds=30,
                account=cluster.account,
            )
        )
    if server is not None:
        programs.append(Program("redis", server.command(), priority=20, autostart=True))
    return programs


def application_programs(options: Options) -> list[Program]:
    """Return web, the workers and beat, which are started once the database is up to date."""
    celery = [sys.executable, "-m", "celery", "-A", "toxicsite"]
    # Alone on their queues, workers have nothing to tell each other.
    quiet = ["--without-gossip", "--without-mingle"]
    return [
        Program(
            "web",
            [sys.executable, "-m", "gunicorn", "-c", "python:toxicsite.launcher.gunicorn_conf"],
            priority=30,
        ),
        Program(
            "worker-classify",
            # solo: the model lives in this one process, and one process uses every core
            [*celery, "worker", "-Q", "classify", "--pool=solo", "-n", "classify@%h", *quiet],
            priority=40,
        ),
        Program(
            "worker-train",
            [*celery, "worker", "-Q", "training", "-c", "1", "-n", "training@%h", *quiet],
            priority=40,
        ),
        Program(
            "worker-transfers",
            # on its own: minutes of an import keep no comment from its verdict and wait for no training run of hours
            [*celery, "worker", "-Q", "transfers", "-c", "1", "-n", "transfers@%h", *quiet],
            priority=40,
        ),
        Program(
            "worker-deliver",
            # solo: one thread writes what its own threads have sent
            [*celery, "worker", "-Q", "deliveries", "--pool=solo", "-n", "deliver@%h", *quiet],
            priority=40,
            stop_seconds=25,  # what is under way comes to its end
        ),
        Program(
            "beat",
            [*celery, "beat", "-s", str(options.var / "run" / "celerybeat-schedule")],
            priority=50,
        ),
    ]
