"""Identity words: as much harmless as toxic weight for each, bounded, and reported."""

import numpy as np
import pytest

from training.ml.data.sampling import IDENTITY_TERMS
from training.ml.mixture.identity import IDENTITY_WORDS, MOST_FACTOR, balance_identities, balance_table


def weighed(pairs: list[tuple[str, int, int]]) -> tuple[list[str], np.ndarray]:
    texts = [text for text, _, count in pairs for _ in range(count)]
    return texts, np.array([label for _, label, count in pairs for _ in range(count)])


def test_a_word_gets_as_much_harmless_as_toxic_weight_and_the_total_stays() -> None:
    texts, toxic = weighed([("a Muslim choir", 0, 20), ("muslims, again", 1, 60), ("rain all day", 0, 40)])
    weights, report = balance_identities(texts, toxic, np.ones(len(texts), np.float32), words=["muslim"])
    assert weights[:20].sum() == pytest.approx(weights[20:80].sum(), rel=1e-3)
    assert weights[:80].sum() == pytest.approx(80, rel=1e-3)
    assert (weights[80:] == 1).all()  # no identity word: untouched
    (row,) = report
    assert (row.word, row.harmless_rows, row.toxic_rows) == ("muslim", 20, 60)
    assert (row.harmless_before, row.toxic_before) == (20, 60)
    assert row.share_before == 0.75
    assert row.share_after == pytest.approx(0.5, abs=1e-3)


def test_words_that_share_rows_are_balanced_together() -> None:
    texts, toxic = weighed(
        [("gay women here", 1, 40), ("women at work", 0, 30), ("gay bar", 0, 15), ("a gay joke", 1, 15)]
    )
    _, report = balance_identities(texts, toxic, np.ones(len(texts), np.float32), words=["gay", "women"])
    assert {row.word: round(row.share_after, 2) for row in report} == {"gay": 0.5, "women": 0.5}


def test_what_is_given_is_weighed_not_counted() -> None:
    texts, toxic = weighed([("old friend", 0, 30), ("old fool", 1, 30)])
    given = np.where(toxic == 1, 3.0, 1.0).astype(np.float32)
    weights, (row,) = balance_identities(texts, toxic, given, words=["old"])
    assert row.share_before == 0.75
    assert weights[0] == pytest.approx(2.0, rel=1e-3)
    assert given[0] == 1.0  # the caller's array is not written to


def test_unknown_rows_and_rare_words_keep_their_weight() -> None:
    texts, toxic = weighed([("deaf", -1, 50), ("deaf actor", 0, 3), ("deaf to reason", 1, 40)])
    weights, (row,) = balance_identities(texts, toxic, np.ones(len(texts), np.float32), words=["deaf"])
    assert (weights == 1).all()
    assert (row.harmless_rows, row.toxic_rows) == (3, 40)


def test_no_row_counts_for_more_than_the_bound() -> None:
    texts, toxic = weighed([("jews at prayer", 0, 10), ("the jews", 1, 5_000)])
    weights, (row,) = balance_identities(texts, toxic, np.ones(len(texts), np.float32), words=["jews"])
    assert weights.max() <= MOST_FACTOR
    assert row.share_after > 0.6  # said as it is: this word stays out of balance
    assert "| jews | 10 | 5,000 | 1.00 |" in balance_table([row])


def test_a_word_inside_another_is_none_and_the_longest_form_counts() -> None:
    texts = ["manual", "native american art", "oldest", "the old oak"]
    _, report = balance_identities(
        texts, np.zeros(4), np.ones(4, np.float32), words=["man", "native american", "american", "old"]
    )
    assert {row.word: row.harmless_rows for row in report} == {"native american": 1, "old": 1}


def test_the_words_are_those_of_the_literature_and_more_each_once() -> None:
    assert set(IDENTITY_TERMS) < set(IDENTITY_WORDS)
    assert len(set(IDENTITY_WORDS)) == len(IDENTITY_WORDS)
    assert all(word == word.lower() for word in IDENTITY_WORDS)


def test_lengths_that_differ_are_refused() -> None:
    with pytest.raises(ValueError, match="one length"):
        balance_identities(["a"], np.zeros(2), np.ones(1, np.float32))
