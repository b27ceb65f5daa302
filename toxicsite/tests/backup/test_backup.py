"""`manage.py backup` while traffic runs, and `manage.py restore` into an empty machine: by count and by hash."""

import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from toxicsite.backup.manifest import DUMP, NAME, digest
from toxicsite.lib.files import create_private
from toxicsite.tests.backup.site import Site, empty_site, fill, release_secret
from toxicsite.tests.small_disk import small_disk

# What restoring itself writes.
RESTORE_WRITES = {"public.classifier_auditentry", "public.classifier_outgoinghold"}
# What making the backup writes when it is done.
BACKUP_WRITES = {"public.classifier_auditentry", "public.classifier_backuprecord"}
NEW_EVENT = """
INSERT INTO classifier_auditentry (verb, subject, data, created_at) VALUES ('traffic.goes', '', '{}', now())
"""


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A busy site of the last release, brought up to date."""
    folder = tmp_path_factory.mktemp("original") / "var"
    folder.mkdir()
    create_private(folder / "secret_key", release_secret())
    with empty_site(folder) as site:
        fill(site)
        yield site


@pytest.fixture(scope="module")
def backup(original: Site, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of it with the secret key."""
    folder = tmp_path_factory.mktemp("backup") / "whole"
    original.manage("backup", str(folder), "--with-secret-key")
    return folder


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Site]:
    """An empty machine."""
    with empty_site(tmp_path / "new") as site:
        yield site


@pytest.fixture
def copy(backup: Path, tmp_path: Path) -> Path:
    """A copy of the backup that a test may damage."""
    return Path(shutil.copytree(backup, tmp_path / "copy"))


def assert_untouched(machine: Site) -> None:
    """Fail where anything of a backup has come."""
    assert machine.rows() == {}
    assert machine.files() == {}
    assert not list(machine.var.glob("*/.restoring"))
    assert not list(machine.var.glob("*/.before-restore"))


def test_a_backup_comes_back_on_an_empty_machine_with_every_row_file_and_key(
    original: Site, backup: Path, machine: Site
) -> None:
    printed = machine.manage("restore", str(backup))
    before, after = original.rows(), machine.rows()
    assert set(before) == set(after)
    assert len(before) > 50
    different = {table for table in before if before[table] != after[table]}
    assert different <= RESTORE_WRITES | BACKUP_WRITES
    assert machine.files() == original.files()
    assert len(machine.files()) > 5
    assert (machine.var / "secret_key").read_text() == release_secret()
    assert (machine.var / "secret_key").stat().st_mode & 0o777 == 0o600
    assert "Mind:" not in printed
    assert "manage.py sending resume" in printed
    said = machine.manage("sending")
    assert "On hold since" in said
    assert "restored from a backup" in said
    assert "are sent" in machine.manage("sending", "resume")


def test_while_traffic_runs_the_backup_is_of_one_moment(
    original: Site, machine: Site, tmp_path: Path
) -> None:
    stop = threading.Event()
    written: list[Path] = []

    def traffic() -> None:
        with closing(psycopg2.connect(original.url)) as connection, connection.cursor() as cursor:
            connection.autocommit = True
            while not stop.is_set():
                cursor.execute(NEW_EVENT)
                path = original.var / "runs" / f"made-{len(written)}.bin"
                path.write_bytes(b"x" * 1000)
                written.append(path)
                if len(written) > 5:
                    written[-5].unlink()

    thread = threading.Thread(target=traffic)
    thread.start()
    try:
        original.manage("backup", str(tmp_path / "busy"))
    finally:
        stop.set()
        thread.join()
    assert len(written) > 20
    manifest = json.loads((tmp_path / "busy" / NAME).read_text())
    machine.manage("restore", str(tmp_path / "busy"))
    (count,) = machine.query("SELECT count(*) FROM classifier_auditentry WHERE verb <> 'backup.restore'")[0]
    assert count == manifest["rows"]["public.classifier_auditentry"]
    (now,) = original.query("SELECT count(*) FROM classifier_auditentry")[0]
    assert count < now
    for path in written:
        path.unlink(missing_ok=True)


def test_without_the_key_the_backup_holds_none_and_the_restore_says_so(
    original: Site, machine: Site, tmp_path: Path
) -> None:
    printed = original.manage("backup", str(tmp_path / "open"), "--leave-out", "runs")
    assert "The secret key is not in it" in printed
    everything = b"".join(path.read_bytes() for path in (tmp_path / "open").rglob("*") if path.is_file())
    assert release_secret().encode() not in everything
    assert not (tmp_path / "open" / "runs").exists()
    assert (tmp_path / "open").stat().st_mode & 0o777 == 0o700
    printed = machine.manage("restore", str(tmp_path / "open"))
    assert "Mind: The backup holds no secret key" in printed
    assert "Missing: The folder of the experiment" in printed
    assert (machine.var / "secret_key").read_text() != release_secret()


def test_a_missing_copy_of_the_shipped_model_is_made_again(
    original: Site, machine: Site, tmp_path: Path
) -> None:
    machine.manage("migrate", "--verbosity=0")
    machine.manage("load_model", "models/starter", "--activate")
    [(version,)] = machine.query("SELECT version FROM classifier_modelversion")
    machine.manage("backup", str(tmp_path / "one"), "--leave-out", "models")
    shutil.rmtree(machine.var / "models")
    printed = machine.manage("restore", str(tmp_path / "one"), "--replace")
    assert f"{version} was made again from the model that ships with this release." in printed
    assert (machine.var / "models" / version / "model.safetensors").is_file()
    assert "Missing" not in printed


def test_a_backup_that_was_cut_off_is_refused_and_nothing_is_restored(copy: Path, machine: Site) -> None:
    (copy / NAME).rename(copy / "aside")
    assert "is no whole backup: manifest.json, which is written last, is missing" in machine.refused(
        "restore", str(copy)
    )
    (copy / NAME).write_bytes((copy / "aside").read_bytes()[:-40])
    assert "manifest.json cannot be read" in machine.refused("restore", str(copy))
    (copy / "aside").rename(copy / NAME)
    for name, cut, more, message in (
        (next((copy / "models").rglob("*.bin")), 1, b"", "has 69,999 bytes and not 70,000"),
        (next((copy / "runs").rglob("*.bin")), 1, b"?", "has changed"),
        (copy / DUMP, 1_000, b"", "bytes and not"),
    ):
        whole = name.read_bytes()
        name.write_bytes(whole[:-cut] + more)
        sentence = machine.refused("restore", str(copy))
        assert str(name) in sentence
        assert message in sentence
        assert "Nothing was restored; take another backup." in sentence
        name.write_bytes(whole)
    (copy / "models").rename(copy / "moved")
    assert "cannot be read: No such file" in machine.refused("restore", str(copy))
    assert_untouched(machine)


def test_a_dump_that_breaks_off_and_a_row_too_few_roll_everything_back(copy: Path, machine: Site) -> None:
    manifest = json.loads((copy / NAME).read_text())
    [dump] = [file for file in manifest["files"] if file["path"] == DUMP]
    manifest["rows"]["public.classifier_comment"] += 1
    (copy / NAME).write_text(json.dumps(manifest))
    machine.run("sending")  # makes a secret key of its own
    key = (machine.var / "secret_key").read_text()
    assert "public.classifier_comment has" in machine.refused("restore", str(copy))
    assert_untouched(machine)
    manifest["rows"]["public.classifier_comment"] -= 1
    data = (copy / DUMP).read_bytes()
    (copy / DUMP).write_bytes(data[: len(data) * 2 // 3])
    dump |= {"bytes": (copy / DUMP).stat().st_size, "sha256": digest(copy / DUMP)}
    (copy / NAME).write_text(json.dumps(manifest))
    assert "Nothing was restored" in machine.refused("restore", str(copy))
    assert_untouched(machine)
    assert (machine.var / "secret_key").read_text() == key


def test_it_restores_nothing_beside_a_running_site_nor_over_one_that_is_filled(
    copy: Path, machine: Site
) -> None:
    with closing(psycopg2.connect(machine.url)):
        assert "1 other connections use this database: stop the web server" in machine.refused(
            "restore", str(copy)
        )
    assert_untouched(machine)
    (machine.var / "models" / "mine").mkdir(parents=True)
    sentence = machine.refused("restore", str(copy))
    assert f"There is something already in {machine.var / 'models'}." in sentence
    assert "--replace" in sentence
    manifest = json.loads((copy / NAME).read_text())
    (copy / NAME).write_text(
        json.dumps({**manifest, "migrations": [*manifest["migrations"], "classifier.9999_later"]})
    )
    assert "was made by a newer release (0.1.0; it has classifier.9999_later)" in machine.refused(
        "restore", str(copy)
    )
    (copy / NAME).write_text(
        json.dumps({**manifest, "files": [{"path": "models/../../x", "bytes": 1, "sha256": ""}]})
    )
    assert "which is no file of a backup" in machine.refused("restore", str(copy))
    assert machine.rows() == {}
    assert [path.name for path in (machine.var / "models").iterdir()] == ["mine"]


def test_a_backup_goes_into_a_folder_of_its_own(original: Site, tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "file").write_text("mine")
    assert "is there already and not empty" in original.refused("backup", str(tmp_path / "taken"))
    assert (tmp_path / "taken" / "file").read_text() == "mine"
    inside = original.var / "runs" / "backup"
    assert "lies in the runs, which are copied" in original.refused("backup", str(inside))
    assert not inside.exists()


def test_a_disk_too_small_for_the_backup_is_said_and_keeps_nothing(original: Site, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", mebibytes=16) as disk:
        if disk is None:
            pytest.skip("this machine lets nobody mount")
        sentence = original.refused("backup", str(disk.folder / "backup"))
        assert "MiB free and the backup needs about" in sentence
        assert list(disk.folder.iterdir()) == []
