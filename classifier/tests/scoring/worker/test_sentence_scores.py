"""Sentences are scored by the same worker in the same call as their text, each as if it came alone."""

from collections.abc import Callable
from typing import Any

import pytest

from classifier.models import Comment, ModelVersion
from classifier.scoring.score_texts import (
    SENTENCES_MAX,
    ScoredText,
    TextProblem,
    comment_sentences,
    score_texts,
)
from classifier.tests.worker_process import WorkerProcess

pytestmark = pytest.mark.django_db(transaction=True)
StartWorker = Callable[..., WorkerProcess]
FIRST, SECOND = "i hate you.", "thank you, rain!"


def one(**kwargs: Any) -> ScoredText:
    (scored,) = score_texts(deadline=30, **kwargs)
    assert isinstance(scored, ScoredText)
    return scored


def test_each_sentence_scores_as_it_does_alone(
    active_version: ModelVersion, start_worker: StartWorker
) -> None:
    start_worker(SCORE_MAX_WINDOWS="2").wait_until_ready()
    text = f"{FIRST}  {SECOND}\n"
    whole = one(texts=[text], sentences=True)
    assert [text[span.begin : span.end] for span in whole.sentences] == [FIRST, SECOND]
    for span, alone in zip(whole.sentences, (FIRST, SECOND), strict=True):
        assert span.scores == pytest.approx(one(texts=[alone]).scores, abs=1e-4)
    assert whole.primary_label == active_version.primary_label

    single = one(texts=[FIRST], sentences=True)
    assert [(span.begin, span.end) for span in single.sentences] == [(0, len(FIRST))]
    assert single.sentences[0].scores == single.scores
    assert one(texts=[text]).sentences == ()

    explained = one(texts=[text], sentences=True, explain=True)
    assert explained.explanation is not None
    assert len(explained.sentences) == 2

    long = " ".join(f"number {at} hates you." for at in range(SENTENCES_MAX + 5))
    failed, many, last = score_texts(texts=["hate " * 3_000, long[:900], FIRST], sentences=True, deadline=30)
    assert isinstance(failed, TextProblem)
    assert isinstance(many, ScoredText)
    assert isinstance(last, ScoredText)
    assert len(many.sentences) > 20
    assert last.sentences[0].scores == pytest.approx(single.scores, abs=1e-4)


def test_a_purged_comment_has_no_sentences(db: None) -> None:
    comment = Comment(text="", text_purged_at="2026-01-01T00:00:00Z")
    assert isinstance(comment_sentences(comment=comment, deadline=1), TextProblem)
