"""Appeals and reports as they are read, of the sources that one sees; and whose appeals a person may not answer."""

from django.conf import settings
from django.db.models import Q, QuerySet

from classifier.core.visibility import narrow, unlooked
from classifier.models import Appeal, AppealStatus, Decision, Report, User

ANSWERS_OWN = "classifier.change_user"  # who manages people may also answer appeals against themselves
SEES_APPEALS = "classifier.view_appeal"
SEES_REPORTS = "classifier.view_report"


def appeals_visible_to(*, user: User | None, status: str = "") -> QuerySet[Appeal]:
    """Newest first, of one status where given; who may not see all of them sees those about their own comments."""
    rows = narrow(
        Appeal.objects.select_related("comment__source", "decision__by", "decision__policy", "resolved_by"),
        user,
        "comment__source",
    ).order_by("-id")
    if user is not None and not user.has_perm(SEES_APPEALS):
        rows = rows.filter(comment__submitted_by=user)
    return rows.filter(status=status) if status else rows


def reports_visible_to(*, user: User | None) -> QuerySet[Report]:
    """Newest first. Callers ask for SEES_REPORTS before: who reported is not for everybody."""
    rows = Report.objects.select_related("comment__source")
    return narrow(rows, user, "comment__source").order_by("-id")


def decisions_visible_to(*, user: User | None) -> QuerySet[Decision]:
    """Newest first, with what the API shows of them."""
    rows = Decision.objects.select_related(
        "comment__source", "by", "policy", "prediction__model_version", "undone_by"
    ).defer("prediction__model_version__manifest")
    return narrow(rows, user, "comment__source").filter(unlooked(user, "comment")).order_by("-id")


def answerable_by(*, user: User | None) -> Q:
    """Leaves out comments whose open appeal is against a decision of `user`, where others are to answer those."""
    if user is None or not settings.APPEAL_BY_OTHERS or user.has_perm(ANSWERS_OWN):
        return Q()
    own = Appeal.objects.filter(status=AppealStatus.OPEN, decision__by=user).order_by()
    return Q(has_open_appeal=False) | ~Q(pk__in=own.values("comment_id"))
