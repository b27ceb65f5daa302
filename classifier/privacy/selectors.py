"""What retention and erasure would touch, counted before anything is done, and what retention spares."""

from dataclasses import asdict, dataclass
from datetime import timedelta

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from classifier.core.visibility import narrow, visible_sources
from classifier.models import (
    Appeal,
    AppealStatus,
    Comment,
    CommentStatus,
    GoldenItem,
    Report,
    Rule,
    Source,
    User,
)
from classifier.models.comment import CommentQuerySet
from classifier.suggestions.services import suggestions_of_author


@dataclass(frozen=True)
class RetentionCount:
    """One source: `due` texts would be purged now, `spared` are as old but golden, appealed against or unscored."""

    source: Source
    due: int
    spared: int


@dataclass(frozen=True)
class AuthorCount:
    """What is stored about an author. `pending` have no verdict yet; `reports` the author made about others."""

    comments: int
    with_text: int
    pending: int
    open_appeals: int
    golden: int
    reports: int
    suggestions: int = 0  # with their text
    rules: int = 0  # whose conditions name the author

    def to_data(self) -> dict[str, int]:
        return asdict(self)


def outlived(*, source: Source, days: int | None = None) -> CommentQuerySet:
    """List the comments of a source whose text is older than its retention (or `days`) and not purged yet."""
    length = source.retention_days if days is None else days
    if length is None:
        return Comment.objects.none()
    return Comment.objects.filter(
        source=source, text_purged_at__isnull=True, created_at__lt=Now() - timedelta(days=length)
    )


def spared() -> Q:
    """Return the condition on comments that retention spares: an open appeal, a known answer, or no verdict yet."""
    golden = Exists(GoldenItem.objects.filter(comment=OuterRef("pk"), retired_at__isnull=True))
    return Q(has_open_appeal=True) | Q(status=CommentStatus.PENDING) | Q(golden)


def due(*, source: Source, days: int | None = None) -> CommentQuerySet:
    """List the comments whose text retention would purge now."""
    return outlived(source=source, days=days).exclude(spared())


def retention_count(*, source: Source, days: int | None = None) -> RetentionCount:
    """Count what a run (with `days` in place of the source's own retention) would purge."""
    counts = outlived(source=source, days=days).aggregate(
        all=Count("pk"), spared=Count("pk", filter=spared())
    )
    return RetentionCount(source, counts["all"] - counts["spared"], counts["spared"])


def retention_counts(*, user: User | None) -> list[RetentionCount]:
    """Count what is due now in every source that `user` sees."""
    return [retention_count(source=source) for source in visible_sources(user)]


def comments_of_author(*, user: User | None, author: str, source: Source | None) -> CommentQuerySet:
    """List the author's comments, in one source or in every source that `user` sees; none for an empty name."""
    comments = narrow(Comment.objects.filter(author_ref=author).exclude(author_ref=""), user)
    return comments if source is None else comments.filter(source=source)  # type: ignore[return-value]


def reports_by_author(*, user: User | None, author: str, source: Source | None) -> "list[int]":
    """Return the ids of the reports that the author made."""
    reports = narrow(
        Report.objects.filter(reporter_ref=author).exclude(reporter_ref=""), user, "comment__source"
    )
    if source is not None:
        reports = reports.filter(comment__source=source)
    return list(reports.values_list("pk", flat=True))


def rules_naming(*, author: str, source: Source | None) -> QuerySet[Rule]:
    """List the rules whose conditions name the author: those of one source, or all."""
    rules = Rule.objects.filter(conditions__authors__contains=[author])
    return rules if source is None else rules.filter(source=source)


def author_count(*, user: User | None, author: str, source: Source | None) -> AuthorCount:
    """Count what is stored about an author."""
    comments = comments_of_author(user=user, author=author, source=source)
    counts = comments.aggregate(
        all=Count("pk"),
        with_text=Count("pk", filter=~Q(text="")),
        pending=Count("pk", filter=Q(status=CommentStatus.PENDING)),
    )
    return AuthorCount(
        comments=counts["all"],
        with_text=counts["with_text"],
        pending=counts["pending"],
        open_appeals=Appeal.objects.filter(comment__in=comments, status=AppealStatus.OPEN).count(),
        golden=GoldenItem.objects.filter(comment__in=comments).count(),
        reports=len(reports_by_author(user=user, author=author, source=source)),
        suggestions=suggestions_of_author(user=user, author=author, source=source)
        .filter(text_purged_at__isnull=True)
        .count(),
        rules=rules_naming(author=author, source=source).count(),
    )


def sources_with_retention() -> list[Source]:
    """List the sources that a scheduled run goes through, in order."""
    return list(Source.objects.filter(retention_days__isnull=False).order_by(F("pk")))
