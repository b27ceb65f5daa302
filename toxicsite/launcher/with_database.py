"""Run a command on this installation's embedded Postgres alone: for a backup or a restore while nothing else runs."""

import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from toxicsite.launcher import postgres
from toxicsite.launcher.environment import read_options
from toxicsite.launcher.errors import LauncherError
from toxicsite.launcher.run import folders, only_one, socket_folder
from toxicsite.launcher.stop_signals import ignore_stop_signals
from toxicsite.launcher.supervision import end_orphan
from toxicsite.launcher.with_services import run_command, spawn

STOP_SECONDS = 60.0


def run_with_database(command: Sequence[str]) -> int:
    """Run `command` with DATABASE_URL set to the embedded server in VAR_DIR; return its code (128 + signal).

    Raises LauncherError where `make run` runs from the same folder, or where the database cannot be served.
    """
    with _own_database() as url:
        return run_command(command, os.environ | {"DATABASE_URL": url})


@contextmanager
def _own_database() -> Iterator[str]:
    options = read_options()
    if options.database_url is not None:
        raise LauncherError("DATABASE_URL names a server of yours: run the command without with-database.")
    run_dir, logs = folders(options)
    with ExitStack() as stack:
        stack.enter_context(only_one(run_dir, options))
        end_orphan(run_dir)
        sockets = socket_folder(run_dir, stack)
        cluster = postgres.prepare(
            options.var / "postgres", socket_dir=sockets / "pg", log=logs / "postgres.log", durable=True
        )
        cluster.log.unlink(missing_ok=True)
        server = spawn(cluster.command(), signal.SIGINT, cluster.log, account=cluster.account)
        try:
            postgres.wait_until_ready(cluster, alive=lambda: server.poll() is None)
            yield cluster.url
        finally:
            ignore_stop_signals()
            _stop(server)


def _stop(server: "subprocess.Popen[bytes]") -> None:
    """Stop Postgres in order: it ends its sessions and writes everything to the disk."""
    server.send_signal(signal.SIGINT)
    try:
        server.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        server.send_signal(signal.SIGQUIT)  # it recovers at the next start
        server.wait()
