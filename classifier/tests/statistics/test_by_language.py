"""Numbers by language: what came in, how model and people agree, what was overturned, and drift of a slot."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from classifier.comments.submission import comment_submit
from classifier.model_versions import assembly
from classifier.model_versions.language_slots import slots_fill
from classifier.models import AuditEntry, Comment, DayStatistic, ModelVersion, Source, User
from classifier.review.decisions import decision_record
from classifier.scoring.classify_pending import pending_classify
from classifier.statistics.daily_counts import day_count
from classifier.statistics.dashboard import dashboard_of
from classifier.statistics.day_numbers import day_numbers
from classifier.statistics.drift import MIN_SAMPLE, drift_check, drifts_of
from classifier.tests.builders import FakeScorer

pytestmark = pytest.mark.django_db


@pytest.fixture
def decided(active_version: ModelVersion, admin_person: User, moderator: User) -> list[Comment]:
    """Two German comments, of which one was decided twice, and an English one."""
    rows = [
        comment_submit(text=f"{word} {language}", source="test", language=language)
        for word, language in (("hate", "de-AT"), ("hate", "de"), ("hate", "en"))
    ]
    pending_classify(scorer=FakeScorer(), model_version=active_version, limit=10)
    for row, action, by in ((0, "remove", moderator), (1, "approve", moderator), (1, "remove", admin_person)):
        rows[row].refresh_from_db()
        seen = rows[row].current_decision_id
        decision_record(comment=rows[row], action=action, by=by, seen_decision_id=seen)
    return rows


def test_a_day_is_counted_by_the_language_that_was_judged(decided: list[Comment], admin_person: User) -> None:
    [numbers] = day_numbers(timezone.now().date()).values()
    german, english = numbers["by_language"]["de"], numbers["by_language"]["en"]
    assert (german["inbound"], english["inbound"], numbers["inbound"]) == (2, 1, 3)
    assert german["manual"]["remove"] == 2
    assert german["replaced"]["others"] == 1
    assert german["agreement"]["toxic_remove"] == 2
    assert english["manual"]["remove"] == 0
    whole = dashboard_of(user=admin_person, source=None, days=7, now=timezone.now())
    part = dashboard_of(user=admin_person, source=None, days=7, now=timezone.now(), language="de")
    assert whole.languages == ["de", "en"]
    assert (whole.total["inbound"], part.total["inbound"], part.days[-1].numbers["inbound"]) == (3, 2, 2)


def test_page_and_api_show_them(decided: list[Comment], admin_person: User, client: Client) -> None:
    client.force_login(admin_person)
    page = client.get("/dashboard/").content.decode()
    table = page.split("By language</h2>")[1].split("</table>")[0]
    assert "German" in table
    assert "33.3" in table or "33" in table
    narrowed = client.get("/dashboard/?language=de").content.decode()
    assert "texts in German" in narrowed
    assert "Waiting now</h2>" not in narrowed
    total = client.get("/api/v1/statistics/").json()["total"]
    assert total["by_language"]["de"]["overturned"] == {
        "count": 1,
        "decisions": 3,
        "share": pytest.approx(1 / 3),
    }
    assert total["by_language"]["de"]["agreement"]["toxic_remove"] == 2


def test_days_kept_before_have_no_languages(admin_person: User, active_version: ModelVersion) -> None:
    source = Source.objects.create(slug="old", name="Old")
    yesterday = timezone.now().date() - timedelta(days=1)
    day_count(day=yesterday)
    DayStatistic.objects.update_or_create(
        day=yesterday, source=source, defaults={"numbers": {"inbound": 4, "versions": {}}}
    )
    board = dashboard_of(user=admin_person, source=None, days=7, now=timezone.now(), language="de")
    assert board.total["inbound"] == 0


def test_the_scores_of_a_slot_drift_by_themselves(active_version: ModelVersion, candidates: Any) -> None:
    version = candidates[1]
    slots_fill(languages=["de"], model_version=version, by=None)
    source = Source.objects.create(slug="s", name="S")
    today = timezone.now().date()
    for days, bin_ in ((40, 0), (1, 19)):
        bins = [0] * 20
        bins[bin_] = MIN_SAMPLE
        of_version = {version.version: {"toxic": 0, "calm": MIN_SAMPLE, "scores": bins}}
        numbers = {
            "inbound": MIN_SAMPLE,
            "versions": of_version,
            "by_language": {"de": {"versions": of_version}},
        }
        DayStatistic.objects.create(day=today - timedelta(days=days), source=source, numbers=numbers)
    [drift] = drifts_of(version=version.version, today=today, user=None, language="de")
    assert (drift.language, drift.level, drift.subject) == ("de", "shifted", f"{version} for de")
    assert [(found.language, found.level) for found in drift_check()] == [("de", "shifted")]
    assert drift_check() == []
    assert AuditEntry.objects.get(verb="drift.warning").subject == f"{version} for de"
    assembly.forget()
