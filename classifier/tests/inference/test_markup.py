"""What is read of HTML, Markdown and plain text: a reader's words, with the place of each character in the original."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.inference.marked_text import LEAVE_OUTS
from classifier.inference.markup import FORMATS, addresses, read_text
from classifier.inference.normalise import NormalisedText

PIECES = (
    "<b> </b> <blockquote> </blockquote> <div> </div> <pre> </pre> <q> </q> <code> </code> <a\xa0href='http://a.b/c'> "
    "</a> <br> &amp; &#x1f600; &lt <script> >\xa0 ` \n \n\n ```\n ** [a](http://b.c) ![a](d) http://e.f word \u00e9 "
    "\U0001f600 <!-- --> On\xa0Monday\xa0Kim\xa0wrote:\n ---\xa0Original\xa0Message\xa0---\n -\xa0 \xa0\xa0\xa0\xa0"
)
MARKUP = st.text(
    alphabet="ab >\n\t`*_[]()!<>/&;#x12=\"'~|-+.@:p\U0001f600\u0301\ud800", max_size=80
) | st.lists(st.sampled_from([piece.replace("\xa0", " ") for piece in PIECES.split(" ")]), max_size=20).map(
    "".join
)


def scored(text: str, format: str, *leave_out: str) -> list[str]:
    """Return the words that the model reads."""
    return read_text(text, format).for_scoring(leave_out).text.split()


def parts(text: str, format: str) -> list[tuple[str, str]]:
    """Return the parts of a text as (kind, the characters of the original that it stands for)."""
    marked = read_text(text, format)
    spans = [(part.kind, marked.read.original_span(part.begin, part.end)) for part in marked.parts]
    return [(kind, text[begin:end]) for kind, (begin, end) in spans if kind != "targets"]


@pytest.mark.parametrize(
    ("html", "words"),
    [
        ("such a f<i>oo</i>l", "such a fool"),
        ("such a f<!-- no -->ool, tr&#117;ly &amp; w&eacute;ll", "such a fool, truly & w\u00e9ll"),
        ("<p>first</p><p>second<br>third</p>", "first second third"),
        ("<style>p { color: red }</style>seen <script>var hidden = '<b>'</script>too", "seen too"),
        ("<img src='x.png' alt='a rude hand'> really", "a rude hand really"),
        ("3 < 4 <3 <you all", "3 < 4 <3 <you all"),
        ("<b title='a > b'>title</b> <![CDATA[x]]>end", "title end"),
        ("<template>some sites strip these tags alone</template>", "some sites strip these tags alone"),
    ],
)
def test_html_is_read_as_a_reader_sees_it(html: str, words: str) -> None:
    assert scored(html, "html") == words.split()


@pytest.mark.parametrize(
    ("markdown", "words"),
    [
        ("such a f**oo**l, *really*", "such a fool, really"),
        ("# Title\n\n1. one\n2. two\n\n| a | b |\n|---|---|\n| c | d |", "Title one two a b c d"),
        (r"2 \* 3 &lt; 7 and snake_case_name", "2 * 3 < 7 and snake_case_name"),
        ("[label](http://example.org/page) ![picture](http://example.org/p.png)", "label picture"),
        ("f<b>oo</b>l\n\n<div>\nin <i>a</i> block\n</div>\n", "fool in a block"),
        ("~~struck~~ caf\u00e9 \U0001f600 **\U0001f4a9**", "struck caf\u00e9 \U0001f600 \U0001f4a9"),
    ],
)
def test_markdown_is_read_as_a_reader_sees_it(markdown: str, words: str) -> None:
    assert scored(markdown, "markdown") == words.split()


def test_plain_text_stays_as_it_is() -> None:
    text = "<b>x</b> **y** &amp; `z`\n    four"
    assert read_text(text).for_scoring() == NormalisedText(text, text)
    assert read_text(text).for_rules() == NormalisedText(text, text)


@pytest.mark.parametrize(
    ("format", "text", "quotes"),
    [
        ("text", "> you are wrong\n>so wrong\nNo.", ["> you are wrong\n>so wrong\n"]),
        ("text", "On 3 May Kim <kim@example.org> wrote:\n\n> you are wrong\nNo.", None),
        ("text", "No.\n-----Original Message-----\nFrom: Kim\nyou are wrong", None),
        ("text", "&gt; escaped by the sender\nNo.", ["&gt; escaped by the sender\n"]),
        ("text", ">:( what\n>.< no\n>_> hm\n>!hidden words!<\na > b", []),
        ("html", "<blockquote>you <b>are</b> wrong</blockquote>No, <q>wrong</q> yourself.", None),
        ("html", "<div><blockquote>never closed</div>No.", ["never closed"]),
        ("html", "<b><blockquote>kept open</b> inside</blockquote>No.", ["kept open</b> inside"]),
        ("markdown", "> you are\n> wrong\n\nNo.", None),
        ("markdown", "> you are wrong\nmy own words follow", ["you are wrong"]),
        ("markdown", "- item\n  > nested\n\n<blockquote>html</blockquote>\n\nNo.", None),
        ("markdown", ">!a spoiler of my own!<", []),
    ],
)
def test_it_knows_quotes(format: str, text: str, quotes: list[str] | None) -> None:
    found = [part for kind, part in parts(text, format) if kind == "quotes"]
    if quotes is not None:
        assert found == quotes
    else:
        kept = " ".join(scored(text, format, "quotes"))
        assert found
        assert "wrong" not in kept.replace("wrong yourself", "")
        assert "nested" not in kept
        assert "html" not in kept
        assert "No" in kept


@pytest.mark.parametrize(
    ("format", "text"),
    [
        ("html", "<pre>kill -9\n  process</pre>keep <code>kill</code> it <samp>kill</samp>"),
        ("markdown", "```sh\nkill -9 process\n```\nkeep `kill` it\n\n    kill -9 process\n"),
        ("markdown", "~~~\nkill\n~~~\nkeep ``kill ` kill`` it"),
        ("markdown", "> ```\n> kill\n> ```\n\nkeep it"),
    ],
)
def test_it_knows_code(format: str, text: str) -> None:
    assert "kill" in scored(text, format)
    assert scored(text, format, "code") == ["keep", "it"]


def test_plain_text_has_no_code() -> None:
    assert scored("```\nkill it\n``` and `kill`", "text", "code") == [
        "```",
        "kill",
        "it",
        "```",
        "and",
        "`kill`",
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("see https://example.org/a_(b), or (www.example.org/x).", ["https://example.org/a_(b)", "www.example.org/x"]),
        ("mail kim.lee+x@mail.example.org. Thanks", ["kim.lee+x@mail.example.org"]),
        ("example.com, youtu.be/dQw4 and discord://chat/1", ["example.com", "youtu.be/dQw4", "discord://chat/1"]),
        ("end of a sentence.And the next one, e.g. this, 3.5 or @kim and you.fool", []),
        ("\U0001f600 caf\u00e9 http://\u00e9.example/\u00fc!", ["http://\u00e9.example/\u00fc"]),
    ],
)  # fmt: skip
def test_it_knows_addresses(text: str, found: list[str]) -> None:
    assert [text[begin:end] for begin, end in addresses(text)] == found


def test_rules_see_where_a_link_leads_and_the_model_does_not() -> None:
    for text, format in (
        ("f<a href='https://casino.example/?a=1&amp;b=2'>oo</a>l", "html"),
        ("f[oo](https://casino.example/?a=1&amp;b=2)l", "markdown"),
    ):
        marked = read_text(text, format)
        assert marked.for_scoring().text.split() == ["fool"]
        view = marked.for_rules()
        assert view.text.split() == ["fool", "https://casino.example/?a=1&b=2"]
        begin = view.text.index("casino")
        assert "casino" in text[slice(*view.original_span(begin, begin + 6))]
        assert marked.for_rules(["addresses"]).text.split() == ["fool"]


def test_what_is_left_out_leaves_a_gap_and_its_place() -> None:
    text = "you > all\n> fool\nyou **x** see http://example.org/fool now"
    view = read_text(text).for_rules(LEAVE_OUTS)
    assert view.text.split() == ["you", ">", "all", "you", "**x**", "see", "now"]
    begin = view.text.index("now")
    assert text[slice(*view.original_span(begin, begin + 3))] == "now"
    left_out = read_text(text).left_out(LEAVE_OUTS)
    assert [(part.kind, text[part.begin : part.end]) for part in left_out] == [
        ("quotes", "> fool\n"),
        ("addresses", "http://example.org/fool"),
    ]


@pytest.mark.parametrize(
    ("format", "text", "read"),
    [
        ("text", "> you fool\n", "> you fool\n"),
        ("html", "<blockquote>you fool</blockquote> ...", "you fool\n ..."),
        ("markdown", "`you fool`", "you fool\n"),
        ("html", "<!-- nothing -->", "<!-- nothing -->"),
    ],
)
def test_a_text_of_which_nothing_would_be_left_is_read_whole(format: str, text: str, read: str) -> None:
    marked = read_text(text, format)
    assert marked.for_scoring(LEAVE_OUTS).text == read
    assert marked.left_out(LEAVE_OUTS) == []


def test_it_refuses_a_format_that_it_does_not_know() -> None:
    with pytest.raises(ValueError, match="text, html, markdown"):
        read_text("x", "rst")


@given(MARKUP, st.sampled_from(FORMATS), st.sets(st.sampled_from(LEAVE_OUTS)))
@settings(max_examples=200, deadline=None)
def test_every_character_has_its_place(text: str, format: str, leave_out: set[str]) -> None:
    marked = read_text(text, format)
    for view in (marked.read, marked.for_scoring(leave_out), marked.for_rules(leave_out)):
        assert view.original == text
        for index, character in enumerate(view.text):
            begin, end = view.original_span(index, index + 1)
            assert 0 <= begin <= end <= len(text)
            if end - begin == 1 and character.isalnum() and text[begin].isalnum():
                assert character == text[begin]


HOSTILE = [
    "<",
    "<a b=",
    "<!--",
    "</",
    "<a='",
    "<?",
    "<q><div></q>",
    "> ",
    "a@",
    "a.b/",
    "`` ` ",
    "[a](",
    "wrote:\n",
]


@pytest.mark.parametrize("format", FORMATS)
def test_hostile_markup_is_read_in_time_that_grows_with_its_length(format: str) -> None:
    for piece in HOSTILE:
        for end in ("", ">"):
            text = (piece * 30_000)[: 30_000 - len(end)] + end
            began = time.process_time()
            read_text(text, format).for_rules(LEAVE_OUTS)
            # a search that starts anew at each piece takes minutes
            assert time.process_time() - began < 4, (piece, end)
