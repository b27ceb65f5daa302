"""Every day that is over is counted once, again while it may still change, and after a downtime without help."""

from datetime import date, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from classifier.models import Comment, DayStatistic, ModelVersion, Prediction, Source
from classifier.statistics.daily_counts import days_due, statistics_recheck, statistics_turn
from classifier.tests.quality.conftest import Decided, Said, clock, moment


def days() -> list[date]:
    return sorted(set(DayStatistic.objects.values_list("day", flat=True)))


def rolled(at: str) -> int:
    """Turns until nothing is due any more."""
    with clock(moment(at)):
        turns = 1
        while statistics_turn():
            turns += 1
    return turns


def test_it_catches_up_a_day_a_turn_the_newest_first(forum: Source, said: Said) -> None:
    said(forum, "2026-03-10T10:00:00")
    with clock(moment("2026-03-14T00:00:01")):
        assert statistics_turn()
        assert days() == [date(2026, 3, 13)]
    assert rolled("2026-03-14T00:00:02") == 3
    assert days() == [date(2026, 3, day) for day in (10, 11, 12, 13)]
    assert DayStatistic.objects.get(day=date(2026, 3, 10)).numbers["inbound"] == 1


def test_a_day_is_counted_hourly_until_two_days_after_its_end_and_then_left_alone(
    forum: Source, said: Said
) -> None:
    said(forum, "2026-03-10T10:00:00")
    rolled("2026-03-11T00:00:01")
    for at, due in (
        ("2026-03-11T00:30:00", []),
        ("2026-03-11T01:00:02", [date(2026, 3, 10)]),
        ("2026-03-13T00:00:05", [date(2026, 3, 12), date(2026, 3, 11), date(2026, 3, 10)]),
    ):
        with clock(moment(at)):
            assert days_due() == due
    rolled("2026-03-13T00:00:05")
    with clock(moment("2026-03-20T00:00:00")):
        assert date(2026, 3, 10) not in days_due()


def test_comments_that_no_worker_has_scored_yet_keep_their_day_due(
    forum: Source, said: Said, version: ModelVersion
) -> None:
    comment = said(forum, "2026-03-10T10:00:00", None)
    rolled("2026-03-15T00:00:01")
    row = DayStatistic.objects.filter(day=date(2026, 3, 10))
    assert row.get().numbers["unscored"] == 1
    Prediction.objects.create(
        comment=comment, model_version=version, scores={}, verdict="toxic", score=0.9, threshold=0.5
    )
    rolled("2026-03-15T12:00:00")
    assert row.get().numbers["unscored"] == 1
    rolled("2026-03-16T00:00:02")
    assert row.get().numbers["unscored"] == 0
    assert row.get().numbers["versions"][version.version]["toxic"] == 1


def test_comments_and_decisions_of_earlier_days_make_them_due_and_the_numbers_stay_until_then(
    forum: Source, said: Said, decided: Decided
) -> None:
    comment = said(forum, "2026-03-08T10:00:00")
    rolled("2026-03-20T00:00:01")
    assert statistics_recheck() == []
    said(forum, "2026-03-10T11:00:00")
    decided(comment, "2026-03-12T11:00:00", "remove", None)
    assert statistics_recheck() == [date(2026, 3, 10), date(2026, 3, 12)]
    row = DayStatistic.objects.get(day=date(2026, 3, 10))
    assert row.numbers["inbound"] == 0
    rolled("2026-03-20T00:00:02")
    row.refresh_from_db()
    assert row.numbers["inbound"] == 1
    assert DayStatistic.objects.get(day=date(2026, 3, 12)).numbers["manual"]["remove"] == 1
    assert statistics_recheck() == []


def test_nothing_is_due_on_an_empty_site(db: None) -> None:
    assert days_due() == []
    assert not statistics_turn()


def test_the_command_counts_what_is_due_or_the_last_days_anew(forum: Source, said: Said) -> None:
    said(forum, (timezone.now() - timedelta(days=3)).replace(tzinfo=None).isoformat())
    out = StringIO()
    call_command("statistics", stdout=out)
    assert out.getvalue() == "3 days counted\n"
    Comment.objects.update(created_at=timezone.now() - timedelta(days=1))
    call_command("statistics", days=1, stdout=out)
    assert out.getvalue().endswith("1 days counted\n")
    yesterday = DayStatistic.objects.latest("day")
    assert yesterday.numbers["inbound"] == 1
    with pytest.raises(CommandError, match=r"^--days must be at least 1\.$"):
        call_command("statistics", days=0)
