"""The life of imports, exports, rescorings and comparisons: create, claim, resume after a kill, cancel, tidy up.

The row is the truth; a message of the queue only wakes a worker. A working worker updates `heartbeat_at`; one that has
not for settings.TRANSFER_CLAIM_SECONDS counts as dead, and another one goes on from `position`; what a worker had that
starts again under its name goes on at once. A chunk is written in one transaction with the position behind it, on the
condition that the position is still the one it began from and that the claim is still its own: of two workers that each
believe they are the only one, the earlier changes nothing any more.
"""

import logging
import os
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from classifier.core.audit import audit_record
from classifier.core.errors import NotPossibleNow
from classifier.core.permissions import require_permission
from classifier.core.source_access import sees_source
from classifier.core.validation import InvalidInput, ValidationProblem, validate_source_slug
from classifier.inference.files.lines import FileUnreadable
from classifier.inference.files.unpack import is_gzip, unpack
from classifier.models import ApiKey, Source, Transfer, User
from toxicsite.lib.broker import NoBroker
from toxicsite.lib.jobs import enqueue_now, enqueue_on_commit
from toxicsite.lib.storage_errors import DiskFull, is_disk_full

TASK = "classifier.transfer_run"
ADD = "classifier.add_transfer"
CHANGE = "classifier.change_transfer"
SEE = "classifier.view_transfer"
RESCORE = "classifier.rescore_comment"
DRAFT = "draft"
CANCELLED = "cancelled"
WORKER, CLAIM = "worker", "claim"  # keys of `options`: who has claimed it, and by which claim
NAME_CHARACTERS = 200
Status = Transfer.Status
logger = logging.getLogger(__name__)


class TransferLost(Exception):
    """Another worker has taken over this transfer, or it was cancelled."""


class TransferNotPossible(NotPossibleNow):
    """The state of the transfer does not allow this; the message says why."""


def transfers_dir() -> Path:
    """Return the folder of uploads, exports and files of errors; only this account may read it."""
    folder = Path(settings.TRANSFERS_DIR)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def file_of(transfer: Transfer) -> Path | None:
    """Return the upload of an import or the result of an export, or None if there is none (any more)."""
    return _there(transfer.file)


def errors_file_of(transfer: Transfer) -> Path | None:
    return _there(transfer.errors_file)


def errors_download(*, transfer: Transfer, by: User | None, api_key: ApiKey | None = None) -> Path | None:
    """Return the file of rows that could not be stored, and record the download in the audit; None without one."""
    path = errors_file_of(transfer)
    if path is not None:
        audit_record(
            verb=f"{transfer.kind}.errors",
            by=by,
            api_key=api_key,
            count=transfer.error_rows,
            data={"transfer": transfer.pk},
        )
    return path


def upload_store(chunks: Iterable[bytes], *, limit: int | None = None) -> str:
    """Write an upload into the folder under a generated name and return that name; one of gzip is unpacked.

    Raises InvalidInput (`file`), and DiskFull (`file`) where the disk is full; nothing is left of it then.
    """
    limit = settings.TRANSFER_MAX_BYTES if limit is None else limit
    name = f"import-{uuid.uuid4().hex}"
    path = Path(settings.TRANSFERS_DIR) / name
    size = 0
    try:
        transfers_dir()
        with path.open("xb") as stream:
            for chunk in chunks:
                size += len(chunk)
                if size > limit:
                    message = f"This file is larger than {limit:,} bytes, the limit here. Split it."
                    raise InvalidInput([ValidationProblem("file", message, "max_size")])
                stream.write(chunk)
            stream.flush()
            os.fsync(stream.fileno())
        if size == 0:
            raise InvalidInput([ValidationProblem("file", "This file is empty.", "required")])
        if is_gzip(path):
            aside = path.with_name(f"{name}-unpacked")
            unpack(path, aside, limit=limit)
            aside.replace(path)
    except FileUnreadable as error:
        path.unlink(missing_ok=True)
        raise InvalidInput([ValidationProblem("file", str(error), "unreadable")]) from None
    except BaseException as error:
        path.unlink(missing_ok=True)
        if isinstance(error, OSError) and is_disk_full(error):
            raise DiskFull("file") from error
        raise
    return name


@contextmanager
def local_file(path: Path) -> Iterator[Path]:
    """Yield the file that a command was given or, of one of gzip, a file of what it holds. Raises InvalidInput."""
    if not is_gzip(path):
        yield path
        return
    with TemporaryDirectory(dir=transfers_dir()) as folder:
        unpacked = Path(folder) / (path.name.removesuffix(".gz") or "file")
        try:
            unpack(path, unpacked, limit=settings.TRANSFER_MAX_BYTES)
        except FileUnreadable as error:
            raise InvalidInput([ValidationProblem("file", str(error), "unreadable")]) from None
        yield unpacked


def source_problems(source: str, by: User | None) -> list[ValidationProblem]:
    """List the problems that keep `by` from importing rows into the source with this slug."""
    try:
        validate_source_slug(source)
    except InvalidInput as error:
        return list(error.problems)
    if not sees_source(by, source):
        return [ValidationProblem("source", "You do not see this source.", "forbidden")]
    return []


def transfer_create(
    *,
    kind: str,
    file_format: str,
    options: Mapping[str, Any],
    by: User | None,
    api_key: ApiKey | None = None,
    file: str = "",
) -> Transfer:
    """Create a transfer that nobody has started yet. Raises PermissionDenied."""
    require_permission(by, ADD)
    data = dict(options)
    if api_key is not None:
        data["api_key"] = api_key.pk
    return Transfer.objects.create(kind=kind, format=file_format, options=data, by=by, file=file)


def transfer_enqueue(*, transfer: Transfer) -> None:
    """Wake a worker once this transaction has committed."""
    enqueue_on_commit(TASK, transfer_id=transfer.pk)


def transfer_claim(*, transfer_id: int, worker: str = "") -> Transfer | None:
    """Take a transfer that waits for the worker of this name; None if another one has it, or there is nothing to do."""
    waits = Q(status=Status.QUEUED) & ~Q(options__has_key=DRAFT)
    taken = Transfer.objects.filter(waits, pk=transfer_id).update(
        status=Status.RUNNING, started_at=Now(), heartbeat_at=Now(), failure_reason=""
    )
    if not taken:
        return None
    transfer = Transfer.objects.select_related("by").get(pk=transfer_id)
    transfer.options |= {WORKER: worker, CLAIM: uuid.uuid4().hex}
    Transfer.objects.filter(pk=transfer_id, status=Status.RUNNING, position=transfer.position).update(
        options=transfer.options
    )
    transfer.options["began_rows"] = transfer.done_rows  # the rate shown is that of this run, not of all runs
    if transfer.by is not None and "api_key" in transfer.options:
        only = Source.objects.filter(
            pk__in=ApiKey.sources.through.objects.filter(apikey=transfer.options["api_key"]).values("source")
        )
        transfer.by.only_sources = frozenset(only.values_list("pk", flat=True)) or None
    return transfer


def transfer_progress(*, transfer: Transfer, **fields: Any) -> None:
    """Write progress in the caller's transaction, if the transfer is still this worker's. Raises TransferLost.

    `fields` may have a new `position`; it is written only if the row still has the position that `transfer` has.
    """
    if not _own(transfer).update(heartbeat_at=Now(), options=transfer.options, **fields):
        raise TransferLost(f"{transfer} has another worker, or was cancelled")
    for name, value in fields.items():
        setattr(transfer, name, value)


def transfer_finish(*, transfer: Transfer, failure: str = "", **fields: Any) -> None:
    """End a transfer: succeeded, or failed for good with a reason for people. Raises TransferLost."""
    status = Status.FAILED if failure else Status.SUCCEEDED
    transfer_progress(transfer=transfer, status=status, failure_reason=failure, finished_at=Now(), **fields)
    transfer.refresh_from_db()


def transfer_give_back(*, transfer: Transfer) -> None:
    """Return a transfer to the queue, so that another worker goes on."""
    _own(transfer).update(status=Status.QUEUED)


def _own(transfer: Transfer) -> QuerySet[Transfer]:
    """Keep the transfer while it is this worker's: it runs, nobody else has claimed it, nor gone on with it."""
    own = Transfer.objects.filter(pk=transfer.pk, status=Status.RUNNING, position=transfer.position)
    claim = transfer.options.get(CLAIM)
    return own if claim is None else own.filter(options__claim=claim)  # None: claimed by an earlier release


def transfer_cancel(*, transfer: Transfer, by: User | None) -> None:
    """Stop a transfer where it is: what is done stays. Raises TransferNotPossible and PermissionDenied."""
    require_permission(by, _changing(transfer))
    with transaction.atomic():
        row = Transfer.objects.select_for_update(of=("self",)).get(pk=transfer.pk)
        if row.status not in (Status.QUEUED, Status.RUNNING):
            raise TransferNotPossible(f"This {row.kind} is {row.status} already.")
        options = {name: value for name, value in row.options.items() if name != DRAFT} | {CANCELLED: True}
        Transfer.objects.filter(pk=row.pk).update(
            status=Status.FAILED,
            failure_reason=f"Cancelled by {by}." if by is not None else "Cancelled.",
            finished_at=Now(),
            options=options,
        )
        if DRAFT not in row.options:
            _record(row, "cancel", by)
    if DRAFT in row.options:
        file_remove(row.file)
        Transfer.objects.filter(pk=row.pk).delete()


def transfer_resume(*, transfer: Transfer, by: User | None) -> None:
    """Resume a failed or cancelled transfer where it stopped. Raises TransferNotPossible and PermissionDenied."""
    require_permission(by, _changing(transfer))
    with transaction.atomic():
        row = Transfer.objects.select_for_update(of=("self",)).get(pk=transfer.pk)
        if row.status != Status.FAILED:
            raise TransferNotPossible(f"This {row.kind} is {row.status}; only a failed one goes on.")
        if row.kind in (Transfer.Kind.IMPORT, Transfer.Kind.COMPARE) and file_of(row) is None:
            known = ": known IDs are skipped" if row.kind == Transfer.Kind.IMPORT else ""
            raise TransferNotPossible(f"The file is not kept any more. Bring it again{known}.")
        for name in (CANCELLED, "since"):
            row.options.pop(name, None)
        Transfer.objects.filter(pk=row.pk).update(
            status=Status.QUEUED, failure_reason="", finished_at=None, options=row.options
        )
        _record(row, "resume", by)
        transfer_enqueue(transfer=row)


def transfers_sweep() -> None:
    """Release the claims of dead workers, wake workers for waiting transfers, delete old files; beat calls this."""
    dead = Transfer.objects.filter(
        status=Status.RUNNING, heartbeat_at__lt=Now() - timedelta(seconds=settings.TRANSFER_CLAIM_SECONDS)
    )
    commands = dead.filter(options__has_key="command")
    reason = "The command stopped. Start it again; known IDs are skipped."
    commands.update(status=Status.FAILED, failure_reason=reason, finished_at=Now())
    dead.update(status=Status.QUEUED)
    tidy_up()
    waiting = Transfer.objects.filter(status=Status.QUEUED).exclude(options__has_key=DRAFT)
    for pk in waiting.order_by("id").values_list("pk", flat=True):
        try:
            enqueue_now(TASK, transfer_id=pk)
        except NoBroker:
            logger.warning("Redis does not answer; transfers wait")
            return


def transfers_release(*, worker: str) -> int:
    """Return to the queue what the worker of this name, which has just started, had when it was killed; wake workers.

    Return how many.
    """
    left = Transfer.objects.filter(status=Status.RUNNING, options__worker=worker)
    released = [
        pk
        for pk in left.values_list("pk", flat=True)
        if Transfer.objects.filter(pk=pk, status=Status.RUNNING, options__worker=worker).update(
            status=Status.QUEUED
        )
    ]
    for pk in released:
        enqueue_now(TASK, transfer_id=pk)
    return len(released)


def tidy_up() -> int:
    """Delete the files of transfers that ended (or were never started) settings.TRANSFER_KEEP_HOURS ago."""
    old = Now() - timedelta(hours=settings.TRANSFER_KEEP_HOURS)
    drafts = Transfer.objects.filter(options__has_key=DRAFT, created_at__lt=old)
    ended = Transfer.objects.filter(finished_at__lt=old).exclude(file="", errors_file="")
    removed = 0
    for transfer in [*drafts, *ended]:
        file_remove(transfer.file)
        file_remove(transfer.errors_file)
        removed += 1
    drafts.delete()
    ended.update(file="", errors_file="")
    return removed + _orphans_remove()


def _orphans_remove() -> int:
    """Delete uploads without a transfer, left by a web process that was killed between upload and row."""
    oldest = time.time() - settings.TRANSFER_KEEP_HOURS * 3_600
    old = [path for path in transfers_dir().glob("import-*") if path.stat().st_mtime < oldest]
    named = set(Transfer.objects.filter(file__in=[path.name for path in old]).values_list("file", flat=True))
    orphans = [path for path in old if path.name not in named]
    for path in orphans:
        path.unlink(missing_ok=True)
    return len(orphans)


def file_forget(transfer: Transfer) -> None:
    """Delete the upload of an import that has succeeded: its texts are in the database now."""
    file_remove(transfer.file)
    Transfer.objects.filter(pk=transfer.pk).update(file="")
    transfer.file = ""


def _changing(transfer: Transfer) -> str:
    return RESCORE if transfer.kind == Transfer.Kind.RESCORE else CHANGE


def _record(transfer: Transfer, what: str, by: User | None) -> None:
    """Record in the audit who cancelled or resumed a transfer, and how far it was."""
    data = {"transfer": transfer.pk}
    audit_record(
        verb=f"{transfer.kind}.{what}", by=by, subject=str(transfer), count=transfer.done_rows, data=data
    )


def _there(name: str) -> Path | None:
    path = transfers_dir() / name
    return path if name and path.is_file() else None


def file_remove(name: str) -> None:
    """Delete a file of the folder, if it has one of this name."""
    if name:
        (transfers_dir() / name).unlink(missing_ok=True)
