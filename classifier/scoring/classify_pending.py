"""Classification of pending comments: claim a batch and take it through the stages of `pipeline`.

A claim is a token and a time. A worker that writes must still hold the token, so nothing enters history twice if a
worker is killed or two workers race. A claim that is not renewed expires, and the comment is claimed again. A comment
that was claimed before may have killed its worker or failed its batch, so it is scored alone.
"""

import hashlib
import logging
import os
import time
import uuid
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import F
from django.db.models.functions import Now

from classifier.inference.errors import TextTooLong
from classifier.models import COMMENT_TRANSITIONS, Comment, CommentStatus, ModelVersion, Prediction
from classifier.policies.judging import COLUMNS
from classifier.scoring.pipeline import Batch, run, tell_waiting
from classifier.scoring.serving import Serving, TextScorer
from toxicsite.lib.lifecycle import transition_many
from toxicsite.lib.storage_errors import is_database_unavailable

MAX_ATTEMPTS = 3
BACKLOG_PART = 2
RENEWALS_IN_A_CLAIM = 6
REASON_CHARACTERS = 300

logger = logging.getLogger(__name__)


Written = Callable[[Sequence[Prediction]], Any]
_unwritten: set[uuid.UUID] = set()
"""Claims whose results this process could not write, because the database went away."""


def pending_classify(
    *,
    limit: int,
    serving: Serving | None = None,
    scorer: TextScorer | None = None,
    model_version: ModelVersion | None = None,
    between: Callable[[], Any] | None = None,
    written: Written | None = None,
    worker: str = "",
) -> int:
    """Claim and classify up to `limit` comments; return how many were claimed.

    They are scored by `serving`, or by one `scorer` with its version alone. `between` is called between engine calls
    (the worker answers synchronous requests there). `written` is called with the predictions of a batch once they are
    committed and announced. The claim names `worker`, so that it can be released when that one starts again.
    """
    _give_back_unwritten()
    token = claim_token(worker)
    if serving is None:
        assert scorer is not None
        assert model_version is not None
        serving = Serving.alone(scorer, model_version)
    try:
        return _claim_and_classify(serving, token, limit, between, written)
    except (OperationalError, InterfaceError) as error:
        if is_database_unavailable(error):
            _unwritten.add(token)
        raise


def claim_token(worker: str) -> uuid.UUID:
    """Make a new token, whose first half tells which worker claims; without a name it is random."""
    if not worker:
        return uuid.uuid4()
    return uuid.UUID(bytes=_half_of(worker) + os.urandom(8))


def claims_release(*, worker: str) -> int:
    """Release the claims of the worker of this name, which has just started, so was killed if it had any.

    Return how many. Their attempts stay counted: one of them may have killed it.
    """
    half = _half_of(worker)
    first, last = (uuid.UUID(bytes=half + byte * 8) for byte in (b"\x00", b"\xff"))
    left = Comment.objects.pending().filter(claim_token__gte=first, claim_token__lte=last)
    released = left.update(claimed_at=None, claim_token=None)
    if released:
        logger.warning(
            "%d comments were claimed by %s when it was killed; they are free again", released, worker
        )
    return released


def _half_of(worker: str) -> bytes:
    return hashlib.sha256(worker.encode()).digest()[:8]


def _claim_and_classify(
    serving: Serving,
    token: uuid.UUID,
    limit: int,
    between: Callable[[], Any] | None,
    written: Written | None,
) -> int:
    claimed = _claim(limit, token, [version.pk for version in serving.missing])
    renewed = time.monotonic()
    slices = _slices([comment for comment in claimed if comment.attempts == 1])
    slices += [[comment] for comment in claimed if comment.attempts > 1]
    for number, batch in enumerate(slices):
        if number > 0:
            if between is not None:
                between()
            if time.monotonic() - renewed > settings.CLASSIFY_CLAIM_SECONDS / RENEWALS_IN_A_CLAIM:
                _renew(claimed)
                renewed = time.monotonic()
        if batch[0].attempts > MAX_ATTEMPTS:
            _fail(batch[0], f"The worker stopped {MAX_ATTEMPTS} times while it scored this text.")
        else:
            _classify(batch, serving, written)
    return len(claimed)


def _claim(limit: int, token: uuid.UUID, missing: Sequence[int]) -> list[Comment]:
    """Take up to `limit` comments that were never claimed before and one that was, the oldest of each.

    Those that wait for a version in `missing` are left to workers that have it.

    Imported comments have their turn when nothing else waits, and in smaller claims, so that comments which come in
    meanwhile do not wait long.
    """
    claimable = Comment.objects.claimable(expired_before=Now() - _claim_length())
    if missing:
        claimable = claimable.exclude(waits_for_version__in=missing)
    claimable = claimable.select_for_update(skip_locked=True).only(*COLUMNS)
    with transaction.atomic():
        claimed = list(claimable.filter(is_backlog=False).order_by("attempts", "id")[:limit])
        backlog = not claimed
        if backlog:
            limit = max(1, limit // BACKLOG_PART)
            claimed = list(claimable.filter(is_backlog=True).order_by("attempts", "id")[:limit])
        fresh = [comment for comment in claimed if comment.attempts == 0]
        suspects = claimed[len(fresh) :][:1]
        if len(fresh) == limit:  # even in a long queue, a comment that was claimed before has its turn
            again = claimable.filter(is_backlog=backlog, attempts__gt=0)
            suspects = list(again.order_by("attempts", "id")[:1])
        claimed = fresh + suspects
        if not claimed:
            return []
        _need_not_survive_a_crash()
        Comment.objects.filter(pk__in=[comment.pk for comment in claimed]).update(
            claimed_at=Now(), claim_token=token, attempts=F("attempts") + 1
        )
    for comment in claimed:
        comment.claim_token = token
        comment.attempts += 1
    return claimed


def _give_back_unwritten() -> None:
    """Release the claims whose results could not be written because the database was away, and undo their attempt.

    Otherwise a disk that is full for some minutes would use up the attempts of all pending comments. While this cannot
    be written either, nothing new is claimed.
    """
    if _unwritten:
        ours = Comment.objects.pending().filter(claim_token__in=_unwritten, attempts__gt=0)
        ours.update(claimed_at=None, claim_token=None, attempts=F("attempts") - 1)
        _unwritten.clear()


def _claim_length() -> timedelta:
    return timedelta(seconds=settings.CLASSIFY_CLAIM_SECONDS)


def _need_not_survive_a_crash() -> None:
    """Commit this transaction without waiting for the disk: a claim lost in a crash of Postgres is no harm."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")


def _slices(comments: Sequence[Comment]) -> list[list[Comment]]:
    """Cut the comments into batches of about one engine call each, so that a synchronous request soon finds a gap."""
    room = 4 * settings.SCORER_TOKEN_BUDGET
    slices: list[list[Comment]] = []
    filled = 0
    for comment in comments:
        if not slices or filled + len(comment.text) > room:
            slices.append([])
            filled = 0
        slices[-1].append(comment)
        filled += len(comment.text)
    return slices


def _classify(batch: list[Comment], serving: Serving, written: Written | None) -> None:
    """Take a batch through the stages; if it fails, try its halves, down to the single comments that fail."""
    try:
        predictions = run(Batch(list(batch), serving))
    except (OperationalError, InterfaceError):
        raise  # the database is away: the claims expire and the whole batch is scored again
    except Exception as error:
        if len(batch) > 1:
            middle = len(batch) // 2
            _classify(batch[:middle], serving, written)
            _classify(batch[middle:], serving, written)
        else:
            _failed_alone(batch[0], error)
    else:
        if written is not None and predictions:
            written(predictions)


def _failed_alone(comment: Comment, error: Exception) -> None:
    reason = f"{type(error).__name__}: {error}"[:REASON_CHARACTERS]
    if isinstance(error, TextTooLong):
        _fail(
            comment,
            f"This text needs {error.windows} windows to be scored whole; the limit is {error.limit}.",
        )
    elif comment.attempts >= MAX_ATTEMPTS:
        _fail(comment, f"Scoring failed {MAX_ATTEMPTS} times, at last with {reason}")
    else:
        logger.warning(
            "Comment %d could not be scored (%s); it stays pending", comment.pk, type(error).__name__
        )
        Comment.objects.pending().filter(pk=comment.pk, claim_token=comment.claim_token).update(
            claimed_at=None, claim_token=None
        )


def _fail(comment: Comment, reason: str) -> None:
    with transaction.atomic():
        ours = list(
            Comment.objects.pending()
            .filter(pk=comment.pk, claim_token=comment.claim_token)
            .select_for_update()
            .only("id", "status")
        )
        transition_many(
            ours,
            to=CommentStatus.FAILED,
            allowed=COMMENT_TRANSITIONS,
            reason=reason,
            where={"claim_token": comment.claim_token},
            claimed_at=None,
            claim_token=None,
            failure_reason=reason,
        )
    logger.error("Comment %d failed after %d attempts", comment.pk, comment.attempts)
    tell_waiting(ours)


def _renew(claimed: Sequence[Comment]) -> None:
    """Renew the claims of comments that are still to be scored; written ones hold no token any more."""
    with transaction.atomic():
        _need_not_survive_a_crash()
        Comment.objects.pending().filter(claim_token=claimed[0].claim_token).update(claimed_at=Now())
