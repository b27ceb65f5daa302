"""Sentences are found where a reader sees them, and their places point into the text as it was written."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.inference.sentences import LONGEST, joined, sentence_spans

CASES = {
    "You idiot. Thanks!": ["You idiot.", "Thanks!"],
    "go away. nobody likes you": ["go away.", "nobody likes you"],
    "Mr. Smith met Dr. Jones, e.g. on Feb. 3. They left.": [
        "Mr. Smith met Dr. Jones, e.g. on Feb. 3.",
        "They left.",
    ],
    "J. R. Smith is here. So am I. Bye.": ["J. R. Smith is here.", "So am I.", "Bye."],
    "See no. 5 of it. I said no. Stop.": ["See no. 5 of it.", "I said no.", "Stop."],
    "The U.S. is large. Pi is 3.14 or so.": ["The U.S. is large.", "Pi is 3.14 or so."],
    "I think... you know… Well... No!": ["I think... you know…", "Well...", "No!"],
    "Look at https://a.example/b.html?c=d. It is bad.": [
        "Look at https://a.example/b.html?c=d.",
        "It is bad.",
    ],
    "He said “Go.” Then he left!!! 😡😡": ["He said “Go.”", "Then he left!!! 😡😡"],
    "😀 Good. 👍🏽 Thanks!": ["😀 Good.", "👍🏽 Thanks!"],
    "1. Sit down.\n2. Shut up.": ["1. Sit down.", "2. Shut up."],
    "one line\n\n two (three.) four": ["one line", "two (three.)", "four"],
    "\u4f60\u597d\u3002\u6eda\uff01\u8c22": ["\u4f60\u597d\u3002", "\u6eda\uff01", "\u8c22"],
    "Stop.\u200b Now.": ["Stop.\u200b", "Now."],
    "no end at all": ["no end at all"],
    "?!": ["?!"],
    " \n ": [],
    "": [],
}


@pytest.mark.parametrize("text", CASES)
def test_it_cuts_where_a_reader_sees_an_end(text: str) -> None:
    assert [text[begin:end] for begin, end in sentence_spans(text)] == CASES[text]


def test_it_cuts_a_text_without_an_end_at_pauses_and_never_longer_than_allowed() -> None:
    text = "you are all the same, " * 60
    spans = sentence_spans(text)
    assert len(spans) > 2
    assert max(end - begin for begin, end in spans) <= LONGEST
    assert all(text[begin:end].endswith(",") for begin, end in spans[:-1])
    assert sentence_spans("a" * 1_000) == [(0, 400), (400, 800), (800, 1_000)]


@given(st.text(alphabet="ab I.!?\n\t\r…。”)1\u200b\U0001f600", max_size=900))
@settings(max_examples=200, deadline=None)
def test_sentences_never_overlap_and_leave_only_white_space_out(text: str) -> None:
    at = 0
    for begin, end in sentence_spans(text):
        assert at <= begin < end
        assert end - begin <= LONGEST
        assert not text[at:begin].strip()
        at = end
    assert not text[at:].strip()


def test_joining_keeps_all_of_the_text_in_at_most_so_many_spans() -> None:
    spans = [(at * 10, at * 10 + 9) for at in range(130)]
    fewer = joined(spans, 64)
    assert len(fewer) <= 64
    assert (fewer[0], fewer[-1][1]) == ((0, 29), spans[-1][1])
    assert joined(spans[:64], 64) == spans[:64]


@pytest.mark.parametrize("piece", [".", ". ", "a.)", "\u200b.", "1.\n", "A. ", "\n", "…x"])
def test_no_text_makes_it_slow(piece: str) -> None:
    began = time.process_time()
    sentence_spans(piece * (60_000 // len(piece)))
    assert time.process_time() - began < 2
