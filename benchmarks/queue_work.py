"""The measured half of the queue benchmark: one process on a database of its own (`python -m benchmarks.queue_work`).

Its arguments are the number of comments and of decisions; it prints one JSON object. Everything goes through the
services and selectors that the pages call.
"""

import json
import os
import re
import sys
import time
from collections.abc import Callable
from typing import Any

PLAN_INDEX = re.compile(r"(?:using|Bitmap Index Scan on) (\w+)")
PLAN_TIME = re.compile(r"Execution Time: ([\d.]+) ms")
PLAN_BUFFERS = re.compile(r"Buffers: shared hit=(\d+)(?: read=(\d+))?")
PAGE_ADDRESS = re.compile(r"/queue/\d+/decide/")
PAGE_PREDICTION = re.compile(r'name="prediction" value="(\d+)"')
WAYS: list[tuple[str, dict[str, Any]]] = [
    ("risk", {}),
    ("uncertainty", {}),
    ("age", {}),
    ("reports", {}),
    ("learn", {}),
    ("risk", {"source": ["site-1"]}),
    ("risk", {"band": "remove"}),
    ("age", {"label": "toxic", "threshold": 0.9}),
    ("age", {"reported": "yes"}),
    ("risk", {"disagrees": "yes"}),
]


def main(count: int, decisions: int) -> None:
    import django

    os.environ["DJANGO_SETTINGS_MODULE"] = "toxicsite.settings"
    django.setup()
    from benchmarks.queue_rows import fill
    from classifier.accounts.roles import LEAD, user_roles_set
    from classifier.models import User

    people = [User.objects.create_user(f"moderator-{number}") for number in range(8)]
    for person in people:
        user_roles_set(user=person, roles=[LEAD], by=None)
    began = time.perf_counter()
    fill(count, [person.pk for person in people])
    filled = time.perf_counter() - began
    ways = [_way(order, filters, User.objects.get(pk=people[0].pk), decisions) for order, filters in WAYS]
    page = _page(User.objects.get(pk=people[1].pk), decisions)
    reads = _reads(User.objects.get(pk=people[0].pk))
    print(json.dumps({"filled_seconds": filled, "ways": ways, "page": page, "reads": reads}))


def _way(order: str, data: dict[str, Any], user: Any, decisions: int) -> dict[str, Any]:
    from classifier.review.claims import claim_next
    from classifier.review.decisions import decision_record
    from classifier.review.filters import QueueFilters

    filters = QueueFilters.from_data(data)
    comment = claim_next(filters=filters, order=order, by=user)
    times = []
    for _ in range(decisions):
        if comment is None:
            break
        began = time.perf_counter()
        decision_record(
            comment=comment, action="approve", seen_decision_id=comment.current_decision_id, by=user
        )
        comment = claim_next(filters=filters, order=order, by=user)
        times.append((time.perf_counter() - began) * 1e3)
    plan = _plan(lambda: claim_next(filters=filters, order=order, by=user), "FOR UPDATE OF")
    return {"order": order, "filters": filters.to_data(), "times": times, "plan": plan}


def _page(user: Any, decisions: int) -> dict[str, Any]:
    """Return the same through the page: a decision is posted, and the answer is the next comment as HTML."""
    from django.core.management import call_command
    from django.test import Client

    call_command("collectstatic", verbosity=0, interactive=False)
    client = Client(HTTP_HOST="localhost")
    client.force_login(user)
    shown, times = client.get("/queue/").content.decode(), []
    for _ in range(decisions):
        address, prediction = PAGE_ADDRESS.search(shown), PAGE_PREDICTION.search(shown)
        assert address is not None, shown[shown.find("<main") :][:1_500]
        assert prediction is not None, shown[:2_000]
        data = {"action": "approve", "prediction": prediction.group(1), "seen": ""}
        began = time.perf_counter()
        answer = client.post(address.group(), data, headers={"HX-Request": "true"})
        times.append((time.perf_counter() - began) * 1e3)
        assert answer.status_code == 200, answer.status_code
        shown = answer.content.decode()
    return {"what": "decision posted -> the next comment's HTML", "times": times, "plan": {}}


def _reads(user: Any) -> list[dict[str, Any]]:
    """Return what a page reads besides the next comment."""
    from classifier.models import Comment
    from classifier.review.filters import QueueFilters
    from classifier.review.near_duplicates import group_of
    from classifier.review.selectors import queue_count, queue_page

    waiting, page = QueueFilters(), queue_page(user=user, filters=QueueFilters(), order="risk", size=50)
    comment = Comment.objects.filter(queued_at__isnull=False, pk__endswith="00").first() or page.comments[0]
    every = QueueFilters(status="all", source=("site-1",))
    queries: list[tuple[str, Callable[[], Any]]] = [
        ("a page of 50", lambda: queue_page(user=user, filters=waiting, order="risk", size=50)),
        (
            "the page behind it",
            lambda: queue_page(user=user, filters=waiting, order="risk", size=50, cursor=page.next or ""),
        ),
        ("50 of every status", lambda: queue_page(user=user, filters=every, order="newest", size=50)),
        ("how many wait", lambda: queue_count(user=user, filters=waiting)),
        ("how many there are", lambda: queue_count(user=user, filters=every)),
        ("near-duplicates of a comment", lambda: group_of(comment=comment, user=user)),
    ]
    reads = []
    for name, read in queries:
        times = []
        for _ in range(20):
            began = time.perf_counter()
            read()
            times.append((time.perf_counter() - began) * 1e3)
        reads.append({"what": name, "times": times, "plan": _plan(read, "SELECT")})
    return reads


def _plan(work: Callable[[], Any], mark: str) -> dict[str, Any]:
    """Return how Postgres ran the longest statement of `work` that holds `mark`: indexes, time, pages of memory."""
    from django.db import connection, transaction
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as queries:
        work()
    chosen = [query["sql"] for query in queries.captured_queries if mark in query["sql"]]
    chosen = [sql for sql in chosen if sql.startswith("SELECT") and "classifier_comment" in sql] or chosen
    if not chosen:
        return {}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("EXPLAIN (ANALYZE, BUFFERS) " + max(chosen, key=len))
        text = "\n".join(row[0] for row in cursor.fetchall())
        transaction.set_rollback(True)
    buffers = PLAN_BUFFERS.search(text)
    return {
        "indexes": sorted(set(PLAN_INDEX.findall(text))),
        "scans_all": "Seq Scan on classifier_comment" in text,
        "milliseconds": float(PLAN_TIME.search(text).group(1)),  # type: ignore[union-attr]
        "buffers": sum(int(part or 0) for part in buffers.groups()) if buffers else 0,
        "text": text,
    }


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
