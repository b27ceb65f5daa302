"""Erasure: of texts that are older than their source's retention, and of authors who ask for it.

Words and names are erased. Numbers stay: predictions, decisions and counts, so that the history and the dashboard
still add up. Without its text a comment cannot be explained, scored again or decided, and its pages say so. Frozen
datasets and files that were exported earlier are copies that this code does not reach.
"""

import time
from collections.abc import Sequence
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Case, F, Value, When
from django.db.models.functions import Now

from classifier.comments.context import answered_forget, contexts_forget
from classifier.comments.edits import comment_version
from classifier.core.audit import audit_record, author_pseudonym
from classifier.core.errors import VersionConflict
from classifier.core.permissions import require_permission
from classifier.core.reference_texts import comments_forget, same_texts_forget
from classifier.core.source_access import require_source
from classifier.models import (
    COMMENT_TRANSITIONS,
    ApiKey,
    Appeal,
    AppealStatus,
    Comment,
    CommentStatus,
    GoldenItem,
    Prediction,
    Report,
    RuleShadowHit,
    ShadowJudgement,
    Source,
    Suggestion,
    User,
)
from classifier.privacy.erasure import GONE, erasing, files_forget, name_forget, remarks_forget, rules_forget
from classifier.privacy.selectors import (
    AuthorCount,
    author_count,
    comments_of_author,
    due,
    reports_by_author,
    rules_naming,
    sources_with_retention,
)
from classifier.references.calls import sourceless_texts_purge, texts_purge
from classifier.suggestions.services import suggestions_forget, suggestions_of_author, suggestions_purge
from toxicsite.lib.jobs import enqueue_on_commit
from toxicsite.lib.lifecycle import transition_many

RETENTION = "classifier.change_source"
ERASE = "classifier.erase_author"
RETENTION_TASK = "classifier.retention"
BATCH = 200
MAX_DAYS = 36_500
# Every field from which words can be found or guessed, and the place in the queue: nobody can decide without the text.
ERASED_FIELDS: dict[str, Any] = {
    "text": "",
    "read_as": "",
    "is_concern": False,
    "text_hash": None,
    "sketch": None,
    "queued_at": None,
    "queue_reasons": [],
    "is_escalated": False,
    "review_by": None,
    "review_until": None,
    "review_since": None,
}


def retention_set(*, source: Source, days: int | None, by: User | None) -> None:
    """Let texts of `source` be purged after `days`, or kept (None); the next scheduled run acts on it.

    Raises PermissionDenied, and ValueError unless 1 <= days <= MAX_DAYS.
    """
    require_permission(by, RETENTION)
    require_source(by, source)
    if days is not None and not 1 <= days <= MAX_DAYS:
        raise ValueError(f"A retention is 1 to {MAX_DAYS:,} days.")
    with transaction.atomic():
        row = Source.objects.select_for_update().get(pk=source.pk)
        if row.retention_days == days:
            return
        data = {"before": row.retention_days, "after": days}
        Source.objects.filter(pk=source.pk).update(retention_days=days)
        audit_record(verb="source.retention", by=by, source=row, subject=row.slug, data=data)
        enqueue_on_commit(RETENTION_TASK)
    source.retention_days = days


def retention_run(*, source: Source, by: User | None, seconds: float | None = None) -> int:
    """Purge what is due in one source, batch by batch, for about `seconds` (None: all of it); audit it in one row.

    Return how many texts were purged. Raises PermissionDenied.
    """
    require_permission(by, RETENTION)
    require_source(by, source)
    end = None if seconds is None else time.monotonic() + seconds
    done = 0
    more = True
    while more and (end is None or time.monotonic() < end):
        with transaction.atomic():
            rows = due(source=source).order_by("pk").select_for_update(skip_locked=True, of=("self",))
            ids = list(rows.values_list("pk", flat=True)[:BATCH])
            if ids:
                _forget(ids)
        done += len(ids)
        more = len(ids) == BATCH
    if not more:
        done += suggestions_purge(source=source, end=end)
        done += texts_purge(source=source, end=end)
    if done:
        data = {"days": source.retention_days, "more": more}
        audit_record(
            verb="privacy.retention", by=by, source=source, subject=source.slug, count=done, data=data
        )
    return done


def retention_turn(*, seconds: float) -> bool:
    """Run the retention of every source for `seconds` in all, as the schedule does; return whether more may be due."""
    end = time.monotonic() + seconds
    for source in sources_with_retention():
        left = end - time.monotonic()
        if left <= 0:
            return True
        retention_run(source=source, by=None, seconds=left)
    sourceless_texts_purge(end=end)
    return time.monotonic() >= end


def require_author(author: str, source: Source | None, by: User | None) -> None:
    """Raise PermissionDenied or ValueError unless `by` may act on this author there."""
    if not author:
        raise ValueError("An author has a name.")
    if source is not None:
        require_source(by, source)
    if by is not None and source is None and not by.sees_all_sources:
        raise PermissionDenied("Only users who see every source may act on an author in all sources.")


def author_erase(*, author: str, source: Source | None, by: User | None) -> AuthorCount:
    """Erase an author, in one source or in all that `by` sees: texts, names, messages of appeals, reasons of reports,
    the name in conditions of rules, and the texts once more where others of the same source answered to them.

    Decisions, predictions and counts stay. Erasure spares nothing, as retention does: an open appeal is closed, a
    known answer retired, a comment without a verdict fails. Files of imports and exports here that name the author are
    deleted. Return what was stored. Raises PermissionDenied.
    """
    require_permission(by, ERASE)
    require_author(author, source, by)
    before = author_count(user=by, author=author, source=source)
    while True:
        with transaction.atomic():
            rows = comments_of_author(user=by, author=author, source=source).order_by("pk")
            batch = list(
                rows.select_for_update(of=("self",)).only("pk", "status", "text", "source_id")[:BATCH]
            )
            if not batch:
                break
            _erase(batch, by, author_ref="", external_id=None)
    with transaction.atomic():
        _forget_reporter(reports_by_author(user=by, author=author, source=source))
        suggestions_forget(suggestions_of_author(user=by, author=author, source=source))
        rules_forget(author, rules_naming(author=author, source=source))
        name_forget(author)
        audit_record(
            verb="author.erase",
            by=by,
            source=source,
            subject=author_pseudonym(author),
            count=before.comments,
            data=before.to_data(),
        )
    files_forget(author)
    return before


def comment_erase(
    *, comment: Comment, if_version: str | None = None, by: User | None, api_key: ApiKey | None = None
) -> bool:
    """Erase the text of one comment and the messages of appeals about it; return whether there was anything to erase.

    The author's name, predictions, decisions and counts stay; the rest is as in author_erase. Raises VersionConflict
    where the comment has another version than `if_version` now, and PermissionDenied.
    """
    require_permission(by, ERASE)
    require_source(by, comment.source)
    with transaction.atomic():
        row = Comment.objects.select_for_update(of=("self",)).get(pk=comment.pk)
        if if_version is not None and if_version != comment_version(row):
            raise VersionConflict
        if row.text_purged_at is not None:
            return False
        _erase([row], by)
        audit_record(
            verb="comment.erase",
            by=by,
            api_key=api_key,
            source=comment.source,
            subject=f"comment {comment.pk}",
        )
    return True


def _erase(batch: Sequence[Comment], by: User | None, **fields: Any) -> None:
    """Erase these comments, also those that retention would spare, within a transaction that has locked them."""
    _fail_pending([comment for comment in batch if comment.status == CommentStatus.PENDING])
    ids = [comment.pk for comment in batch]
    answered_forget(batch)
    same_texts_forget(batch)
    _forget(ids, has_open_appeal=False, **fields)
    _forget_shadow_judgements(ids)  # not by retention, which takes words and leaves counts
    closed = Appeal.objects.filter(comment__in=ids, status=AppealStatus.OPEN)
    closed.update(status=AppealStatus.UPHELD, resolved_at=Now(), resolved_by=by, answer=GONE)
    GoldenItem.objects.filter(comment__in=ids, retired_at__isnull=True).update(retired_at=Now())


def _forget(ids: Sequence[int], **fields: Any) -> None:
    """Erase the words of these comments, within a transaction that has locked them."""
    quoted = Case(
        When(status=CommentStatus.FAILED, then=Value(GONE)), default=Value("")
    )  # errors may quote a text
    purged = Case(When(text_purged_at__isnull=True, then=Now()), default=F("text_purged_at"))
    Comment.objects.filter(pk__in=ids).update(
        **ERASED_FIELDS, failure_reason=quoted, text_purged_at=purged, **fields
    )
    Appeal.objects.filter(comment__in=ids).exclude(message="").update(message="")
    suggestions_forget(Suggestion.objects.filter(comment__in=ids))
    comments_forget(ids)
    contexts_forget(ids)
    remarks_forget(ids)


def _fail_pending(comments: list[Comment]) -> None:
    """Let pending comments fail; a worker that has claimed one finds its claim gone and writes nothing."""
    transition_many(
        comments,
        to=CommentStatus.FAILED,
        allowed=COMMENT_TRANSITIONS,
        reason=GONE,
        savepoint=False,
        claimed_at=None,
        claim_token=None,
        failure_reason=GONE,
    )


def _forget_reporter(reports: list[int]) -> None:
    if reports:
        erasing(
            f"UPDATE {Report._meta.db_table} SET reporter_ref = '', reason = '' WHERE id = ANY(%s)",  # noqa: S608
            reports,
        )


def _forget_shadow_judgements(comments: list[int]) -> None:
    RuleShadowHit.objects.filter(comment__in=comments).delete()
    predictions = list(Prediction.objects.filter(comment__in=comments).values_list("pk", flat=True))
    if predictions:
        erasing(
            f"DELETE FROM {ShadowJudgement._meta.db_table} WHERE prediction_id = ANY(%s)",  # noqa: S608
            predictions,
        )
