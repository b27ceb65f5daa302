"""The pages of versions, suites and retraining: what they say, what they do, and to whom."""

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from classifier.model_versions.services import model_version_activate
from classifier.models import ModelVersion, Prediction, ShadowPrediction, User
from training.models import RetrainingPlan, TestSuite, TestSuiteResult
from training.tests.evaluations.test_suites import CSV
from training.tests.promotion.conftest import Measure, Pair

pytestmark = pytest.mark.django_db
LIST = "/training/versions/"
SUITES = "/training/suites/"
RETRAINING = "/training/retraining/"


def text(response: Any) -> str:
    assert response.status_code == 200, response.status_code
    return str(response.content.decode())


@pytest.fixture
def measured(pair: Pair, measure: Measure, files: Path, redis_clean: None) -> Pair:
    measure(pair[0])
    measure(pair[1], against=pair[0], roc_auc=0.96)
    return pair


def test_the_list_shows_metrics_with_intervals_and_the_gate(as_model_admin: Client, measured: Pair) -> None:
    page = text(as_model_admin.get(LIST))
    assert measured[1].version in page
    assert "0.9600" in page
    assert "0.9500 to 0.9700" in page
    assert "Blocked: ROC-AUC 0.010 lower" in page
    assert "Candidate" in text(as_model_admin.get(LIST, {"status": "candidate"}))
    assert text(as_model_admin.get(LIST, {"status": "nonsense", "page": "x"}))


def test_the_page_says_sentence_by_sentence_what_the_gate_holds_against_it(
    as_model_admin: Client, measured: Pair
) -> None:
    page = text(as_model_admin.get(f"{LIST}{measured[1].pk}/"))
    assert "Its ROC-AUC is 0.0100 below that of" in page
    assert "reaches the bar of 0.9" in page
    assert "Override and promote" in page
    assert "Put it into production</button>" not in page


def test_the_page_shows_the_three_thresholds_or_that_there_are_none(
    as_model_admin: Client, measured: Pair
) -> None:
    address = f"/training/versions/{measured[1].pk}/"
    assert "has no careful and strict thresholds" in text(as_model_admin.get(address))
    points = {
        name: {"threshold": threshold, "precision": 0.912, "recall": 0.43}
        for name, threshold in (("careful", 0.8123), ("balanced", 0.5), ("strict", 0.2))
    }
    measured[1].manifest |= {
        "operating_points": {"toxic": {**points, "rows": 4000, "positives": 390}},
        "operating_points_rows": {"name": "mixture", "rows": 4000, "sources": {"forum": 3000, "game": 1000}},
    }
    measured[1].save()
    answer = as_model_admin.get(address)
    assert [row.title for row in answer.context["operating_points"].rows] == ["Toxic"]
    page = text(answer)
    assert "Precision and recall on 4,000 rows of mixture (forum 3,000, game 1,000)." in page
    for cell in ("0.812", "91.2 %", "43.0 %", "390 of 4,000"):
        assert cell in page
    compared = as_model_admin.get("/training/compare/", {"version": [version.pk for version in measured]})
    assert [row.title for row in compared.context["points"]] == [measured[1].version]
    assert "Thresholds for policies" in text(compared)


def test_the_pages_say_which_languages_a_version_knows_and_how_well_it_recognises_concerns(
    as_model_admin: Client, measured: Pair
) -> None:
    address = f"{LIST}{measured[1].pk}/"
    page = text(as_model_admin.get(address))
    assert "English (by MODEL_LANGUAGES)" in page
    assert "not recognised" in page
    measured[1].manifest |= {"languages": ["de", "en"], "concern": {"output": 6, "threshold": 0.61}}
    measured[1].save()
    page = text(as_model_admin.get(address))
    assert "German, English" in page
    assert "0.610" in page
    assert "does not say how many concerns it finds" in page
    suite = {"concerns": 17, "recall": 11 / 17, "others": 7, "alarms": 1}
    numbers = {"held_out": 1500, "precision": 0.98, "recall": 0.84, "alarms": 0.002, "suite": suite}
    measured[1].manifest["concern"] |= numbers
    measured[1].save()
    page = text(as_model_admin.get(address))
    compared = as_model_admin.get("/training/compare/", {"version": [version.pk for version in measured]})
    for cell in ("0.610", "1,500", "84.0 %", "98.0 %", "0.2 %", "11 of 17", "1 of 7"):
        assert cell in page
        assert f'<td class="num">{cell}</td>' in compared.content.decode()
    rows = compared.context["knowledge"]
    assert [(row.languages, row.concern_word) for row in rows] == [
        ("English (by MODEL_LANGUAGES)", "not recognised"),
        ("German, English", "recognised"),
    ]


def test_a_closed_gate_is_overridden_only_with_a_reason(
    as_model_admin: Client, measured: Pair, model_admin: User
) -> None:
    url = f"{LIST}{measured[1].pk}/"
    refused = as_model_admin.post(f"{url}activate/", {"reason": "please"}, follow=True)
    assert "keeps" in text(refused)
    empty = as_model_admin.post(f"{url}override/", {"reason": " "}, follow=True)
    assert "Give a reason" in text(empty)
    assert ModelVersion.objects.active() == measured[0]
    done = as_model_admin.post(f"{url}override/", {"reason": "finds more threats"}, follow=True)
    page = text(done)
    assert ModelVersion.objects.active() == measured[1]
    assert "overridden: finds more threats" in page
    assert measured[1].history.get().actor == model_admin


def test_rolling_back_is_one_click_and_asks_no_gate(as_model_admin: Client, measured: Pair) -> None:
    model_version_activate(model_version=measured[1], by=None, override_reason="to go back from")
    assert f"Roll back to {measured[0]}" in text(as_model_admin.get(LIST))
    assert as_model_admin.get(f"{LIST}roll-back/").status_code == 405
    as_model_admin.post(f"{LIST}roll-back/")
    assert ModelVersion.objects.active() == measured[0]


def test_evaluating_now_asks_for_whatever_the_gate_lacks(
    as_model_admin: Client, pair: Pair, measure: Measure, redis_clean: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[ModelVersion] = []
    monkeypatch.setattr(
        "training.promotion.pages.versions.evaluation_start",
        lambda *, model_version, by, quick: asked.append(model_version),
    )
    page = text(as_model_admin.get(f"{LIST}{pair[1].pk}/"))
    assert "Evaluate now" in page
    as_model_admin.post(f"{LIST}{pair[1].pk}/evaluate/")
    assert asked == [pair[0], pair[1]]


def test_the_shadow_is_started_looked_at_and_stopped(
    as_model_admin: Client, measured: Pair, decided: Any
) -> None:
    url = f"{LIST}{measured[1].pk}/"
    as_model_admin.post(f"{url}shadow/", {"do": "start"})
    decided(2)
    for prediction in Prediction.objects.all():
        ShadowPrediction.objects.create(
            prediction=prediction,
            model_version=measured[1],
            scores={"toxic": 0.6},
            verdict="toxic",
            score=0.6,
            threshold=0.5,
            disagrees=prediction.verdict != "toxic",
        )
    page = text(as_model_admin.get(url))
    assert "1 (50.0 %)" in page
    assert '<span class="veil" tabindex="0" role="group" aria-label="Text of comment' in page
    assert "0 of 1 decided" in page
    as_model_admin.post(f"{url}shadow/", {"do": "stop"})
    assert ModelVersion.objects.shadow() is None


def test_who_may_see_and_who_may_change(
    client: Client, measured: Pair, model_admin: User, moderator: User, stranger: User
) -> None:
    url = f"{LIST}{measured[1].pk}/"
    pages = (LIST, url, SUITES, RETRAINING)
    changes = (
        *(f"{url}{verb}/" for verb in ("activate", "override", "shadow", "evaluate")),
        f"{LIST}roll-back/",
        f"{SUITES}new/",
        f"{RETRAINING}start/",
        f"{RETRAINING}plan/",
    )
    for address in pages:
        assert client.get(address).status_code == 302
    for somebody in (moderator, stranger):
        client.force_login(somebody)
        assert {client.get(address).status_code for address in pages} == {403}
        assert {client.post(address, {"reason": "x"}).status_code for address in changes} == {403}
    client.force_login(model_admin)
    assert {client.get(address).status_code for address in pages} == {200}
    assert client.get(f"{LIST}999999/").status_code == 404


def test_a_suite_is_brought_looked_at_and_retired(as_model_admin: Client, measured: Pair) -> None:
    assert "Ships with toxicsite" in text(as_model_admin.get(SUITES))
    wrong = SimpleUploadedFile("suite.csv", b"text,expected\nhello,perhaps\n")
    form = {"name": "Hate", "kind": "cases", "label": "toxic"}
    refused = as_model_admin.post(f"{SUITES}new/", {**form, "file": wrong})
    assert refused.status_code == 422
    assert "Row 2, column expected" in refused.content.decode()
    right = SimpleUploadedFile("suite.csv", CSV)
    as_model_admin.post(f"{SUITES}new/", {**form, "file": right})
    suite = TestSuite.objects.get()
    TestSuiteResult.objects.create(
        suite=suite,
        model_version=measured[0],
        report={
            "accuracy": 0.5,
            "by_functionality": [{"functionality": "hate", "accuracy": 0.25}],
            "by_group": [{"group": "women", "subgroup_auc": 0.875, "bpsn_auc": None, "bnsp_auc": 0.9}],
        },
    )
    page = text(as_model_admin.get(f"{SUITES}{suite.pk}/"))
    assert "25.0 %" in page
    assert "0.875 / \N{EN DASH} / 0.900" in page
    as_model_admin.post(f"{SUITES}{suite.pk}/retire/")
    assert "Retired" in text(as_model_admin.get(SUITES))


def test_the_plan_is_set_and_says_what_comes_next(as_model_admin: Client, measured: Pair) -> None:
    plan = {"plan-start": "active", "plan-recipe": "teacher", "plan-preset": "", "plan-decisions_weight": "2"}
    refused = as_model_admin.post(f"{RETRAINING}plan/", {**plan, "plan-enabled": "on"})
    assert refused.status_code == 422
    assert "Say after how many new decisions" in refused.content.decode()
    done = as_model_admin.post(
        f"{RETRAINING}plan/", {**plan, "plan-enabled": "on", "plan-after_decisions": "40"}, follow=True
    )
    assert "after 40 more decisions" in text(done)
    assert RetrainingPlan.objects.get().decisions_weight == 2.0


def test_retraining_with_too_few_decisions_says_so_in_place(as_model_admin: Client, measured: Pair) -> None:
    now = {"now-start": "active", "now-recipe": "teacher", "now-preset": "", "now-decisions_weight": "1"}
    refused = as_model_admin.post(f"{RETRAINING}start/", now)
    assert refused.status_code == 422
    assert "decisions" in refused.content.decode()
