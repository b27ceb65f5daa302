"""Which comments a moderator may look at blindly: known answers, and what others have decided lately."""

from datetime import timedelta
from typing import cast

from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Now

from classifier.core.visibility import narrow
from classifier.core.visible_comments import edited_since
from classifier.models import FINAL_ACTIONS, Comment, Decision, GoldenItem, SecondReview, User
from classifier.models.comment import CommentQuerySet

LATELY = timedelta(days=14)
LOOK_BACK = 1_000  # decisions of others that are gone through; bounds the search however many there are


def standing_by_others(*, user: User) -> QuerySet[Decision]:
    """The last approvals and removals that other people made one by one and nobody has undone, newest first."""
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
    """Comments whose answer is known, that `user` sees and has no part in; one that waits is decided for real.

    Of a text that was edited since, nobody has said what is right.
    """
    return _unknown_to(user).filter(Exists(_golden().exclude(created_by=user)), queued_at__isnull=True)


def decided_to_look_at(*, user: User) -> CommentQuerySet:
    """Comments that another moderator has decided lately, as they are now, and nobody has looked at again."""
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
    """Whether `user` has made `every` decisions one by one since the last blind review."""
    own = Decision.objects.filter(by=user, action__in=FINAL_ACTIONS, bulk__isnull=True)
    last = SecondReview.objects.filter(by=user).order_by("-id").values_list("created_at", flat=True).first()
    if last is not None:
        own = own.filter(created_at__gt=last)
    return len(own.order_by("-created_at").values_list("pk", flat=True)[:every]) >= every


def _golden() -> QuerySet[GoldenItem]:
    rows = GoldenItem.objects.filter(comment=OuterRef("pk"), retired_at__isnull=True)
    return rows.filter(~edited_since("created_at"))


def _unknown_to(user: User) -> CommentQuerySet:
    mine = Decision.objects.filter(comment=OuterRef("pk"), by=user)
    looked = SecondReview.objects.filter(comment=OuterRef("pk"), by=user)
    seen = cast(CommentQuerySet, narrow(Comment.objects.all(), user))
    return seen.filter(
        ~Exists(mine),
        ~Exists(looked),
        current_prediction__isnull=False,
        text_purged_at__isnull=True,
    ).exclude(submitted_by=user)
