"""What waits now, why and since when; also what has no verdict yet. Walks only what waits, by its partial indexes."""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

AGES = (1, 4, 24, 72)  # hours between which waiting comments are counted

WAITING = """
SELECT
    count(*), min(queued_at),
    percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY extract(epoch FROM %(now)s - queued_at)),
    count(*) FILTER (WHERE is_escalated), count(*) FILTER (WHERE has_open_appeal),
    count(*) FILTER (WHERE queued_at >= %(now)s - interval '1 hour'),
    count(*) FILTER (WHERE queued_at < %(now)s - interval '1 hour' AND queued_at >= %(now)s - interval '4 hours'),
    count(*) FILTER (WHERE queued_at < %(now)s - interval '4 hours' AND queued_at >= %(now)s - interval '1 day'),
    count(*) FILTER (WHERE queued_at < %(now)s - interval '1 day' AND queued_at >= %(now)s - interval '3 days'),
    count(*) FILTER (WHERE queued_at < %(now)s - interval '3 days')
FROM classifier_comment
WHERE queued_at IS NOT NULL AND status IN ('classified', 'decided')
    AND (%(sources)s::bigint[] IS NULL OR source_id = ANY(%(sources)s))
"""
REASONS = """
SELECT coalesce(reason ->> 'kind', 'none'), count(*)
FROM classifier_comment LEFT JOIN LATERAL jsonb_array_elements(queue_reasons) AS reason ON true
WHERE queued_at IS NOT NULL AND status IN ('classified', 'decided')
    AND (%(sources)s::bigint[] IS NULL OR source_id = ANY(%(sources)s))
GROUP BY 1 ORDER BY 2 DESC, 1
"""
STANDING_STILL = """
SELECT
    (SELECT count(*) FROM classifier_comment
     WHERE status = 'pending' AND (%(sources)s::bigint[] IS NULL OR source_id = ANY(%(sources)s))),
    (SELECT count(*) FROM classifier_comment
     WHERE status = 'failed' AND (%(sources)s::bigint[] IS NULL OR source_id = ANY(%(sources)s)))
"""


@dataclass(frozen=True)
class QueueState:
    """`reasons` counts a comment under each of its reasons, `none` being none. Ages are seconds; None: nothing waits.

    `ages` counts what waits up to 1, 4, 24, 72 hours and longer.
    """

    waiting: int
    reasons: dict[str, int]
    escalated: int
    appeals: int
    pending: int
    failed: int
    oldest: float | None
    median: float | None
    p90: float | None
    ages: list[int]

    @property
    def over_hour(self) -> int:
        return sum(self.ages[1:])

    @property
    def over_day(self) -> int:
        return sum(self.ages[3:])


def queue_state(*, sources: list[int] | None, now: datetime) -> QueueState:
    """The queue of these sources (None: of all) at this moment."""
    asked = {"sources": sources, "now": now}
    with connection.cursor() as cursor:
        cursor.execute(WAITING, asked)
        waiting, oldest, quantiles, escalated, appeals, *ages = cursor.fetchone()
        cursor.execute(REASONS, asked)
        reasons = dict(cursor.fetchall())
        cursor.execute(STANDING_STILL, asked)
        pending, failed = cursor.fetchone()
    median, p90 = quantiles or (None, None)
    return QueueState(
        waiting=waiting,
        reasons=reasons,
        escalated=escalated,
        appeals=appeals,
        pending=pending,
        failed=failed,
        oldest=None if oldest is None else (now - oldest).total_seconds(),
        median=median,
        p90=p90,
        ages=ages,
    )
