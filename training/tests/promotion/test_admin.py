"""Training in the administration: what is listed, which actions act, and who may press them."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from classifier.models import ModelVersion, User
from training.evaluations.suites import suite_create
from training.models import Dataset, Evaluation, Experiment, RetrainingPlan, Sweep, TestSuite
from training.tests.evaluations.test_suites import CSV
from training.tests.promotion.conftest import Measure, Pair

pytestmark = pytest.mark.django_db
ADMIN = "/admin/training/"
VERSIONS = "/admin/classifier/modelversion/"


@pytest.fixture
def measured(pair: Pair, measure: Measure, files: Path, redis_clean: None) -> Pair:
    measure(pair[0])
    measure(pair[1], against=pair[0], roc_auc=0.96)
    return pair


@pytest.fixture
def rows(db: None) -> Dataset:
    return Dataset.objects.create(
        name="Rows", kind="upload", labels=["toxic"], rows={"train": 9, "validation": 9}, directory="rows"
    )


def run_of(rows: Dataset, status: str = "queued", **values: Any) -> Experiment:
    return Experiment.objects.create(name="A run", recipe="teacher", dataset=rows, status=status, **values)


def test_every_list_and_form_opens(
    as_model_admin: Client, measured: Pair, rows: Dataset, django_assert_max_num_queries: Any
) -> None:
    run = run_of(rows, model_version=measured[1])
    sweep = Sweep.objects.create(
        name="S", recipe="teacher", dataset=rows, space={}, objectives=[], trials_wanted=3, study_name="s"
    )
    suite = suite_create(name="x", kind="cases", data=CSV, by=None)
    plan = RetrainingPlan.objects.create(pk=1)
    evaluation = Evaluation.objects.first()
    assert evaluation is not None
    for row in (rows, run, sweep, suite, plan, evaluation):
        url = f"{ADMIN}{type(row).__name__.lower()}/"
        assert as_model_admin.get(url).status_code == 200, url
        assert as_model_admin.get(f"{url}{row.pk}/change/").status_code == 200, url
        assert as_model_admin.get(f"{url}{row.pk}/delete/").status_code == 403, url
    for kind in ("experimentevent", "sweepevent"):
        assert as_model_admin.get(f"{ADMIN}{kind}/").status_code == 200
    with django_assert_max_num_queries(20):
        page = as_model_admin.get(f"{ADMIN}experiment/", {"status__exact": "queued"})
    assert "Train" in page.content.decode()
    assert as_model_admin.get(f"{ADMIN}experiment/train/").headers["Location"] == "/training/new/"


def test_a_run_is_cancelled_resumed_and_deleted(as_model_admin: Client, rows: Dataset, files: Path) -> None:
    run = run_of(rows)
    url = f"{ADMIN}experiment/{run.pk}/"
    assert as_model_admin.get(f"{url}cancel/").status_code == 200
    run.refresh_from_db()
    assert run.status == "queued"
    for verb, status in (("cancel", "cancelled"), ("resume", "queued"), ("cancel", "cancelled")):
        as_model_admin.post(f"{url}{verb}/")
        run.refresh_from_db()
        assert run.status == status
    again = as_model_admin.post(f"{url}cancel/", follow=True)
    assert "Nothing was changed" in again.content.decode()
    as_model_admin.post(f"{url}remove/")
    assert not Experiment.objects.visible().exists()


def test_chosen_runs_are_compared_and_cancelled(as_model_admin: Client, rows: Dataset) -> None:
    runs = [run_of(rows), run_of(rows, status="failed", failure_reason="x")]
    chosen = {"_selected_action": [run.pk for run in runs]}
    compared = as_model_admin.post(f"{ADMIN}experiment/", {**chosen, "action": "compare"})
    assert compared.headers["Location"] == f"/training/compare/?id={runs[0].pk}&id={runs[1].pk}"
    page = as_model_admin.post(f"{ADMIN}experiment/", {**chosen, "action": "cancel_chosen"}, follow=True)
    assert "1 run is cancelled" in page.content.decode()
    assert "only a queued or running one" in page.content.decode()


def test_activating_shows_the_gate_and_overriding_needs_the_tick(
    as_model_admin: Client, measured: Pair, model_admin: User
) -> None:
    url = f"{VERSIONS}{measured[1].pk}/activate/"
    page = as_model_admin.get(url).content.decode()
    assert "The quality gate blocks this version" in page
    assert "0.0100 below that of" in page
    refused = as_model_admin.post(url, {"reason": "looks right"}, follow=True)
    assert "Nothing was changed: The quality gate keeps" in refused.content.decode()
    assert ModelVersion.objects.active() == measured[0]
    as_model_admin.post(url, {"reason": "finds more threats", "override": "on"})
    assert ModelVersion.objects.active() == measured[1]
    gate = measured[1].history.get().gate
    assert gate is not None
    assert gate["overridden"] == "finds more threats"
    as_model_admin.post(f"{VERSIONS}roll-back/", {"reason": "worse"})
    assert ModelVersion.objects.active() == measured[0]


def test_the_shadow_is_started_and_stopped(as_model_admin: Client, measured: Pair) -> None:
    url = f"{VERSIONS}{measured[1].pk}/shadow/"
    assert ModelVersion.objects.shadow() is None
    as_model_admin.post(url, {"reason": "a look first"})
    assert ModelVersion.objects.shadow() == measured[1]
    as_model_admin.post(url, {"reason": "seen enough"})
    assert ModelVersion.objects.shadow() is None
    assert (
        "cannot run in shadow mode"
        in as_model_admin.get(f"{VERSIONS}{measured[0].pk}/shadow/", follow=True).content.decode()
    )


def test_a_suite_is_retired_and_a_version_measured_again(
    as_model_admin: Client, measured: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    suite = suite_create(name="x", kind="cases", data=CSV, by=None)
    as_model_admin.post(f"{ADMIN}testsuite/{suite.pk}/retire/")
    assert TestSuite.objects.get().retired_at is not None
    asked: list[ModelVersion] = []
    monkeypatch.setattr(
        "training.evaluations.admin.evaluation_start",
        lambda *, model_version, by: asked.append(model_version),
    )
    evaluation = Evaluation.objects.get(model_version=measured[1])
    as_model_admin.post(f"{ADMIN}evaluation/{evaluation.pk}/again/")
    assert asked == [measured[1]]


def test_the_retrain_button_says_why_it_cannot(as_model_admin: Client, measured: Pair) -> None:
    assert as_model_admin.get(f"{ADMIN}retrainingplan/retrain/").status_code == 200
    page = as_model_admin.post(f"{ADMIN}retrainingplan/retrain/", follow=True)
    assert "Nothing was changed" in page.content.decode()
    assert not Experiment.objects.exists()


def test_who_may_not_train_changes_nothing(
    client: Client, measured: Pair, rows: Dataset, moderator: User
) -> None:
    moderator.is_staff = True  # even if somebody let them in
    moderator.save()
    client.force_login(moderator)
    run = run_of(rows)
    for url in (
        f"{ADMIN}experiment/",
        f"{ADMIN}experiment/train/",
        f"{ADMIN}dataset/",
        f"{ADMIN}evaluation/",
        f"{ADMIN}retrainingplan/",
        f"{ADMIN}experiment/{run.pk}/look/",
    ):
        assert client.get(url).status_code == 403, url
    for url in (
        f"{ADMIN}experiment/{run.pk}/cancel/",
        f"{ADMIN}experiment/{run.pk}/remove/",
        f"{ADMIN}dataset/{rows.pk}/remove/",
        f"{ADMIN}retrainingplan/retrain/",
        f"{VERSIONS}{measured[1].pk}/shadow/",
    ):
        assert client.post(url, {"reason": "x"}).status_code == 403, url
    run.refresh_from_db()
    assert run.status == "queued"
