"""What stops `make run` gets one sentence and exit code 1, and never a traceback."""

import errno
import shutil
import signal
import socket
from collections import namedtuple
from pathlib import Path

import pytest

from toxicsite.launcher import __main__ as command_line
from toxicsite.launcher import postgres, run
from toxicsite.launcher.environment import read_options, refuse_taken_port
from toxicsite.launcher.errors import LauncherError
from toxicsite.launcher.run import check_server

Usage = namedtuple("Usage", "total used free")


@pytest.mark.parametrize("value", ["eighty", "0", "65536", "-1", "80.5", "٨٠"])
def test_it_refuses_a_malformed_port_by_name(value: str) -> None:
    with pytest.raises(LauncherError, match=r"^PORT must be a number from 1 to 65535"):
        read_options({"PORT": value})


def test_it_refuses_a_taken_port_and_proposes_another() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen(1)
        port = other.getsockname()[1]
        with pytest.raises(LauncherError, match=rf"^Port {port} is taken .* PORT=\d+ make run"):
            refuse_taken_port(read_options({"PORT": str(port)}))


def test_it_refuses_an_address_of_another_machine() -> None:
    with pytest.raises(LauncherError, match=r"^Cannot listen on 192\.0\.2\.1:8000"):
        refuse_taken_port(read_options({"BIND": "192.0.2.1"}))


def test_it_refuses_a_secret_file_that_is_not_there() -> None:
    with pytest.raises(LauncherError, match=r"^DATABASE_URL_FILE names /nowhere, which cannot be read"):
        read_options({"DATABASE_URL_FILE": "/nowhere"})


def test_it_reads_a_secret_file(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("redis://elsewhere/0\n")
    assert read_options({"REDIS_URL_FILE": str(tmp_path / "url")}).redis_url == "redis://elsewhere/0"


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("DATABASE_URL", "postgres://me:secret@127.0.0.1:1/db"),
        ("REDIS_URL", "redis://:secret@127.0.0.1:1/0"),
        ("REDIS_URL", "nonsense"),
    ],
)
def test_it_refuses_a_server_that_does_not_answer_without_telling_the_password(name: str, url: str) -> None:
    with pytest.raises(LauncherError, match=rf"^The server of {name} does not answer") as raised:
        check_server(name, url)
    assert "secret" not in str(raised.value)


def test_it_refuses_a_full_disk_before_touching_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10, 10, 1024))
    with pytest.raises(LauncherError, match=r"^The disk is full"):
        run.folders(read_options({"VAR_DIR": str(tmp_path)}))


def test_a_disk_that_fills_up_on_the_way_gets_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fill(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(run, "folders", fill)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setenv("VAR_DIR", str(tmp_path))
    assert command_line.main(["run"]) == 1
    output = capsys.readouterr().err
    assert output.startswith("toxicsite: The disk is full")
    assert output.count("\n") == 1


@pytest.fixture
def cluster(closed_folder: Path) -> postgres.Cluster:
    return prepare(closed_folder)


def prepare(folder: Path) -> postgres.Cluster:
    return postgres.prepare(
        folder / "data", socket_dir=folder / "s", log=folder / "postgres.log", durable=False
    )


def test_it_refuses_the_data_of_another_major_version(closed_folder: Path, cluster: postgres.Cluster) -> None:
    (cluster.data / "PG_VERSION").write_text("15\n")
    with pytest.raises(
        LauncherError, match=r"was made by PostgreSQL 15 and this toxicsite brings PostgreSQL 18"
    ):
        prepare(closed_folder)


def test_it_refuses_a_damaged_database(closed_folder: Path, cluster: postgres.Cluster) -> None:
    (cluster.data / "global" / "pg_control").unlink()
    with pytest.raises(LauncherError, match=r"is damaged \(global/pg_control is missing\)"):
        prepare(closed_folder)


def test_it_quotes_postgres_when_that_dies(closed_folder: Path, cluster: postgres.Cluster) -> None:
    cluster.log.write_text("LOG:  starting\nPANIC:  could not locate a valid checkpoint record\nLOG:  bye\n")
    with pytest.raises(LauncherError, match=r"^Postgres stopped: could not locate a valid checkpoint record"):
        postgres.wait_until_ready(cluster, alive=lambda: False)


def test_it_does_not_take_a_folder_with_other_files_for_its_data(closed_folder: Path) -> None:
    (closed_folder / "data").mkdir()
    (closed_folder / "data" / "letter.txt").write_text("dear")
    with pytest.raises(LauncherError, match="holds files but no database"):
        prepare(closed_folder)
    assert (closed_folder / "data" / "letter.txt").read_text() == "dear"
