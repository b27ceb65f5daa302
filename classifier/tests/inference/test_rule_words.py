# ruff: noqa: RUF001 - letters of other scripts
"""Rules know the words of every script: boundaries, accents, contractions, disguises, and words by chance."""

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.inference.fold import accented_character, fold, unaccented_character, without_accents
from classifier.inference.normalise import NormalisedText
from classifier.inference.phrases import PatternError, outline
from classifier.inference.rules import LEFT_OUT, Rule, RuleSet, check_exceptions, check_pattern
from classifier.inference.unicode_patterns import unicode_pattern


def found(kind: str, pattern: str, text: str, **fields: Any) -> list[str]:
    hits = RuleSet([Rule(1, "rule", kind, pattern, **fields)]).hits(text)
    return [text[begin:end] for hit in hits for begin, end in hit.spans]


@pytest.mark.parametrize(
    ("pattern", "text", "hits"),
    [
        (r"\bидиот(ы|ов)?\b", "эти идиоты тут", ["идиоты"]),
        (r"\bидиот\b", "это идиотизм", []),
        (r"\bgrève\b", "la GRÈVE, encore", ["GRÈVE"]),
        (r"\bκάφρε\w*", "ρε κάφρεις", ["κάφρεις"]),
        (r"\bकुत्ता\b", "तू कुत्ता है", ["कुत्ता"]),
        (r"\bकुत्त\b", "तू कुत्ता है", []),
        (r"\b傻瓜\b", "你是傻瓜吗", ["傻瓜"]),
        (r"\bバカ\b", "バカンスに行く", []),
        (r"\bバカ\b", "このバカは", ["バカ"]),
        (r"\bฟ้า\b", "ท้องฟ้าใส", ["ฟ้า"]),
        (r"\bfoo\B", "foobar foo", ["foo"]),
        (r"\B!", "a! !", ["!"]),
        (r"[^\W\d_]{3}\d", "ñbç7", ["ñbç7"]),
        (r"[\W_]{3,}", "é---é", ["---"]),
        (r"^\bça\s+pue\b$", "ça pue", ["ça pue"]),
        (r"(?s)\bя.я\b", "я\u00a0я", ["я\u00a0я"]),
        (r"\Qл.\E\b", "л.а ла", ["л."]),
        (r"\bл\x{430}д\b", "лад", ["лад"]),
        (r"\P{L}\bю\b", "-ю", ["-ю"]),
        (r"\b\bой\b\b", "ой", ["ой"]),
        (r"a\\b", "a\\b", ["a\\b"]),
        (r"[\b-]x", "-x", None),
    ],
)
@pytest.mark.parametrize("folds", [True, False])
def test_boundaries_and_classes_of_a_regex_are_those_of_unicode(
    pattern: str, text: str, hits: list[str] | None, folds: bool
) -> None:
    if hits is None:
        with pytest.raises(
            PatternError, match=r"^This is not a regular expression that can be used: invalid escape"
        ):
            check_pattern("regex", pattern)
        return
    check_pattern("regex", pattern)
    if not folds:
        text = text.replace("GRÈVE", "grève")
        hits = [hit.lower() for hit in hits]
    assert found("regex", pattern, text, folds=folds) == hits


def test_a_pattern_without_boundaries_or_classes_stays_as_it_is() -> None:
    source = r"(?i:a+?[b-d])|(?P<x>e{2,3})[[:digit:]]\pL"
    assert unicode_pattern(source).source == source
    assert not unicode_pattern(source).asks


@pytest.mark.parametrize("pattern", [r"\b(a+)+$", r"(\w+\s?)*\b!$", r"\b(\w|\w\w)+\b\d"])
def test_a_pattern_with_boundaries_is_still_linear(pattern: str) -> None:
    rules = RuleSet([Rule(1, "", "regex", pattern)])
    began = time.process_time()
    rules.hits("a" * 20_000 + "!")
    assert time.process_time() - began < 4


@pytest.mark.parametrize(
    ("pattern", "why"),
    [(r"\C", r"^A pattern may not use \\C"), (r"[^\W\pL]", r"Write it as two classes\.$")],
)
def test_what_cannot_be_put_into_unicode_is_refused(pattern: str, why: str) -> None:
    with pytest.raises(PatternError, match=why):
        check_pattern("regex", pattern)


@pytest.mark.parametrize(
    ("phrase", "text", "hits"),
    [
        ("ano", "un año", False),
        ("año", "un año", True),
        ("año", "un ano", False),
        ("papá", "PAPÁ", True),
        ("cafe", "un café noir", False),
        ("łaska", "laska", False),
        ("мой", "мои друзья", False),
        ("ещё", "еще раз", True),
        ("かき", "がき", False),
        ("ガキ", "ｶﾞｷ", True),
        ("कुत्ता", "कुत्ते", False),
        ("كلب", "كَلْب", True),
        ("idiot", "you ïdïöt", True),
        ("idiot", "i\u0336d\u0336i\u0336o\u0336t", True),
    ],
)
def test_accents_matter_unless_they_disguise_the_word(phrase: str, text: str, hits: bool) -> None:
    assert bool(found("phrase", phrase, text)) == hits


@pytest.mark.parametrize(
    ("kind", "pattern", "text"),
    [
        ("phrase", "ano", "un año"),
        ("phrase", "año", "un ano"),
        ("phrase", "łaska", "laska"),
        ("regex", r"\bcafés?\b", "deux cafes"),
    ],
)
@pytest.mark.parametrize("folds", [True, False])
def test_accents_are_ignored_by_choice(kind: str, pattern: str, text: str, folds: bool) -> None:
    assert found(kind, pattern, text, folds=folds, ignore_accents=True)
    assert not found(kind, pattern, text, folds=folds)


def test_ignoring_accents_leaves_the_signs_of_other_scripts() -> None:
    assert not found("phrase", "कुत्ता", "कुत्ते", ignore_accents=True)
    assert not found("phrase", "バカ", "ハカ", ignore_accents=True)
    assert without_accents("Ñandú, Łódź, バ") == "Nandu, Lodz, バ"


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("shed", "she'd go"),
        ("well", "we\u2019ll see"),
        ("wed", "we'd rather"),
        ("were", "WE'RE HERE"),
        ("cant", "you can't"),
        ("can", "I can't"),
        ("won", "it won't rain"),
        ("ll", "they'll come"),
        ("together", "to-get-her plan"),
        ("manslaughter", "a man's-laughter"),
    ],
)
def test_a_contraction_and_words_that_marks_divide_stand_for_themselves(phrase: str, text: str) -> None:
    assert found("phrase", phrase, text) == []


@pytest.mark.parametrize(
    ("phrase", "text", "hit"),
    [
        ("hell", "h'e'l'l no", "h'e'l'l"),
        ("moron", "mo-ron", "mo-ron"),
        ("moron", "mo.ron!", "mo.ron"),
        ("moron", "m<i>or</i>on", "m<i>or</i>on"),
        ("moron", "m&#111;ron", "m&#111;ron"),
        ("moron", "youmoron", "moron"),
        ("moron", "#WhatAMoron", "Moron"),
        ("blorg", "b1org and blo-rg", "b1org"),
        ("blorg", "youblorg", "blorg"),
        ("don't go", "don't go", "don't go"),
        ("바보", "바 보 같은", "바 보"),
        ("笨蛋", "你是笨 蛋吗", "笨 蛋"),
    ],
)
def test_disguises_are_found_where_the_rule_asks_for_them(phrase: str, text: str, hit: str) -> None:
    assert hit in found("phrase", phrase, text)
    if phrase != "don't go":
        assert hit not in found("phrase", phrase, text, folds=False)


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("바보", "바 보고"),
        ("dick", "Dickinson and Cockburn"),
        ("anal", "the analysts' canal"),
        ("rape", "grape drapery therapeutic"),
        ("moron", "oxymoron"),
    ],
)
def test_names_and_longer_words_are_not_parted(phrase: str, text: str) -> None:
    assert found("phrase", phrase, text) == []


@pytest.mark.parametrize(
    ("phrase", "text", "hits"),
    [
        ("idiot*", "idiotic", ["idiotic"]),
        ("idiot*", "1d10tic", ["1d10tic"]),
        ("*scheiß*", "ganzscheißegal!", ["ganzscheißegal"]),
        ("*idiot", "idiotic", []),
        ("c++", "c++ rules", ["c++"]),
        ("**", "a ** b", None),
    ],
)
def test_a_star_at_an_end_of_a_phrase_stands_for_letters(
    phrase: str, text: str, hits: list[str] | None
) -> None:
    if hits is None:
        with pytest.raises(PatternError, match=r"^A phrase needs at least one letter or digit\.$"):
            check_pattern("phrase", phrase)
        return
    assert found("phrase", phrase, text) == hits


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("toad", "see https://pond.example/toad-life?x=toad"),
        ("toad", "write to toad@pond.example"),
        ("add", "session 9f1c-a44-add-11aa-77"),
        ("cum", "Magna cum laude, summa-cum-laude"),
        ("dick", "Moby\nDick"),
        ("tit", "a great tit"),
    ],
)
def test_words_by_chance_are_left_out_unless_the_rule_says_so(phrase: str, text: str) -> None:
    assert found("phrase", phrase, text) == []
    assert found("phrase", phrase, text, leave_out=())


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("toad", "you toad.149.254.183.53"),
        ("asshole", "you ass-hole"),
        ("moron", "2nd moron of 3"),
        ("fuck", "f*** you"),
        ("shit", "what a shithead"),
    ],
)
@pytest.mark.parametrize("more", [(), ("fags", "fool", "shed")])
def test_other_rules_and_what_stands_beside_a_word_do_not_hide_it(
    phrase: str, text: str, more: tuple[str, ...]
) -> None:
    rules = [Rule(n, word, "phrase", word) for n, word in enumerate((phrase, *more))]
    assert [hit.rule.key for hit in RuleSet(rules).hits(text)] == [0]


def test_a_rule_about_an_address_or_a_set_phrase_finds_it() -> None:
    assert found("phrase", "pond.example", "https://pond.example/x") == ["pond.example"]
    assert found("phrase", "kung fu", "Kung Fu!") == ["Kung Fu"]
    assert found("phrase", "motherf*", "you m0therfuck3r") == ["m0therfuck3r"]


def test_a_hit_inside_an_exception_is_none() -> None:
    rule = Rule(1, "", "regex", r"\w*cunt\w*", exceptions=("Scunthorpe", "Scunthorpe United"))
    other = Rule(2, "", "phrase", "united")
    text = "Scunthorpe United, cunt"
    assert [(hit.rule.key, hit.spans) for hit in RuleSet([rule, other]).hits(text)] == [
        (1, ((19, 23),)),
        (2, ((11, 17),)),
    ]
    everywhere = Rule(3, "", "phrase", "scunthorpe united", band="exception")
    assert [hit.rule.key for hit in RuleSet([rule, other, everywhere]).hits("Scunthorpe United")] == []
    assert RuleSet([everywhere]).hits("Scunthorpe United") == []


def test_exceptions_and_what_is_left_out_are_checked() -> None:
    with pytest.raises(PatternError, match="at least one letter"):
        check_exceptions(["fine", "..."])
    with pytest.raises(PatternError, match="at most 100"):
        check_exceptions([f"word{n}" for n in range(101)])
    assert set(Rule(1, "", "phrase", "toad").leaves_out) <= set(LEFT_OUT)


def test_thousands_of_phrases_cost_little_more_than_ten() -> None:
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = [f"qu{a}{b}{c}x" for a in letters for b in letters for c in letters[:6]]
    rules = RuleSet([Rule(n, word, "phrase", word, folds=n % 2 == 0) for n, word in enumerate(words)])
    text = "An ordinary remark about the weather that nobody would m*nd. " * 4
    began = time.process_time()
    for _ in range(10):
        rules.hits(text)
    assert (time.process_time() - began) / 10 < 0.1
    assert [hit.rule.name for hit in rules.hits(f"Q-u-a-d-a-x and {words[101]}")] == [words[18], words[101]]


TEXTS = st.text(st.sampled_from("aeiоіcdtsk0134@$!|*#-. '\u0301ñß\u0131\u200bбКж바보"), max_size=30)


@settings(max_examples=150, deadline=None)
@given(
    TEXTS, st.sampled_from(["idiot", "cat", "sick", "каска", "ass", "바보", "a$$", "kiss it"]), st.booleans()
)
def test_the_index_of_phrases_leaves_no_hit_out(text: str, phrase: str, ignores: bool) -> None:
    rules = RuleSet([Rule(1, "", "phrase", phrase, ignore_accents=ignores, leave_out=())])
    (compiled,) = rules._compiled
    view = fold(text, unaccented_character if ignores else accented_character)
    outlined = NormalisedText(outline(view.text), view.original, view.begins, view.ends)
    if "*" not in text and "#" not in text and list(compiled.spans(outlined)):
        letters = [sign for sign in text if sign in "!@$|"]
        assert rules.hits(text) or (letters and any(sign in text for sign in "-. '"))
