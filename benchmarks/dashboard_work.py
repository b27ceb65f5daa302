"""The measured half of the dashboard benchmark: one process on a database of its own.

`python -m benchmarks.dashboard_work COMMENTS` on an empty database with all migrations.

It prints one JSON object. The page is asked for as a browser would, through
every middleware, by a lead who sees all sources; its numbers are held against plain counts of all rows.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

REPEATS = 10
COUNTS = """
SELECT
    (SELECT count(*) FROM classifier_comment WHERE created_at >= %(begin)s),
    (SELECT count(*) FROM classifier_decision WHERE created_at >= %(begin)s AND automatic),
    (SELECT count(*) FROM classifier_decision WHERE created_at >= %(begin)s AND NOT automatic AND action <> 'undo'),
    (SELECT sum(seconds) FROM classifier_decision WHERE created_at >= %(begin)s AND bulk_id IS NULL),
    (SELECT count(*) FROM classifier_comment comment JOIN classifier_prediction said ON said.comment_id = comment.id
     WHERE comment.created_at >= %(begin)s AND said.verdict = 'toxic'),
    (SELECT count(*) FROM classifier_comment WHERE queued_at IS NOT NULL),
    (SELECT count(*) FROM (
        SELECT *, lag(action) OVER earlier AS stood, lag(by_id) OVER earlier AS whose,
            lag(automatic) OVER earlier AS auto
        FROM classifier_decision WHERE action IN ('approve', 'remove', 'undo')
        WINDOW earlier AS (PARTITION BY comment_id ORDER BY id)
     ) AS each WHERE created_at >= %(begin)s AND NOT automatic AND stood IN ('approve', 'remove') AND stood <> action
        AND (auto OR by_id IS DISTINCT FROM whose))
"""


def main(count: int) -> None:
    import django

    os.environ["DJANGO_SETTINGS_MODULE"] = "toxicsite.settings"
    django.setup()
    from django.core.management import call_command

    from benchmarks.queue_rows import fill
    from classifier.accounts.roles import LEAD, user_roles_set
    from classifier.models import Source, User
    from classifier.statistics.daily_counts import days_due, statistics_run

    call_command("collectstatic", verbosity=0, interactive=False)
    people = [User.objects.create_user(f"moderator-{number}") for number in range(8)]
    for person in people:
        user_roles_set(user=person, roles=[LEAD], by=None)
    began = time.perf_counter()
    version = fill(count, [person.pk for person in people])
    version.status, version.activated_at = "active", version.created_at
    version.save()
    filled = time.perf_counter() - began
    due = len(days_due())
    began = time.perf_counter()
    statistics_run()
    rolled = time.perf_counter() - began
    user = User.objects.get(pk=people[0].pk)
    source = Source.objects.get(slug="site-1")
    print(
        json.dumps(
            {
                "filled_seconds": filled,
                "days": due,
                "day_milliseconds": rolled / max(due, 1) * 1e3,
                "reads": _reads(user, source),
                "wrong": _wrong(user),
            }
        )
    )


def _reads(user: Any, source: Any) -> list[dict[str, Any]]:
    from django.test import Client
    from django.utils import timezone

    from classifier.review.queue_numbers import queue_state
    from classifier.statistics.dashboard import dashboard_of
    from classifier.statistics.day_numbers import day_numbers

    now = timezone.now()
    client = Client()
    client.force_login(user)

    def page(query: str) -> Callable[[], Any]:
        def ask() -> None:
            answer = client.get(f"/dashboard/?{query}", headers={"host": "localhost"})
            assert answer.status_code == 200, answer.status_code

        return ask

    reads: list[tuple[str, Callable[[], Any]]] = [
        ("the whole page, 30 days", page("days=30")),
        ("the whole page, 90 days", page("days=90")),
        ("the whole page of one source, 90 days", page("days=90&source=site-1")),
        ("its numbers, 90 days", lambda: dashboard_of(user=user, source=None, days=90, now=now)),
        (
            "its numbers of one source, 90 days",
            lambda: dashboard_of(user=user, source=source, days=90, now=now),
        ),
        ("of these: today, counted live", lambda: day_numbers(now.date())),
        ("of these: what waits now", lambda: queue_state(sources=None, now=now)),
    ]
    return [_measured(name, read) for name, read in reads]


def _measured(name: str, read: Callable[[], Any]) -> dict[str, Any]:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    times = []
    read()  # templates and addresses are read once a process
    for _ in range(REPEATS):
        began = time.perf_counter()
        read()
        times.append((time.perf_counter() - began) * 1e3)
    with CaptureQueriesContext(connection) as queries:
        read()
    captured = queries.captured_queries
    slow = sorted(captured, key=lambda query: -float(query["time"]))[:6]
    plans = []
    with connection.cursor() as cursor:
        for query in slow:
            if query["sql"].lstrip().startswith("SELECT"):
                cursor.execute("EXPLAIN (ANALYZE, BUFFERS) " + query["sql"].replace("%", "%%"), [])
                plans.append("\n".join(row[0] for row in cursor.fetchall()))
    return {
        "what": name,
        "times": times,
        "queries": len(captured),
        "database_milliseconds": sum(float(query["time"]) for query in captured) * 1e3,
        "plans": plans,
    }


def _wrong(user: Any) -> list[str]:
    """Return what the dashboard says and a plain count of all rows does not; empty when every number is right."""
    from datetime import UTC, datetime
    from datetime import time as clock

    from django.db import connection
    from django.utils import timezone

    from classifier.statistics.dashboard import dashboard_of, summary

    board = dashboard_of(user=user, source=None, days=90, now=timezone.now())
    shown = summary(board.total)
    begin = datetime.combine(board.days[0].day, clock(), tzinfo=UTC)
    with connection.cursor() as cursor:
        cursor.execute(COUNTS, {"begin": begin})
        inbound, automatic, manual, seconds, toxic, waiting, overturned = cursor.fetchone()
    pairs = {
        "came in": (shown["inbound"], inbound),
        "automatic decisions": (sum(shown["automatic"].values()), automatic),
        "decisions of people": (sum(shown["manual"].values()), manual),
        "decisions by person": (sum(row.decisions for row in board.people), manual),
        "seconds": (round(board.total["seconds"]["sum"]), round(seconds or 0)),
        "toxic": (shown["toxic"], toxic),
        "scores": (sum(sum(version["scores"]) for version in board.total["versions"].values()), inbound),
        "waiting": (board.queue.waiting, waiting),
        "overturned": (shown["overturned"]["count"], overturned),
        "missing days": (len(board.missing), 0),
    }
    return [
        f"{name}: {displayed} shown, {counted} counted"
        for name, (displayed, counted) in pairs.items()
        if displayed != counted
    ]


if __name__ == "__main__":
    main(int(sys.argv[1]))
