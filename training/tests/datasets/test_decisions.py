"""Decisions, frozen: the ones that stand, with what moderators corrected."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from classifier.comments.submission import comments_submit
from classifier.models import Comment, ModelVersion, User
from classifier.review.decisions import decision_record, decision_undo
from classifier.scoring.classify_pending import pending_classify
from classifier.tests.builders import FakeScorer
from classifier.tests.conftest import active_version, artifacts, candidates, models_dir
from training.core.errors import DatasetRejected
from training.datasets.from_decisions import dataset_from_decisions
from training.ml.file_format.rows import read_splits
from training.models import Dataset

__all__ = ["active_version", "artifacts", "candidates", "models_dir"]


def comments(version: ModelVersion, texts: list[str], source: str = "forum") -> list[Comment]:
    stored = comments_submit(items=[{"text": text} for text in texts], source=source)
    pending_classify(scorer=FakeScorer(), model_version=version, limit=1_000)
    return list(Comment.objects.filter(pk__in=[c.pk for c in stored]).order_by("pk"))


def decide(found: list[Comment], by: User) -> None:
    for i, comment in enumerate(found):
        decision_record(comment=comment, action="remove" if i % 3 == 0 else "approve", by=by)


def frozen_rows(dataset: Dataset) -> dict[str, dict[str, float]]:
    return {
        text: dict(zip(rows.labels, target.tolist(), strict=True))
        for rows in read_splits(dataset.path).values()
        for text, target in zip(rows.texts, rows.targets, strict=True)
    }


def test_removed_is_toxic_approved_is_not_and_corrections_count(
    active_version: ModelVersion, moderator: User, model_admin: User
) -> None:
    found = comments(active_version, [f"words {i}" for i in range(30)])
    label = active_version.labels[-1]
    decision_record(comment=found[0], action="remove", labels={label: True}, by=moderator)
    decide(found[1:], moderator)
    dataset = dataset_from_decisions(name="Decisions", by=model_admin)
    frozen = frozen_rows(dataset)
    assert dataset.labels == ["toxic", label]
    assert len(frozen) == 30
    assert frozen["words 0"] == {"toxic": 1, label: 1}
    assert frozen["words 1"] == {"toxic": 1, label: -1}
    assert frozen["words 2"] == {"toxic": 0, label: -1}
    assert set(dataset.rows) == {"train", "validation", "test"}
    assert dataset.statistics["decisions"]["removed"] == 11
    rows = read_splits(dataset.path)["train"]
    assert set(rows.sources) == {"forum"}
    assert set(rows.comment_ids) <= {comment.pk for comment in found}


def test_undone_decisions_do_not_count_and_the_last_of_equal_texts_does(
    active_version: ModelVersion, moderator: User
) -> None:
    found = comments(active_version, [f"words {i}" for i in range(24)])
    decide(found, moderator)
    undone = Comment.objects.get(pk=found[5].pk)
    assert undone.current_decision is not None
    decision_undo(decision=undone.current_decision, by=moderator)
    [again] = comments(active_version, ["WORDS 7"])
    decision_record(comment=again, action="remove", by=moderator)
    dataset = dataset_from_decisions(name="Decisions", by=None)
    frozen = frozen_rows(dataset)
    assert "words 5" not in frozen
    assert "words 7" not in frozen
    assert frozen["WORDS 7"]["toxic"] == 1
    assert dataset.statistics["left_out"] == {"duplicates": 1}


def test_sources_times_and_weights_choose_and_weigh(active_version: ModelVersion, moderator: User) -> None:
    decide(comments(active_version, [f"forum {i}" for i in range(21)]), moderator)
    decide(comments(active_version, [f"shop {i}" for i in range(21)], "shop"), moderator)
    dataset = dataset_from_decisions(name="Shop", sources=["shop"], weight=5.0, by=None)
    assert all(text.startswith("shop") for text in frozen_rows(dataset))
    assert set(read_splits(dataset.path)["train"].weights.tolist()) == {5.0}
    tomorrow = timezone.now() + timedelta(days=1)
    with pytest.raises(DatasetRejected, match="There are no decisions"):
        dataset_from_decisions(name="None", since=tomorrow, by=None)
    assert sum(dataset_from_decisions(name="All", until=tomorrow, by=None).rows.values()) == 42


def test_too_few_or_one_sided_decisions_are_refused_with_a_sentence(
    active_version: ModelVersion, moderator: User, datasets_dir: Path
) -> None:
    found = comments(active_version, [f"words {i}" for i in range(20)])
    for comment in found[:19]:
        decision_record(comment=comment, action="approve", by=moderator)
    with pytest.raises(DatasetRejected, match="There are 19 decisions on different texts here; at least 20"):
        dataset_from_decisions(name="Few", by=None)
    decision_record(comment=found[19], action="approve", by=moderator)
    with pytest.raises(DatasetRejected, match="No comment was removed"):
        dataset_from_decisions(name="One-sided", by=None)
    assert not Dataset.objects.exists()
    assert list(datasets_dir.iterdir()) == []


@pytest.mark.parametrize("wrong", [{"test_share": 0.0}, {"test_share": 0.9}, {"weight": 0.0}])
def test_wrong_shares_and_weights_are_refused(wrong: dict[str, Any], db: None) -> None:
    with pytest.raises(DatasetRejected, match=r"^A (share|weight) must be above 0") as refused:
        dataset_from_decisions(name="Wrong", by=None, **wrong)
    assert refused.value.field == next(iter(wrong))
