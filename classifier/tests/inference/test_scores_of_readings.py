"""A disguised text is scored as written and as read, in one run, and the higher score of each label counts."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy
import pytest
from numpy.typing import NDArray

from classifier.inference.explain import explain
from classifier.inference.scorer import Scorer, of_windows

STARTER = Path(os.environ.get("STARTER_MODEL_DIR", Path(__file__).parents[3] / "models" / "starter"))
pytestmark = [
    pytest.mark.starter,
    pytest.mark.skipif(
        not STARTER.joinpath("manifest.json").exists(), reason="no starter model in this checkout"
    ),
]


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    return Scorer(STARTER)


@pytest.fixture(scope="module")
def as_written() -> Scorer:
    return Scorer(STARTER, reads=False)


@pytest.mark.parametrize(
    ("text", "read_as"),
    [
        ("what a p4th3tic l0ser you are", "what a pathetic loser you are"),
        ("you are a f i l t h y w-h-o-r-e", "you are a filthy whore"),
        ("go away you d\u2800u\u2800m\u2800b bas tard", "go away you dumb bastard"),
        ("sh<i>u</i>t up you mo<b>r</b>on", "shut up you moron"),
    ],
)
def test_a_disguise_is_scored_as_the_words_it_hides(
    scorer: Scorer, as_written: Scorer, text: str, read_as: str
) -> None:
    disguised, plain, written = (
        scorer.score([text])[0],
        scorer.score([read_as])[0],
        as_written.score([text])[0],
    )
    assert disguised.read_as == read_as
    assert disguised.verdict == plain.verdict == "toxic"
    for label in scorer.labels:
        assert disguised.scores[label] == pytest.approx(
            max(plain.scores[label], written.scores[label]), abs=0.02
        )
    assert plain.read_as == written.read_as == ""


def test_a_reading_lowers_no_score_and_is_not_named_where_the_written_text_scores_higher(
    scorer: Scorer, as_written: Scorer
) -> None:
    texts = ["you stupid bitch, g00d night", "thanks, see you in room B12", "have a g00d night"]
    for text, read, written in zip(texts, scorer.score(texts), as_written.score(texts), strict=True):
        assert all(read.scores[label] >= written.scores[label] - 0.02 for label in scorer.labels), text
    assert scorer.score(texts)[1].read_as == ""


def test_both_texts_are_run_in_one_batch(scorer: Scorer, monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[int] = []
    engine = scorer._backend
    logits = engine.logits

    def counted(windows: Sequence[NDArray[numpy.int64]]) -> NDArray[numpy.float32]:
        runs.append(len(windows))
        return logits(windows)

    monkeypatch.setattr(engine, "logits", counted)
    results = scorer.score(["a m0ron", "a quiet day"])
    assert runs == [3]
    assert [result.windows for result in results] == [1, 1]


def test_the_windows_of_a_long_text_are_those_of_the_written_one_with_the_higher_scores(
    scorer: Scorer,
) -> None:
    calm = "The article says where the river begins and how long it is. " * 45
    text = f"{calm} You f i l t h y w h o r e, k1ll y0urself. {calm}"
    result = scorer.score([text])[0]
    assert result.windows == len(result.spans) > 2
    assert result.spans[0].begin == 0
    assert result.spans[-1].end == len(text)
    assert result.read_as
    assert "filthy whore" in result.read_as
    for label in scorer.labels:
        assert result.scores[label] == of_windows([span.scores[label] for span in result.spans])
    worst = max(result.spans, key=lambda span: span.scores["toxic"])
    assert worst.begin <= text.index("You f i") < worst.end


def test_of_a_long_text_only_the_windows_that_hold_a_disguise_are_scored_twice(scorer: Scorer) -> None:
    calm = "The article says where the river begins and how long it is. " * 45
    text = f"{calm} You l0ser. {calm}"
    prepared = scorer.prepare([text])
    twice = [window for window in prepared.windows if window.text == 1]
    assert 1 <= len(twice) <= 2
    assert all(window.begin <= text.index("l0ser") < window.end for window in twice)


def test_an_explanation_marks_the_disguise_as_it_is_written(scorer: Scorer) -> None:
    text = "I think you are a m.o.r.o.n and a l\u043es\u0435r, truly"
    explained = explain(scorer, text)
    strongest = max(explained.words, key=lambda word: word.value)
    assert strongest.text == "m.o.r.o.n"
    assert text[strongest.begin : strongest.end] == "m.o.r.o.n"
    assert explained.score == scorer.score([text])[0].scores["toxic"]
    assert "l\u043es\u0435r" in [word.text for word in explained.words]
