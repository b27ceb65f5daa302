"""What a rule in shadow mode would have hit, by day, and what became of those comments."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import TruncDate
from django.utils import timezone

from classifier.core.visibility import narrow
from classifier.models import DecisionAction, Rule, RuleShadowHit, User

DAYS = 30
EXAMPLES = 8


@dataclass(frozen=True)
class RuleDay:
    """A UTC day with the comments that a rule hit, and those that it would have made stricter."""

    day: date
    hits: int
    stricter: int


@dataclass(frozen=True)
class RuleShadowReport:
    """The hits of the last `days` days; `removed` and `approved` count what people or policies decided of them."""

    days: Sequence[RuleDay]
    hits: int
    stricter: int
    removed: int
    approved: int
    examples: Sequence[RuleShadowHit]


def rule_shadow_report(*, rule: Rule, user: User | None, days: int = DAYS) -> RuleShadowReport:
    """Report on the comments that `user` sees."""
    today = timezone.now().astimezone(UTC).date()
    since = datetime.combine(today - timedelta(days=days - 1), datetime.min.time(), UTC)
    rows: QuerySet[RuleShadowHit] = narrow(
        RuleShadowHit.objects.filter(rule=rule, created_at__gte=since), user, "comment__source"
    )
    is_stricter = Q(before="approve") | Q(before="review", after="remove")
    by_day = (
        rows.annotate(day=TruncDate("created_at", tzinfo=UTC))
        .values("day")
        .annotate(hits=Count("pk"), stricter=Count("pk", filter=is_stricter))
        .order_by("day")
    )
    lines = [RuleDay(row["day"], row["hits"], row["stricter"]) for row in by_day]
    decided = rows.aggregate(
        removed=Count("pk", filter=Q(comment__current_decision__action=DecisionAction.REMOVE)),
        approved=Count("pk", filter=Q(comment__current_decision__action=DecisionAction.APPROVE)),
    )
    return RuleShadowReport(
        lines,
        sum(line.hits for line in lines),
        sum(line.stricter for line in lines),
        decided["removed"],
        decided["approved"],
        list(rows.select_related("comment__source").order_by("-id")[:EXAMPLES]),
    )
