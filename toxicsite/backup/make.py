"""Make a backup while traffic runs: the database as of one moment, then the folders, then the manifest.

The database is dumped first. What it names was on the disk by then, so the copy of the folders holds it; what is made
later is in the folders only, and harms nothing.
"""

import errno
import os
import shutil
import tomllib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction
from django.db.migrations.recorder import MigrationRecorder

from classifier.core.audit import audit_record
from classifier.models import BackupRecord
from toxicsite.backup import manifest as manifests
from toxicsite.backup import postgres_tools
from toxicsite.backup.artifacts import artifacts_missing, folder_of
from toxicsite.backup.errors import BackupError
from toxicsite.backup.manifest import DUMP, EARLIER_KEYS, FOLDERS, SECRET_KEY, File, Manifest
from toxicsite.lib.files import create_private, sync_to_disk

SPARE_BYTES = 64 * 1024 * 1024
COUNTED = (
    "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
)


def backup_make(folder: Path, *, with_secret_key: bool = False, leave_out: Sequence[str] = ()) -> Manifest:
    """Write a backup into `folder`, which must be new or empty, and return its manifest.

    `leave_out` names folders that are not copied. Raises BackupError, and leaves nothing behind then.
    """
    began = datetime.now(UTC)
    wanted = [name for name in FOLDERS if name not in leave_out]
    _refuse_taken(folder)
    made = not folder.exists()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        _refuse_small_disk(folder, wanted)
        dump, rows, migrations, server = _dump(folder / DUMP)
        files = [dump, *_copies(folder, wanted)]
        if with_secret_key:
            files += _secret_keys(folder)
        manifest = Manifest(
            made_at=began.isoformat(timespec="seconds"),
            release=_release(),
            postgres=server,
            files=tuple(files),
            folders=tuple(wanted),
            rows=rows,
            migrations=migrations,
            key_check=manifests.key_check(settings.SECRET_KEY),
            missing=tuple(artifacts_missing()),
        )
        manifests.write(manifest, folder)
    except BaseException as error:
        _empty(folder, remove=made)
        if isinstance(error, OSError):
            raise BackupError(_why(error, folder)) from error
        raise
    with transaction.atomic():
        BackupRecord.objects.create(folder=str(folder.resolve()), bytes=manifest.bytes, began_at=began)
        audit_record(verb="backup.make", subject=str(folder.resolve()), count=len(manifest.files))
    return manifest


def _release() -> str:
    text = (settings.BASE_DIR / "pyproject.toml").read_text(encoding="utf-8")
    return str(tomllib.loads(text)["project"]["version"])


def table_rows() -> dict[str, int]:
    """Count the rows of every table, by `schema.table`; within a transaction all as of one moment."""
    with connection.cursor() as cursor:
        cursor.execute(COUNTED)
        names = cursor.fetchall()
        quote = connection.ops.quote_name
        counts = {}
        for schema, table in sorted(names):
            cursor.execute(f"SELECT count(*) FROM {quote(schema)}.{quote(table)}")  # noqa: S608 (quoted)
            counts[f"{schema}.{table}"] = int(cursor.fetchone()[0])
    return counts


def _refuse_taken(folder: Path) -> None:
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise BackupError(f"{folder} is there already and not empty: name a new folder for each backup.")
    except OSError as error:
        raise BackupError(_why(error, folder)) from error
    place = folder.resolve()
    for name in FOLDERS:
        if place.is_relative_to(folder_of(name).resolve()):
            raise BackupError(f"{folder} lies in the {name}, which are copied: name a folder elsewhere.")


def _refuse_small_disk(folder: Path, wanted: Sequence[str]) -> None:
    """Refuse at once where the folders and the database, which a dump makes smaller, have no room."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        needed = int(cursor.fetchone()[0]) // 4 + SPARE_BYTES
    needed += sum(path.stat().st_size for name in wanted for path in _files_of(folder_of(name)))
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise BackupError(
            f"{folder} has {free / 2**20:,.0f} MiB free and the backup needs about {needed / 2**20:,.0f} MiB: "
            "make room, name a folder on a larger disk, or leave something out (--leave-out runs)."
        )


def _dump(path: Path) -> tuple[File, dict[str, int], tuple[str, ...], int]:
    """Dump the database as of one moment; return the file, the rows that were counted then, and what was applied."""
    server = postgres_tools.server_major()
    pg_dump = postgres_tools.program("pg_dump", at_least=server)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            cursor.execute("SELECT pg_export_snapshot()")
            snapshot = cursor.fetchone()[0]
        rows = table_rows()
        if f"public.{MigrationRecorder.Migration._meta.db_table}" not in rows:
            raise BackupError("The database is empty: there is nothing to back up.")
        applied = MigrationRecorder(connection).applied_migrations()
        command = [pg_dump, "--format=custom", "--no-owner", "--no-privileges", "--no-password"]
        process = postgres_tools.start([*command, f"--snapshot={snapshot}", f"--file={path}"])
        try:
            _, stderr = process.communicate()
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
    if process.returncode != 0:
        raise BackupError(f"The database could not be dumped: {postgres_tools.last_words(stderr)}")
    path.chmod(0o600)
    sync_to_disk(path)
    migrations = tuple(sorted(f"{app}.{name}" for app, name in applied))
    return File(DUMP, path.stat().st_size, manifests.digest(path)), rows, migrations, server


def _copies(folder: Path, wanted: Sequence[str]) -> Iterator[File]:
    for name in wanted:
        root = folder_of(name)
        for path in _files_of(root):
            relative = f"{name}/{path.relative_to(root).as_posix()}"
            try:
                size, sha256 = manifests.copy_hashed(path, folder / relative)
            except FileNotFoundError:  # deleted meanwhile, as what was deleted before
                (folder / relative).unlink(missing_ok=True)
                continue
            sync_to_disk(folder / relative)
            yield File(relative, size, sha256)


def _files_of(root: Path) -> Iterator[Path]:
    """Yield the files below `root` in a fixed order; what others are still writing (hidden folders) is left out."""
    for path, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            file = Path(path, name)
            if not name.endswith(".writing") and file.is_file():
                yield file


def _secret_keys(folder: Path) -> Iterator[File]:
    """Write the secret key, and earlier ones while something may be encrypted with them."""
    for name, keys in ((SECRET_KEY, [settings.SECRET_KEY]), (EARLIER_KEYS, settings.SECRET_KEY_FALLBACKS)):
        if keys:
            path = folder / name
            create_private(path, "\n".join(keys))
            yield File(name, path.stat().st_size, manifests.digest(path))


def _empty(folder: Path, *, remove: bool) -> None:
    """Remove what was written, so that nothing that looks like a backup is left."""
    for name in (*FOLDERS, DUMP, SECRET_KEY, EARLIER_KEYS, manifests.NAME):
        path = folder / name
        shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
    if remove and folder.is_dir():
        shutil.rmtree(folder, ignore_errors=True)


def _why(error: OSError, folder: Path) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk of {folder} is full: nothing was kept. Make room or name a folder on a larger disk."
    return f"{error.filename or folder}: {error.strerror or error}. Nothing was kept."
