"""Restore a backup whole or not at all: check it, stage the folders, load the database, and let both begin together.

The database is loaded in one transaction, which compares the rows of every table with the manifest and puts sending on
hold before it commits. The folders change places just before that, and change back where it does not commit.
"""

import errno
import secrets
import shutil
import subprocess
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from django.conf import settings
from django.core.management import call_command
from django.db import ProgrammingError, connection
from django.db.migrations.loader import MigrationLoader

from classifier.core.audit import audit_record
from classifier.models import OutgoingHold
from toxicsite.backup import manifest as manifests
from toxicsite.backup import postgres_tools
from toxicsite.backup.artifacts import artifacts_missing, folder_of, models_make_again
from toxicsite.backup.errors import BackupError
from toxicsite.backup.make import SPARE_BYTES, table_rows
from toxicsite.backup.manifest import CHUNK, DUMP, EARLIER_KEYS, SECRET_KEY, Manifest
from toxicsite.backup.swap import FolderSwap
from toxicsite.lib.files import replace_private

EMPTY = """
SET client_min_messages = warning;
DROP SCHEMA IF EXISTS public, optuna CASCADE;
CREATE SCHEMA public;
"""
HOLD = """
INSERT INTO public.classifier_outgoinghold (reason, since)
SELECT {reason}, clock_timestamp()
WHERE NOT EXISTS (SELECT FROM public.classifier_outgoinghold WHERE released_at IS NULL);
UPDATE public.classifier_outgoinghold SET reason = {reason} WHERE released_at IS NULL;
"""


@dataclass(frozen=True)
class Restored:
    """What a restore did: the backup's manifest, models that were made again, what is missing, what to mind."""

    manifest: Manifest
    made_again: Sequence[str]
    missing: Sequence[str]
    warnings: Sequence[str]


def restore(folder: Path, *, replace: bool = False) -> Restored:
    """Restore the backup in `folder` into this installation, whose workers and web server do not run.

    With `replace` what is here goes; without it, the database and the folders must be empty. Raises BackupError, and
    leaves everything as it was then.
    """
    manifest = manifests.read(folder)
    _refuse_newer(manifest)
    _refuse_company()
    swaps = {name: FolderSwap(folder_of(name)) for name in manifest.folders}
    _end_killed_restore(swaps)
    if not replace:
        _refuse_filled(swaps)
    manifests.check_files(manifest, folder)
    token = secrets.token_hex(8)
    with ExitStack() as undo:
        try:
            for name, swap in swaps.items():
                undo.callback(swap.undo)
                _refuse_small_disk(swap, manifest, name)
                swap.stage(folder, list(manifest.of(name)), name)
            with _Loading(folder / DUMP, manifest) as loading:
                loading.load(_reason(manifest, token))
                for swap in swaps.values():
                    swap.swap(token)
                for name in (SECRET_KEY, EARLIER_KEYS):
                    if manifest.has(name):
                        path = Path(settings.VAR_DIR) / name
                        undo.callback(_put_back, path, _text_of(path))
                        replace_private(path, (folder / name).read_text(encoding="utf-8"))
                loading.commit()
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            why = "The disk is full" if full else f"{error.filename or folder}: {error.strerror or error}"
            raise BackupError(f"{why}. Nothing was restored.") from error
        undo.pop_all()
    for swap in swaps.values():
        swap.finish()
    connection.close()
    call_command("migrate", interactive=False, verbosity=0)
    made_again = models_make_again()
    audit_record(verb="backup.restore", subject=str(folder.resolve()), count=len(manifest.files))
    return Restored(manifest, made_again, artifacts_missing(), _warnings(manifest))


def _refuse_newer(manifest: Manifest) -> None:
    known = {
        f"{app}.{name}" for app, name in MigrationLoader(None, ignore_no_migrations=True).disk_migrations
    }
    known |= {
        f"{app}.{name}"
        for migration in MigrationLoader(None).disk_migrations.values()
        for app, name in migration.replaces
    }
    newer = [name for name in manifest.migrations if name not in known]
    if newer:
        raise BackupError(
            f"The backup was made by a newer release ({manifest.release}; it has {', '.join(newer[:3])}): install that "
            "release or a later one, and restore there."
        )


def _refuse_company() -> None:
    """Refuse while others are connected: a worker would send and write in between."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
            "AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        others = int(cursor.fetchone()[0])
    if others:
        raise BackupError(
            f"{others} other connections use this database: stop the web server, the workers and beat first."
        )


def _refuse_filled(swaps: dict[str, FolderSwap]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('public.django_migrations') IS NOT NULL")
        filled = bool(cursor.fetchone()[0]) or sum(table_rows().values()) > 0
    places = ["the database"] if filled else []
    places += [str(swap.root) for swap in swaps.values() if swap.entries()]
    if places:
        raise BackupError(
            f"There is something already in {', '.join(places)}. Restore into an empty installation, or "
            "back this one up and say --replace, which deletes what is here."
        )


def _end_killed_restore(swaps: dict[str, FolderSwap]) -> None:
    """Undo what a restore that was killed left in the folders, or finish it where its database was committed."""
    for swap in swaps.values():
        token = swap.left_token()
        if token is not None and not _committed(token):
            swap.undo()
        else:
            swap.finish()


def _committed(token: str) -> bool:
    try:
        return OutgoingHold.objects.filter(reason__contains=token).exists()
    except ProgrammingError:  # the database is empty
        connection.close()
        return False


def _refuse_small_disk(swap: FolderSwap, manifest: Manifest, name: str) -> None:
    swap.root.mkdir(mode=0o700 if name == "transfers" else 0o755, parents=True, exist_ok=True)
    needed = sum(file.bytes for file in manifest.of(name)) + SPARE_BYTES
    free = shutil.disk_usage(swap.root).free
    if free < needed:
        raise BackupError(
            f"{swap.root} has {free / 2**20:,.0f} MiB free and {needed / 2**20:,.0f} MiB are needed. "
            "Nothing was restored."
        )


def _reason(manifest: Manifest, token: str) -> str:
    return f"This site was restored from a backup of {manifest.made_at} (restore {token})."


class _Loading:
    """The transaction in which psql loads a dump; it commits when told, and in no other case."""

    def __init__(self, dump: Path, manifest: Manifest) -> None:
        server = postgres_tools.server_major()
        newest = max(server, manifest.postgres)
        self.dump = dump
        self.manifest = manifest
        self.pg_restore = postgres_tools.program("pg_restore", at_least=newest)
        self.psql = postgres_tools.program("psql", at_least=server)
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "_Loading":
        connection.close()
        command = [self.psql, "--no-psqlrc", "--no-password", "--quiet", "--set=ON_ERROR_STOP=1", "--file=-"]
        self.process = postgres_tools.start(command, stdin=subprocess.PIPE)
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process is not None
        if self.process.poll() is None:
            self.process.kill()  # without COMMIT the server rolls everything back
            self.process.wait()

    def load(self, reason: str) -> None:
        """Load the dump, compare the rows, and put sending on hold; all of it is still undone by a kill."""
        self._send(b"BEGIN;\n" + EMPTY.encode())
        command = [
            self.pg_restore,
            "--no-owner",
            "--no-privileges",
            "--no-comments",
            "--file=-",
            str(self.dump),
        ]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as reading:
            assert reading.stdout is not None
            assert reading.stderr is not None
            try:
                while chunk := reading.stdout.read(CHUNK):
                    self._send(chunk)
                stderr = reading.stderr.read()
            except BaseException:
                reading.kill()
                raise
        if reading.returncode != 0:
            raise BackupError(
                f"The dump cannot be read: {postgres_tools.last_words(stderr)}. Nothing was restored."
            )
        self._send(self._comparison().encode())
        self._send(HOLD.format(reason=_quoted(reason)).encode())
        self._wait_for_psql()

    def commit(self) -> None:
        """Commit, and wait until the server has. Raises BackupError where it did not."""
        assert self.process is not None
        self._send(b"COMMIT;\n")
        _, stderr = self.process.communicate()
        if self.process.returncode != 0:
            raise self._failed(stderr)

    def _comparison(self) -> str:
        """Return the statement that ends the transaction unless every table has the rows that the manifest names."""
        checks = []
        for name, count in self.manifest.rows.items():
            schema, _, table = name.partition(".")
            quoted = f"{_identifier(schema)}.{_identifier(table)}"
            message = _quoted(f"{name} has % rows and not {int(count)}")
            checks.append(
                f"SELECT count(*) INTO n FROM {quoted}; "  # noqa: S608 (quoted)
                f"IF n <> {int(count)} THEN RAISE EXCEPTION {message}, n; END IF;"
            )
        return "DO $check$ DECLARE n bigint; BEGIN\n" + "\n".join(checks) + "\nEND $check$;\n"

    def _wait_for_psql(self) -> None:
        """Wait until psql has run everything so far, so that the folders change places only after that."""
        assert self.process is not None
        self._send(b"\\! echo loaded >&2\n")
        assert self.process.stderr is not None
        lines: list[bytes] = []
        while line := self.process.stderr.readline():
            if line.strip() == b"loaded":
                return
            lines.append(line)
        self.process.wait()
        raise self._failed(b"".join(lines))

    def _send(self, data: bytes) -> None:
        assert self.process is not None
        pipe: IO[bytes] | None = self.process.stdin
        assert pipe is not None
        try:
            pipe.write(data)
            pipe.flush()
        except BrokenPipeError:
            self.process.wait()
            assert self.process.stderr is not None
            raise self._failed(self.process.stderr.read()) from None

    def _failed(self, stderr: bytes) -> BackupError:
        return BackupError(
            f"The database could not be loaded: {postgres_tools.last_words(stderr)}. Nothing was restored."
        )


def _identifier(name: str) -> str:
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _key_file() -> Path:
    return Path(settings.VAR_DIR) / "secret_key"


def _text_of(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


def _put_back(path: Path, text: str | None) -> None:
    if text is None:
        path.unlink(missing_ok=True)
    else:
        replace_private(path, text)


def _warnings(manifest: Manifest) -> list[str]:
    """Say what about the secret key keeps webhooks and sessions from working."""
    in_file = (_text_of(_key_file()) or "").strip()
    given = settings.SECRET_KEY if settings.SECRET_KEY_GIVEN else in_file
    if manifests.key_check(given) == manifest.key_check:
        return []
    if settings.SECRET_KEY_GIVEN:
        return [
            "SECRET_KEY is not the one of the backup, so encrypted secrets cannot be read: set the old one, or set "
            "it in SECRET_KEY_FALLBACKS and run `manage.py secret_key renew`."
        ]
    return [
        f"The backup holds no secret key, so encrypted secrets cannot be read: put the old one into {_key_file()}, or "
        "set it in SECRET_KEY_FALLBACKS and run `manage.py secret_key renew`."
    ]
