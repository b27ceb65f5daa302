"""A running worker follows a promotion past the gate, and scores in the shadow without harm to verdicts."""

from collections.abc import Callable

import pytest

from classifier.comments.submission import comment_submit, comments_submit
from classifier.model_versions.promotion_gate import gate_check
from classifier.model_versions.services import model_version_activate
from classifier.model_versions.shadow import shadow_start, shadow_stop
from classifier.model_versions.shadow_report import shadow_report
from classifier.models import Comment, ModelVersion, Prediction, ShadowPrediction
from classifier.scoring.verdict_pubsub import comment_wait
from classifier.tests.worker_process import WorkerProcess
from toxicsite.tests.waiting import wait_until
from training.tests.promotion.conftest import Measure, Pair

pytestmark = pytest.mark.django_db(transaction=True)
SECONDS = 40.0


def verdict_of(text: str) -> ModelVersion:
    comment = comment_wait(comment_id=comment_submit(text=text, source="web").pk, deadline=SECONDS)
    assert comment.current_prediction is not None
    return comment.current_prediction.model_version


def test_a_shadow_scores_live_traffic_and_a_promoted_version_answers_seconds_later(
    pair: Pair, measure: Measure, start_worker: Callable[..., WorkerProcess]
) -> None:
    one, two = pair
    start_worker().wait_until_ready()
    shadow_start(model_version=two, by=None)
    wait_until(lambda: verdict_of("i hate you") == one and ShadowPrediction.objects.exists())
    comments_submit(items=[{"text": f"the rain is good {n}"} for n in range(9)], source="test")
    wait_until(lambda: ShadowPrediction.objects.filter(prediction__comment__source__slug="test").count() == 9)
    assert shadow_report(model_version=two).rows == ShadowPrediction.objects.count()
    assert not Prediction.objects.exclude(model_version=one).exists()
    shadow_stop(model_version=two, by=None)

    measure(one)
    measure(two, against=one)
    verdict = gate_check(two)
    assert verdict is not None
    assert verdict.passed
    two.refresh_from_db()
    model_version_activate(model_version=two, by=None)
    wait_until(lambda: verdict_of("i love you") == two)
    assert not ShadowPrediction.objects.filter(prediction__model_version=two).exists()


def test_a_broken_shadow_harms_no_verdict(pair: Pair, start_worker: Callable[..., WorkerProcess]) -> None:
    one, two = pair
    (two.path / "model.safetensors").write_bytes(b"damaged")
    shadow_start(model_version=two, by=None)
    worker = start_worker().wait_until_ready()
    assert verdict_of("i hate you") == one
    wait_until(lambda: "cannot be loaded" in worker.output)
    assert verdict_of("i hate you too") == one
    assert Comment.objects.filter(status="classified").count() == 2
    assert not ShadowPrediction.objects.exists()
