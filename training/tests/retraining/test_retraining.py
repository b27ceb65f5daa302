"""Retraining from decisions: at once or by the plan, at most once for a due time, and never into production."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connections
from django.utils import timezone

from classifier.models import ModelVersion, User
from training.core.errors import ConfigRejected, DatasetRejected, NotAllowedNow
from training.models import Dataset, Experiment, RetrainingPlan
from training.retraining import services as retraining
from training.retraining.services import (
    retrain_now,
    retraining_check,
    retraining_outlook,
    retraining_plan,
    retraining_plan_set,
)
from training.tests.promotion.conftest import Pair

Decide = Callable[[int], Any]
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the freezing of datasets, which has tests of its own, by a row in the database."""

    def frozen(*, name: str, by: User | None, parts: Any = (), **_: Any) -> Dataset:
        return Dataset.objects.create(
            name=name,
            kind="mixture" if parts else "decisions",
            labels=["toxic"],
            rows={"train": 80, "validation": 10, "test": 10},
            directory=name,
            parts=[{"name": part.name, "weight": weight} for part, weight in parts],
        )

    monkeypatch.setattr(retraining, "dataset_from_decisions", frozen)
    monkeypatch.setattr(retraining, "dataset_mix", frozen)


def plan(**values: Any) -> RetrainingPlan:
    settings: dict[str, Any] = {"enabled": True, "after_decisions": 5, "weekly": False, "recipe": "teacher"}
    settings |= {"config": {}, "mix_with": None, "decisions_weight": 1.0, "by": None}
    return retraining_plan_set(**{**settings, **values})


def test_a_retraining_starts_from_the_version_in_production_with_the_mixed_rows(
    pair: Pair, model_admin: User
) -> None:
    other = Dataset.objects.create(
        name="Wikipedia", kind="hub", labels=["toxic"], rows={"train": 9, "validation": 9}, directory="w"
    )
    run = retrain_now(by=model_admin, mix_with=other, decisions_weight=3.0)
    assert (run.base_version, run.recipe, run.trigger, run.status) == (pair[0], "teacher", "person", "queued")
    decisions, wikipedia = run.dataset.parts
    assert (decisions["weight"], wikipedia) == (3.0, {"name": "Wikipedia", "weight": 1.0})
    assert ModelVersion.objects.active() == pair[0]


def test_it_may_start_from_what_the_recipe_names(pair: Pair) -> None:
    run = retrain_now(by=None, from_active=False, config={"base": "thenlper/gte-small"})
    assert (run.base_version, run.config["base"]) == (None, "thenlper/gte-small")


def test_a_retraining_keeps_the_labels_of_the_version_and_blends_with_it(pair: Pair) -> None:
    known = pair[0].manifest["labels"]
    run = retrain_now(by=None)
    assert (run.config["data"]["labels"], run.config["data"]["keep_labels"]) == (known, known != ["toxic"])
    assert run.config["blend"]["with_start"]
    assert not retrain_now(by=None, blend_with_active=False).config["blend"]["with_start"]
    assert not retrain_now(by=None, config={"blend.with_start": False}).config["blend"]["with_start"]
    assert "blend" not in retrain_now(by=None, recipe="distill").config  # another shape than its start
    named = retrain_now(by=None, from_active=False, config={"base": "thenlper/gte-small"})
    assert (named.config["data"]["labels"], named.config["blend"]["with_start"]) == (["toxic"], False)


def test_a_label_that_is_new_to_the_version_starts_a_fresh_head(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = retraining.dataset_from_decisions  # type: ignore[attr-defined]  # the fixture put its own there

    def with_spam(**asked: Any) -> Dataset:
        rows = real(**asked)
        rows.labels = ["toxic", "spam"]
        rows.save()
        return rows

    monkeypatch.setattr(retraining, "dataset_from_decisions", with_spam)
    run = retrain_now(by=None)
    assert (run.config["data"]["labels"], run.config["blend"]["with_start"]) == (["toxic", "spam"], False)
    with pytest.raises(ConfigRejected, match="the candidate would learn toxic, spam") as caught:
        retrain_now(by=None, blend_with_active=True)
    assert caught.value.field == "blend_with_active"


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (
            {"recipe": "distill"},
            "makes a model of another shape than it starts from; use one of: teacher, lora",
        ),
        ({"from_active": False}, "Only a retraining that starts from the version in production"),
    ],
)
def test_a_blend_that_cannot_be_is_refused(asked: dict[str, Any], message: str, pair: Pair) -> None:
    with pytest.raises(ConfigRejected, match=message) as caught:
        retrain_now(by=None, blend_with_active=True, **asked)
    assert caught.value.field == "blend_with_active"
    assert not Dataset.objects.filter(name__startswith="Decisions").exists()


def test_the_plan_carries_the_choice_to_blend(pair: Pair, decided: Decide) -> None:
    plan(config={"blend_with_active": False})
    decided(5)
    run = retraining_check()
    assert run is not None
    assert not run.config["blend"]["with_start"]


def test_without_a_version_in_production_it_says_so(candidates: Pair) -> None:
    with pytest.raises(NotAllowedNow, match="No version is in production"):
        retrain_now(by=None)


def test_twice_in_a_minute_gives_two_names(pair: Pair) -> None:
    assert retrain_now(by=None).name != retrain_now(by=None).name


def test_the_plan_fires_after_enough_new_decisions_and_counts_anew(pair: Pair, decided: Decide) -> None:
    plan()
    decided(4)
    assert retraining_check() is None
    decided(1)
    run = retraining_check()
    assert run is not None
    assert run.trigger == "schedule"
    assert retraining_check() is None
    assert retraining_outlook(retraining_plan()).new_decisions == 0
    assert ModelVersion.objects.active() == pair[0]


def test_a_retraining_that_is_not_over_holds_the_next_one_back(pair: Pair, decided: Decide) -> None:
    plan()
    decided(5)
    run = retraining_check()
    decided(5)
    assert retraining_check() is None
    assert "not over yet" in retraining_outlook(retraining_plan()).sentence
    Experiment.objects.filter(pk=run.pk if run else 0).update(status="cancelled")
    assert retraining_check() is not None


def test_once_a_week_it_fires_only_if_something_was_decided(pair: Pair, decided: Decide) -> None:
    plan(after_decisions=None, weekly=True)
    RetrainingPlan.objects.update(last_started_at=timezone.now() - timedelta(days=7, minutes=1))
    assert retraining_check() is None
    decided(1)
    assert retraining_check() is not None


def test_a_plan_that_is_off_never_fires(pair: Pair, decided: Decide) -> None:
    plan(enabled=False)
    decided(9)
    assert retraining_check() is None


def test_what_hinders_a_due_start_is_kept_for_the_page(
    pair: Pair, decided: Decide, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: Any) -> Dataset:
        raise DatasetRejected("", "There are too few decisions.")

    monkeypatch.setattr(retraining, "dataset_from_decisions", refuse)
    plan()
    decided(5)
    assert retraining_check() is None
    assert retraining_plan().config["problem"] == "There are too few decisions."
    assert retraining_check() is None
    assert not Experiment.objects.exists()


@pytest.mark.parametrize(
    "values", [{"after_decisions": None}, {"decisions_weight": 0.0}, {"decisions_weight": 1e9}]
)
def test_a_plan_that_makes_no_sense_is_refused(db: None, values: dict[str, Any]) -> None:
    with pytest.raises(ConfigRejected, match=r"^(Say after how many|A weight is above 0)"):
        plan(**values)


def test_a_moderator_may_neither_start_nor_plan(pair: Pair, moderator: User) -> None:
    with pytest.raises(PermissionDenied, match=r"lacks the permission training\.run_experiment$"):
        retrain_now(by=moderator)
    with pytest.raises(PermissionDenied, match=r"lacks the permission training\.change_retrainingplan$"):
        plan(by=moderator)
    assert not Experiment.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_several_workers_at_once_fire_once(pair: Pair, decided: Decide, redis_clean: None) -> None:
    plan()
    decided(5)
    barrier = threading.Barrier(4)

    def check() -> None:
        barrier.wait()
        try:
            retraining_check()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=check) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Experiment.objects.count() == 1
