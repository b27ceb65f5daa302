"""What the dashboard reads is what one counts by hand: kept days and today together, of the sources that one sees."""

from datetime import date

import pytest

from classifier.models import Comment, DayStatistic, Source, User
from classifier.statistics.daily_counts import day_count
from classifier.statistics.dashboard import dashboard_of, summary
from classifier.tests.quality.conftest import Decided, Said, moment

NOW = moment("2026-03-12T12:00:00")


@pytest.fixture
def week(forum: Source, shop: Source, said: Said, decided: Decided, ann: User, bea: User) -> None:
    one, two, three = (said(forum, f"2026-03-{day}T10:00:00", 0.9) for day in ("10", "10", "12"))
    four = said(shop, "2026-03-12T11:00:00", 0.2)
    said(shop, "2026-03-12T11:59:00", None)
    decided(one, "2026-03-10T11:00:00", "remove", ann, seconds=4.5)
    first = decided(two, "2026-03-10T11:00:00", "approve", ann, seconds=9.0)
    decided(two, "2026-03-12T11:00:00", "undo", bea, undoes=first)
    decided(three, "2026-03-12T11:00:00", "remove", None, automatic=True)
    decided(four, "2026-03-12T11:00:00", "approve", bea, seconds=4.5)
    for day in (10, 11):
        day_count(day=date(2026, 3, day))


def test_kept_days_and_today_add_up(week: None, lead: User) -> None:
    board = dashboard_of(user=lead, source=None, days=7, now=NOW)
    assert [(day.day.day, day.numbers["inbound"], day.kept) for day in board.days if day.day.day >= 10] == [
        (10, 2, True),
        (11, 0, True),
        (12, 3, False),
    ]
    assert [day.day for day in board.days] == [date(2026, 3, day) for day in range(6, 13)]
    assert board.missing == []
    told = summary(board.total)
    assert (told["inbound"], told["toxic"], told["unscored"]) == (5, 3, 1)
    assert told["overturned"] == {"count": 1, "decisions": 4, "share": 0.25}
    assert told["agreement"]["share"] == pytest.approx(2 / 3)
    assert told["handling"]["mean"] == 6.0
    assert told["handling"]["median"] == pytest.approx(4.5, rel=0.19)
    rows = {row.name: row for row in board.people}
    assert (rows["ann"].decisions, rows["ann"].overturned, rows["ann"].agreement.share) == (2, 0.5, 0.5)
    assert (rows["bea"].decisions, rows["bea"].overturned, rows["bea"].agreement.share) == (1, 0.0, 1.0)


def test_who_sees_one_source_sees_its_numbers_alone(
    week: None, lead: User, shop: Source, forum: Source
) -> None:
    lead.all_sources = False
    lead.save()
    lead.source_access.create(source=shop)
    board = dashboard_of(user=lead, source=None, days=7, now=NOW)
    assert board.total["inbound"] == 2
    assert [row.name for row in board.people] == ["bea"]
    assert board.queue.pending == 1
    assert board.missing == []


def test_one_source_can_be_chosen(week: None, lead: User, forum: Source) -> None:
    board = dashboard_of(user=lead, source=forum, days=7, now=NOW)
    assert (board.total["inbound"], board.total["unscored"], board.queue.pending) == (3, 0, 0)


def test_days_that_nobody_has_counted_yet_are_named(week: None, lead: User) -> None:
    DayStatistic.objects.all().delete()
    board = dashboard_of(user=lead, source=None, days=7, now=NOW)
    assert board.missing == [date(2026, 3, 10)]
    assert board.total["inbound"] == 3


def test_the_queue_is_counted_as_it_is_now(forum: Source, shop: Source, said: Said, lead: User) -> None:
    waits = [
        ("2026-03-12T11:50:00", [{"kind": "band"}]),
        ("2026-03-12T10:00:00", [{"kind": "band"}, {"kind": "report"}]),
        ("2026-03-10T12:00:00", []),
    ]
    for at, reasons in waits:
        comment = said(forum, at, 0.9)
        Comment.objects.filter(pk=comment.pk).update(queued_at=moment(at), queue_reasons=reasons)
    said(shop, "2026-03-12T11:00:00", None)
    failed = said(shop, "2026-03-12T11:00:00", None)
    Comment.objects.filter(pk=failed.pk).update(status="failed", failure_reason="x")
    queue = dashboard_of(user=lead, source=None, days=7, now=NOW).queue
    assert (queue.waiting, queue.pending, queue.failed) == (3, 1, 1)
    assert queue.reasons == {"band": 2, "none": 1, "report": 1}
    assert (queue.oldest, queue.median) == (172_800.0, 7_200.0)
    assert queue.p90 == pytest.approx(7_200 + 0.8 * (172_800 - 7_200))
    assert queue.ages == [1, 1, 0, 1, 0]
    assert (queue.over_hour, queue.over_day) == (2, 1)
    empty = dashboard_of(user=lead, source=shop, days=7, now=NOW).queue
    assert (empty.waiting, empty.oldest, empty.median, empty.reasons) == (0, None, None, {})


def test_an_empty_site_has_numbers_of_nothing(lead: User) -> None:
    board = dashboard_of(user=lead, source=None, days=30, now=NOW)
    assert len(board.days) == 30
    assert board.missing == []
    told = summary(board.total)
    assert (told["inbound"], told["overturned"]["share"], told["handling"]["median"]) == (0, None, None)
    assert (board.people, board.drifts, board.version) == ([], [], None)
