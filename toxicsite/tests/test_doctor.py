"""`manage.py doctor` finds what was broken on purpose, names it and says what mends it."""

import json
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from io import StringIO
from ipaddress import ip_network
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone
from pytest_django import Settings

from classifier.api_keys.usage import beat_seen
from classifier.comments.submission import comment_submit
from classifier.core.outgoing import outgoing_stop
from classifier.model_versions.services import model_version_activate, model_version_register
from classifier.models import BackupRecord, Comment, User
from classifier.scoring.heartbeat import WorkerStatus, began
from classifier.tests.tiny_artifact import tiny_artifact
from toxicsite import doctor
from toxicsite.lib import broker
from toxicsite.lib.disk import DiskUse

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_clean")]
Check = Callable[[], Iterator[doctor.Finding]]


def finding(check: Check, name: str) -> doctor.Finding:
    (found,) = [one for one in check() if one.name == name]
    return found


def assert_fails(check: Check, name: str, *words: str) -> None:
    found = finding(check, name)
    assert found.state == doctor.FAIL, found
    assert found.fix
    for word in words:
        assert word in f"{found.message} {found.fix}"


def assert_fine(check: Check, name: str) -> None:
    found = finding(check, name)
    assert (found.state, found.fix) == (doctor.OK, ""), found


def test_dangerous_settings_are_named(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["localhost"]
    for name in ("debug", "secret key", "host names", "https"):
        assert_fine(doctor.check_settings, name)
    settings.DEBUG = True
    settings.SECRET_KEY = "changeme"
    settings.ALLOWED_HOSTS = ["*"]
    assert_fails(doctor.check_settings, "debug", "DEBUG=false")
    assert_fails(doctor.check_settings, "secret key", "SECRET_KEY")
    assert_fails(doctor.check_settings, "host names", "ALLOWED_HOSTS")
    assert finding(doctor.check_settings, "https").state == doctor.WARN


def test_a_proxy_that_hides_the_visitors_is_named(settings: Settings) -> None:
    assert not [one for one in doctor.check_settings() if one.name == "visitors' addresses"]
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.TRUSTED_PROXIES = []
    hidden = finding(doctor.check_settings, "visitors' addresses")
    assert hidden.state == doctor.WARN
    assert "TRUSTED_PROXIES" in hidden.fix
    settings.TRUSTED_PROXIES = [ip_network("127.0.0.1")]
    assert_fine(doctor.check_settings, "visitors' addresses")


def test_a_migration_that_is_not_applied_is_named_with_its_command() -> None:
    assert_fine(doctor.check_database, "migrations")
    applied = MigrationRecorder(connection).migration_qs.filter(app="classifier")
    [(_, newest)] = MigrationLoader(connection).graph.leaf_nodes("classifier")
    applied.filter(name=newest).delete()
    applied.filter(name__contains="_squashed_").delete()  # else it stands for those that it replaces
    assert_fails(doctor.check_database, "migrations", "classifier.", "manage.py migrate")


def test_a_missing_extension_and_clocks_that_differ_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert_fine(doctor.check_database, "pg_trgm")
    assert_fine(doctor.check_database, "clocks")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE pg_extension SET extname = 'other' WHERE extname = 'pg_trgm'")
    assert_fails(doctor.check_database, "pg_trgm", "CREATE EXTENSION")
    later = SimpleNamespace(now=lambda: timezone.now() + timedelta(seconds=90))
    monkeypatch.setattr(doctor, "timezone", later)
    assert_fails(doctor.check_database, "clocks", "90.0 seconds", "NTP")


def test_a_database_that_logs_statements_is_named_with_what_changes_it() -> None:
    assert_fine(doctor.check_database_log, "database log")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL log_min_error_statement = error")
        cursor.execute("SET LOCAL log_error_verbosity = 'default'")
        cursor.execute("SET LOCAL log_min_duration_statement = 500")
    found = finding(doctor.check_database_log, "database log")
    assert found.state == doctor.WARN
    for name in ("log_min_error_statement", "log_error_verbosity", "log_min_duration_statement"):
        assert name in found.message
        assert f"ALTER SYSTEM SET {name} = '{doctor.SILENT[name]}';" in found.fix
    assert "log_statement" not in found.message


def test_servers_that_are_away_are_findings_and_not_errors(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    def away() -> Iterator[doctor.Finding]:
        raise OperationalError("connection refused")

    checks = (away, doctor.check_redis, away, doctor.check_workers)
    monkeypatch.setattr(doctor, "CHECKS", checks)
    monkeypatch.setattr("toxicsite.doctor.connection.close", lambda: None)
    broker.client.cache_clear()
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    found = doctor.examine()
    broker.client.cache_clear()
    assert [one.state for one in found] == [doctor.FAIL] * 4
    assert "connection refused" in found[0].message
    assert "DATABASE_URL" in found[0].fix
    assert "REDIS_URL" in found[1].fix
    assert "Not looked at, as the database does not answer" in found[2].message
    assert "Not looked at, as Redis does not answer" in found[3].message  # and not that no worker runs


def test_a_redis_that_throws_keys_away_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert_fine(doctor.check_redis, "redis memory")
    said = {"maxmemory": "1000000", "maxmemory-policy": "allkeys-lru"}
    monkeypatch.setattr(broker.client(), "config_get", lambda *_: said)
    assert_fails(doctor.check_redis, "redis memory", "allkeys-lru", "noeviction")


def test_workers_and_beat_that_do_not_run_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert_fails(doctor.check_workers, "classification worker", "celery")
    assert finding(doctor.check_workers, "beat").state == doctor.WARN  # nobody takes what it sends
    alive = WorkerStatus(alive=True, model_version="m-1", name="classify@here")
    monkeypatch.setattr(doctor, "workers", lambda: [alive])
    monkeypatch.setattr(broker.client(), "info", lambda _: {"uptime_in_seconds": 60})
    assert finding(doctor.check_workers, "beat").state == doctor.WARN  # it sends once a minute
    monkeypatch.setattr(broker.client(), "info", lambda _: {"uptime_in_seconds": 600})
    assert_fails(doctor.check_workers, "beat", "beat")
    beat_seen()
    assert_fine(doctor.check_workers, "classification worker")
    assert_fine(doctor.check_workers, "beat")
    monkeypatch.setattr(doctor, "workers", lambda: [WorkerStatus(alive=True, problem="no model is active")])
    assert_fails(doctor.check_workers, "classification worker", "no model is active")


def test_a_model_that_is_missing_or_changed_is_named(tmp_path: Path, settings: Settings) -> None:
    settings.MODELS_DIR = tmp_path / "models"
    assert_fails(doctor.check_model, "model", "load_model")
    version = model_version_register(directory=tiny_artifact(tmp_path / "one", seed=1))
    model_version_activate(model_version=version, by=None)
    assert_fine(doctor.check_model, "model")
    weights = Path(version.path) / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.chmod(0o644)
    weights.write_bytes(data)
    (Path(version.path) / "config.json").unlink()
    settings.STARTER_MODEL_DIR = tmp_path / "nothing is shipped"
    assert_fails(doctor.check_model, "model", str(version), "model.safetensors", "config.json", "load_model")


def test_the_version_to_roll_back_to_is_looked_at_too(tmp_path: Path, settings: Settings) -> None:
    settings.MODELS_DIR = tmp_path / "models"
    one, two = (
        model_version_register(directory=tiny_artifact(tmp_path / f"{seed}", seed=seed)) for seed in (1, 2)
    )
    for version in (one, two):
        model_version_activate(model_version=version, by=None, override_reason="a trial")
    (one.path / "tokenizer.json").write_text("")
    assert_fine(doctor.check_model, "model")
    found = finding(doctor.check_model, "earlier model")
    assert found.state == doctor.WARN
    assert str(one) in found.message
    assert "tokenizer.json" in found.message


def test_a_worker_that_answers_with_another_version_is_a_warning_that_names_the_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    status = WorkerStatus(
        alive=True,
        name="w",
        model_version="b-1",
        notice="a-1 cannot be loaded.",
        broken="a-1",
        detail="config.json is missing",
    )
    monkeypatch.setattr(doctor, "workers", lambda: [status])
    found = finding(doctor.check_workers, "classification worker")
    assert found.state == doctor.WARN
    assert "a-1 cannot be loaded. config.json is missing" in found.message


def test_a_full_disk_and_missing_static_files_are_named(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Path
) -> None:
    settings.STATIC_ROOT = tmp_path
    assert_fails(doctor.check_files, "static files", "collectstatic")
    (tmp_path / "staticfiles.json").write_text("{}")
    assert_fine(doctor.check_files, "static files")
    monkeypatch.setattr(doctor, "disk_use", lambda _: DiskUse(total=10 * doctor.GIB, free=10_000))
    assert_fails(doctor.check_files, "disk", "0.0 GiB")


def test_a_disk_of_its_own_is_looked_at_and_the_limit_is_a_setting(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Path
) -> None:
    settings.VAR_DIR, settings.MODELS_DIR = tmp_path, tmp_path / "mounted" / "models"
    (tmp_path / "staticfiles.json").write_text("{}")
    settings.STATIC_ROOT = tmp_path
    assert len([one for one in doctor.check_files() if one.name == "disk"]) == 1
    disks = {tmp_path / "mounted" / "models": 7}
    monkeypatch.setattr(doctor, "_disk_of", lambda folder: disks.get(folder, 1))
    three = DiskUse(total=10 * doctor.GIB, free=3 * doctor.GIB)
    monkeypatch.setattr(doctor, "disk_use", lambda _: three)
    settings.DISK_WARN_MIB = 2_048
    assert [one.state for one in doctor.check_files() if one.name == "disk"] == [doctor.OK] * 2
    settings.DISK_WARN_MIB = 4_096
    found = [one for one in doctor.check_files() if one.name == "disk"]
    assert [one.state for one in found] == [doctor.WARN] * 2
    assert str(tmp_path / "mounted" / "models") in found[1].message
    settings.DISK_FULL_MIB = 3_500
    assert [one.state for one in doctor.check_files() if one.name == "disk"] == [doctor.FAIL] * 2


def test_right_after_a_start_beat_is_waited_for_although_it_was_heard_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    alive = WorkerStatus(alive=True, model_version="m-1", name="classify@here")
    monkeypatch.setattr(doctor, "workers", lambda: [alive])
    monkeypatch.setattr(doctor, "_redis_up_seconds", lambda: 100_000.0)
    beat_seen()
    now = broker.client().time()[0]
    broker.client().set(broker.key("beat:seen"), now - 900)  # the site was stopped meanwhile
    assert_fails(doctor.check_workers, "beat", "beat")
    began()
    found = finding(doctor.check_workers, "beat")
    assert (found.state, "the worker started 0 seconds ago" in found.message) == (doctor.WARN, True)
    broker.client().set(broker.key("worker:began"), now - 200)
    assert_fails(doctor.check_workers, "beat", "beat")


def test_folders_that_rows_name_and_that_are_gone_are_named(tmp_path: Path, settings: Settings) -> None:
    settings.MODELS_DIR = tmp_path / "models"
    assert_fine(doctor.check_artifacts, "artifacts")
    versions = [
        model_version_register(directory=tiny_artifact(tmp_path / f"{seed}", seed=seed)) for seed in (1, 2)
    ]
    assert_fine(doctor.check_artifacts, "artifacts")
    shutil.rmtree(versions[0].path)
    found = finding(doctor.check_artifacts, "artifacts")
    assert found.state == doctor.WARN
    assert f"The folder of the model {versions[0]} (candidate) is missing." in found.message
    assert str(versions[1]) not in found.message


def test_an_old_backup_and_none_at_all_are_named_once_the_site_is_older(settings: Settings) -> None:
    assert list(doctor.check_backups()) == []  # nobody is there yet
    root = User.objects.create_superuser("root")
    assert list(doctor.check_backups()) == []
    User.objects.filter(pk=root.pk).update(date_joined=timezone.now() - timedelta(days=8))
    assert "No backup was made yet" in finding(doctor.check_backups, "backup").message
    record = BackupRecord.objects.create(folder="/backups/1", bytes=1, began_at=timezone.now())
    assert_fine(doctor.check_backups, "backup")
    BackupRecord.objects.filter(pk=record.pk).update(finished_at=timezone.now() - timedelta(days=9))
    found = finding(doctor.check_backups, "backup")
    assert (found.state, found.message) == (doctor.WARN, "The last backup is 9 days old.")
    settings.BACKUP_WARN_DAYS = 10
    assert_fine(doctor.check_backups, "backup")
    settings.BACKUP_WARN_DAYS = 0
    assert list(doctor.check_backups()) == []


def test_sending_that_is_on_hold_is_named_with_what_resumes_it() -> None:
    outgoing_stop(reason="A copy for a test.", by=None)
    found = finding(doctor.check_backups, "sending")
    assert found.state == doctor.WARN
    assert "A copy for a test." in found.message
    assert "manage.py sending resume" in found.fix


def test_comments_that_are_stuck_are_named() -> None:
    comment = comment_submit(text="hello", source="web")
    assert_fine(doctor.check_queues, "pending comments")
    Comment.objects.filter(pk=comment.pk).update(created_at=timezone.now() - timedelta(hours=2))
    assert_fails(doctor.check_queues, "pending comments", "1 comments", "2:00")


def test_a_site_that_nobody_administers_is_named() -> None:
    assert_fails(doctor.check_people, "people", "createsuperuser")
    User.objects.create_superuser("root")
    assert_fine(doctor.check_people, "people")


def run(*arguments: str) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("doctor", *arguments, stdout=out)
    except SystemExit as stopped:
        return int(str(stopped.code)), out.getvalue()
    return 0, out.getvalue()


def test_the_command_ends_with_1_on_a_failure_and_prints_the_fix(monkeypatch: pytest.MonkeyPatch) -> None:
    fine, bad = (
        doctor.Finding("one", doctor.OK, "All is well."),
        doctor.Finding("two", doctor.FAIL, "No.", "do it"),
    )
    found: Any = [fine, bad]
    monkeypatch.setattr("toxicsite.management.commands.doctor.examine", lambda: found)
    code, text = run()
    assert code == 1
    assert "FAIL  two: No.\n      fix: do it" in text
    code, text = run("--json")
    assert (code, json.loads(text)["ok"]) == (1, False)
    found.remove(bad)
    assert run()[0] == 0
    assert json.loads(run("--json")[1])["findings"][0]["name"] == "one"
