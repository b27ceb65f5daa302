"""Blind reviews: answers given blindly, to measure how well people agree. The comment itself is never changed.

After every settings.SECOND_LOOK_EVERY decisions a person gets one: a comment with a known answer, or one that another
moderator has decided lately. Nothing tells which comments these are, so none of them may be one that this person has
decided, submitted or seen judged.
"""

import random
from datetime import timedelta
from typing import cast

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Now

from classifier.core.errors import DecisionConflict
from classifier.core.permissions import require_permission
from classifier.core.source_access import require_source
from classifier.core.validation import InvalidInput, ValidationProblem
from classifier.core.visibility import narrow
from classifier.core.visible_comments import edited_since
from classifier.models import FINAL_ACTIONS, Comment, Decision, GoldenItem, SecondReview, User
from classifier.models.comment import CommentQuerySet
from toxicsite.lib.upsert import try_insert

LOOK = "classifier.add_secondreview"
CHOICE = 50  # of how many candidates one is drawn
LATELY = timedelta(days=14)
LOOK_BACK = 1_000  # decisions of others that are gone through; bounds the search however many there are
LOOKED = "You have looked at this comment already."
OWN = "You have decided on this comment yourself; a blind review is for somebody else."


def blind_review_offered(*, by: User) -> Comment | None:
    """Return a comment to mix among those that `by` decides; None unless a blind review is due and a comment is there.

    Raises PermissionDenied.
    """
    require_permission(by, LOOK)
    every = int(settings.SECOND_LOOK_EVERY)
    if every == 0 or not looks_due(user=by, every=every):
        return None
    return blind_review_next(by=by)


def blind_review_next(*, by: User) -> Comment | None:
    """Return a comment that `by` may review blindly now, due or not: known answers and decisions of others in turn.

    It is drawn by chance, so that people who review at the same time get different ones. Raises PermissionDenied.
    """
    require_permission(by, LOOK)
    kinds = [golden_to_look_at, decided_to_look_at]
    if SecondReview.objects.filter(by=by).count() % 2:
        kinds.reverse()
    for candidates in kinds:
        ids = list(candidates(user=by).order_by("-pk").values_list("pk", flat=True)[:CHOICE])
        if ids:
            chosen = random.choice(ids)  # noqa: S311 - a draw, no secret
            return Comment.objects.with_verdict().get(pk=chosen)
    return None


def blind_review_record(*, comment: Comment, action: str, by: User) -> SecondReview:
    """Record the answer of `by` about a comment, beside another person's decision that stands now, if there is one.

    A decision about an earlier text answers another question and is left out.

    Raises InvalidInput for anything but approve and remove, DecisionConflict when `by` has decided or reviewed
    the comment already, and PermissionDenied.
    """
    require_permission(by, LOOK)
    require_source(by, comment.source)
    if action not in FINAL_ACTIONS:
        raise InvalidInput([ValidationProblem("action", "This must be approve or remove.", "invalid_choice")])
    if Decision.objects.filter(comment=comment, by=by).exists():
        raise DecisionConflict(OWN)
    standing = Decision.objects.filter(
        ~edited_since("created_at"),
        pk__in=Comment.objects.filter(pk=comment.pk).values("current_decision"),
        automatic=False,
        by__isnull=False,
    ).first()
    review = SecondReview(comment=comment, first=standing, action=action, by=by)
    with transaction.atomic():
        if not try_insert(review):
            raise DecisionConflict(LOOKED)
    return review


def standing_by_others(*, user: User) -> QuerySet[Decision]:
    """List the latest approvals and removals that other people made one by one, newest first."""
    return (
        Decision.objects.filter(
            action__in=FINAL_ACTIONS,
            automatic=False,
            bulk__isnull=True,
            by__isnull=False,
            created_at__gte=Now() - LATELY,
        )
        .exclude(by=user)
        .order_by("-created_at")
    )


def golden_to_look_at(*, user: User) -> CommentQuerySet:
    """List the comments with a known answer that `user` sees and has no part in; a waiting one is decided for real.

    An answer to a text that was edited since does not count.
    """
    return _unknown_to(user).filter(Exists(_golden().exclude(created_by=user)), queued_at__isnull=True)


def decided_to_look_at(*, user: User) -> CommentQuerySet:
    """List the comments that another moderator has decided lately, unedited since, and nobody has reviewed again."""
    latest = standing_by_others(user=user).values("comment_id")[:LOOK_BACK]
    return _unknown_to(user).filter(
        ~edited_since("current_decision__created_at", comment=""),
        ~Exists(GoldenItem.objects.filter(comment=OuterRef("pk"), retired_at__isnull=True)),
        ~Exists(SecondReview.objects.filter(comment=OuterRef("pk"))),
        pk__in=latest,
        current_decision__automatic=False,
        current_decision__bulk__isnull=True,
        current_decision__by__isnull=False,
        queued_at__isnull=True,
    )


def looks_due(*, user: User, every: int) -> bool:
    """Tell whether `user` has made `every` decisions one by one since the last blind review."""
    own = Decision.objects.filter(by=user, action__in=FINAL_ACTIONS, bulk__isnull=True)
    last = SecondReview.objects.filter(by=user).order_by("-id").values_list("created_at", flat=True).first()
    if last is not None:
        own = own.filter(created_at__gt=last)
    return len(own.order_by("-created_at").values_list("pk", flat=True)[:every]) >= every


def _golden() -> QuerySet[GoldenItem]:
    rows = GoldenItem.objects.filter(comment=OuterRef("pk"), retired_at__isnull=True)
    return rows.filter(~edited_since("created_at"))


def _unknown_to(user: User) -> CommentQuerySet:
    decided = Decision.objects.filter(comment=OuterRef("pk"), by=user)
    reviewed = SecondReview.objects.filter(comment=OuterRef("pk"), by=user)
    seen = cast(CommentQuerySet, narrow(Comment.objects.all(), user))
    return seen.filter(
        ~Exists(decided),
        ~Exists(reviewed),
        current_prediction__isnull=False,
        text_purged_at__isnull=True,
    ).exclude(submitted_by=user)
