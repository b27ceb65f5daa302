"""Suites that people bring: columns of HateCheck or plain ones, filled in, and refused in one sentence."""

import re
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from classifier.inference.sketch import folded, similarity, sketch
from training.ml.data.sampling import IDENTITY_TERMS
from training.ml.evaluation.suites import (
    IDENTITIES,
    KINDS,
    Case,
    SuiteError,
    parse_suite,
    shipped_suites,
    suite_fingerprint,
)

SAMPLE = Path(__file__).parents[2] / "data" / "sample"


def test_it_reads_the_columns_of_hatecheck() -> None:
    data = (
        ",functionality,case_id,test_case,label_gold,target_ident\n"
        '0,derog_neg_emote_h,1,"I loathe them, all of them.",hateful,women\n'
        "1,neutral_nh,2,They came by train.,non-hateful,\n"
    )
    assert parse_suite("cases", data.encode()) == [
        Case("I loathe them, all of them.", 1, "derog_neg_emote_h", "women"),
        Case("They came by train.", 0, "neutral_nh", ""),
    ]


def test_it_reads_plain_columns_with_a_byte_order_mark_and_empty_lines() -> None:
    data = b"\xef\xbb\xbfText,Expected\r\nyou fool,1\r\n,\r\nthank you,0\r\n"
    assert parse_suite("cases", data) == [Case("you fool", 1, "all", ""), Case("thank you", 0, "all", "")]


def test_it_puts_terms_of_a_second_file_into_templates() -> None:
    templates = (
        b"template,expected,functionality\nI am {identity}.,0,neutral\n{identity} {0} {x} fool,1,insult\n"
    )
    terms = b"term,group\ngay,sexuality\nold,age\n"
    assert parse_suite("templates", templates, terms) == [
        Case("I am gay.", 0, "neutral", "sexuality"),
        Case("I am old.", 0, "neutral", "age"),
        Case("gay {0} {x} fool", 1, "insult", "sexuality"),
        Case("old {0} {x} fool", 1, "insult", "age"),
    ]


def test_a_template_may_name_its_own_terms_and_an_empty_cell_takes_all() -> None:
    templates = b"template,expected,identities\nI am {identity},0,old|young\nA {identity} fool,1,\n"
    assert [(case.text, case.group) for case in parse_suite("templates", templates)] == [
        ("I am old", "old"),
        ("I am young", "young"),
        ("A old fool", "old"),
        ("A young fool", "young"),
    ]


@pytest.mark.parametrize(
    ("kind", "data", "sentence"),
    [
        ("cases", b"", "row 1, column text: the column is missing"),
        ("cases", b"text,label_gold\n", "the file holds no cases"),
        ("cases", b"text\nhello\n", "row 1, column expected: the column is missing"),
        ("cases", b"text,test_case,expected\na,b,1\n", "text and test_case mean the same"),
        ("cases", b"text,expected\nhello,maybe\n", "row 2, column expected: 'maybe' is no expected answer"),
        ("cases", b"text,expected,outcome\nhola,0,foreign\n", "row 2, column outcome: 'foreign' is no outcome"),
        ("cases", b"text,expected,outcome\nhello,,supported\n", "row 2, column expected: '' is no expected answer"),
        ("cases", b"text,expected\n  ,1\n", "row 2, column text: the cell is empty"),
        ("cases", b"text,expected\nfine,1\na,b,1\n", "row 3: there are 3 cells under 2 columns"),
        ("cases", b'text,expected\n"open,1\n', "row 2: this is not CSV"),
        ("cases", b"text,expected\n\xff,1\n", "is not UTF-8; save the file as UTF-8"),
        ("cases", b"text,expected\na\x00b,1\n", "holds NUL characters"),
        ("cases", b"text,expected\n" + b"x" * 5001 + b",1\n", "5,001 characters; at most 5,000"),
        ("cases", b"text,expected\n" + b"x" * 100_000 + b",1\n", "100,000 characters; at most 5,000"),
        ("cases", b"text,expected\n" + b"a,1\n" * 40_001, "row 40002: more than 40,000 cases"),
        ("cases", b"x" * (17 << 20), "at most 16,777,216 are accepted"),
        ("templates", b"template,expected\nI am old,0\n", "row 2, column template: 'I am old' has no {identity}"),
        ("templates", b"template,expected\nI am {identity},0\n", "there are no identity terms"),
        ("pictures", b"", "there is no kind 'pictures'"),
    ],
)  # fmt: skip
def test_it_refuses_with_row_column_and_remedy(kind: str, data: bytes, sentence: str) -> None:
    with pytest.raises(SuiteError, match=re.escape(sentence)) as caught:
        parse_suite(kind, data)
    assert "; " in str(caught.value)  # what to do
    assert len(str(caught.value)) < 400


def test_it_bounds_what_templates_unfold_to() -> None:
    templates = b"template,expected\n" + b"I am {identity},0\n" * 300
    terms = b"term,group\n" + b"".join(b"t%d,g\n" % i for i in range(300))
    with pytest.raises(SuiteError, match="more than 40,000 cases"):
        parse_suite("templates", templates, terms)


def test_a_suite_of_identity_terms_holds_each_in_neutral_and_insulting_sentences() -> None:
    suite = next(suite for suite in shipped_suites() if suite["name"] == IDENTITIES)
    groups = {case["group"] for case in suite["cases"]}
    assert groups < set(IDENTITY_TERMS)
    for group in groups:
        expected = [case["expected"] for case in suite["cases"] if case["group"] == group]
        assert (expected.count(0), expected.count(1)) == (12, 10)


def test_each_of_the_fifteen_kinds_has_enough_cases_on_both_sides() -> None:
    suite = next(suite for suite in shipped_suites() if suite["name"] == KINDS)
    kinds: dict[str, list[tuple[int, str]]] = {}
    for case in suite["cases"]:
        kinds.setdefault(case["functionality"], []).append((case["expected"], case.get("outcome", "")))
    assert len(kinds) == 15
    for kind, answers in kinds.items():
        assert len(answers) >= 22, kind
        sides = Counter(outcome or expected for expected, outcome in answers)
        assert len(sides) == 2, kind
        assert min(sides.values()) / len(answers) >= 0.25, kind


def test_no_shipped_case_stands_twice_or_nearly_in_the_suites_or_the_sample() -> None:
    """Ask the same sketch that keeps near-duplicates out of training rows; long texts come with and without abuse."""
    tables = [pq.read_table(path, columns=["text"]) for path in sorted(SAMPLE.glob("*.parquet"))]
    others = [text for table in tables for text in table["text"].to_pylist()]
    others += [case["text"] for case in shipped_suites()[0]["cases"]]
    others = [text for text in others if len(text) < 150]  # longer ones cannot be half of a short case
    kinds = [case for case in shipped_suites()[1]["cases"] if case["functionality"] != "long_text_dilution"]
    bands: dict[tuple[int, int], list[str]] = {}
    for text in [*others, *(case["text"] for case in kinds)]:
        for place, band in enumerate(sketch(folded(text)) or ()):
            bands.setdefault((place, band), []).append(folded(text))
    twice = []
    for case in kinds:
        fold = folded(case["text"])
        near = {other for at in enumerate(sketch(fold) or ()) for other in bands[at] if other != fold}
        twice += [(fold, other) for other in near if similarity(fold, other) >= 0.5]
    assert twice == []
    assert len({folded(case["text"]) for case in kinds}) == len(kinds)


def test_an_outcome_is_read_and_left_out_of_cases_without_one() -> None:
    data = b"text,expected,outcome\nhola amigos,,unsupported\nhello,0,supported\nyou fool,1,\n"
    cases = parse_suite("cases", data)
    assert [(case.expected, case.outcome) for case in cases] == [
        (0, "unsupported"),
        (0, "supported"),
        (1, ""),
    ]
    assert [sorted(case.to_dict()) for case in cases][1:] == [
        ["expected", "functionality", "group", "outcome", "text"],
        ["expected", "functionality", "group", "text"],
    ]


def test_the_fingerprint_tells_other_cases_apart() -> None:
    one, other = [Case("a", 1)], [Case("a", 0)]
    assert suite_fingerprint(one) == suite_fingerprint([Case("a", 1)]) != suite_fingerprint(other)
