"""Blind reviews: answers given blindly, to measure how well people agree. The comment itself is never changed.

One in settings.SECOND_LOOK_EVERY decisions of a person is followed by one: a known answer, whose answer is known, or a
comment that another moderator has decided lately. Nothing tells which comments these are.
"""

import random

from django.conf import settings
from django.db import transaction

from classifier.core.errors import DecisionConflict
from classifier.core.permissions import require_permission
from classifier.core.source_access import require_source
from classifier.core.validation import InvalidInput, ValidationProblem
from classifier.core.visible_comments import edited_since
from classifier.models import FINAL_ACTIONS, Comment, Decision, SecondReview, User
from classifier.quality.selectors import decided_to_look_at, golden_to_look_at, looks_due
from toxicsite.lib.upsert import try_insert

LOOK = "classifier.add_secondreview"
CHOICE = 50  # of how many candidates one is drawn
LOOKED = "You have looked at this comment already."
OWN = "You have decided on this comment yourself; a blind review is for somebody else."


def second_look_offered(*, by: User) -> Comment | None:
    """A comment to mix blindly among those that `by` decides; None unless one is due and there is one.

    Raises PermissionDenied.
    """
    require_permission(by, LOOK)
    every = int(settings.SECOND_LOOK_EVERY)
    if every == 0 or not looks_due(user=by, every=every):
        return None
    return second_look_next(by=by)


def second_look_next(*, by: User) -> Comment | None:
    """Any comment that `by` may look at blindly now, due or not, in turn golden and decided by others.

    Drawn by chance, so that people who look at the same time get different ones. Raises PermissionDenied.
    """
    require_permission(by, LOOK)
    kinds = [golden_to_look_at, decided_to_look_at]
    if SecondReview.objects.filter(by=by).count() % 2:
        kinds.reverse()
    for kind in kinds:
        ids = list(kind(user=by).order_by("-pk").values_list("pk", flat=True)[:CHOICE])
        if ids:
            chosen = random.choice(ids)  # noqa: S311 - a draw, no secret
            return Comment.objects.with_verdict().get(pk=chosen)
    return None


def second_look_record(*, comment: Comment, action: str, by: User) -> SecondReview:
    """Write down what `by` says about a comment, beside the decision of another person that stands now, if any.

    A decision about an earlier text is no answer to the same question, and does not count as one.

    Raises InvalidInput for anything but approve and remove, DecisionConflict when `by` has a part in the comment
    already, and PermissionDenied.
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
