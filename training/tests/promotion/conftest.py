"""A version in production and a candidate, both measured on a test set that exists in the database only."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from classifier.comments.submission import comments_submit
from classifier.model_versions.services import model_version_activate
from classifier.models import Comment, Decision, ModelVersion, User
from classifier.scoring.classify_pending import pending_classify
from classifier.tests.builders import FakeScorer
from classifier.tests.conftest import (
    admin_person,
    artifacts,
    candidates,
    model_admin,
    models_dir,
    moderator,
    start_worker,
)
from training.models import Dataset, Evaluation

__all__ = [
    "admin_person",
    "artifacts",
    "as_model_admin",
    "candidates",
    "decided",
    "files",
    "measure",
    "model_admin",
    "models_dir",
    "moderator",
    "pair",
    "start_worker",
    "stranger",
    "test_set",
]
"""The fixtures here, which the tests of evaluations and of retraining take over."""

FINGERPRINT = "f" * 64
Pair = tuple[ModelVersion, ModelVersion]
Measure = Callable[..., Evaluation]


@pytest.fixture
def pair(candidates: Pair) -> Pair:
    """The version in production, and a candidate."""
    model_version_activate(model_version=candidates[0], by=None)
    return candidates


@pytest.fixture
def test_set(db: None) -> Dataset:
    return Dataset.objects.create(
        name="Frozen",
        kind="upload",
        labels=["toxic"],
        rows={"test": 1000},
        fingerprints={"test": FINGERPRINT},
        directory="frozen",
        is_test_set=True,
    )


@pytest.fixture
def measure(test_set: Dataset) -> Measure:
    """Write an evaluation down as the training worker does."""

    def measured(version: ModelVersion | None = None, **values: Any) -> Evaluation:
        return Evaluation.objects.create(
            model_version=version,
            baseline=values.pop("baseline", ""),
            dataset=test_set,
            fingerprint=FINGERPRINT,
            report=report(**values),
        )

    return measured


def report(
    *,
    roc_auc: float = 0.97,
    f1: float = 0.8,
    latency: float = 10.0,
    against: ModelVersion | None = None,
    only_ours: int = 20,
    only_theirs: int = 20,
    p_value: float = 1.0,
) -> dict[str, Any]:
    """The parts of an evaluation that the gate reads, in the form of training.ml.evaluation."""
    around = {"roc_auc": roc_auc, "f1": f1, "pr_auc": 0.85}
    found: dict[str, Any] = {
        "format": 1,
        "rows": 1000,
        "metrics": {
            "toxic": {name: {"value": x, "low": x - 0.01, "high": x + 0.01} for name, x in around.items()}
        },
        "speed": {"latency_ms_p50": latency, "latency_ms_p95": 2 * latency, "texts_per_second": 100.0},
        "size": {"bytes": 45_000_000, "parameters": 22_000_000},
    }
    if against is not None:
        span = {"value": 0.0, "low": -0.002, "high": 0.002}
        found["differences"] = {
            "against": against.version,
            "labels": {"toxic": {"roc_auc": span, "f1": span}},
        }
        found["mcnemar"] = {
            "against": against.version,
            "b": only_ours,
            "c": only_theirs,
            "statistic": 0.0,
            "p_value": p_value,
        }
    return found


@pytest.fixture
def stranger(db: None) -> User:
    """Return a user who has an account and no role."""
    return User.objects.create_user("stranger", password="a-long-enough-pass")


@pytest.fixture
def as_model_admin(client: Client, model_admin: User) -> Client:
    client.force_login(model_admin)
    return client


@pytest.fixture
def decided(pair: Pair) -> Callable[[int], list[Decision]]:
    """Let moderators decide on some more comments."""

    def decide(count: int) -> list[Decision]:
        known = Comment.objects.count()
        texts = [f"comment number {known + n} {'hate' if n % 2 else 'love'}" for n in range(count)]
        comments_submit(items=[{"text": text} for text in texts], source="test")
        pending_classify(scorer=FakeScorer(), model_version=pair[0], limit=10_000)
        made = []
        for comment in Comment.objects.filter(status="classified", current_decision__isnull=True):
            action = "remove" if "hate" in comment.text else "approve"
            decision = Decision.objects.create(
                comment=comment, action=action, labels={}, prediction=comment.current_prediction
            )
            Comment.objects.filter(pk=comment.pk).update(current_decision=decision, status="decided")
            made.append(decision)
        return made

    return decide


@pytest.fixture
def files(tmp_path: Path, settings: Any) -> Path:
    settings.DATASETS_DIR, settings.RUNS_DIR = tmp_path / "datasets", tmp_path / "runs"
    return tmp_path
