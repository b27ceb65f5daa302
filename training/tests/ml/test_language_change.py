"""What a run does to the languages of its start: the same rows, and the status that each language has afterwards."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from training.ml.artifact.languages import languages_section
from training.ml.data.tables import TextTable
from training.ml.evaluation.language_change import (
    Change,
    MeasuredRows,
    RowsOf,
    changes,
    changes_to_dict,
    known_languages,
    learned_sources,
    measured_with_status,
    rows_by_language,
)

GOOD = np.array([0.9, 0.1] * 30)  # of rows that are toxic in turn: a ROC-AUC of 1
EVEN = np.full(60, 0.5)  # of 0.5
LANGUAGES = ("de", "en", "fr")


def rows(languages: Sequence[str] = LANGUAGES, source: str = "elsewhere") -> MeasuredRows:
    """Return sixty rows of each language, every other one toxic."""
    return MeasuredRows(
        [f"{language} {n}" for language in languages for n in range(60)],
        np.array([1.0, 0.0] * 30 * len(languages)),
        [language for language in languages for _ in range(60)],
        [source] * 60 * len(languages),
    )


def status(after: Any, before: Any, **asked: Any) -> dict[str, str]:
    table = rows(source=asked.pop("source", "elsewhere"))
    change = changes(table, before, after)
    given: dict[str, Any] = {
        "learned": {"forum"},
        "added": "de",
        "shipped": ["en", "fr"],
        "allowed_loss": 0.005,
    }
    measured = measured_with_status(
        table, after, rows(()), np.zeros(0), {"balanced": 0.5}, change=change, **(given | asked)
    )
    return {language: one.status for language, one in measured.items()}


def test_the_change_is_that_of_both_on_the_same_rows() -> None:
    change = changes(rows(), np.concatenate([EVEN, GOOD, GOOD]), np.concatenate([GOOD, GOOD, EVEN]))
    assert change["de"] == Change(60, 30, 0.5, 1.0)
    assert [one.fall for one in change.values()] == [-0.5, 0.0, 0.5]
    few = changes(rows(["de"]).take(range(38)), GOOD[:38], GOOD[:38])
    assert few["de"] == Change(38, 19, None, None)  # too few of a kind


def test_a_language_is_shipped_by_a_source_that_nobody_learned_from() -> None:
    everything = np.concatenate([GOOD, GOOD, GOOD])
    before = np.concatenate([EVEN, GOOD, GOOD])
    assert status(everything, before) == {"de": "shipped", "en": "shipped", "fr": "shipped"}
    assert status(everything, before, source="forum")["de"] == "experimental"
    poor = np.concatenate([EVEN, GOOD, GOOD])
    assert status(poor, before)["de"] == "experimental"


def test_another_language_that_fell_or_was_never_shipped_is_experimental() -> None:
    after = np.concatenate([GOOD, GOOD, EVEN])
    before = np.concatenate([EVEN, GOOD, GOOD])
    assert status(after, before) == {"de": "shipped", "en": "shipped", "fr": "experimental"}
    assert status(after, before, allowed_loss=0.6)["fr"] == "experimental"  # below .80 whatever is allowed
    assert status(before, before, shipped=["fr"])["en"] == "experimental"


def test_rows_are_taken_once_with_the_language_that_is_known_of_them() -> None:
    def table(texts: list[str], sources: list[str] | None = None) -> TextTable:
        count = len(texts)
        return TextTable(
            texts, np.ones((count, 1), np.float32), np.ones(count, np.float32), ("toxic",), sources
        )

    english = "This is a plain English sentence about the weather of today."
    french = "Ceci est une phrase ordinaire en français sur le temps qu'il fait."
    own = RowsOf(table(["kurz", english], ["forum", ""]), "de", "German rows")
    others = RowsOf(table([english, french, "ok"]), "", "the rest")
    taken = rows_by_language([own, others], "toxic", ["de", "en"])
    assert (taken.texts, taken.languages) == (["kurz", english], ["de", "de"])
    assert taken.sources == ["forum", "German rows"]
    assert rows_by_language([others], "toxic", ["en", "fr"]).languages == ["en", "fr"]
    assert rows_by_language([own], "insult", ["de"]).texts == []


def test_sources_that_the_start_learned_from_count_as_learned() -> None:
    sets = {"olid": {"trained_on": True}, "reddit": {"trained_on": False}}
    start = {"measured_languages": {"pt": {"sets": sets}}, "sources": [{"name": "wiki"}]}
    assert learned_sources(start, {"forum"}) == {"olid", "wiki", "forum"}
    assert known_languages(["pt-BR", "und"], ["de-AT", "pt"]) == ["pt", "de"]


def test_the_card_has_the_change_and_says_nothing_of_harmless_sentences() -> None:
    change = changes(rows(["de", "en"]), np.concatenate([EVEN, GOOD]), np.concatenate([GOOD, GOOD]))
    about = {
        "start": "many-1", "added": "de", "allowed_loss": 0.005, "unknown_pieces": 0.0, "not_measured": ["fr"],
        "languages": changes_to_dict(change),
    }  # fmt: skip
    text = "\n".join(languages_section({"language_change": about}))
    assert "| de | 60 (30) | 0.500 | 1.000 |" in text
    assert "No rows were there to measure fr again." in text
    assert "Harmless sentences" not in text
    assert languages_section({}) == []


@pytest.mark.parametrize("count", [0, 1])
def test_few_rows_are_no_error(count: int) -> None:
    assert set(changes(rows(["de"]).take(range(count)), GOOD[:count], GOOD[:count])) == set(["de"][:count])
