"""Run a command again on the embedded Postgres of this folder where no server is running that it could use."""

import fcntl
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings
from django.core.management.base import CommandError


def run_on_own_database(arguments: Sequence[str], *, must_exist: bool) -> int | None:
    """Run `manage.py ARGUMENTS` with the embedded server started for it; return its code, None to go on here.

    Raises CommandError where the command cannot have the database: with `must_exist`, where there is none; without it
    (a restore), while `make run` uses it.
    """
    if os.environ.get("DATABASE_URL") or os.environ.get("DATABASE_URL_FILE"):
        return None
    var = Path(settings.VAR_DIR)
    if _runs(var):
        if must_exist:
            return None
        raise CommandError(f"toxicsite runs from {var}: stop it first (Ctrl-C there).")
    if must_exist and not (var / "postgres" / "PG_VERSION").is_file():
        raise CommandError(f"There is no database in {var}, and DATABASE_URL names none: nothing to back up.")
    launcher = [sys.executable, "-m", "toxicsite.launcher", "with-database", "--"]
    environment = os.environ | {"PYTHONPATH": str(settings.BASE_DIR)}
    command = [*launcher, sys.executable, str(settings.BASE_DIR / "manage.py"), *arguments]
    return subprocess.run(command, env=environment, check=False).returncode


def _runs(var: Path) -> bool:
    """Return whether `make run` holds the lock of this folder."""
    try:
        with (var / "run" / "lock").open("r") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False
