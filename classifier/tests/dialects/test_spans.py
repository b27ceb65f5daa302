"""Spans count UTF-16 code units of the text as it was sent, ends exclusive, tags included."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.dialects.perspective.utf16 import Utf16
from classifier.inference.html_text import read_html
from classifier.tests.dialects.conftest import ANALYZE, Sender
from classifier.tests.dialects.test_analyze import request, spans

CASES = {
    "You idiot. Thanks!": ["You idiot.", "Thanks!"],
    "\U0001f600 You idiot. \U0001f44d\U0001f3fd Thanks!": [
        "\U0001f600 You idiot.",
        "\U0001f44d\U0001f3fd Thanks!",
    ],
    "  one line\n\n two (three.) four": ["one line", "two (three.)", "four"],
    "e\u0301te\u0301. \u05e9\u05dc\u05d5\u05dd! \u202eabc": [
        "e\u0301te\u0301.",
        "\u05e9\u05dc\u05d5\u05dd!",
        "\u202eabc",
    ],
    "no end": ["no end"],
}
HTML = {
    "<p>You <b>idiot</b>.</p><p>Thanks!</p>": ["You <b>idiot</b>.", "Thanks!"],
    "\U0001f600 &lt;hi&gt; you. <script>var a = 1;</script>Bye &#128512;": [
        "\U0001f600 &lt;hi&gt; you.",
        "Bye &#128512;",
    ],
    "a<br>b": ["a", "b"],
    "AT&T &amp it. <i title='x. y'>so</i>": ["AT&T &amp it.", "so"],
}


def utf16(text: str, begin: int, end: int) -> str:
    return text.encode("utf-16-le", "surrogatepass")[2 * begin : 2 * end].decode("utf-16-le", "surrogatepass")


@pytest.mark.parametrize("text", CASES)
def test_sentences_are_cut_out_of_the_text_by_utf_16_offsets(
    sender: Sender, asked: list[list[str]], text: str
) -> None:
    body = sender.post(ANALYZE, request(text, spanAnnotations=True)).json()
    assert [utf16(text, *span) for span in spans(body)] == CASES[text]


@pytest.mark.parametrize("html", HTML)
def test_spans_of_html_point_into_the_html(sender: Sender, asked: list[list[str]], html: str) -> None:
    comment = {"text": html, "type": "HTML"}
    body = sender.post(ANALYZE, request(comment=comment, spanAnnotations=True)).json()
    assert [utf16(html, *span) for span in spans(body)] == HTML[html]


def test_without_annotations_one_span_covers_the_whole(sender: Sender, asked: list[list[str]]) -> None:
    text = "\U0001f600\U0001f600 One. Two."
    assert spans(sender.post(ANALYZE, request(text)).json()) == [(0, 14)]
    comment = {"text": "<b>\U0001f600</b>", "type": "HTML"}
    assert spans(sender.post(ANALYZE, request(comment=comment)).json()) == [(0, 9)]


def test_tags_are_not_scored_and_each_sentence_is_scored_by_itself(
    sender: Sender, asked: list[list[str]]
) -> None:
    comment = {"text": "<p>One &amp; two.</p> <p>By half.</p>", "type": "HTML"}
    body = sender.post(ANALYZE, request(comment=comment, spanAnnotations=True)).json()
    assert asked == [["One & two.\n \nBy half.\n", "One & two.", "By half."]]
    values = [span["score"]["value"] for span in body["attributeScores"]["TOXICITY"]["spanScores"]]
    assert values == [0.75, 0.375]


def test_plain_text_keeps_what_looks_like_a_tag(sender: Sender, asked: list[list[str]]) -> None:
    for kind in ("PLAIN_TEXT", "TEXT_TYPE_UNSPECIFIED"):
        sender.post(ANALYZE, request(comment={"text": "<b>a</b>", "type": kind}))
    assert asked == [["<b>a</b>"]] * 2


@given(st.text(max_size=60))
@settings(max_examples=150, deadline=None)
def test_offsets_agree_with_the_encoding_whatever_the_text(text: str) -> None:
    units = Utf16(text)
    for place in range(len(text) + 1):
        assert 2 * units.at(place) == len(text[:place].encode("utf-16-le", "surrogatepass"))


@given(st.text(alphabet="ab<>/&;#x12 \n\"'=!-p\U0001f600", max_size=80))
@settings(max_examples=200, deadline=None)
def test_any_markup_is_read_and_every_place_lies_inside_it(html: str) -> None:
    plain = read_html(html).read
    for place in range(len(plain.text)):
        begin, end = plain.original_span(place, place + 1)
        assert 0 <= begin <= end <= len(html)


@pytest.mark.parametrize("end", ["", ">", "'>", '">', "-->"])
@pytest.mark.parametrize(
    "piece",
    ["<", "<!", "<![", "<a ", "<a b", "<a b=", "&", "&#", "<!--", "</", "</a ", "<a='", '<a="', "<?", "a<b "],
)
def test_html_that_hardly_ends_is_read_in_no_time(piece: str, end: str) -> None:
    began = time.process_time()
    read_html("<b>x</b>" + (piece * 20_480)[: 20_400 - len(end)] + end)
    assert time.process_time() - began < 2
