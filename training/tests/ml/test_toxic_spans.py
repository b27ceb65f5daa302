"""The character F1 of the Toxic Spans task, by hand, and how a cut-off is chosen and reported on other posts."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from classifier.inference.explain import WordContribution
from training.ml.data.tables import DataError
from training.ml.evaluation.toxic_spans import (
    Explained,
    Post,
    Rule,
    character_f1,
    characters_of,
    chosen_and_reported,
    marked_characters,
    measured,
    read_posts,
)

#        0123456789012345678
TEXT = "you stupid old fool"


def words(*values: float) -> list[WordContribution]:
    spans = ((0, 3), (4, 10), (11, 14), (15, 19))
    return [
        WordContribution(begin, end, "", value) for (begin, end), value in zip(spans, values, strict=True)
    ]


@pytest.mark.parametrize(
    ("predicted", "marked", "f1"),
    [
        (set(), set(), 1.0),
        ({1}, set(), 0.0),
        (set(), {1}, 0.0),
        ({1, 2}, {1, 2}, 1.0),
        ({1, 2, 3}, {3}, 0.5),
        ({1}, {2}, 0.0),
    ],
)
def test_the_f1_of_a_post(predicted: set[int], marked: set[int], f1: float) -> None:
    assert character_f1(predicted, marked) == f1


def test_words_from_a_share_of_the_strongest_on_are_marked_with_the_space_between_neighbours() -> None:
    assert marked_characters(words(-1.0, 2.0, 0.1, 1.0), 0.4) == {*range(4, 10), *range(15, 19)}
    assert marked_characters(words(-1.0, 2.0, 1.0, 0.1), 0.4) == set(range(4, 14))
    assert marked_characters(words(-1.0, -2.0, 0.0, -0.1), 0.4) == set()
    assert marked_characters([], 0.4) == set()


def test_a_post_that_the_model_calls_harmless_has_no_marks_where_the_verdict_counts() -> None:
    explained = Explained(words(0.0, 2.0, 0.0, 0.0), flagged=False)
    assert Rule(0.4, verdict=True).characters(explained) == set()
    assert Rule(0.4, verdict=False).characters(explained) == set(range(4, 10))


def test_the_cut_off_is_chosen_on_one_half_and_reported_on_the_other() -> None:
    marked = characters_of([[4, 10]])
    posts = [Post(TEXT, marked)] * 6
    sharp = Explained(words(0.0, 2.0, 0.5, 0.0), flagged=True)  # right above 25 %
    blind = Explained(words(2.0, 0.0, 0.0, 0.0), flagged=True)
    results = chosen_and_reported({"blind": [blind] * 6, "sharp": [sharp, blind] * 3}, posts)
    assert list(results) == ["blind", "sharp"]
    assert results["sharp"].rule.share == 0.3
    assert results["sharp"].f1 == 0.0  # the posts between are those where it is blind
    assert measured(Rule(0.3, verdict=False), [sharp] * 6, posts).f1 == 1.0


def test_posts_are_read_with_their_marks(tmp_path: Path) -> None:
    path = tmp_path / "posts.parquet"
    pq.write_table(pa.table({"text_raw": [TEXT, "fine"], "spans": ["[[4, 10], [15, 19]]", "[]"]}), path)
    stupid, fine = read_posts(path, most=10)
    assert stupid.marked == {*range(4, 10), *range(15, 19)}
    assert fine == Post("fine", frozenset())
    assert len(read_posts(path, most=1)) == 1
    with pytest.raises(DataError, match="text_raw and spans"):
        read_posts(tmp_path / "gone.parquet", most=1)
