"""An explanation names words of the text as it was written, pulls in the right direction, and is bounded."""

from collections.abc import Sequence
from pathlib import Path

import numpy
import pytest
from numpy.typing import NDArray

from classifier.inference.explain import PASSAGE_TOKENS, explain
from classifier.inference.scorer import Scorer


class InsultCounter:
    """An engine whose toxicity is known: two in log-odds for each "idiot", from a base of -3."""

    name = "counter"

    def __init__(self, idiot: int) -> None:
        self.idiot = idiot
        self.windows = 0
        self.tokens = 0

    def logits(self, windows: Sequence[NDArray[numpy.int64]]) -> NDArray[numpy.float32]:
        self.windows += len(windows)
        self.tokens += sum(len(window) for window in windows)
        odds = [[2.0 * numpy.count_nonzero(window == self.idiot) - 3.0] * 6 for window in windows]
        return numpy.array(odds, dtype=numpy.float32)


@pytest.fixture
def scorer(model: Path) -> Scorer:
    scorer = Scorer(model, "fp32")
    scorer._backend = InsultCounter(scorer.windower.tokenizer.token_to_id("idiot"))
    return scorer


def test_it_gives_each_word_its_push_in_log_odds(scorer: Scorer) -> None:
    found = explain(scorer, "You are an IDIOT, you idiot!")
    assert [(word.text, round(word.value, 6)) for word in found.words] == [
        ("You", 0.0), ("are", 0.0), ("an", 0.0), ("IDIOT", 2.0), ("you", 0.0), ("idiot", 2.0),
    ]  # fmt: skip
    assert found.label == "toxic"
    assert found.score == pytest.approx(1 / (1 + numpy.exp(-1.0)))
    assert found.base == pytest.approx(1 / (1 + numpy.exp(3.0)))


def test_offsets_are_places_in_the_original(scorer: Scorer) -> None:
    text = "\x00  \u201cyou\u201d   i\u200bdi\u200bot \U0001f600 caf\u0065\u0301"
    words = explain(scorer, text).words
    assert [word.text for word in words] == ["you", "i\u200bdi\u200bot", "\U0001f600", "caf\u0065\u0301"]
    assert all(text[word.begin : word.end] == word.text for word in words)
    assert words[1].value == pytest.approx(2.0)


def test_scripts_without_spaces_are_explained_by_the_character(scorer: Scorer) -> None:
    assert [word.text for word in explain(scorer, "\u4f60\u597d idiot").words] == [
        "\u4f60",
        "\u597d",
        "idiot",
    ]


@pytest.mark.parametrize("text", ["", " \x00\u200b "])
def test_a_text_without_words_has_no_contributions(scorer: Scorer, text: str) -> None:
    found = explain(scorer, text)
    assert found.words == []
    assert found.score == found.base


def test_a_long_text_is_explained_by_its_highest_scoring_passage(scorer: Scorer) -> None:
    text = "rain is good " * 400 + "you idiot " + "rain is good " * 300
    found = explain(scorer, text)
    assert "idiot" in [word.text for word in found.words]
    assert 0 < len(found.words) <= PASSAGE_TOKENS
    assert text[found.begin : found.end].startswith(found.words[0].text)


def test_its_cost_is_bounded_for_a_text_of_any_length(scorer: Scorer) -> None:
    explain(scorer, "rain is good idiot " * 5_000)
    assert isinstance(scorer._backend, InsultCounter)
    whole_text = 5_000 * 4 * 1.4
    assert scorer._backend.tokens < whole_text + 2 * 512 + (PASSAGE_TOKENS + 2) ** 2 + PASSAGE_TOKENS * 4


def test_it_explains_the_label_that_is_asked_for(scorer: Scorer) -> None:
    assert explain(scorer, "idiot", label="threat").label == "threat"
    with pytest.raises(ValueError, match="kindness"):
        explain(scorer, "idiot", label="kindness")


def test_a_real_engine_explains_too(model: Path) -> None:
    words = explain(Scorer(model), "I hate you").words
    assert [word.text for word in words] == ["I", "hate", "you"]
    assert any(word.value != 0.0 for word in words)
