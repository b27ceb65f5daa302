"""Rules find a phrase or pattern however it is disguised, leave innocent words alone, and cannot be slow."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.inference.fold import fold
from classifier.inference.phrases import PatternError
from classifier.inference.rules import SPANS_MAX, Rule, RuleSet, _is_inside, _merged, check_pattern


def found(rule: Rule | str, text: str, kind: str = "phrase") -> list[str]:
    rule = Rule(1, "rule", kind, rule) if isinstance(rule, str) else rule
    return [text[begin:end] for hit in RuleSet([rule]).hits(text) for begin, end in hit.spans]


@pytest.mark.parametrize(
    "disguised",
    [
        "idiot",
        "IDIOT",
        "1d10t",
        "!d!0t",
        "i.d.i.o.t",
        "i d i o t",
        "i - d - i - o - t",
        "id-iot",
        "idiooot",
        "iiidiot",
        "id*ot",
        "\u0456d\u0456\u043et",
        "i\u200bd\u200di\ufeffo\u00adt",
        "i\u0336d\u0336i\u0336o\u0336t\u0336",
        "\u00ecd\u00ec\u00f6t",
        "\u24d8\u24d3\u24d8\u24de\u24e3",
        "\uff49\uff44\uff49\uff4f\uff54",
        "\U0001d4f2\U0001d4ed\U0001d4f2\U0001d4f8\U0001d4fd",
        "\U0001f1ee\U0001f1e9\U0001f1ee\U0001f1f4\U0001f1f9",
        "\u026a\u1d05\u026a\u1d0f\u1d1b",
    ],
)
def test_a_phrase_is_found_in_every_disguise_and_marked_where_it_stands(disguised: str) -> None:
    assert found("idiot", f"\u201cyou {disguised}, you\u201d") == [disguised]


@pytest.mark.parametrize(
    ("phrase", "innocent"),
    [
        ("cunt", "Scunthorpe"),
        ("ass", "a class in assembly"),
        ("ass", "455 of 45s"),
        ("penis", "the pen is mightier"),
        ("lose", "a loose tooth"),
        ("fall", "FAIL, they mail"),
        ("the rapist", "the therapist"),
        ("idiot", "idiotic"),
        ("ok", "o k"),
    ],
)
def test_innocent_words_are_left_alone(phrase: str, innocent: str) -> None:
    assert found(phrase, innocent) == []


@pytest.mark.parametrize("text", ["kill yourself", "k1ll-yourself", "kiII  yourself", "KILL\nYOURSELF"])
def test_words_of_a_phrase_may_be_apart_in_any_way(text: str) -> None:
    assert found("kill yourself", text) == [text]


@pytest.mark.parametrize(
    ("phrase", "text", "hit"),
    [
        (
            "\u0434\u0443\u0440\u0430\u043a",
            "\u0442\u044b \u0414\u0423\u0420\u0410\u041a!",
            "\u0414\u0423\u0420\u0410\u041a",
        ),
        ("\u0434\u0443\u0440\u0430\u043a", "\u0434ypa\u043a", "\u0434ypa\u043a"),
        ("\u50bb\u74dc", "\u4f60\u662f\u50bb\u74dc\u5417", "\u50bb\u74dc"),
        ("1488", "14 88 or 1488", "1488"),
        ("\U0001f4a9", "you \U0001f4a9!", "\U0001f4a9"),
        ("stra\u00dfe", "STRASSE", "STRASSE"),
    ],
)
def test_phrases_of_other_scripts_are_found(phrase: str, text: str, hit: str) -> None:
    assert found(phrase, text) == [hit]


@pytest.mark.parametrize("text", ["morons", "M0R0N", "m o r o n", "moooron", "m\u043er\u043en"])
def test_a_regex_that_folds_sees_through_disguises_too(text: str) -> None:
    assert found(r"\bmorons?\b", text, "regex") == [text]


def test_a_rule_that_does_not_fold_takes_the_text_as_it_is_written() -> None:
    assert found(Rule(1, "", "phrase", "idiot", folds=False), "1d10t Idiot") == ["Idiot"]
    assert found(Rule(1, "", "regex", "AB+", folds=False), "abb ABB") == ["ABB"]


def test_every_rule_that_hits_is_told_once_with_all_its_places() -> None:
    rules = [
        Rule(n, word, "phrase", word, band="remove") for n, word in enumerate(("idiot", "moron", "calm"))
    ]
    hits = RuleSet(rules).hits("idiot idiot moron")
    assert [(hit.rule.name, hit.spans) for hit in hits] == [
        ("idiot", ((0, 5), (6, 11))),
        ("moron", ((12, 17),)),
    ]
    assert hits[1].reason() == {
        "kind": "rule",
        "band": "remove",
        "rule": 1,
        "name": "moron",
        "spans": [{"begin": 12, "end": 17}],
    }


@pytest.mark.parametrize(
    ("kind", "pattern", "says"),
    [
        ("phrase", "  ", "Write a phrase"),
        ("phrase", "...", "at least one letter"),
        ("phrase", "x" * 201, "at most 200"),
        ("regex", "x" * 1_001, "At most 1,000"),
        ("regex", "(a", "missing )"),
        ("regex", "a)|(b", "unexpected )"),
        ("regex", "a(?=b)", "look-ahead"),
        ("regex", "(?<!a)b", "look-behind"),
        ("regex", r"(a)\1", "refer back"),
        ("regex", "(x{1000}){1000}", "too large"),
        ("regex", "a*", "empty text"),
        ("regex", "[z-a]", "character class range"),
        ("glob", "a", "phrase or a regex"),
    ],
)
def test_a_pattern_that_cannot_be_used_is_refused_in_words(kind: str, pattern: str, says: str) -> None:
    with pytest.raises(PatternError, match=says.replace(")", r"\)")):
        check_pattern(kind, pattern)


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", "(.*a){20}$", "([a-z]+)*\\d"])
def test_no_pattern_takes_longer_than_the_text_is_long(pattern: str) -> None:
    """Each of these keeps a backtracking engine busy for longer than the universe has been there."""
    rules = RuleSet([Rule(1, "", "regex", pattern)])
    began = time.process_time()
    rules.hits("a" * 20_000 + "!")
    assert time.process_time() - began < 2


def test_many_rules_cost_little_more_than_one() -> None:
    words = [f"bad{chr(97 + n % 26)}{chr(97 + n // 26)}word" for n in range(200)]
    rules = RuleSet([Rule(n, word, "phrase", word) for n, word in enumerate(words)])
    text = "An ordinary remark about the weather that nobody would mind. " * 4
    began = time.process_time()
    for _ in range(20):
        rules.hits(text)
    assert (time.process_time() - began) / 20 < 0.01
    assert [hit.rule.key for hit in rules.hits(f"b4dae-word {words[150]}")] == [104, 150]


ODD = list(
    "ab1!|I \n.*\u200b\u0301\u0130\u00df\ufb01\u0456\u01c0\u2460\u00e9\u1100\U0001d4f2\U0001f1ee\ud800\x00\u20ac"
)
TEXTS = st.text(st.characters(exclude_categories=()) | st.sampled_from(ODD), max_size=40)
many = settings(max_examples=200, deadline=None)


@many
@given(TEXTS)
def test_every_folded_character_comes_from_a_place_and_places_keep_their_order(text: str) -> None:
    view, last = fold(text), 0
    for place in range(len(view.text)):
        begin, end = view.original_span(place, place + 1)
        assert last <= begin < end <= len(text)
        last = begin


@many
@given(TEXTS)
def test_folded_text_has_no_capital_but_the_bar(text: str) -> None:
    assert not any("A" <= letter <= "Z" and letter != "I" for letter in fold(text).text)


@many
@given(TEXTS, TEXTS)
def test_a_phrase_is_found_among_any_surroundings_and_spans_lie_in_the_text(before: str, after: str) -> None:
    text = f"{before} idiot {after}"
    rules = RuleSet([Rule(1, "", "phrase", "idiot"), Rule(2, "", "regex", "idiot")])
    hits = rules.hits(text)
    assert [hit.rule.key for hit in hits] == [1, 2]
    for hit in hits:
        assert all(0 <= begin < end <= len(text) for begin, end in hit.spans)
        assert any(text[begin:end].endswith("idiot") for begin, end in hit.spans)


@many
@given(st.text(max_size=20))
def test_any_phrase_is_refused_in_words_or_finds_itself(phrase: str) -> None:
    try:
        check_pattern("phrase", phrase)
    except PatternError:
        return
    assert found(phrase, phrase), phrase


@pytest.mark.parametrize(
    ("phrase", "spelled"),
    [
        ("ass", "a s s"),
        ("ass", "a.$.$"),
        ("kill yourself", "k i l l y o u r s e l f"),
        ("asshole", "a-s-s-h-o-l-e"),
        ("bookkeeper", "b o o k k e e p e r"),
    ],
)
def test_letters_that_are_written_twice_are_found_one_by_one_too(phrase: str, spelled: str) -> None:
    assert found(phrase, f"you {spelled}, you") == [spelled]


@pytest.mark.parametrize("innocent", ["a SS officer", "as soon as s", "class s", "is a s soon"])
def test_a_letter_written_twice_opens_no_word_to_one_space(innocent: str) -> None:
    assert found("ass", innocent) == []


@pytest.mark.parametrize(
    ("pattern", "text", "spans"),
    [
        ("a.b|b.c", "a b c", ((0, 3),)),  # only one of two that overlap is a hit of a regex
        ("[a-c]{2}", "abcab", ((0, 2), (2, 4))),  # they touch, and stay two
        ("a+", "aa-aaa", ((0, 2), (3, 6))),
    ],
)
def test_places_of_a_regex_that_touch_stay_apart(
    pattern: str, text: str, spans: tuple[tuple[int, int], ...]
) -> None:
    (hit,) = RuleSet([Rule(1, "", "regex", pattern, folds=False)]).hits(text)
    assert hit.spans == spans


@pytest.mark.parametrize(
    ("spans", "merged"),
    [
        ([(0, 5), (5, 9)], ((0, 5), (5, 9))),  # adjoining
        ([(0, 5), (4, 9)], ((0, 9),)),  # overlapping by one
        ([(0, 9), (2, 4)], ((0, 9),)),  # nested: the longer end stays
        ([(2, 4), (0, 9), (9, 10)], ((0, 9), (9, 10))),  # in any order
        ([(0, 4), (0, 9)], ((0, 9),)),  # from the same place
        ([(0, 3), (2, 6), (5, 8)], ((0, 8),)),  # a chain
        ([(3, 5), (3, 5)], ((3, 5),)),
        ([], ()),
    ],
)
def test_places_that_overlap_become_one(
    spans: list[tuple[int, int]], merged: tuple[tuple[int, int], ...]
) -> None:
    assert _merged(spans) == merged


def test_a_reason_names_no_more_places_than_it_may() -> None:
    most = [(number * 2, number * 2 + 1) for number in range(SPANS_MAX + 1)]
    assert _merged(most) == tuple(most[:SPANS_MAX])
    assert len(_merged(most[:-1])) == SPANS_MAX


@pytest.mark.parametrize(
    ("hit", "inside", "strictly"),
    [
        ((2, 5), True, False),  # the same place
        ((2, 5), False, True),
        ((3, 5), True, True),
        ((2, 4), True, True),
        ((1, 5), False, False),  # begins before
        ((2, 6), False, False),  # ends behind
        ((5, 6), False, False),  # adjoins
    ],
)
def test_a_hit_is_inside_only_where_all_of_it_is(hit: tuple[int, int], inside: bool, strictly: bool) -> None:
    assert _is_inside(hit, [(2, 5)], strictly=strictly) is inside
