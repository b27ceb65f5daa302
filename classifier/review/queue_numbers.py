"""The comments that wait now, why and since when, and those without a verdict; read by partial indexes only."""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

# The waiting rows are fetched once: they lie scattered over a large table.
WAITING = """
WITH waits AS MATERIALIZED (
    SELECT extract(epoch FROM %(now)s - queued_at) AS age, queue_reasons, is_escalated, has_open_appeal
    FROM classifier_comment
    WHERE queued_at IS NOT NULL AND status IN ('classified', 'decided')
        AND (%(sources)s::bigint[] IS NULL OR source_id = ANY(%(sources)s))
),
kinds AS (
    SELECT coalesce(reason ->> 'kind', 'none') AS kind, count(*) AS number
    FROM waits LEFT JOIN LATERAL jsonb_array_elements(queue_reasons) AS reason ON true
    GROUP BY 1 ORDER BY 2 DESC, 1
)
SELECT
    (SELECT array_agg(kind) FROM kinds), (SELECT array_agg(number) FROM kinds),
    count(*), max(age), percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY age),
    count(*) FILTER (WHERE is_escalated), count(*) FILTER (WHERE has_open_appeal),
    count(*) FILTER (WHERE age <= 3600),
    count(*) FILTER (WHERE age > 3600 AND age <= 14400),
    count(*) FILTER (WHERE age > 14400 AND age <= 86400),
    count(*) FILTER (WHERE age > 86400 AND age <= 259200),
    count(*) FILTER (WHERE age > 259200)
FROM waits
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
    """`reasons` counts a comment under each of its reasons, or `none`. Ages are seconds; None: nothing waits.

    `ages` counts comments that wait up to 1, 4, 24, 72 hours and longer.
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
    """Return the state of the queue of these sources (None: of all) at this moment."""
    asked = {"sources": sources, "now": now}
    with connection.cursor() as cursor:
        cursor.execute(WAITING, asked)
        kinds, numbers, waiting, oldest, quantiles, escalated, appeals, *ages = cursor.fetchone()
        cursor.execute(STANDING_STILL, asked)
        pending, failed = cursor.fetchone()
    median, p90 = quantiles or (None, None)
    return QueueState(
        waiting=waiting,
        reasons=dict(zip(kinds or [], numbers or [], strict=True)),
        escalated=escalated,
        appeals=appeals,
        pending=pending,
        failed=failed,
        oldest=None if oldest is None else float(oldest),
        median=median,
        p90=p90,
        ages=ages,
    )
