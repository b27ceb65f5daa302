"""A shadow version scores what was classified, silently: the verdicts are neither delayed nor spoilt."""

import threading
from pathlib import Path
from typing import Any, cast

import pytest
from django.core.exceptions import PermissionDenied

from classifier.comments.submission import comment_submit
from classifier.model_versions.services import model_version_activate
from classifier.model_versions.shadow import shadow_start, shadow_stop
from classifier.model_versions.shadow_report import shadow_report
from classifier.models import Comment, ModelVersion, Prediction, ShadowPrediction, User
from classifier.scoring.classify_pending import pending_classify
from classifier.scoring.shadow_runner import ShadowRunner, is_chosen
from classifier.tests.builders import FakeResult, FakeScorer
from classifier.tests.tiny_artifact import LABELS
from toxicsite.lib.lifecycle import IllegalTransition

pytestmark = pytest.mark.django_db
Pair = tuple[ModelVersion, ModelVersion]


class ShadowScorer(FakeScorer):
    """Finds rain toxic, too."""

    def _result(self, text: str) -> FakeResult:
        return super()._result(text.replace("rain", "hate"))


@pytest.fixture
def pair(candidates: Pair) -> Pair:
    model_version_activate(model_version=candidates[0], by=None)
    shadow_start(model_version=candidates[1], by=None, reason="a look first")
    return candidates


@pytest.fixture
def runner(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> ShadowRunner:
    """Its model is loaded."""
    monkeypatch.setattr("classifier.scoring.model_loading.load_scorer", lambda version: ShadowScorer())
    return loaded(ShadowRunner())


def loaded(runner: ShadowRunner) -> ShadowRunner:
    runner.turn()
    assert runner._loading is not None
    runner._loading.join(10)
    runner.turn()
    return runner


def classify(runner: ShadowRunner, *texts: str) -> None:
    for text in texts:
        comment_submit(text=text, source="test")
    version = ModelVersion.objects.active()
    assert version is not None
    pending_classify(scorer=FakeScorer(), model_version=version, limit=100, written=runner.offer)


def test_what_was_classified_is_scored_once_more_and_compared(runner: ShadowRunner, pair: Pair) -> None:
    classify(runner, "i hate you", "the rain", "good")
    assert Comment.objects.filter(status="classified").count() == 3
    assert not ShadowPrediction.objects.exists()  # only when nothing else is to be done
    assert runner.turn()
    assert not runner.turn()
    report = shadow_report(model_version=pair[1])
    assert (report.rows, report.disagreements, report.towards_toxic, report.towards_calm) == (3, 1, 1, 0)
    assert report.share == pytest.approx(1 / 3)
    assert report.mean_difference == pytest.approx(0.8 / 3)
    assert [row.prediction.comment.text for row in report.examples] == ["the rain"]
    assert set(report.examples[0].scores) == set(LABELS)


def test_a_broken_shadow_changes_nothing_about_the_verdicts(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    (pair[1].path / "model.safetensors").write_bytes(b"damaged")
    runner = loaded(ShadowRunner())
    classify(runner, "i hate you")
    assert not runner.turn()
    assert Prediction.objects.count() == 1
    assert not ShadowPrediction.objects.exists()


def test_a_shadow_that_fails_on_a_text_goes_on_with_the_next(runner: ShadowRunner, pair: Pair) -> None:
    assert runner.engine is not None
    cast(Any, runner.engine.scorer).poison = {"good"}
    classify(runner, "good")
    assert runner.turn()
    classify(runner, "the rain")
    runner.turn()
    assert shadow_report(model_version=pair[1]).rows == 1
    assert Comment.objects.filter(status="classified").count() == 2


def test_the_model_is_loaded_beside_the_work(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = threading.Event()

    def slow(version: ModelVersion) -> Any:
        gate.wait(10)
        return ShadowScorer()

    monkeypatch.setattr("classifier.scoring.model_loading.load_scorer", slow)
    runner = ShadowRunner()
    classify(runner, "the rain")  # returns while the shadow is still loading
    assert not runner.turn()
    gate.set()
    assert runner._loading is not None
    runner._loading.join(10)
    assert runner.turn()
    assert shadow_report(model_version=pair[1]).rows == 1


def test_the_share_is_bounded(runner: ShadowRunner, settings: Any) -> None:
    settings.SHADOW_SHARE = 0.0
    classify(runner, "i hate you")
    assert not runner.turn()
    assert sum(is_chosen(number, 0.25) for number in range(10_000)) == pytest.approx(2_500, abs=5)
    assert all(is_chosen(number, 1.0) for number in range(1_000))


def test_without_a_shadow_nothing_is_kept(candidates: Pair, models_dir: Path, redis_clean: None) -> None:
    model_version_activate(model_version=candidates[0], by=None)
    runner = ShadowRunner()
    classify(runner, "i hate you")
    assert not runner.waiting


def test_starting_another_ends_the_one_before_and_stopping_ends_it(pair: Pair, model_admin: User) -> None:
    with pytest.raises(
        IllegalTransition, match=r"^tiny-\w{8} is in production; it cannot be its own shadow$"
    ):
        shadow_start(model_version=pair[0], by=model_admin)
    with pytest.raises(IllegalTransition, match=r"^tiny-\w{8} scores live traffic silently already$"):
        shadow_start(model_version=pair[1], by=model_admin)
    shadow_stop(model_version=pair[1], by=model_admin, reason="seen enough")
    assert ModelVersion.objects.shadow() is None
    assert [event.reason for event in pair[1].history.all()] == [
        "No longer scores live traffic: seen enough",
        "Scores live traffic silently: a look first",
    ]
    with pytest.raises(IllegalTransition, match=r"^tiny-\w{8} does not score live traffic silently$"):
        shadow_stop(model_version=pair[1], by=model_admin)


def test_promoting_the_shadow_ends_the_shadow(pair: Pair) -> None:
    pair[1].refresh_from_db()
    model_version_activate(model_version=pair[1], by=None)
    assert (ModelVersion.objects.active(), ModelVersion.objects.shadow()) == (pair[1], None)


def test_a_moderator_may_neither_start_nor_stop_one(pair: Pair, moderator: User) -> None:
    with pytest.raises(PermissionDenied, match=r"lacks the permission classifier\.activate_modelversion$"):
        shadow_stop(model_version=pair[1], by=moderator)
    with pytest.raises(PermissionDenied, match=r"lacks the permission classifier\.activate_modelversion$"):
        shadow_start(model_version=pair[1], by=moderator)
    assert ModelVersion.objects.shadow() == pair[1]
