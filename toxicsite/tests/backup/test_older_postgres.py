"""A backup of a server of an older major version, which is Debian's here, comes back on the one that ships now."""

import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import psycopg2
import pytest

from toxicsite.launcher.postgres_user import own, postgres_user
from toxicsite.lib.die_with_parent import dying_with_parent
from toxicsite.tests.backup.site import empty_site, fill

DEBIAN = sorted(Path("/usr/lib/postgresql").glob("1[4-7]/bin/postgres"))
pytestmark = pytest.mark.skipif(not DEBIAN, reason="there is no older PostgreSQL on this machine")


@pytest.fixture
def older() -> Iterator[str]:
    """A server of an older major version; its URL."""
    programs = DEBIAN[0].parent
    folder = Path(tempfile.mkdtemp(prefix="toxicsite-older-", dir="/tmp"))
    user = postgres_user()
    if user is not None:
        own(folder, user)
    account = {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    subprocess.run(
        [programs / "initdb", "-D", folder / "data", "-U", "toxicsite", "-A", "trust", "-E", "UTF8", "--no-sync",
         "--locale=C"],
        check=True, capture_output=True, cwd="/", **account,  # type: ignore[call-overload]
    )  # fmt: skip
    options = ["-c", "listen_addresses=", "-c", f"unix_socket_directories={folder}", "-c", "fsync=off"]
    server = subprocess.Popen(
        dying_with_parent(
            [str(programs / "postgres"), "-D", str(folder / "data"), *options],
            signal_name="SIGQUIT",
            account="-" if user is None else f"{user.pw_uid}:{user.pw_gid}",
        ),
        cwd="/",
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"postgresql://toxicsite@/postgres?host={quote(str(folder), safe='')}"
    try:
        _wait(url)
        yield url
    finally:
        server.send_signal(signal.SIGQUIT)
        server.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


def test_every_row_of_an_older_server_comes_back_on_the_new_one(older: str, tmp_path: Path) -> None:
    with empty_site(tmp_path / "old", server=older) as old, empty_site(tmp_path / "new") as new:
        fill(old)
        old.manage("backup", str(tmp_path / "backup"), "--with-secret-key")
        assert old.query("SHOW server_version_num") < new.query("SHOW server_version_num")
        new.manage("restore", str(tmp_path / "backup"))
        before, after = old.rows(), new.rows()
        written = {
            "public.classifier_auditentry",
            "public.classifier_backuprecord",
            "public.classifier_outgoinghold",
        }
        assert {table for table in before if before[table] != after.get(table)} <= written
        assert len(before) > 50
        assert new.files() == old.files()


def _wait(url: str) -> None:
    end = time.monotonic() + 30
    while True:
        try:
            with closing(psycopg2.connect(url)):
                return
        except psycopg2.OperationalError:
            assert time.monotonic() < end, "the older server does not start"
            time.sleep(0.1)
