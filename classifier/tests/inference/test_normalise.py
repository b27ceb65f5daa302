"""What cleaning does to the characters that people and abusers write."""

import pytest

from classifier.inference.normalise import normalise, normalise_text


@pytest.mark.parametrize(
    ("written", "cleaned"),
    [
        ("plain text, untouched!", "plain text, untouched!"),
        ("  two  \t\r\n spaces\u00a0\u3000here ", "two spaces here"),
        ("nul\x00 and bell\x07", "nul and bell"),
        ("i\u200bd\u200ci\u200do\u2060t\ufeff", "idiot"),
        ("\u202eevil\u202c \u2066x\u2069", "evil x"),
        ("soft\u00adhyphen grapheme\u034fjoiner", "softhyphen graphemejoiner"),
        ("cafe\u0301", "caf\u00e9"),
        ("\u1112\u1161\u11ab", "\ud55c"),
        ("e\u200b\u0301", "\u00e9"),
        ("lone \ud83d surrogate", "lone \ufffd surrogate"),
        ("\u2764\ufe0f \U0001f44d\U0001f3fd", "\u2764 \U0001f44d\U0001f3fd"),
        ("\x00\u200b \n", ""),
        ("", ""),
    ],
)
def test_it_cleans_what_nobody_sees(written: str, cleaned: str) -> None:
    assert normalise_text(written) == cleaned
    assert normalise(written).text == cleaned


def test_an_untouched_text_is_the_same_object() -> None:
    text = "nothing to do h\u00e9re \U0001f600"
    assert normalise_text(text) is text
    assert normalise(text).begins is None


def test_a_split_word_maps_to_all_that_was_written() -> None:
    cleaned = normalise("you  i\u200bdi\u200bot!")
    assert cleaned.text == "you idiot!"
    begin, end = cleaned.original_span(4, 9)
    assert cleaned.original[begin:end] == "i\u200bdi\u200bot"


def test_a_composed_letter_maps_to_the_letter_and_its_mark() -> None:
    cleaned = normalise("a cafe\u0301 b")
    begin, end = cleaned.original_span(5, 6)
    assert cleaned.original[begin:end] == "e\u0301"


def test_it_rejects_a_span_outside_the_text() -> None:
    with pytest.raises(IndexError, match=r"^\[1, 4\) is not inside a text of 3 characters$"):
        normalise("abc").original_span(1, 4)
