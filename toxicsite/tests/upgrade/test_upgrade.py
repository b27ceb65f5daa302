"""The database of the last release goes on with this version: every row stays, triggers hold, pages and API answer."""

import gzip
import http.cookiejar
import json
import os
import re
import subprocess
import sys
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg2
import pytest
from django.conf import settings
from psycopg2 import sql

from classifier.inference.artifact import load_manifest
from classifier.tests.dialects.clients.server_process import running_server
from classifier.tests.worker_process import own_database_url
from toxicsite.launcher.environment import PROJECT
from toxicsite.tests.upgrade.make_dump import FOLDER, dump

Rows = dict[str, tuple[list[str], Counter[str]]]

RELEASE = "0.1.0"
# A database that was left in the midst of the migrations of 0.1.0: classifier 0012 and training 0002.
MIDDLE = "0.1.0-middle"
# Migrating and starting write here: what is applied, what new models bring, and the shipped models.
MAY_GROW = {
    *("django_migrations", "django_content_type", "auth_permission", "auth_group_permissions"),
    "classifier_modelversion",
}
PAGES = (
    *(
        "/",
        "/queue/",
        "/comments/",
        "/history/",
        "/dashboard/",
        "/policies/",
        "/rules/",
        "/webhooks/",
        "/keys/",
    ),
    *("/people/", "/quality/", "/transfers/", "/references/", "/comparisons/", "/score-maps/", "/privacy/"),
    *("/training/", "/training/datasets/", "/training/sweeps/", "/training/versions/", "/training/suites/"),
    *("/training/retraining/", "/admin/"),
)
CALLS = (
    *(
        "comments/?limit=100",
        "decisions/",
        "appeals/",
        "reports/",
        "policies/",
        "policies/site/versions/",
        "webhooks/",
    ),
    *(
        "transfers/",
        "rescorings/",
        "score-maps/",
        "feedback/",
        "statistics/",
        "experiments/",
        "datasets/",
        "sweeps/1/",
    ),
    *("suites/", "retraining/", "model-versions/", "usage/"),
)
CHECKS = """
import django
django.setup()
from django.core.management import call_command
call_command("check")
call_command("migrate", check_unapplied=True)
call_command("makemigrations", check_changes=True, dry_run=True)
"""


@dataclass(frozen=True)
class Installation:
    """A restored database, and the environment in which this version's programs run on it."""

    url: str
    var: Path
    known: dict[str, str]

    def run(self, *arguments: str) -> None:
        """Run Python in this environment. Raises AssertionError with the output where it fails."""
        environment = {**os.environ, **self.environment, "DJANGO_SETTINGS_MODULE": "toxicsite.settings"}
        done = subprocess.run(
            [sys.executable, *arguments], cwd=PROJECT, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr

    @property
    def environment(self) -> dict[str, str]:
        return {"DATABASE_URL": self.url, "VAR_DIR": str(self.var), "SECRET_KEY": self.known["secret_key"]}

    def query(self, statement: str) -> list[Any]:
        with closing(psycopg2.connect(self.url)) as connection, connection.cursor() as cursor:
            cursor.execute(statement)
            connection.commit()
            return list(cursor.fetchall())


def restored(name: str, folder: Path) -> Iterator[Installation]:
    """Restore a dump into a database of its own, until the test ends."""
    server = urlsplit(os.environ["DATABASE_URL"])
    database = f"upgrade_{re.sub(r'[^a-z0-9]', '_', name)}_{os.getpid()}"
    url = urlunsplit(server._replace(path=f"/{database}"))
    _on_server(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))
    try:
        with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
            cursor.execute(gzip.decompress((FOLDER / f"{name}.sql.gz").read_bytes()).decode())
        yield Installation(url, folder / "var", json.loads((FOLDER / f"{RELEASE}.json").read_text()))
    finally:
        _on_server(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(database)))


def _on_server(statement: sql.Composed) -> None:
    with closing(psycopg2.connect(os.environ["DATABASE_URL"])) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute(statement)


@pytest.fixture
def release(tmp_path: Path) -> Iterator[Installation]:
    yield from restored(RELEASE, tmp_path)


@pytest.fixture
def middle(tmp_path: Path) -> Iterator[Installation]:
    yield from restored(MIDDLE, tmp_path)


def rows_of(site: Installation, like: Rows | None = None) -> Rows:
    """Map each table to its columns and its rows, a digest each; with `like` only those tables and columns."""
    columns = """
        SELECT table_schema || '.' || table_name, array_agg(column_name::text ORDER BY column_name)
        FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
        WHERE table_type = 'BASE TABLE' AND table_schema IN ('public', 'optuna') GROUP BY 1
    """
    found: Rows = {}
    for table, names in site.query(columns):
        if like is not None and table not in like:
            continue
        names = like[table][0] if like else names
        quoted = ", ".join(f'"{name}"' for name in names)
        digests = site.query(f"SELECT md5(ROW({quoted})::text) FROM {table}")
        found[table] = names, Counter(digest for (digest,) in digests)
    return found


def assert_nothing_lost(before: Rows, after: Rows) -> None:
    """Fail for each table that is gone, lost or changed a row, or has rows that nobody has made."""
    assert set(after) == set(before)
    for table, (_, rows) in before.items():
        lost = rows - after[table][1]
        assert not lost, f"{table}: {lost.total()} of {rows.total()} rows are gone or have other values"
        new = (after[table][1] - rows).total()
        assert not new or table.removeprefix("public.") in MAY_GROW, f"{table}: {new} new rows"


def schema(url: str) -> list[str]:
    """The statements that make a database, in an order of their own; the order of columns does not count."""
    text = re.sub(r"::(character varying|text)\b(\[\])?", "", dump(url, "--schema-only", "--schema=public"))
    alone = re.compile(r"\(('[^']*'|ARRAY\[[^]]*\])\)")
    while alone.search(text):  # PostgreSQL writes the casts of a list anew when it restores one
        text = alone.sub(r"\1", text)
    in_order = [
        sorted(line.rstrip(",") for line in block.splitlines()) for block in re.split(r"\n{2,}", text)
    ]
    return sorted("\n".join(lines) for lines in in_order if lines)


def append_only(site: Installation) -> list[str]:
    """The tables that refuse to change."""
    triggers = (
        "SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger WHERE tgname LIKE '%append_only' ORDER BY 1"
    )
    return [table for (table,) in site.query(triggers)]


def assert_refuses_changes(site: Installation, table: str) -> None:
    """Fail where a row of `table` may be changed or deleted."""
    for statement in (f"UPDATE {table} SET id = id", f"DELETE FROM {table}"):
        with (
            closing(psycopg2.connect(site.url)) as connection,
            connection.cursor() as cursor,
            pytest.raises(psycopg2.errors.IntegrityConstraintViolation, match="is append-only"),
        ):
            cursor.execute(statement)


def test_a_lost_a_changed_and_an_added_row_are_each_told_with_the_table() -> None:
    before: Rows = {"public.t": (["id"], Counter("abc")), "public.django_migrations": (["id"], Counter("a"))}
    grown: Rows = {"public.t": (["id"], Counter("abc")), "public.django_migrations": (["id"], Counter("ab"))}
    assert_nothing_lost(before, grown)
    for rows, message in (("ab", "1 of 3 rows are gone"), ("abd", "1 of 3 rows"), ("abcd", "1 new rows")):
        with pytest.raises(AssertionError, match=rf"public\.t: {message}"):
            assert_nothing_lost(before, {**grown, "public.t": (["id"], Counter(rows))})


@pytest.mark.django_db
def test_the_last_release_goes_on_with_every_row_and_answers(release: Installation, tmp_path: Path) -> None:
    before, refusing = rows_of(release), append_only(release)
    assert len(before) > 50
    assert len(refusing) > 10
    release.run("-m", "toxicsite.launcher.prepare")
    assert_nothing_lost(before, rows_of(release, before))
    offered = load_manifest(settings.STARTER_MODEL_DIR).version
    status = f"SELECT status FROM classifier_modelversion WHERE version = '{offered}'"
    assert release.query(status) == [("candidate",)]
    assert set(append_only(release)) >= set(refusing)
    for table in refusing:
        assert_refuses_changes(release, table)
    release.run("-c", CHECKS)
    assert schema(release.url) == schema(own_database_url())
    with running_server(release.url, tmp_path / "web.log", **release.environment) as url:
        for path in CALLS:
            request = urllib.request.Request(f"{url}/api/v1/{path}")
            request.add_header("Authorization", f"Bearer {release.known['api_key']}")
            with urllib.request.urlopen(request, timeout=60) as response:
                assert response.status == 200
        person = signed_in(url, release.known)
        for path in PAGES:
            with person.open(url + path, timeout=60) as response:
                assert response.status == 200
                assert response.url == url + path


@pytest.mark.django_db
def test_a_database_in_the_midst_of_the_migrations_goes_on_with_every_row(middle: Installation) -> None:
    before, refusing = rows_of(middle), append_only(middle)
    middle.run("manage.py", "migrate")
    assert_nothing_lost(before, rows_of(middle, before))
    assert set(append_only(middle)) > set(refusing)
    for table in refusing:
        assert_refuses_changes(middle, table)
    middle.run("-c", CHECKS)
    assert schema(middle.url) == schema(own_database_url())
    forgotten = middle.query(
        "DELETE FROM django_migrations WHERE name LIKE '%\\_squashed\\_%' RETURNING name"
    )
    assert len(forgotten) == 2  # as it was after the last of the migrations that they replace
    middle.run("manage.py", "migrate")
    middle.run("-c", CHECKS)


def signed_in(url: str, known: dict[str, str]) -> urllib.request.OpenerDirector:
    """A browser in which the admin of the dump has signed in."""
    cookies = http.cookiejar.CookieJar()
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(cookies))
    browser.open(f"{url}/sign-in/", timeout=60).close()
    token = next(str(cookie.value) for cookie in cookies if cookie.name == "csrftoken")
    form = {"username": known["username"], "password": known["password"], "csrfmiddlewaretoken": token}
    browser.open(f"{url}/sign-in/", urllib.parse.urlencode(form).encode(), timeout=60).close()
    return browser
