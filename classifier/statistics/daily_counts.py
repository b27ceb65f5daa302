"""The numbers of each day that is over, counted once and kept, so that a dashboard never counts old rows.

A day is counted again
- hourly until two days after its end: rows of long transactions, and comments that were scored after midnight;
- daily while comments of it wait for their verdict (no worker ran for days, or they were imported);
- when `statistics_recheck` finds that its numbers of comments or decisions have changed: every import that
  ends calls it, because it may have brought comments of earlier days; so does `manage.py statistics`;
- by `manage.py statistics --days N`.
Counting is idempotent, in steps of one day, and goes on by itself after a downtime, the newest missing day first.
"""

from datetime import UTC, date, datetime, time, timedelta

from django.db import connection
from django.db.models import Min, QuerySet
from django.utils import timezone

from classifier.models import Comment, DayStatistic, Source
from classifier.statistics.day_numbers import day_numbers, no_numbers
from classifier.statistics.drift import drift_check

SETTLED = timedelta(days=2)
RECOUNT = timedelta(hours=1)
UNSCORED_DAYS = 400
UNSCORED_RECOUNT = timedelta(days=1)
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)

CHANGED = """
WITH kept AS (
    SELECT
        day,
        sum((numbers ->> 'inbound')::bigint) AS comments,
        sum((SELECT sum(value::bigint) FROM jsonb_each_text(numbers -> 'automatic'))
            + (SELECT sum(value::bigint) FROM jsonb_each_text(numbers -> 'manual'))) AS decisions
    FROM classifier_daystatistic GROUP BY day
),
comments AS (
    SELECT (created_at AT TIME ZONE 'UTC')::date AS day, count(*) AS number FROM classifier_comment GROUP BY 1
),
decisions AS (
    SELECT (created_at AT TIME ZONE 'UTC')::date AS day, count(*) AS number
    FROM classifier_decision WHERE action <> 'undo' GROUP BY 1
)
SELECT day FROM kept LEFT JOIN comments USING (day) LEFT JOIN decisions USING (day)
WHERE kept.comments <> coalesce(comments.number, 0) OR kept.decisions <> coalesce(decisions.number, 0)
ORDER BY day
"""


def statistics_turn() -> bool:
    """Count one day that is due, and check drift after the last, as the schedule does; return whether more are due."""
    due = days_due()
    if due:
        day_count(day=due[0])
    if len(due) <= 1:
        drift_check()
    return len(due) > 1


def statistics_run(*, days: int | None = None) -> list[date]:
    """Count the days that are due, or the last `days` days that are over, due or not; return the days counted."""
    if days is None:
        statistics_recheck()
    due = days_due() if days is None else _ended(days)
    for day in due:
        day_count(day=day)
    drift_check()
    return due


def statistics_recheck() -> list[date]:
    """Mark the kept days whose numbers of comments or decisions have changed, to be counted again; return them.

    The old numbers stay until then. Reads two columns of all comments and decisions: a second for a few millions.
    """
    with connection.cursor() as cursor:
        cursor.execute(CHANGED)
        days = [day for (day,) in cursor.fetchall()]
    DayStatistic.objects.filter(day__in=days).update(updated_at=LONG_AGO)
    return days


def day_count(*, day: date) -> int:
    """Write the row of every source for a day that is over, or overwrite it; return how many rows.

    Raises ValueError for a day that is not over.
    """
    if day >= timezone.now().astimezone(UTC).date():
        raise ValueError(f"{day} is not over yet")
    numbers = day_numbers(day)
    sources = Source.objects.order_by("pk").values_list("pk", flat=True)
    rows = [
        DayStatistic(day=day, source_id=source, numbers=numbers.get(source) or no_numbers())
        for source in sources
    ]
    DayStatistic.objects.bulk_create(
        rows,
        batch_size=500,
        update_conflicts=True,
        unique_fields=["day", "source"],
        update_fields=["numbers", "updated_at"],
    )
    return len(rows)


def days_due() -> list[date]:
    """List the days to count: those that never were, then those that may have changed; newest first."""
    first = Comment.objects.aggregate(first=Min("created_at"))["first"]
    if first is None:
        return []
    now = timezone.now()
    ended = _ended((now.date() - first.astimezone(UTC).date()).days)
    counted = dict(DayStatistic.objects.order_by().values_list("day").annotate(at=Min("updated_at")))
    missing = [day for day in ended if day not in counted]
    unscored = set(_unscored(now).values_list("day", flat=True))

    def is_due(day: date, at: datetime) -> bool:
        unsettled = at < datetime.combine(day + timedelta(days=1), time(), tzinfo=UTC) + SETTLED
        if unsettled and at < now - RECOUNT:
            return True
        return day in unscored and at < now - UNSCORED_RECOUNT

    return missing + sorted((day for day, at in counted.items() if is_due(day, at)), reverse=True)


def _unscored(now: datetime) -> QuerySet[DayStatistic]:
    lately = (now - timedelta(days=UNSCORED_DAYS)).date()
    return DayStatistic.objects.filter(day__gte=lately, numbers__unscored__gt=0)


def _ended(days: int) -> list[date]:
    """List the last `days` days that are over, newest first."""
    today = timezone.now().astimezone(UTC).date()
    return [today - timedelta(days=back) for back in range(1, days + 1)]
