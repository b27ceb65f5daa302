"""Waiting comments under an earlier version of their policy: counted, tried without a change, and judged again.

A saved policy applies to what is scored after it. What waits already keeps its place until somebody judges it again.
Comments that wait for another reason too (a report, an appeal, an escalation, an undone decision) stay as they are: a
person was promised for them. So do those that somebody is looking at.
"""

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import JSONField, Q
from django.db.models.expressions import RawSQL

from classifier.core.audit import audit_record
from classifier.core.permissions import require_permission
from classifier.core.source_access import require_source
from classifier.core.visibility import narrow
from classifier.models import Band, Comment, CommentStatus, Policy, Prediction, Source, User
from classifier.models.comment import QUEUED, CommentQuerySet
from classifier.policies import active_policies
from classifier.policies.judging import Judged, judge_batch
from classifier.review.filters import free_for
from classifier.review.placement import KEPT, KEPT_PARAMETERS, judged_fields, settle

MAY_SAVE = "classifier.add_policy"
BATCH = 200
TRIED = 5_000
SECONDS = 20.0
STAYS, LEAVES, APPROVED, REMOVED = "stays", "leaves", "approved", "removed"


@dataclass(frozen=True)
class Outcome:
    """What judging again does: comments that `stay` for a person, that leave the queue without a decision because
    they are in the band approve, and that are decided without a person; `left` were not looked at."""

    stays: int = 0
    leaves: int = 0
    approved: int = 0
    removed: int = 0
    left: int = 0

    @property
    def looked_at(self) -> int:
        return self.stays + self.leaves + self.approved + self.removed


def waiting_under_earlier(*, source: Source | None, user: User | None) -> CommentQuerySet:
    """Select what would be judged again: by the policy of `source`, or the site's where a source has none of its own.

    Only in sources that `user` sees.
    """
    newest = Policy.objects.filter(source=source).order_by("-version").values("pk")[:1]
    rows: Any = narrow(Comment.objects.filter(QUEUED), user)
    if source is not None:
        rows = rows.filter(source=source)
    else:
        rows = rows.exclude(source__in=Policy.objects.filter(source__isnull=False).values("source"))
    chosen: CommentQuerySet = (
        rows.filter(
            ~Q(policy__in=newest),
            free_for(None),
            policy__isnull=False,
            status=CommentStatus.CLASSIFIED,
            current_prediction__isnull=False,
            current_decision__isnull=True,
            text_purged_at__isnull=True,
            is_escalated=False,
            has_open_appeal=False,
        )
        .annotate(other_reasons=RawSQL(KEPT, KEPT_PARAMETERS, JSONField()))  # noqa: S611 - no value of a user
        .filter(other_reasons=[])
    )
    return chosen


def judge_again_preview(*, source: Source | None, user: User | None) -> Outcome:
    """Say what `judge_again` would do with the oldest TRIED of them; nothing is written."""
    rows = waiting_under_earlier(source=source, user=user)
    active_policies.forget()
    total, counts = rows.count(), Counter[str]()
    tried = list(rows.select_related("current_prediction__model_version").order_by("id")[:TRIED])
    for judged in _judged(tried):
        counts[_outcome(judged)] += 1
    return Outcome(**counts, left=total - len(tried))


def judge_again(*, source: Source | None, by: User | None, seconds: float = SECONDS) -> Outcome:
    """Judge what waits under an earlier version anew, batch by batch, for about `seconds`; audit it in one row.

    Each batch is one short transaction: whatever happens, a comment is under one version or the other. Raises
    PermissionDenied.
    """
    require_permission(by, MAY_SAVE)
    if source is not None:
        require_source(by, source)
    active_policies.forget()  # the newest version, also where another process saved it a moment ago
    counts, end, after = Counter[str](), time.monotonic() + seconds, 0
    while time.monotonic() < end:
        with transaction.atomic():
            rows = waiting_under_earlier(source=source, user=by).filter(pk__gt=after).order_by("id")
            batch = list(
                rows.select_related("current_prediction__model_version").select_for_update(
                    skip_locked=True, of=("self",)
                )[:BATCH]
            )
            if not batch:
                break
            after = batch[-1].pk
            for judged in _judged(batch, write=True):
                counts[_outcome(judged)] += 1
    outcome = Outcome(**counts, left=waiting_under_earlier(source=source, user=by).count())
    if outcome.looked_at:
        data = {"stays": outcome.stays, "leaves": outcome.leaves}
        data |= {"approved": outcome.approved, "removed": outcome.removed, "left": outcome.left}
        audit_record(
            verb="policy.judge_again",
            by=by,
            source=source,
            subject=source.slug if source is not None else "site",
            count=outcome.looked_at,
            data=data,
        )
    return outcome


def _judged(rows: list[Comment], *, write: bool = False) -> Iterator[Judged]:
    """Yield the judgement of each comment by the scores that it has; with `write`, store place and decisions."""
    by_version: dict[int, list[Comment]] = {}
    predictions: dict[int, Prediction] = {}
    for row in rows:
        if row.current_prediction is not None:
            predictions[row.pk] = row.current_prediction
            by_version.setdefault(row.current_prediction.model_version_id, []).append(row)
    for group in by_version.values():
        version = predictions[group[0].pk].model_version
        judged = judge_batch(group, predictions, version, afresh=True)
        if write:
            Comment.objects.filter(pk__in=judged).update(**judged_fields(judged.values()))
            settle(judged.values(), [predictions[pk] for pk in judged])
        yield from judged.values()


def _outcome(judged: Judged) -> str:
    if judged.automatic:
        return REMOVED if judged.band == Band.REMOVE else APPROVED
    return STAYS if judged.waits else LEAVES
