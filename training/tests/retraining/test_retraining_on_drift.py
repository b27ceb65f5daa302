"""The plan may heed the warning of drift: from real daily numbers, once in so many days, and with something new."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from classifier.models import DayStatistic, ModelVersion, Source
from classifier.statistics.drift import drift_check, standing_warnings
from classifier.tests.quality.test_drift import scores
from training.core.errors import ConfigRejected
from training.models import Experiment, RetrainingPlan
from training.retraining.services import retraining_check, retraining_outlook, retraining_plan
from training.tests.promotion.conftest import Pair
from training.tests.retraining.test_retraining import plan, quick

__all__ = ["quick"]
Decide = Callable[[int], Any]
pytestmark = pytest.mark.django_db


def days_of(version: ModelVersion, lately: tuple[int, int]) -> None:
    """A month of scores, of which the last week are of another population where `lately` says so."""
    source, _ = Source.objects.get_or_create(slug="forum", defaults={"name": "Forum"})
    DayStatistic.objects.all().delete()
    today: date = timezone.now().date()
    for back in range(30):
        scores(today - timedelta(days=back), source, version.version, *(lately if back < 7 else (900, 100)))
    drift_check()


@pytest.fixture
def drifted(pair: Pair) -> Pair:
    days_of(pair[0], (300, 700))
    assert [entry.data["index"] > 0.25 for entry in standing_warnings(version=pair[0].version)] == [True]
    return pair


def on_drift(**values: Any) -> RetrainingPlan:
    return plan(**{"after_decisions": None, "on_drift": True, **values})


def test_it_starts_while_the_warning_stands(drifted: Pair, decided: Decide) -> None:
    on_drift()
    assert retraining_check() is None  # nothing to learn from
    decided(1)
    run = retraining_check()
    assert run is not None
    assert run.trigger == "drift"
    assert ModelVersion.objects.active() == drifted[0]


def test_it_waits_so_many_days_after_the_last_start_whatever_that_came_from(
    drifted: Pair, decided: Decide
) -> None:
    on_drift(drift_days=10)
    decided(1)
    RetrainingPlan.objects.update(last_started_at=timezone.now() - timedelta(days=10, minutes=-5))
    assert retraining_check() is None
    assert "because of drift on" in retraining_outlook(retraining_plan()).sentence
    RetrainingPlan.objects.update(last_started_at=timezone.now() - timedelta(days=10, minutes=5))
    run = retraining_check()
    assert run is not None
    Experiment.objects.filter(pk=run.pk).update(status="succeeded")
    decided(5)
    assert retraining_check() is None  # the warning still stands, the distance begins anew


def test_without_a_warning_or_after_its_end_nothing_starts(pair: Pair, decided: Decide) -> None:
    on_drift()
    decided(3)
    days_of(pair[0], (900, 100))
    assert retraining_check() is None
    assert "when the scores drift" in retraining_outlook(retraining_plan()).sentence
    days_of(pair[0], (300, 700))
    days_of(pair[0], (900, 100))  # over again before anybody looked
    assert retraining_check() is None


def test_a_plan_that_does_not_heed_it_and_other_versions_start_nothing(
    drifted: Pair, decided: Decide
) -> None:
    plan(after_decisions=50)
    decided(3)
    assert retraining_check() is None
    on_drift()
    ModelVersion.objects.filter(pk=drifted[0].pk).update(status="retired")
    ModelVersion.objects.filter(pk=drifted[1].pk).update(status="active", activated_at=timezone.now())
    assert retraining_check() is None


@pytest.mark.parametrize("days", [0, 366])
def test_a_distance_that_makes_no_sense_is_refused(db: None, days: int) -> None:
    with pytest.raises(ConfigRejected, match=r"^Say from 1 to 365 days\.$"):
        on_drift(drift_days=days)


def test_the_page_keeps_it_and_says_what_comes_next(
    drifted: Pair, decided: Decide, as_model_admin: Client
) -> None:
    form = {"plan-start": "active", "plan-recipe": "teacher", "plan-preset": "", "plan-decisions_weight": "2"}
    form |= {"plan-enabled": "on", "plan-on_drift": "on", "plan-drift_days": "30"}
    page = as_model_admin.post("/training/retraining/plan/", form, follow=True).content.decode()
    kept = retraining_plan()
    assert (kept.on_drift, kept.drift_days, kept.weekly) == (True, 30, False)
    assert "because of drift with the next decision" in page
    decided(1)
    assert retraining_check() is not None
    assert "the plan, because of drift" in as_model_admin.get("/training/retraining/").content.decode()
