"""A batch is scored in parts: each has the deadline of a call, and all of them that of a batch."""

from collections.abc import Sequence
from typing import Any

import pytest
from pytest_django import Settings

from classifier.core.errors import BatchTimeout
from classifier.core.validation import InvalidInput
from classifier.scoring import score_texts
from classifier.scoring.score_texts import PART_CHARACTERS, TextProblem, score_each, score_in_parts

LONG = "x" * 1_500


class Score:
    """Answers each text with a problem that holds it, and notes the parts and how long each may take."""

    def __init__(self) -> None:
        self.parts: list[list[str]] = []
        self.seconds: list[float] = []

    def __call__(self, part: list[str], left: float) -> list[Any]:
        self.parts.append(part)
        self.seconds.append(left)
        return [TextProblem("failed", text) for text in part]


def messages(results: Sequence[Any]) -> list[str]:
    return [result.message for result in results]


def test_many_texts_are_asked_in_parts_and_answered_in_order() -> None:
    texts = [f"{number} {LONG}" for number in range(300)]
    score = Score()
    assert messages(score_in_parts(score, texts, deadline=5)) == texts
    assert len(score.parts) == 12
    assert all(sum(map(len, part)) <= PART_CHARACTERS for part in score.parts)
    assert all(4.9 < left <= 5 for left in score.seconds)


def test_few_texts_are_one_question_and_a_long_one_is_a_part_of_its_own(settings: Settings) -> None:
    settings.COMMENT_MAX_CHARACTERS = 100_000
    score = Score()
    score_in_parts(score, ["a", "b", "c"], deadline=5)
    assert score.parts == [["a", "b", "c"]]
    score = Score()
    long = "y" * (PART_CHARACTERS + 1)
    score_in_parts(score, ["a", long, "b", "c"], deadline=5)
    assert score.parts == [["a"], [long], ["b", "c"]]


def test_a_batch_that_takes_too_long_ends(settings: Settings) -> None:
    settings.SCORE_BATCH_SECONDS = 0
    score = Score()
    with pytest.raises(BatchTimeout, match=r"^The batch took too long\.$"):
        score_in_parts(score, [LONG] * 300, deadline=0.0)
    score_in_parts(score, [LONG] * 50, deadline=5)
    assert max(score.seconds) <= 5


def test_a_wrong_text_is_named_by_its_place_before_anything_is_asked() -> None:
    score = Score()
    with pytest.raises(InvalidInput, match=r"^texts\[50\]: This field may not be empty\.$") as refused:
        score_in_parts(score, [LONG] * 50 + [""], deadline=5)
    assert refused.value.problems[0].field == "texts[50]"
    assert score.parts == []


def test_of_version_1_the_good_texts_of_a_batch_are_scored_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    score = Score()

    def ask(*, texts: list[str], deadline: float, **_: Any) -> list[Any]:
        return score(texts, deadline)

    monkeypatch.setattr(score_texts, "score_texts", ask)
    results = score_each(texts=[LONG] * 50 + [""] + [LONG], deadline=5)
    assert len(results) == 52
    assert len(score.parts) == 2
    assert messages(results)[50] != LONG
