"""Rescore history: the version in production scores comments of other versions again, as backlog.

A rescoring is a transfer: a row that a worker claims, works on and releases. One chunk of comments at a time is
pending, so that live comments never wait behind it and history stays readable; the worker that classifies takes them
when nothing else waits. The bands from before are kept in the row until the chunk is scored, so after a
kill another worker counts the same changes. It pauses after a moment, so that imports and exports get their turn.
"""

import time
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from django.db import transaction

from classifier.comments.edits import AGAIN, CLASSIFY_TASK, UNSCORED
from classifier.core.audit import audit_record
from classifier.core.permissions import require_permission
from classifier.core.validation import InvalidInput, ValidationProblem
from classifier.core.visibility import sees_source
from classifier.models import (
    ApiKey,
    Comment,
    CommentStatus,
    ModelVersion,
    ModelVersionStatus,
    Source,
    Transfer,
    User,
)
from classifier.review.filters import free_for
from classifier.transfers.rescoring_selectors import (
    STATUSES,
    RescoringChoice,
    RescoringPreview,
    choice_of,
    rescoring_comments,
    rescoring_preview,
)
from classifier.transfers.services import (
    RESCORE,
    TransferLost,
    TransferNotPossible,
    transfer_enqueue,
    transfer_finish,
    transfer_give_back,
    transfer_progress,
)
from toxicsite.lib.jobs import enqueue_on_commit
from toxicsite.lib.lifecycle import transition_many

CHUNK = 500
LISTED_MAX = 1_000
TURN_SECONDS = 2.0
POLL_SECONDS = 0.1
CHUNK_KEY = "chunk"
ONE_AT_A_TIME = "Another rescoring runs. Wait until it is done, or cancel it."
NO_VERSION = "No model version is in production, so nothing can be scored again."
Status = Transfer.Status


def rescoring_choice(data: Mapping[str, Any], *, by: User | None) -> RescoringChoice:
    """Read what a form or a program sent. Raises InvalidInput."""
    problems = []
    given = {
        name: str(data.get(name) or "").strip() for name in ("source", "begin", "end", "status", "version")
    }
    for name in ("begin", "end"):
        if given[name] and not _is_day(given[name]):
            problems.append(ValidationProblem(name, "This must be a day such as 2026-11-24.", "invalid"))
    if not problems and given["begin"] and given["end"] and given["begin"] > given["end"]:
        problems.append(ValidationProblem("end", "The last day is before the first.", "invalid"))
    if given["status"] and given["status"] not in STATUSES:
        message = f"This must be one of {', '.join(STATUSES)}."
        problems.append(ValidationProblem("status", message, "invalid_choice"))
    if given["source"] and not (
        Source.objects.filter(slug=given["source"]).exists() and sees_source(by, given["source"])
    ):
        problems.append(ValidationProblem("source", "There is no such source.", "invalid_choice"))
    if given["version"] and not ModelVersion.objects.filter(version=given["version"]).exists():
        problems.append(ValidationProblem("version", "There is no such version.", "invalid_choice"))
    if problems:
        raise InvalidInput(problems)
    given = {name: value for name, value in given.items() if value}
    return RescoringChoice(**given, again=bool(data.get("again")))


def rescoring_count(*, choice: RescoringChoice, by: User | None) -> RescoringPreview:
    """Count the comments of a rescoring. Raises PermissionDenied and TransferNotPossible."""
    require_permission(by, RESCORE)
    return rescoring_preview(user=by, choice=choice, active_id=_active())


def rescoring_start(
    *, choice: RescoringChoice, last_id: int | None = None, by: User | None, api_key: ApiKey | None = None
) -> Transfer:
    """Score the chosen comments again, up to `last_id`, in the background; one rescoring at a time.

    Raises PermissionDenied, and TransferNotPossible where another one runs or there is nothing to do.
    """
    preview = rescoring_count(choice=choice, by=by)
    last = preview.last_id if last_id is None else min(last_id, preview.last_id)
    if preview.total == 0:
        raise TransferNotPossible("No comment is chosen, so there is nothing to score again.")
    options: dict[str, Any] = {"choice": choice.to_data(), "last_id": last}
    if api_key is not None:
        options["api_key"] = api_key.pk
    with transaction.atomic():
        # Whoever starts one holds this lock until the row is committed and visible to others.
        list(ModelVersion.objects.select_for_update(no_key=True).filter(status=ModelVersionStatus.ACTIVE))
        running = Transfer.objects.filter(
            kind=Transfer.Kind.RESCORE, status__in=[Status.QUEUED, Status.RUNNING]
        )
        if running.exists():
            raise TransferNotPossible(ONE_AT_A_TIME)
        transfer = Transfer.objects.create(
            kind=Transfer.Kind.RESCORE, format="", options=options, by=by, total_rows=preview.total
        )
        audit_record(
            verb="rescore.comments",
            by=by,
            api_key=api_key,
            subject=f"rescoring {transfer.pk}",
            count=preview.total,
            data={"transfer": transfer.pk, "choice": choice.to_data()},
        )
        transfer_enqueue(transfer=transfer)
    return transfer


def rescore_run(*, transfer: Transfer, shutdown_requested: Callable[[], bool] = lambda: False) -> None:
    """Run a claimed rescoring for a moment, then release it. Raises TransferLost."""
    end = time.monotonic() + TURN_SECONDS
    transfer.options.setdefault("since", [time.time(), transfer.done_rows])
    while True:
        chunk = transfer.options.get(CHUNK_KEY) or _begin(transfer)
        if chunk is None:
            _finish(transfer)
            return
        if _scored(chunk, end, shutdown_requested):
            _count(transfer, chunk)
        if shutdown_requested() or time.monotonic() >= end:
            transfer_progress(transfer=transfer)
            transfer_give_back(transfer=transfer)
            if not shutdown_requested():
                transfer_enqueue(transfer=transfer)
            return


def _begin(transfer: Transfer) -> dict[str, Any] | None:
    """Queue the next chunk for its verdicts, and keep its bands from before; None where nothing is left."""
    options: dict[str, Any] = transfer.options
    choice = choice_of(options["choice"])
    with transaction.atomic():
        row = Transfer.objects.select_for_update().get(pk=transfer.pk)
        if row.status != Status.RUNNING or row.position != transfer.position or CHUNK_KEY in row.options:
            raise TransferLost(f"{transfer} has another worker, or was cancelled")
        rows = rescoring_comments(user=transfer.by, choice=choice, active_id=_active())
        rows = rows.filter(pk__gt=transfer.position, pk__lte=options["last_id"])
        ids = list(rows.order_by("pk").values_list("pk", flat=True)[:CHUNK])
        if not ids:
            return None
        chosen = Comment.objects.select_for_update(of=("self",)).filter(
            free_for(None), pk__in=ids, status__in=STATUSES[choice.status][1], text_purged_at__isnull=True
        )
        comments = list(chosen.only("id", "status", "band").order_by("pk"))
        before = [[row.pk, row.band, int(row.status == CommentStatus.DECIDED)] for row in comments]
        for status in {row.status for row in comments}:
            transition_many(
                [row for row in comments if row.status == status],
                to=CommentStatus.PENDING,
                allowed=AGAIN,
                by=transfer.by,
                reason=f"rescoring {transfer.pk}",
                **{**UNSCORED, "is_backlog": True},
            )
        chunk = {"end": ids[-1], "count": len(ids), "before": before}
        options[CHUNK_KEY] = chunk
        transfer_progress(transfer=transfer)
        enqueue_on_commit(CLASSIFY_TASK)
    return chunk


def _scored(chunk: Mapping[str, Any], end: float, shutdown_requested: Callable[[], bool]) -> bool:
    """Wait until every comment of the chunk has its verdict or has failed, but not longer than `end`."""
    waiting = Comment.objects.pending().filter(pk__in=[pk for pk, _, _ in chunk["before"]])
    while waiting.exists():
        if shutdown_requested() or time.monotonic() >= end:
            return False
        time.sleep(POLL_SECONDS)
    return True


def _count(transfer: Transfer, chunk: Mapping[str, Any]) -> None:
    """Write what the chunk's verdicts changed, together with the position after it."""
    options: dict[str, Any] = transfer.options
    ids = [pk for pk, _, _ in chunk["before"]]
    now = {row.pk: row for row in Comment.objects.filter(pk__in=ids).only("id", "band", "status")}
    changes, listed = dict(options.get("changes", {})), list(options.get("listed", []))
    failed = reopened = 0
    for pk, before, decided in chunk["before"]:
        row = now.get(pk)
        if row is None or row.status == CommentStatus.FAILED:
            failed += 1
        elif row.band != before:
            change = f"{before or 'none'}>{row.band or 'none'}"
            changes[change] = changes.get(change, 0) + 1
            reopened += decided and row.status == CommentStatus.CLASSIFIED
            if len(listed) < LISTED_MAX:
                listed.append([pk, before, row.band])
    options |= {
        "changes": changes,
        "listed": listed,
        "reopened": options.get("reopened", 0) + reopened,
        "skipped": options.get("skipped", 0) + chunk["count"] - len(ids),
    }
    del options[CHUNK_KEY]
    transfer_progress(
        transfer=transfer,
        position=chunk["end"],
        done_rows=transfer.done_rows + chunk["count"],
        error_rows=transfer.error_rows + failed,
    )


def _finish(transfer: Transfer) -> None:
    options = transfer.options
    with transaction.atomic():
        transfer_finish(transfer=transfer)
        audit_record(
            verb="rescore.comments_done",
            by=transfer.by,
            subject=f"rescoring {transfer.pk}",
            count=transfer.done_rows,
            data={
                "transfer": transfer.pk,
                "changes": options.get("changes", {}),
                "reopened": options.get("reopened", 0),
                "skipped": options.get("skipped", 0),
                "failed": transfer.error_rows,
            },
        )


def _active() -> int:
    active = (
        ModelVersion.objects.filter(status=ModelVersionStatus.ACTIVE).values_list("pk", flat=True).first()
    )
    if active is None:
        raise TransferNotPossible(NO_VERSION)
    return active


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
