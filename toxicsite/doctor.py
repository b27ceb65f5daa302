"""The checks of `manage.py doctor`: is this installation complete, safe and working, and what fixes it if not?"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Min, Q
from django.utils import timezone

from classifier.accounts.roles import ADMIN
from classifier.api_keys.usage import beat_seen_seconds_ago
from classifier.core.errors import NotPossibleNow
from classifier.core.outgoing import outgoing_hold
from classifier.inference.artifact import verify
from classifier.inference.errors import ArtifactInvalid, ArtifactMismatch
from classifier.model_versions.language_slots import assembly_with
from classifier.model_versions.memory import memory_check
from classifier.model_versions.model_files import files_damage
from classifier.model_versions.services import model_version_before_active
from classifier.models import BackupRecord, ModelVersion, ModelVersionStatus, ReferenceService, User
from classifier.references.selectors import reference_notices, services_there
from classifier.scoring.heartbeat import began_seconds_ago, workers
from classifier.statistics.operations import deliveries_by_status, pending_comments
from toxicsite.backup.artifacts import artifacts_missing, folder_of
from toxicsite.backup.manifest import FOLDERS
from toxicsite.disks import is_full, is_low
from toxicsite.lib.broker import NoBroker, broker_errors, client
from toxicsite.lib.disk import disk_use
from toxicsite.lib.encryption import DecryptionFailed, decrypt
from toxicsite.sealed_secrets import sealed_secrets

OK, WARN, FAIL = "ok", "warn", "fail"
GIB = 1024**3
NAMED = 3  # of many, how many a finding names
SKEW_SECONDS = 2.0
STUCK_SECONDS = 300.0
BEAT_SECONDS = 180.0
# The settings with which PostgreSQL's log holds no statement and no row (launcher/postgres.py has them, too).
SILENT = {
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "log_min_duration_sample": "-1",
    "log_transaction_sample_rate": "0",
    "auto_explain.log_min_duration": "-1",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length_on_error": "0",
}
LOOPBACK = {"localhost", "127.0.0.1", "[::1]"}
MIGRATE = "python manage.py migrate"
RUN = "make run (or start the service), then look at its log"


@dataclass(frozen=True)
class Finding:
    """The result of one check; `fix` says what to do where it is not OK."""

    name: str
    state: str
    message: str
    fix: str = ""


def examine() -> list[Finding]:
    """Run every check; one that cannot run because a server is away becomes a finding, too."""
    findings: list[Finding] = []
    away: set[str] = set()
    for check in CHECKS:
        try:
            findings.extend(check())
        except (DatabaseError, InterfaceError) as error:
            reason = str(error).strip().partition("\n")[0]
            fix = f"{RUN}, or set DATABASE_URL"
            findings.append(_away(check, "the database", f": {reason}", fix, away))
            connection.close()
        except NoBroker:
            findings.append(_away(check, "Redis", ".", f"{RUN}, or set REDIS_URL", away))
    return findings


def _away(check: Callable[[], Any], server: str, reason: str, fix: str, away: set[str]) -> Finding:
    """Return the finding of a check that needs `server`, which another check has already reported."""
    if server in away:
        return Finding(_name(check), FAIL, f"Not looked at, as {server} does not answer.", "mend that first")
    away.add(server)
    message = f"{server[0].upper()}{server[1:]} does not answer{reason}"
    return Finding(_name(check), FAIL, message, fix)


def check_settings() -> Iterator[Finding]:
    if settings.DEBUG:
        yield Finding(
            "debug", FAIL, "DEBUG is on: errors show code and settings to visitors.", "set DEBUG=false"
        )
    else:
        yield Finding("debug", OK, "DEBUG is off.")
    secret = settings.SECRET_KEY
    if len(secret) < 50 or len(set(secret)) < 10 or secret.startswith("django-insecure"):
        fix = f"unset SECRET_KEY: a good one is made and kept in {settings.VAR_DIR / 'secret_key'}"
        yield Finding("secret key", FAIL, "SECRET_KEY can be guessed.", fix)
    else:
        yield Finding("secret key", OK, "SECRET_KEY is long and random.")
    public = [host for host in settings.ALLOWED_HOSTS if host not in LOOPBACK]
    if "*" in public:
        fix = "set ALLOWED_HOSTS to the names that visitors use"
        yield Finding("host names", FAIL, "ALLOWED_HOSTS accepts any name, so links can be forged.", fix)
    else:
        yield Finding("host names", OK, f"Answers to {', '.join(settings.ALLOWED_HOSTS)}.")
    if public and not settings.HTTPS:
        message = "Visitors come over plain HTTP: passwords and keys can be read on the way."
        yield Finding("https", WARN, message, "put HTTPS in front and set HTTPS=true, BEHIND_PROXY=true")
    else:
        yield Finding(
            "https", OK, "Cookies are for HTTPS only." if settings.HTTPS else "Only this machine is served."
        )
    if settings.SECURE_PROXY_SSL_HEADER is not None:
        if settings.TRUSTED_PROXIES:
            networks = ", ".join(map(str, settings.TRUSTED_PROXIES))
            yield Finding("visitors' addresses", OK, f"They are taken from what {networks} say.")
        else:
            message = "All visitors share the proxy's address, so one can use up the tries to sign in of all."
            fix = "set TRUSTED_PROXIES to the proxy's address"
            yield Finding("visitors' addresses", WARN, message, fix)


def check_database() -> Iterator[Finding]:
    before = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp(), current_setting('server_version')")
        now, version = cursor.fetchone()
        middle = before + (timezone.now() - before) / 2
        cursor.execute("SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm'")
        trigrams = cursor.fetchone()
    yield Finding("database", OK, f"PostgreSQL {version} answers.")
    skew = abs((now - middle).total_seconds())
    if skew > SKEW_SECONDS:
        message = f"The clocks of this machine and of the database are {skew:.1f} seconds apart."
        yield Finding("clocks", FAIL, message, "let both follow an NTP server: timedatectl set-ntp true")
    else:
        yield Finding("clocks", OK, "The database's clock is this machine's.")
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        names = ", ".join(f"{migration.app_label}.{migration.name}" for migration, _ in missing[:3])
        yield Finding("migrations", FAIL, f"{len(missing)} are not applied: {names}.", MIGRATE)
    else:
        yield Finding("migrations", OK, "All are applied.")
    if trigrams:
        yield Finding("pg_trgm", OK, "The extension for searching is there.")
    else:
        yield Finding(
            "pg_trgm", FAIL, "Its extension is missing, so searching fails.", "CREATE EXTENSION pg_trgm;"
        )


def check_database_log() -> Iterator[Finding]:
    """Yield whether the server would write statements, and with them comments and their authors, into its log."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, setting FROM pg_settings WHERE name = ANY(%s)", [list(SILENT)])
        reported = dict(cursor.fetchall())
    loud = {name: silent for name, silent in SILENT.items() if reported.get(name, silent) != silent}
    if not loud:
        yield Finding("database log", OK, "No statement and no value of a row gets into it.")
        return
    message = f"PostgreSQL may write comments and their authors into its log, by {', '.join(loud)}."
    changes = " ".join(f"ALTER SYSTEM SET {name} = '{silent}';" for name, silent in loud.items())
    yield Finding("database log", WARN, message, f"as its superuser: {changes} SELECT pg_reload_conf();")


def check_people() -> Iterator[Finding]:
    if User.objects.filter(Q(is_superuser=True) | Q(groups__name=ADMIN), is_active=True).exists():
        yield Finding("people", OK, "Somebody administers this site.")
    else:
        yield Finding("people", FAIL, "Nobody administers this site.", "python manage.py createsuperuser")


def check_redis() -> Iterator[Finding]:
    with broker_errors():
        client().ping()
        try:
            limits = cast("dict[str, Any]", client().config_get("maxmemory*"))
        except Exception:  # a managed server may not tell
            limits = {}
    yield Finding("redis", OK, "It answers.")
    policy = str(limits.get("maxmemory-policy", "noeviction"))
    if str(limits.get("maxmemory", "0")) != "0" and policy != "noeviction":
        message = f"Redis throws keys away when it is full ({policy}): quotas, tasks and requests get lost."
        yield Finding("redis memory", FAIL, message, "redis-cli CONFIG SET maxmemory-policy noeviction")
    else:
        yield Finding("redis memory", OK, "Nothing is thrown away.")


def check_workers() -> Iterator[Finding]:
    up_seconds = _redis_up_seconds()
    alive = workers()
    if not alive:
        fix = f"{RUN}: celery -A toxicsite worker -Q classify --pool=solo"
        yield Finding("classification worker", FAIL, "None is running, so nothing gets a verdict.", fix)
    else:
        problem = next(
            (f"{worker.problem} {worker.detail}".strip() for worker in alive if worker.problem), ""
        )
        notice = next((f"{worker.notice} {worker.detail}" for worker in alive if worker.notice), "")
        names = ", ".join(status.name for status in alive)
        state = FAIL if problem else WARN if notice else OK
        message = f"{names}: {problem or notice}" if problem or notice else f"{names} is ready."
        yield Finding(
            "classification worker", state, message, "" if state == OK else "see the findings about the model"
        )
    ago = beat_seen_seconds_ago()
    began = began_seconds_ago()
    started = min(up_seconds, began if began is not None else BEAT_SECONDS)
    if (ago is None or ago > BEAT_SECONDS) and (not alive or started < BEAT_SECONDS):
        why = (
            f"{'Redis' if started == up_seconds else 'the worker'} started {started:.0f} seconds ago"
            if alive
            else "no worker is there to take what it sends"
        )
        yield Finding("beat", WARN, f"Not heard yet: {why}.", "look again in three minutes")
    elif ago is None or ago > BEAT_SECONDS:
        message = "It has sent nothing for minutes: lost bells, retention and usage wait for it."
        yield Finding("beat", FAIL, message, f"{RUN}: celery -A toxicsite beat")
    else:
        yield Finding("beat", OK, f"Was heard {ago:.0f} seconds ago.")


def _redis_up_seconds() -> float:
    """Return for how many seconds Redis has been up, BEAT_SECONDS where it does not say. Raises NoBroker."""
    with broker_errors():
        client().ping()
        try:
            return float(client().info("server")["uptime_in_seconds"])
        except Exception:  # a managed server may not tell
            return BEAT_SECONDS


def check_other_queues() -> Iterator[Finding]:
    """Check the workers that not every installation needs; they have a second to answer."""
    from toxicsite.celery import app

    try:
        answered = app.control.inspect(timeout=1.0).active_queues() or {}
    except Exception as error:
        raise NoBroker("no answer") from error
    served = {queue["name"] for queues in answered.values() for queue in queues}
    for queue in sorted({route["queue"] for route in settings.CELERY_TASK_ROUTES.values()} - {"classify"}):
        if queue in served:
            yield Finding(f"{queue} worker", OK, "It answers.")
        else:
            fix = f"celery -A toxicsite worker -Q {queue}"
            yield Finding(f"{queue} worker", WARN, "None answers; its work waits.", fix)


def check_model() -> Iterator[Finding]:
    active = ModelVersion.objects.filter(status=ModelVersionStatus.ACTIVE).first()
    if active is None:
        fix = f"python manage.py load_model {settings.STARTER_MODEL_DIR} --activate"
        yield Finding("model", FAIL, "No model version is active.", fix)
        return
    again = "load a whole copy: python manage.py load_model FOLDER"
    before = model_version_before_active()
    if before is not None and (damage := files_damage(before)):
        message = f"Nobody can roll back to {before}, whose files are damaged: {'; '.join(damage)}."
        yield Finding("earlier model", WARN, message, again)
    if damage := files_damage(active):
        message = f"The files of {active} are not what was registered: {'; '.join(damage)}."
        yield Finding("model", FAIL, message, f"{again}, or activate another version")
        return
    try:
        verify(active.path)
    except (ArtifactInvalid, ArtifactMismatch) as error:
        yield Finding("model", FAIL, f"{active} cannot be loaded: {error}", "activate another version")
        return
    yield Finding("model", OK, f"{active}: every file has its hash.")
    yield from _check_slots()
    if (Path(active.path) / "README.md").is_file():
        yield Finding("model card", OK, "It says where the data came from and under which licence.")
    else:
        message = "It has no card, which names the data, its licence and whom to credit."
        yield Finding("model card", WARN, message, f"write {active.path}/README.md")


def _check_slots() -> Iterator[Finding]:
    """Check the versions in the slots of languages: their files, and whether a worker has room for all of them."""
    production = assembly_with({})
    for version in production.versions[1:]:
        languages = ", ".join(slot for slot, judge in sorted(production.slots.items()) if judge == version)
        if damage := files_damage(version):
            message = f"The files of {version}, which judges {languages}, are damaged: {'; '.join(damage)}."
            yield Finding(
                "model by language", FAIL, message, f"python manage.py model roll-back --language {languages}"
            )
        else:
            message = f"{version} judges {languages}: every file has its hash."
            yield Finding("model by language", OK, message)
    try:
        memory_check(production.versions)
    except NotPossibleNow as error:
        yield Finding("memory for models", WARN, str(error), "raise MODEL_MEMORY_MIB")


def check_files() -> Iterator[Finding]:
    for folder in _folders_by_disk():
        try:
            use = disk_use(folder)
        except OSError as error:
            yield Finding("disk", FAIL, f"{folder} cannot be read: {error.strerror}.", f"mkdir -p {folder}")
        else:
            state = OK
            if is_full(use) or (is_low(use) and use.free < GIB):
                state = FAIL
            elif is_low(use):
                state = WARN
            fix = "" if state == OK else f"make room: du -sh {folder}/*"
            yield Finding("disk", state, f"{use.free / GIB:.1f} GiB are free in {folder}.", fix)
    if (settings.STATIC_ROOT / "staticfiles.json").is_file():
        yield Finding("static files", OK, "They are collected.")
    else:
        fix = "python manage.py collectstatic --no-input"
        yield Finding("static files", FAIL, "They are not collected, so pages have no style.", fix)


def _folders_by_disk() -> list[Path]:
    """List VAR_DIR, and each folder of artifacts that lies on a disk of its own."""
    folders = [Path(settings.VAR_DIR)]
    disks = {_disk_of(folders[0])}
    for name in FOLDERS:
        disk = _disk_of(folder_of(name))
        if disk not in disks:
            disks.add(disk)
            folders.append(folder_of(name))
    return folders


def _disk_of(folder: Path) -> int:
    """Return the device of a folder, or of the first above it that is there."""
    there = next((path for path in (folder, *folder.absolute().parents) if path.exists()), Path("/"))
    return there.stat().st_dev


def check_artifacts() -> Iterator[Finding]:
    """Check that every folder which a row names is there; contents are not read."""
    missing = artifacts_missing()
    if missing:
        more = f" {len(missing) - NAMED:,} more are missing." if len(missing) > NAMED else ""
        fix = "restore them from a backup, or delete what they belong to"
        yield Finding("artifacts", WARN, " ".join(missing[:NAMED]) + more, fix)
    else:
        yield Finding("artifacts", OK, "The folders of models, datasets and runs are there.")


def check_secrets() -> Iterator[Finding]:
    """Check the encrypted secrets; those of reference services are checked with them."""
    stored = [secret for secret in sealed_secrets() if not isinstance(secret.row, ReferenceService)]
    unreadable = [str(secret) for secret in stored if not secret.is_readable]
    if unreadable:
        message = (
            f"No key opens the secret of the {', the '.join(unreadable[:NAMED])}: SECRET_KEY was changed."
        )
        fix = "set SECRET_KEY_FALLBACKS to the earlier key and run manage.py secret_key renew, or roll the secrets"
        yield Finding("secrets", FAIL, message, fix)
        return
    old = sum(not secret.is_current for secret in stored)
    if old:
        message = f"{old:,} stored secrets are encrypted with an earlier key."
        yield Finding("secrets", WARN, message, "python manage.py secret_key renew")
    else:
        yield Finding("secrets", OK, "Every stored secret can be read.")


def check_backups() -> Iterator[Finding]:
    """Check when the last backup was made, once the site is old enough to have had one."""
    hold = outgoing_hold()
    if hold is not None:
        message = f"Nothing is sent since {hold.since:%Y-%m-%d %H:%M} UTC: {hold.reason}"
        yield Finding("sending", WARN, message, "python manage.py sending resume")
    days = settings.BACKUP_WARN_DAYS
    if not days:
        return
    last = BackupRecord.objects.first()
    since = last.finished_at if last is not None else User.objects.aggregate(at=Min("date_joined"))["at"]
    if since is not None and timezone.now() - since > timedelta(days=days):
        age = (timezone.now() - since).days
        message = f"The last backup is {age} days old." if last is not None else "No backup was made yet."
        fix = "python manage.py backup FOLDER; with a tool of your own set BACKUP_WARN_DAYS=0"
        yield Finding("backup", WARN, message, fix)
    elif last is not None:
        yield Finding("backup", OK, f"The last one was made on {last.finished_at:%Y-%m-%d} in {last.folder}.")


def check_queues() -> Iterator[Finding]:
    pending = pending_comments()
    if pending.oldest_seconds > STUCK_SECONDS:
        waits = timedelta(seconds=int(pending.oldest_seconds))
        message = f"{pending.count:,} comments wait for a verdict, the oldest for {waits}."
        yield Finding(
            "pending comments", FAIL, message, "see the classification worker's log; start one more"
        )
    else:
        yield Finding("pending comments", OK, f"{pending.count:,} wait for a verdict.")
    dead = deliveries_by_status()["dead"]
    if dead:
        yield Finding("webhooks", WARN, f"{dead:,} deliveries were given up.", "replay them at /webhooks/")
    else:
        yield Finding("webhooks", OK, "No delivery was given up.")


def check_references() -> Iterator[Finding]:
    """Check the reference services: can their keys be read, do they answer, has one ended?"""
    there = list(services_there().filter(is_enabled=True))
    unreadable = [str(service) for service in there if not _key_readable(service)]
    if unreadable:
        message = f"The API key of {', '.join(unreadable)} cannot be read: SECRET_KEY was changed."
        yield Finding("reference keys", FAIL, message, "enter it again at /references/")
    notices = reference_notices(timezone.now())
    for notice in notices:
        fix = "look at /references/" if notice.is_error else "choose Off or another service at /references/"
        yield Finding("reference services", WARN, notice.message, fix)
    if not unreadable and not notices:
        summary = f"{len(there)} in use, none is failing." if there else "None is named."
        yield Finding("reference services", OK, summary)


def _key_readable(service: ReferenceService) -> bool:
    try:
        return service.sealed_key is None or bool(decrypt(bytes(service.sealed_key)))
    except DecryptionFailed:
        return False


CHECKS: tuple[Callable[[], Iterator[Finding]], ...] = (
    check_settings,
    check_database,
    check_database_log,
    check_people,
    check_redis,
    check_workers,
    check_other_queues,
    check_model,
    check_artifacts,
    check_secrets,
    check_files,
    check_backups,
    check_queues,
    check_references,
)


def _name(check: Callable[[], Any]) -> str:
    return check.__name__.removeprefix("check_").replace("_", " ")
