"""The histories in the administration: found, filtered and counted cheaply, and never written."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.admin import site
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from classifier.accounts.roles import LEAD, MODEL_ADMIN, MODERATOR, VIEWER
from classifier.admin_tools.read_only import BoundedPaginator, RecordAdmin
from classifier.models import (
    Appeal,
    AuditEntry,
    BulkAction,
    Comment,
    CommentEvent,
    DayStatistic,
    Decision,
    GoldenItem,
    ModelVersion,
    Notice,
    NoticeChannel,
    NoticeDelivery,
    Policy,
    ReferenceCall,
    ReferenceService,
    Report,
    SavedQueue,
    SecondReview,
    ShadowPolicy,
    Source,
    Transfer,
    User,
    Webhook,
    WebhookDelivery,
    WebhookEvent,
)
from classifier.tests.builders import classified_comment
from classifier.tests.conftest import person

pytestmark = pytest.mark.django_db
KINDS = {
    model._meta.model_name: model for model, admin in site._registry.items() if isinstance(admin, RecordAdmin)
}


def one_of_each(version: ModelVersion, by: User, number: int = 0) -> dict[str, Any]:
    """A row of every history, about one more comment of the source test."""
    comment = classified_comment(version, f"i hate {number}")
    decision = Decision.objects.create(comment=comment, action="remove", by=by)
    source = comment.source
    rows = [
        decision,
        CommentEvent.objects.filter(comment=comment).latest("id"),
        version.history.latest("id"),
        AuditEntry.objects.create(verb="queue.bulk", actor=by, source=source, subject=f"number {number}"),
        Policy.objects.create(source=source, version=50 + number, bands={}, created_by=by),
        ShadowPolicy.objects.create(
            source=source, bands={}, status="stopped", ended_at=timezone.now(), created_by=by
        ),
        Appeal.objects.create(comment=comment, decision=decision, message="<b>You</b> idiots"),
        Report.objects.create(comment=comment, reporter_ref=f"eve{number}", reason="nasty"),
        BulkAction.objects.create(action="remove", reason="spam", by=by),
        SecondReview.objects.create(comment=comment, first=decision, action="remove", by=by),
        GoldenItem.objects.create(comment=comment, expected="remove", created_by=by),
        Transfer.objects.create(kind="export", by=by),
        call_of(source, number),
        delivery_to(source, number),
        notice_to(source, number),
        SavedQueue.objects.create(name=f"Queue {number}", owner=by),
        DayStatistic.objects.create(
            day=date(2026, 1, 1) + timedelta(number), source=source, numbers={"in": 1}
        ),
    ]
    return {str(row._meta.model_name): row for row in rows}


def call_of(source: Source, number: int) -> ReferenceCall:
    """A call of a service of its own."""
    service = ReferenceService.objects.create(
        name=f"Service {number}", wire="perspective", url="https://p.example"
    )
    return ReferenceCall.objects.create(
        service=service, source=source, wire="perspective", mode="observe", created_at=timezone.now()
    )


def delivery_to(source: Source, number: int) -> WebhookDelivery:
    webhook = Webhook.objects.create(
        name=f"Hook {number}", url="https://h.example", events=[], sealed_secret=b""
    )
    webhook.sources.set([source])
    event = WebhookEvent.objects.create(type="comment.decided", source=source, data={})
    return WebhookDelivery.objects.create(webhook=webhook, event=event)


def notice_to(source: Source, number: int) -> NoticeDelivery:
    channel = NoticeChannel.objects.create(
        name=f"Channel {number}", kind="slack", sealed_address=b"", host="hooks.example", notices=[]
    )
    notice = Notice.objects.create(kind="appeal", source=source, title=f"Notice {number}")
    return NoticeDelivery.objects.create(notice=notice, channel=channel)


def address(kind: str, pk: int | None = None, verb: str = "change") -> str:
    return f"/admin/classifier/{kind}/" + (f"{pk}/{verb}/" if pk is not None else "")


def test_every_history_is_listed_and_shown_and_costs_the_same_for_more_rows(
    client: Client, admin_person: User, active_version: ModelVersion
) -> None:
    rows = one_of_each(active_version, admin_person)
    client.force_login(admin_person)
    assert set(rows) == set(KINDS)
    costs: dict[str, int] = {}
    for kind, row in rows.items():
        client.get(address(kind))
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert client.get(address(kind)).status_code == 200, kind
        costs[kind] = len(asked)
        assert client.get(address(kind, row.pk)).status_code == 200, kind
    for number in range(1, 6):
        one_of_each(active_version, admin_person, number)
    for kind in rows:
        with CaptureQueriesContext(connection) as asked:
            client.get(address(kind))
        # a filter that had one choice has several now; no query for each row
        assert len(asked) <= costs[kind] + 1, kind
        assert not [query for query in asked.captured_queries if "COUNT(*)" in query["sql"]], kind


@pytest.mark.parametrize("role", ["Admin", MODEL_ADMIN, LEAD, MODERATOR, VIEWER, "superuser"])
def test_nobody_adds_changes_or_deletes_a_row(
    role: str, client: Client, active_version: ModelVersion
) -> None:
    user = person("somebody", "Admin" if role == "superuser" else role)
    if role == "superuser":
        User.objects.filter(pk=user.pk).update(is_superuser=True)
    rows = one_of_each(active_version, user)
    refused = (403,) if role in ("Admin", MODEL_ADMIN, "superuser") else (302,)  # these do not enter at all
    client.force_login(User.objects.get(pk=user.pk))
    for kind, row in rows.items():
        before = KINDS[kind]._default_manager.values().get(pk=row.pk)
        for where in (
            f"{address(kind)}add/",
            address(kind, row.pk),
            address(kind, row.pk, "delete"),
        ):
            assert client.post(where, {"post": "yes", "reason": "changed"}).status_code in refused, where
        action = {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
        client.post(address(kind), action)
        assert KINDS[kind]._default_manager.values().get(pk=row.pk) == before


def test_counting_ends_early() -> None:
    class Endless:
        def order_by(self) -> "Endless":
            return self

        def values_list(self, *names: str, flat: bool) -> range:
            return range(10**9)

    assert BoundedPaginator(Endless(), 50).count == 10_000  # type: ignore[arg-type]


def test_a_number_finds_by_indexes_and_words_find_only_where_words_are(
    client: Client, admin_person: User, active_version: ModelVersion
) -> None:
    first = one_of_each(active_version, admin_person, 1)
    second = one_of_each(active_version, admin_person, 2)
    client.force_login(admin_person)

    def found(kind: str, text: str) -> set[int]:
        with CaptureQueriesContext(connection) as asked:
            answer = client.get(address(kind), {"q": text})
        assert not any('id"::text' in query["sql"] for query in asked.captured_queries)
        return {row.pk for row in answer.context["cl"].result_list}

    for kind in ("decision", "appeal", "report", "secondreview", "goldenitem"):
        assert first[kind].pk in found(kind, str(first[kind].comment_id))
    assert found("report", "eve2") == {second["report"].pk}
    assert found("auditentry", "number 1") == {first["auditentry"].pk}
    assert found("savedqueue", "queue 2") == {second["savedqueue"].pk}
    assert found("decision", "9" * 30) == set()
    assert found("decision", "' OR 1=1") == set()


def test_the_time_is_narrowed_by_days_and_months(
    client: Client, admin_person: User, active_version: ModelVersion
) -> None:
    row = one_of_each(active_version, admin_person)["decision"]
    client.force_login(admin_person)

    def count(when: str) -> int:
        return len(client.get(address("decision"), {"when": when}).context["cl"].result_list)

    assert (count("1"), count("30"), count(f"{timezone.now():%Y-%m}")) == (1, 1, 1)
    assert (count("2001-01"), count("nonsense")) == (0, 1)
    assert row.pk


def test_rows_of_other_sources_and_other_peoples_exports_are_not_there(
    client: Client, admin_person: User, active_version: ModelVersion
) -> None:
    other = person("other", "Admin")
    rows = one_of_each(active_version, other)
    forum = Source.objects.create(slug="forum", name="Forum")
    admin_person.source_access.create(source=forum)
    User.objects.filter(pk=admin_person.pk).update(all_sources=False)
    client.force_login(User.objects.get(pk=admin_person.pk))
    for kind in set(rows) - {"modelversionevent", "savedqueue"}:
        answer = client.get(address(kind))
        assert list(answer.context["cl"].result_list.filter(pk=rows[kind].pk)) == [], kind
        assert client.get(address(kind, rows[kind].pk)).status_code == 302, kind
    assert Comment.objects.exists()


def test_words_of_authors_are_blurred_and_escaped(
    client: Client, admin_person: User, active_version: ModelVersion
) -> None:
    appeal = one_of_each(active_version, admin_person)["appeal"]
    client.force_login(admin_person)
    html = client.get(address("appeal", appeal.pk)).content.decode()
    assert "said-blurred" in html
    assert "<b>You</b>" not in html


def test_each_history_leads_to_the_page_that_exports_it(
    client: Client, admin_person: User, active_version: ModelVersion
) -> None:
    client.force_login(admin_person)
    assert "to-history" in client.get(address("decision")).content.decode()
    answer = client.get(f"{address('decision')}to-history/")
    assert answer.headers["Location"] == "/history/?kind=decision"
