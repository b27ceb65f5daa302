"""Bad input is named field by field, before anything is stored."""

from typing import Any

import pytest

from classifier.comments.submission import comment_submit, comments_submit
from classifier.core.validation import ROW_ID_MAX, InvalidInput, row_id, validate_texts, whole_number
from classifier.models import Comment

BAD_TEXTS = [
    (None, "required"),
    ("", "required"),
    ("  \n\t\u3000", "blank"),
    ("x" * 20_481, "max_length"),
    ("nul\x00byte", "null_characters"),
    ("half a pair \ud83d", "invalid_unicode"),
    (7, "invalid_type"),
    (["a"], "invalid_type"),
    (b"bytes", "invalid_type"),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("text", "code"), BAD_TEXTS)
def test_it_rejects_a_bad_text_and_stores_nothing(text: Any, code: str) -> None:
    with pytest.raises(InvalidInput, match=r"^text: ") as caught:
        comment_submit(text=text, source="web")
    (problem,) = caught.value.problems
    assert (problem.field, problem.code) == ("text", code)
    assert not Comment.objects.exists()


@pytest.mark.django_db
def test_a_text_of_exactly_the_limit_is_accepted(settings: Any) -> None:
    settings.COMMENT_MAX_CHARACTERS = 10
    assert comment_submit(text="x" * 10, source="web").pk


@pytest.mark.django_db
def test_every_problem_of_a_batch_is_named_and_nothing_stored_by_halves() -> None:
    items: list[Any] = [
        {"text": "fine", "external_id": "1"},
        {"text": "", "external_id": "x" * 201},
        "not an object",
        {"text": "again", "external_id": "1"},
        {"text": "fine", "external_id": ""},
        {"text": "fine", "author_ref": 3},
    ]
    with pytest.raises(
        InvalidInput, match=r"^items\[1\]\.text: This field may not be empty\.; items\[1\]\.external_id: At"
    ) as caught:
        comments_submit(items=items, source="web")
    assert {(problem.field, problem.code) for problem in caught.value.problems} == {
        ("items[1].text", "required"),
        ("items[1].external_id", "max_length"),
        ("items[2]", "invalid_type"),
        ("items[3].external_id", "duplicate"),
        ("items[4].external_id", "blank"),
        ("items[5].author_ref", "invalid_type"),
    }
    assert not Comment.objects.exists()


@pytest.mark.django_db
def test_a_batch_of_ten_thousand_is_rejected_by_its_size() -> None:
    with pytest.raises(
        InvalidInput, match=r"^items: This list has 10,000 items; at most 1,000 are allowed\.$"
    ) as caught:
        comments_submit(items=[{"text": "x"}] * 10_000, source="web")
    assert caught.value.problems[0].code == "max_items"


@pytest.mark.parametrize("texts", [None, "one string", {}, []])
def test_texts_to_score_must_be_a_list_of_at_least_one(texts: Any) -> None:
    with pytest.raises(InvalidInput, match=r"^texts: "):
        validate_texts(texts)


@pytest.mark.django_db
@pytest.mark.parametrize("slug", ["", "has space", "x" * 65, None, "ümlaut"])
def test_it_rejects_a_source_that_is_no_slug(slug: Any) -> None:
    with pytest.raises(
        InvalidInput, match=r"^source: This must be 1 to 64 letters, digits, hyphens or underscores\.$"
    ) as caught:
        comment_submit(text="x", source=slug)
    assert caught.value.problems[0].field == "source"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("7", 7),
        ("007", 7),
        (str(ROW_ID_MAX), ROW_ID_MAX),
        (7, 7),
        *((text, None) for text in ("0", "", None, "-1", "+1", " 1", "1_0", "1.0", "\u0667", "²", True)),
        (str(ROW_ID_MAX + 1), None),
        ("9" * 5_000, None),
    ],
)
def test_an_id_is_written_in_ascii_digits_and_fits_its_column(text: Any, number: int | None) -> None:
    assert row_id(text) == number


def test_a_whole_number_may_be_0_and_ends_at_its_limit() -> None:
    assert (whole_number("0"), whole_number("999", most=999), whole_number("1000", most=999)) == (
        0,
        999,
        None,
    )
