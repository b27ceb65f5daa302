"""Scores that are no longer those of a version's first weeks are told once, by the same version and enough of them."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from classifier.core import events
from classifier.models import AuditEntry, DayStatistic, ModelVersion, Source, User
from classifier.statistics.day_numbers import no_numbers
from classifier.statistics.drift import MIN_SAMPLE, drift_check, drifts_of
from classifier.tests.quality.conftest import clock, moment

TODAY = date(2026, 3, 31)
NOW = moment("2026-03-31T12:00:00")


def scores(day: date, source: Source, version: str, low: int, high: int) -> DayStatistic:
    """A day on which the version gave `low` comments a score of nearly 0 and `high` one of nearly 1."""
    numbers = no_numbers()
    bins = [low, *[0] * 18, high]
    numbers["versions"] = {version: {"toxic": high, "calm": low, "scores": bins}}
    return DayStatistic.objects.create(day=day, source=source, numbers=numbers)


def history(source: Source, version: str, before: tuple[int, int], lately: tuple[int, int]) -> None:
    for back in range(30):
        scores(TODAY - timedelta(days=back), source, version, *(lately if back < 7 else before))


@pytest.fixture
def heard() -> Iterator[list[Any]]:
    """What those who hear of events were told."""
    told: list[Any] = []
    stop = events.register(lambda name, payloads: told.extend((name, payload) for payload in payloads))
    yield told
    stop()


def test_the_last_days_are_held_against_the_first_ones_of_the_same_version(
    forum: Source, version: ModelVersion
) -> None:
    history(forum, version.version, (900, 100), (700, 300))
    scores(TODAY - timedelta(days=200), forum, "another-00000000", 0, 5_000)
    (drift,) = drifts_of(version=version.version, today=TODAY, user=None)
    assert drift.counts == (23_000, 7_000)
    assert drift.index == pytest.approx(0.27, abs=0.001)  # -0.2 ln(0.7/0.9) + 0.2 ln(0.3/0.1)
    assert drift.level == "shifted"


def test_the_reference_is_the_first_thirty_days_alone(forum: Source, version: ModelVersion) -> None:
    scores(TODAY - timedelta(days=100), forum, version.version, 2_000, 0)
    scores(TODAY - timedelta(days=71), forum, version.version, 500, 0)
    scores(TODAY - timedelta(days=70), forum, version.version, 0, 9_000)
    scores(TODAY - timedelta(days=1), forum, version.version, 2_000, 0)
    (drift,) = drifts_of(version=version.version, today=TODAY, user=None)
    assert (drift.counts, drift.level) == ((2_500, 2_000), "stable")


def test_nothing_is_said_of_too_few_comments(forum: Source, version: ModelVersion) -> None:
    scores(TODAY - timedelta(days=20), forum, version.version, 5 * MIN_SAMPLE, 0)
    scores(TODAY, forum, version.version, 0, MIN_SAMPLE - 1)
    (drift,) = drifts_of(version=version.version, today=TODAY, user=None)
    assert (drift.index, drift.level) == (None, "few")


def test_a_warning_is_given_once_an_episode_for_the_source_and_the_site(
    forum: Source,
    shop: Source,
    version: ModelVersion,
    heard: list[Any],
    django_capture_on_commit_callbacks: Any,
) -> None:
    history(forum, version.version, (900, 100), (400, 600))
    history(shop, version.version, (9_000, 1_000), (9_000, 1_000))
    with clock(NOW), django_capture_on_commit_callbacks(execute=True):
        (drift,) = drift_check()
        assert drift.source == forum
        assert drift_check() == []
    entry = AuditEntry.objects.get(verb="drift.warning")
    assert (entry.source, entry.subject, entry.actor) == (forum, version.version, None)
    assert entry.data["index"] > 0.25
    ((name, payload),) = heard
    assert name == "drift.warning"
    assert (payload["source"], payload["version"]) == (forum.pk, version.version)
    DayStatistic.objects.filter(day__gt=TODAY - timedelta(days=7), source=forum).delete()
    for back in range(7):
        scores(TODAY - timedelta(days=back), forum, version.version, 890, 110)
    with clock(NOW):
        assert drift_check() == []
    assert AuditEntry.objects.filter(verb="drift.over", source=forum).count() == 1


def test_who_sees_one_source_sees_its_drift_alone(
    forum: Source, shop: Source, version: ModelVersion, lead: User
) -> None:
    history(forum, version.version, (900, 100), (400, 600))
    history(shop, version.version, (900, 100), (900, 100))
    lead.all_sources = False
    lead.save()
    lead.source_access.create(source=shop)
    (drift,) = drifts_of(version=version.version, today=TODAY, user=lead)
    assert drift.counts == (23_000, 7_000)
    assert drift.level == "stable"
