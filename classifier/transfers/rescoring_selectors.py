"""Reads of rescorings: the comments that one takes, their number, and the changes that one made."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, cast

from django.db.models import Count, Q, QuerySet

from classifier.core.visibility import narrow
from classifier.inference.language import base_language
from classifier.model_versions.assembly import assembly_of, slots_in_production
from classifier.models import Comment, CommentStatus, ModelVersion, Transfer, User
from classifier.models.comment import CommentQuerySet

UNDECIDED, DECIDED, FAILED, ALL = "classified", "decided", "failed", "all"
STATUSES: dict[str, tuple[str, tuple[str, ...]]] = {
    UNDECIDED: ("Not decided", (CommentStatus.CLASSIFIED,)),
    DECIDED: ("Decided", (CommentStatus.DECIDED,)),
    FAILED: ("Failed", (CommentStatus.FAILED,)),
    ALL: ("Any", (CommentStatus.CLASSIFIED, CommentStatus.DECIDED, CommentStatus.FAILED)),
}


@dataclass(frozen=True)
class RescoringChoice:
    """`source` is a slug, `version` one that scored; days are of receipt, both ends included.

    Comments that the version in production has scored already are left out unless `again`.
    """

    source: str = ""
    begin: str = ""
    end: str = ""
    status: str = UNDECIDED
    version: str = ""
    again: bool = False

    def to_data(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class RescoringPreview:
    """`last_id` is the newest comment that was counted; `versions` scored them, the largest number first."""

    total: int
    last_id: int
    versions: list[tuple[str, int]]


@dataclass(frozen=True)
class Changed:
    """A comment whose band a rescoring has changed."""

    comment_id: int
    before: str
    after: str
    comment: Comment | None


def choice_of(data: Mapping[str, Any]) -> RescoringChoice:
    """Read a choice that `RescoringChoice.to_data` wrote."""
    return RescoringChoice(**data)


def rescoring_comments(*, user: User | None, choice: RescoringChoice, active_id: int) -> CommentQuerySet:
    """Select the comments of the choice that `user` sees, unordered; those without a text cannot be scored."""
    rows = cast(CommentQuerySet, narrow(Comment.objects.all(), user))
    rows = rows.filter(status__in=STATUSES[choice.status][1], text_purged_at__isnull=True)
    if choice.source:
        rows = rows.filter(source__slug=choice.source)
    if choice.begin:
        rows = rows.filter(created_at__gte=_midnight(choice.begin))
    if choice.end:
        rows = rows.filter(created_at__lt=_midnight(choice.end) + timedelta(days=1))
    if choice.version:
        rows = rows.filter(current_prediction__model_version__version=choice.version)
    return rows if choice.again else rows.exclude(_judged_by_production(active_id))


def _judged_by_production(active_id: int) -> Q:
    """Select what the version that judges its language now has scored already."""
    default = Q(current_prediction__model_version=active_id)
    if not slots_in_production():
        return default
    production = assembly_of(ModelVersion.objects.get(pk=active_id))
    by_version: dict[int, list[str]] = {}
    for language in map(base_language, dict.fromkeys((*production.languages, *production.slots))):
        version = production.version_for(language)
        if version is not None and version.pk != active_id:
            by_version.setdefault(version.pk, []).append(language)
    others, theirs = Q(), Q()
    for pk, languages in by_version.items():
        of_languages = Q(current_prediction__language__regex=f"^({'|'.join(languages)})(-|$)")
        others |= of_languages
        theirs |= of_languages & Q(current_prediction__model_version=pk)
    return (default & ~others) | theirs


def rescoring_preview(*, user: User | None, choice: RescoringChoice, active_id: int) -> RescoringPreview:
    """Count the comments of a rescoring that begins now."""
    last = Comment.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    rows = rescoring_comments(user=user, choice=choice, active_id=active_id).filter(pk__lte=last)
    counts = rows.order_by().values_list("current_prediction__model_version").annotate(n=Count("pk"))
    names = dict(ModelVersion.objects.values_list("pk", "version"))
    versions = sorted(((names.get(pk, "none"), number) for pk, number in counts), key=lambda item: -item[1])
    return RescoringPreview(sum(number for _, number in versions), last, versions)


def rescorings_seen_by(*, user: User) -> QuerySet[Transfer]:
    """List rescorings newest first: all for people who see every source, otherwise their own."""
    rows = Transfer.objects.filter(kind=Transfer.Kind.RESCORE).select_related("by").order_by("-id")
    return rows if user.sees_all_sources else rows.filter(by=user)


def changed_by(*, transfer: Transfer, user: User, begin: int, count: int) -> list[Changed]:
    """Return some of the changes of bands; with the comment where `user` may see it."""
    listed = transfer.options.get("listed", [])[begin : begin + count]
    ids = [pk for pk, _, _ in listed]
    there: dict[int, Comment] = {}
    if user.has_perm("classifier.view_comment"):
        rows = narrow(Comment.objects.filter(pk__in=ids), user).select_related("source")
        there = {row.pk: row for row in rows}
    return [Changed(pk, before, after, there.get(pk)) for pk, before, after in listed]


def _midnight(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), time.min, UTC)
