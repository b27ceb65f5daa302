"""An installation for these tests: a database and a folder of its own, and the commands run on them as processes."""

import gzip
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg2
from psycopg2 import sql

from classifier.inference.artifact import load_manifest
from toxicsite.launcher.environment import PROJECT
from toxicsite.tests.launcher_process import launcher_environment
from toxicsite.tests.upgrade.make_dump import FOLDER

RELEASE = "0.1.0"
SHIPPED = PROJECT / "models" / "starter-wiki"


@dataclass(frozen=True)
class Site:
    """A database at `url` and the folder `var`; `secret_key` empty: the one that lies in the folder."""

    url: str
    var: Path
    secret_key: str = ""

    def run(self, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        """Run `manage.py ARGUMENTS` as a process."""
        secret = {"SECRET_KEY": self.secret_key} if self.secret_key else {}
        variables = {
            "DATABASE_URL": self.url,
            "REDIS_URL": os.environ["REDIS_URL"],
            "REDIS_KEY_PREFIX": f"{self.var.name}:",
            "VAR_DIR": str(self.var),
            **secret,
            **environment,
        }
        inherited = {name: value for name, value in launcher_environment().items() if name != "SECRET_KEY"}
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=PROJECT,
            env=inherited | variables,
            capture_output=True,
            text=True,
            check=False,
        )

    def manage(self, *arguments: str, **environment: str) -> str:
        """Run `manage.py ARGUMENTS` and return what it printed. Raises AssertionError where it fails."""
        done = self.run(*arguments, **environment)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def refused(self, *arguments: str) -> str:
        """Run `manage.py ARGUMENTS`, which must fail, and return its one sentence."""
        done = self.run(*arguments)
        assert done.returncode == 1, done.stdout + done.stderr
        assert done.stderr.startswith("CommandError: "), done.stderr
        return done.stderr.removeprefix("CommandError: ").strip()

    def query(self, statement: str) -> list[Any]:
        with closing(psycopg2.connect(self.url)) as connection, connection.cursor() as cursor:
            cursor.execute(statement)
            connection.commit()
            return list(cursor.fetchall()) if cursor.description else []

    def rows(self) -> dict[str, list[str]]:
        """Map each table to the digests of its rows."""
        tables = self.query(
            "SELECT schemaname || '.' || tablename FROM pg_tables WHERE schemaname IN ('public', 'optuna')"
        )
        return {
            table: [row for (row,) in self.query(f"SELECT md5(t::text) FROM {table} t ORDER BY 1")]
            for (table,) in tables
        }

    def files(self) -> dict[str, str]:
        """Map each file of the artifacts to its hash."""
        return {
            str(path.relative_to(self.var)): hashlib.sha256(path.read_bytes()).hexdigest()
            for name in ("models", "datasets", "runs", "transfers")
            for path in (self.var / name).rglob("*")
            if path.is_file()
        }


@contextmanager
def database(server: str, name: str) -> Iterator[str]:
    """Make an empty database on a server until the block ends; yield its URL."""
    identifier = sql.Identifier(name)
    _on(server, sql.SQL("CREATE DATABASE {}").format(identifier))
    try:
        yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
    finally:
        _on(server, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(identifier))


@contextmanager
def empty_site(folder: Path, *, server: str = "") -> Iterator[Site]:
    """Yield an installation that has nothing yet: an empty database, no folder."""
    name = re.sub(r"[^a-z0-9]", "_", f"backup_{folder.name}_{os.getpid()}".lower())[-60:]
    with database(server or os.environ["DATABASE_URL"], name) as url:
        yield Site(url, folder)


def fill(site: Site) -> None:
    """Load the database of a whole busy site, bring it up to date, and put artifacts into its folders."""
    site.query(gzip.decompress((FOLDER / f"{RELEASE}.sql.gz").read_bytes()).decode())
    site.manage("migrate", "--verbosity=0")
    for number, (name,) in enumerate(
        site.query(
            "SELECT 'models/' || directory FROM classifier_modelversion"
            " UNION SELECT 'datasets/' || directory FROM training_dataset WHERE directory <> '' AND deleted_at IS NULL"
            " UNION SELECT 'runs/' || directory FROM training_experiment WHERE directory <> '' AND deleted_at IS NULL"
            " ORDER BY 1"
        )
    ):
        if (
            name == f"models/{load_manifest(SHIPPED).version}"
        ):  # else restoring would find it damaged, and mend it
            shutil.copytree(SHIPPED, site.var / name)
            continue
        (site.var / name / "deep").mkdir(parents=True)
        (site.var / name / "deep" / "weights.bin").write_bytes(bytes([number]) * 70_000)
    for (name,) in site.query("SELECT scores FROM training_evaluation WHERE scores <> ''"):
        (site.var / "runs" / name).parent.mkdir(parents=True, exist_ok=True)
        (site.var / "runs" / name).write_bytes(b"scores")


def release_secret() -> str:
    """Return the secret key of the site that `fill` loads."""
    return str(json.loads((FOLDER / f"{RELEASE}.json").read_text())["secret_key"])


def _on(server: str, statement: sql.Composed) -> None:
    with closing(psycopg2.connect(server)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute(statement)
