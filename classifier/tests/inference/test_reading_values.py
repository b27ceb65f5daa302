"""Values as people have them: times, ids, decisions, labels and scores."""

from datetime import UTC, datetime
from typing import Any

import pytest

from classifier.inference.files.values import (
    guess_decision,
    guess_order,
    label_words,
    read_decision,
    read_id,
    read_label,
    read_score,
    read_time,
    zone_of,
)

NOON = datetime(2023, 7, 9, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        "2023-07-09T12:00:00Z", "2023-07-09T14:00:00+02:00", "2023-07-09 12:00", "2023/07/09 12:00:00.000", 1688904000,
        "1688904000", "1688904000.0", 1688904000000, "1688904000000", "1688904000000000", "45116.5", "45116,5",
        "Sun, 09 Jul 2023 12:00:00 GMT", "Sun, 9 Jul 2023 14:00:00 +0200", "09/07/2023 12:00", "9.7.2023 12:00:00",
        "9.7.23, 12:00", "July 9, 2023 12:00 PM", "9 July 2023 12:00", "Sun Jul  9 12:00:00 2023",
        "Sun Jul 09 12:00:00 +0000 2023", "2023-07-09 08:00 America/New_York", "2023-07-09 14:00:00 CEST",
        "2023-07-09T14:00+02:00[Europe/Berlin]", "Sun Jul 09 2023 14:00:00 GMT+0200 (Central European Summer Time)",
    ],
)  # fmt: skip
def test_a_time_is_read_in_whichever_form(value: Any) -> None:
    assert read_time(value) == NOON


def test_a_time_without_a_zone_is_local() -> None:
    zone = zone_of("Europe/Berlin")
    assert read_time("2023-07-09 14:00", zone=zone) == NOON
    assert read_time("2023-12-09 13:00", zone=zone) == datetime(2023, 12, 9, 12, tzinfo=UTC)
    assert read_time("2023-07-09 12:00Z", zone=zone) == NOON
    for wrong in ("Mars/Base", "../../etc/passwd", "Europe", "+99:00"):
        with pytest.raises(ValueError, match="no time zone"):
            zone_of(wrong)


@pytest.mark.parametrize(
    "value",
    ["yesterday", "2023-02-30", "12", "99/99/2023", "2023-07-09 25:00", True, None, [], "1.7E+09", "9" * 400],
)
def test_what_is_no_time_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"time such as|no such day"):
        read_time(value)


def test_the_order_of_day_and_month_is_guessed_by_the_dates_that_tell() -> None:
    assert guess_order(["03/04/2023", None, 7, "25/04/2023"]) == "day-first"
    assert guess_order(["03/04/2023", "04/25/2023"]) == "month-first"
    assert guess_order(["03/04/2023", "25.04.2023", "2023-04-25"]) == ""
    assert read_time("07/09/2023 12:00", order="month-first") == NOON
    with pytest.raises(ValueError, match="say which order"):
        read_time("04/25/2023", order="day-first")


def test_an_id_that_a_spreadsheet_has_rounded_is_refused() -> None:
    assert [read_id(value) for value in (17, 17.0, "17", "a1e5", "12e45678", None)] == [
        "17", "17", "17", "a1e5", "12e45678", None,
    ]  # fmt: skip
    for wrong in ("1.23E+17", "1,7E+18", "9E+15", "1.6543e+17"):
        with pytest.raises(ValueError, match="spreadsheet turned this id"):
            read_id(wrong)


@pytest.mark.parametrize(
    ("column", "values"),
    [
        (
            "status",
            {"APPROVED": "approve", "Rejected": "remove", "PREMOD": "none", "SYSTEM_WITHHELD": "remove"},
        ),
        ("is_deleted", {"true": "remove", "false": "approve", True: "remove", 0: "approve"}),
        ("approved", {"1": "approve", "0": "remove", "yes": "approve", "no": "remove", "": "none"}),
        ("action", {"not spam": "approve", "spam": "remove", "to the moon": None}),
    ],
)
def test_decisions_under_other_names_are_guessed(column: str, values: dict[Any, str | None]) -> None:
    assert {value: guess_decision(value, column) for value in values} == values


def test_zero_beside_words_is_a_comment_that_waits() -> None:
    assert guess_decision("0", "comment_approved", has_words=True) == "none"
    assert read_decision("0", "comment_approved", has_words=True) is None
    assert read_decision("Binned", chosen={"binned": "remove"}) == "remove"
    with pytest.raises(ValueError, match="not known what 'Binned' decides"):
        read_decision("Binned")


@pytest.mark.parametrize(
    ("value", "label", "known"),
    [
        (1, "toxic", 1), ("0.0", "toxic", 0), (True, "toxic", 1), ("yes", "threat", 1), ("No", "threat", 0),
        ("0.5", "toxic", 1), (0.49, "toxic", 0), ("0,7", "toxic", 1), ("", "toxic", -1), (None, "toxic", -1),
        (float("nan"), "toxic", -1), ("-1", "toxic", -1), ("NaN", "toxic", -1), ("Non-Toxic", "toxic", 0),
        ("hate", "toxic", 1), ("not hate", "hate", 0), ("insult", "insult", 1), ("OFF", "toxic", 1), ("NOT", "toxic", 0),  # noqa: E501
        ("normal", "insult", 0),
    ],
)  # fmt: skip
def test_a_label_is_a_number_a_share_or_a_word(value: Any, label: str, known: int) -> None:
    assert read_label(value, label) == known


@pytest.mark.parametrize(
    ("value", "label"), [("perhaps", "toxic"), (2, "toxic"), ("1.5", "toxic"), ("threat", "insult")]
)
def test_a_label_that_is_not_known_is_refused_not_guessed(value: Any, label: str) -> None:
    with pytest.raises(ValueError, match="A label is"):
        read_label(value, label)


def test_words_and_cut_are_as_they_are_chosen() -> None:
    words = label_words(" CAG=0 , OAG = 1, odd=-1")
    assert [read_label(word, "toxic", words=words) for word in ("cag", "OAG", "Odd")] == [0, 1, -1]
    assert [read_label(share, cut=0.8) for share in ("0.79", "0.8", "1")] == [0, 1, 1]
    for wrong in ("CAG", "CAG=2", "=1"):
        with pytest.raises(ValueError, match="write WORD=1"):
            label_words(wrong)


def test_scores_may_have_a_decimal_comma() -> None:
    assert [read_score(value) for value in ("0,83", " ", None, 1, ".5")] == [0.83, None, None, 1.0, 0.5]
    for wrong in ("1.2", "high", True, "1_0"):
        with pytest.raises(ValueError, match="This is no"):
            read_score(wrong)
