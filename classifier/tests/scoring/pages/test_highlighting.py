"""The marked text is the text, whatever the offsets are, and the marks grow with the contribution."""

import pytest

from classifier.scoring.pages.verdict import LabelBar, text_segments, words_view
from classifier.scoring.score_texts import ExplainedWord, TextExplanation
from classifier.web.formatting import duration, percent


def words(*rows: tuple[int, int, float]) -> list[ExplainedWord]:
    return [ExplainedWord(begin, end, "", value) for begin, end, value in rows]


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [(0, 1, 1.0)],
        [(2, 6, 1.0), (7, 10, -0.5)],
        [(7, 10, 0.5), (2, 6, 1.0)],
        [(2, 6, 1.0), (4, 8, 1.0)],
        [(8, 99, 1.0), (50, 60, 1.0), (3, 3, 1.0)],
        [(0, 10, 0.0)],
    ],
)
def test_the_runs_joined_are_the_text(rows: list[tuple[int, int, float]]) -> None:
    text = "I hate you\N{GRINNING FACE}"
    assert "".join(segment.text for segment in text_segments(text, words(*rows))) == text


def test_strength_is_relative_to_the_strongest_word_and_has_a_direction() -> None:
    segments = text_segments("aa bb cc dd", words((0, 2, 2.0), (3, 5, -1.0), (6, 8, 0.4), (9, 11, 0.1)))
    assert [(s.text, s.css) for s in segments if s.level] == [
        ("aa", "up-4"),
        ("bb", "down-2"),
        ("cc", "up-1"),
    ]


def test_the_table_holds_the_strongest_words_first_and_leaves_out_the_quiet_ones() -> None:
    explained = tuple(ExplainedWord(n, n + 1, str(n), value) for n, value in enumerate((0.1, -2.0, 1.0, 0.0)))
    view = words_view("0123", TextExplanation("toxic", 0.9, 0.1, explained), "v")
    assert [(row.text, row.towards, row.signed) for row in view.top] == [
        ("1", "down", "\N{MINUS SIGN}2.00"),
        ("2", "up", "+1.00"),
    ]


def test_no_probability_is_shown_as_certain() -> None:
    shown = [percent(p) for p in (0.0, 0.00049, 0.0005, 0.5, 0.9994, 0.99951, 1.0)]
    assert shown == ["<0.1%", "<0.1%", "0.1%", "50.0%", "99.9%", ">99.9%", ">99.9%"]


def test_a_bar_is_over_when_it_reaches_its_threshold() -> None:
    assert LabelBar("threat", 0.5, 0.5).over
    assert not LabelBar("threat", 0.49, 0.5).over
    assert not LabelBar("threat", 0.99, None).over
    assert LabelBar("hate_speech", 0.1, 0.5).title == "Hate speech"


def test_times_are_told_in_the_unit_that_reads_best() -> None:
    assert [duration(s) for s in (0.0, 0.0371, 2.25, 300, 7200)] == ["1 ms", "37 ms", "2.2 s", "5 min", "2 h"]
