"""Changes of a comment's text, and rescoring of a comment as it is.

Of an earlier text only its length and a digest under the site's secret key are kept: anyone with a copy can prove what
was written, and nobody can recover it from the digest. The earlier predictions and decisions stay. The new text is
pending until it is scored; then a decision stands if the new band is the old one, and is reopened otherwise.
"""

import hashlib
import hmac
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from classifier.core.audit import audit_record
from classifier.core.errors import NotPossibleNow, TextGone, VersionConflict
from classifier.core.permissions import require_permission
from classifier.core.reference_texts import comments_forget
from classifier.core.source_access import require_source
from classifier.core.validation import InvalidInput, format_problem, text_problem
from classifier.models import ApiKey, Comment, CommentStatus, User
from classifier.models.comment import NO_CLAIM
from toxicsite.lib.jobs import enqueue_on_commit
from toxicsite.lib.lifecycle import transition, transition_many

CLASSIFY_TASK = "classifier.classify"
ADD = "classifier.add_comment"
CHANGE = "classifier.change_comment"
RESCAN = "classifier.add_decision"
RESCAN_MANY = "classifier.add_bulkaction"
RESCAN_MAX = 1_000
AGAIN: dict[str, frozenset[str]] = {status: frozenset({"pending"}) for status in CommentStatus.values}
UNSCORED: dict[str, Any] = {
    "claimed_at": None,
    "claim_token": None,
    "attempts": 0,
    "failure_reason": "",
    "waits_for_version": None,
    "is_backlog": False,  # somebody waits for it now, even if it was imported
}


def comment_version(comment: Comment) -> str:
    """Return a digest that changes with the comment's text, verdict, decision and status; for `if_version`."""
    parts = (
        comment.pk,
        comment.status,
        comment.edited_at and comment.edited_at.isoformat(),
        comment.text_purged_at and comment.text_purged_at.isoformat(),
        comment.current_prediction_id,
        comment.current_decision_id,
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:24]


def text_digest(text: str) -> str:
    """Digest an earlier text; without the site's secret key nobody can test a guess against the digest."""
    key = settings.SECRET_KEY.encode()
    return hmac.new(key, b"text:" + text.encode(), hashlib.sha256).hexdigest()[:32]


def comment_edit(
    *,
    comment: Comment,
    text: str,
    text_format: str | None = None,
    if_version: str | None = None,
    by: User | None,
    api_key: ApiKey | None = None,
) -> Comment:
    """Change the text of a comment, which is then scored anew; the same text again changes nothing.

    Its format changes too if `text_format` names one.

    Its submitter may do so, and people who may change comments. A worker that is scoring the old text finds its claim
    gone and writes nothing; a moderator who has it open in the queue gets it again. Raises InvalidInput, TextGone,
    PermissionDenied, and VersionConflict if `if_version` is not the comment's version any more.
    """
    require_permission(by, ADD if by is not None and comment.submitted_by_id == by.pk else CHANGE)
    require_source(by, comment.source)
    problems = [
        problem for problem in (text_problem(text), format_problem(text_format)) if problem is not None
    ]
    if problems:
        raise InvalidInput(problems)
    with transaction.atomic():
        row = Comment.objects.select_for_update(of=("self",)).get(pk=comment.pk)
        _check(row, if_version)
        text_format = text_format or row.text_format
        if (row.text, row.text_format) == (text, text_format):
            return row
        before = row.text
        comments_forget([row.pk])
        transition(
            row,
            to=CommentStatus.PENDING,
            allowed=AGAIN,
            by=by,
            reason=f"text edited: {len(before):,} characters before, {len(text):,} now",
            text=text,
            read_as="",
            text_format=text_format,
            is_concern=False,
            reports_harmless=False,
            edited_at=Now(),
            text_hash=None,
            sketch=None,
            **UNSCORED,
            **NO_CLAIM,
        )
        audit_record(
            verb="comment.edit",
            by=by,
            api_key=api_key,
            source=comment.source,
            subject=f"comment {row.pk}",
            data={
                "before": {"characters": len(before), "digest": text_digest(before)},
                "after": {"characters": len(text), "digest": text_digest(text)},
            },
        )
        enqueue_on_commit(CLASSIFY_TASK)
    row.refresh_from_db()
    return row


def comment_rescan(*, comment: Comment, by: User | None, reason: str = "") -> Comment:
    """Score a comment again as it is, by the version in production; a comment that is pending already stays so.

    Raises TextGone, NotPossibleNow (it was changed at this moment) and PermissionDenied.
    """
    return comments_rescan(comments=[comment], by=by, reason=reason)[0]


def comments_rescan(*, comments: Sequence[Comment], by: User | None, reason: str = "") -> list[Comment]:
    """Score up to RESCAN_MAX comments again, all or none; more than one needs the permission for bulk decisions.

    Raises what comment_rescan raises.
    """
    require_permission(by, RESCAN if len(comments) == 1 else RESCAN_MANY)
    if len(comments) > RESCAN_MAX:
        raise NotPossibleNow(f"At most {RESCAN_MAX:,} comments are scored again at once.")
    for source in {comment.source_id: comment.source for comment in comments}.values():
        require_source(by, source)
    wanted = [comment.pk for comment in comments]
    with transaction.atomic():
        locked = Comment.objects.select_for_update(of=("self",)).filter(pk__in=wanted)
        rows = {row.pk: row for row in locked.order_by("pk")}
        if any(row.text_purged_at is not None for row in rows.values()):
            raise TextGone
        for status in CommentStatus.values:
            of_status = [row for row in rows.values() if row.status == status != CommentStatus.PENDING]
            transition_many(
                of_status,
                to=CommentStatus.PENDING,
                allowed=AGAIN,
                by=by,
                reason=reason or "to be scored again",
                **UNSCORED,
            )
        enqueue_on_commit(CLASSIFY_TASK)
    return [rows[pk] for pk in wanted if pk in rows]


def _check(row: Comment, if_version: str | None) -> None:
    if row.text_purged_at is not None:
        raise TextGone
    if if_version is not None and if_version != comment_version(row):
        raise VersionConflict
