"""What holds of cleaning for every string, the hostile ones first."""

import unicodedata

from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.inference.normalise import needs_work, normalise, normalise_text

HOSTILE = list(
    "ab \t\n\u00a0\u200b\u200d\u202e\u2066\x00\x1f\x85\u2028\ud800\udfff\u0301\u0327\u00e9\u1100\u1161\u11a8"
    "\u034f\ufe0f"
    "\U0001f468\U0001f469\U0001f3fd\u0958\u09c7\u09be\u212b\u3000\ufb1d\U0001d15e\U000e0041\u3164\u1160"
)
TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=()) | st.sampled_from(HOSTILE), max_size=40),
    st.lists(st.sampled_from(HOSTILE), max_size=30).map("".join),
)
few = settings(max_examples=300, deadline=None)


@few
@given(TEXTS)
def test_both_ways_of_cleaning_agree_and_cleaning_twice_changes_nothing(text: str) -> None:
    cleaned = normalise(text).text
    assert cleaned == normalise_text(text)
    assert normalise_text(cleaned) == cleaned
    assert needs_work(text) == (cleaned != text)


@few
@given(TEXTS)
def test_the_result_is_nfc_utf8_and_free_of_controls(text: str) -> None:
    cleaned = normalise_text(text)
    assert unicodedata.is_normalized("NFC", cleaned)
    assert cleaned.encode().decode() == cleaned
    assert not any(unicodedata.category(character) in ("Cc", "Cs") for character in cleaned)
    assert cleaned == " ".join(cleaned.split())


@few
@given(TEXTS)
def test_every_character_comes_from_a_place_and_places_keep_their_order(text: str) -> None:
    cleaned = normalise(text)
    last = 0
    for at in range(len(cleaned.text)):
        begin, end = cleaned.original_span(at, at + 1)
        assert last <= begin < end <= len(text)
        last = begin


@few
@given(TEXTS, st.data())
def test_a_stretch_of_the_original_cleans_to_the_stretch_it_stands_for(
    text: str, data: st.DataObject
) -> None:
    cleaned = normalise(text)
    begin = data.draw(st.integers(0, len(cleaned.text)))
    end = data.draw(st.integers(begin, len(cleaned.text)))
    first, last = cleaned.original_span(begin, end)
    assert cleaned.text[begin:end].strip() in normalise_text(text[first:last])
