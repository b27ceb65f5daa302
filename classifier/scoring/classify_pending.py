"""Classifying the comments that wait: claim a batch, score it outside any transaction, write it in a short one.

A claim is a token and a time. Who writes must still hold the token, so that nothing enters history twice whoever
was killed or raced; a claim that is not renewed expires and the comment is taken again. A comment that was claimed
before is suspected of killing its worker or failing its batch and is scored alone.
"""

import logging
import time
import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import F, OuterRef, Subquery
from django.db.models.functions import Now

from classifier.core.events import COMMENT_CLASSIFIED, emit, listening
from classifier.inference.errors import TextTooLong
from classifier.models import COMMENT_TRANSITIONS, Comment, CommentStatus, ModelVersion, Prediction
from classifier.policies.draft_judging import judge_silently
from classifier.policies.judging import COLUMNS, Judged, judge_batch
from classifier.review.placement import judged_fields, settle
from classifier.scoring.verdict_pubsub import announce
from toxicsite.lib import metrics
from toxicsite.lib.broker import NoBroker
from toxicsite.lib.lifecycle import LostRace, transition_many
from toxicsite.lib.no_room import is_database_away

MAX_ATTEMPTS = 3
BACKLOG_PART = 2
RENEWALS_IN_A_CLAIM = 6
REASON_CHARACTERS = 300

logger = logging.getLogger(__name__)


Written = Callable[[Sequence[Prediction]], Any]
_unwritten: set[uuid.UUID] = set()  # claims of this process under which the database went away


def pending_classify(
    *,
    scorer: Any,
    model_version: ModelVersion,
    limit: int,
    between: Callable[[], Any] | None = None,
    written: Written | None = None,
) -> int:
    """Claim and classify up to `limit` comments; return how many were claimed.

    `between` is called between engine calls (the worker answers synchronous requests there); `written` with the
    predictions of a batch once they are committed and announced.
    """
    _give_back_unwritten()
    token = uuid.uuid4()
    try:
        return _claim_and_classify(scorer, model_version, token, limit, between, written)
    except (OperationalError, InterfaceError) as error:
        if is_database_away(error):
            _unwritten.add(token)
        raise


def _claim_and_classify(
    scorer: Any,
    model_version: ModelVersion,
    token: uuid.UUID,
    limit: int,
    between: Callable[[], Any] | None,
    written: Written | None,
) -> int:
    claimed = _claim(limit, token)
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
            _classify(batch, scorer, model_version, written)
    return len(claimed)


def _claim(limit: int, token: uuid.UUID) -> list[Comment]:
    """Take up to `limit` comments that were never claimed before and one that was, the oldest of each.

    What was imported has its turn when nothing else waits, and then in smaller claims, so that what comes in
    meanwhile does not wait long.
    """
    claimable = Comment.objects.claimable(expired_before=Now() - _claim_length())
    claimable = claimable.select_for_update(skip_locked=True).only(*COLUMNS)
    with transaction.atomic():
        found = list(claimable.filter(is_backlog=False).order_by("attempts", "id")[:limit])
        backlog = not found
        if backlog:
            limit = max(1, limit // BACKLOG_PART)
            found = list(claimable.filter(is_backlog=True).order_by("attempts", "id")[:limit])
        fresh = [comment for comment in found if comment.attempts == 0]
        suspects = found[len(fresh) :][:1]
        if len(fresh) == limit:  # however long the queue is, the suspects have their turn too
            again = claimable.filter(is_backlog=backlog, attempts__gt=0)
            suspects = list(again.order_by("attempts", "id")[:1])
        found = fresh + suspects
        if not found:
            return []
        _need_not_survive_a_crash()
        Comment.objects.filter(pk__in=[comment.pk for comment in found]).update(
            claimed_at=Now(), claim_token=token, attempts=F("attempts") + 1
        )
    for comment in found:
        comment.claim_token = token
        comment.attempts += 1
    return found


def _give_back_unwritten() -> None:
    """Let go of what could not be written because the database was away, which is no fault of the texts.

    Else a disk that is full for some minutes would use up the attempts of all that waits. While this cannot be written
    either, nothing new is claimed.
    """
    if _unwritten:
        held = Comment.objects.pending().filter(claim_token__in=_unwritten, attempts__gt=0)
        held.update(claimed_at=None, claim_token=None, attempts=F("attempts") - 1)
        _unwritten.clear()


def _claim_length() -> timedelta:
    return timedelta(seconds=settings.CLASSIFY_CLAIM_SECONDS)


def _need_not_survive_a_crash() -> None:
    """Commit this transaction without waiting for the disk: a claim lost in a crash of Postgres is no harm."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")


def _slices(comments: Sequence[Comment]) -> list[list[Comment]]:
    """Batches of about one engine call each, so that a request which cannot wait finds a gap soon."""
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


def _classify(
    batch: list[Comment], scorer: Any, model_version: ModelVersion, written: Written | None
) -> None:
    """Score and write a batch; when it fails, its halves, down to the comments that are to blame."""
    try:
        began = time.perf_counter()
        results = scorer.score([comment.text for comment in batch])
        metrics.observe(metrics.SCORING_SECONDS, time.perf_counter() - began, "stored")
        metrics.observe(metrics.SCORING_TEXTS, len(batch), "stored")
        predictions = verdicts_write(batch, results, model_version)
    except (OperationalError, InterfaceError):
        raise  # the database is away: the claims expire and all is scored again
    except Exception as error:
        if len(batch) > 1:
            middle = len(batch) // 2
            _classify(batch[:middle], scorer, model_version, written)
            _classify(batch[middle:], scorer, model_version, written)
        else:
            _failed_alone(batch[0], error)
    else:
        if written is not None and predictions:
            written(predictions)


def verdicts_write(
    batch: list[Comment], results: Sequence[Any], model_version: ModelVersion
) -> list[Prediction]:
    """Write and announce the verdicts on comments under one claim; return the predictions that were written."""
    by_id = {comment.pk: result for comment, result in zip(batch, results, strict=True)}
    judged = judge_batch(batch, by_id, model_version)
    held = batch
    try:
        predictions = _write_all(held, by_id, judged, model_version)
    except LostRace:  # a claim has expired, which is rare: only then is it asked which are still held
        with transaction.atomic():
            held = list(
                Comment.objects.pending()
                .filter(pk__in=by_id, claim_token=batch[0].claim_token)
                .select_for_update()
                .only("id", "status", "claim_token")
                .order_by("id")
            )
            still = [replace(judged[comment.pk], comment=comment) for comment in held]
            predictions = _write_all(held, by_id, {one.comment.pk: one for one in still}, model_version)
    if len(held) < len(batch):
        logger.warning("%d of %d claims had expired; others score them", len(batch) - len(held), len(batch))
    for band, number in Counter(judged[comment.pk].band for comment in held).items():
        metrics.count(metrics.VERDICTS, model_version.version, band or "none", amount=number)
    _announce(held)
    judge_silently(judged, predictions, model_version)
    return predictions


def _write_all(
    comments: Sequence[Comment],
    by_id: Mapping[int, Any],
    judged: Mapping[int, Judged],
    model_version: ModelVersion,
) -> list[Prediction]:
    """Write the results of comments under one claim, all or none. Raises LostRace when one is not held any more."""
    if not comments:
        return []
    with transaction.atomic():
        predictions = Prediction.objects.bulk_create(
            [_prediction(comment, by_id[comment.pk], model_version) for comment in comments]
        )
        latest = Prediction.objects.filter(comment=OuterRef("pk")).order_by("-id").values("pk")[:1]
        transition_many(
            comments,
            to=CommentStatus.CLASSIFIED,
            allowed=COMMENT_TRANSITIONS,
            reason=f"scored by {model_version}",
            where={"claim_token": comments[0].claim_token},
            savepoint=False,
            claimed_at=None,
            claim_token=None,
            classified_at=Now(),
            failure_reason="",
            current_prediction=Subquery(latest),
            **judged_fields(judged.values()),
        )
        if listening():
            emit(COMMENT_CLASSIFIED, *[_told(one, judged[one.comment_id]) for one in predictions])
        settle(judged.values(), predictions)
    return predictions


def _told(prediction: Prediction, judged: Judged) -> dict[str, Any]:
    return {
        "comment": prediction.comment_id,
        "source": judged.comment.source_id,
        "prediction": prediction.pk,
        "model_version": prediction.model_version_id,
        "verdict": prediction.verdict,
        "score": prediction.score,
        "band": judged.band,
    }


def _prediction(comment: Comment, result: Any, version: ModelVersion) -> Prediction:
    return Prediction(
        comment=comment,
        model_version=version,
        scores=result.scores,
        verdict=result.verdict,
        score=result.scores[version.primary_label],
        threshold=version.threshold,
        windows=result.windows,
    )


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
        held = list(
            Comment.objects.pending()
            .filter(pk=comment.pk, claim_token=comment.claim_token)
            .select_for_update()
            .only("id", "status")
        )
        transition_many(
            held,
            to=CommentStatus.FAILED,
            allowed=COMMENT_TRANSITIONS,
            reason=reason,
            where={"claim_token": comment.claim_token},
            claimed_at=None,
            claim_token=None,
            failure_reason=reason,
        )
    logger.error("Comment %d failed after %d attempts", comment.pk, comment.attempts)
    _announce(held)


def _renew(claimed: Sequence[Comment]) -> None:
    """Keep the claim of what is still to be scored; what is written holds no token any more."""
    with transaction.atomic():
        _need_not_survive_a_crash()
        Comment.objects.pending().filter(claim_token=claimed[0].claim_token).update(claimed_at=Now())


def _announce(comments: Sequence[Comment]) -> None:
    try:
        announce([comment.pk for comment in comments])
    except NoBroker:
        logger.warning("Redis does not answer; %d verdicts were not announced", len(comments))
