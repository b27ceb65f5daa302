"""Test suites are taken in whole or not at all, and retired."""

import pytest
from django.core.exceptions import PermissionDenied

from classifier.models import User
from training.core.errors import NotAllowedNow, SuiteRejected
from training.evaluations.suites import suite_create, suite_retire, suite_take_back
from training.models import TestSuite

pytestmark = pytest.mark.django_db
CSV = b"test_case,label_gold,functionality,target_ident\nI hate you,hateful,hate,women\nHello,non-hateful,greeting,\n"


def test_a_suite_with_the_columns_of_hatecheck_is_kept(model_admin: User) -> None:
    suite = suite_create(name=" Hate  cases ", kind="cases", data=CSV, by=model_admin)
    assert (suite.name, suite.groups, len(suite.cases)) == ("Hate cases", ["women"], 2)
    assert suite.cases[0]["functionality"] == "hate"
    assert len(suite.fingerprint) == 64


def test_templates_are_filled_in_with_the_terms_of_the_second_file(db: None) -> None:
    suite = suite_create(
        name="Terms",
        kind="templates",
        data=b"template,expected\nI am {identity},0\n",
        terms=b"term\ngay\ntall\n",
        by=None,
    )
    assert [case["text"] for case in suite.cases] == ["I am gay", "I am tall"]
    assert suite.groups == ["gay", "tall"]


@pytest.mark.parametrize(
    ("values", "field", "sentence"),
    [
        ({"data": b"text,expected\nhello,maybe\n"}, "file", "Row 2, column expected"),
        ({"data": b"\xff\xfe"}, "file", "UTF-8"),
        ({"name": " "}, "name", "name"),
        ({"label": " "}, "label", "label"),
    ],
)
def test_what_does_not_hold_is_refused_with_its_place(
    db: None, values: dict[str, object], field: str, sentence: str
) -> None:
    with pytest.raises(SuiteRejected, match=sentence) as caught:
        suite_create(**{"name": "x", "kind": "cases", "data": CSV, "by": None, **values})  # type: ignore[arg-type]
    assert caught.value.field == field
    assert not TestSuite.objects.exists()


def test_a_name_is_given_once(db: None) -> None:
    suite_create(name="x", kind="cases", data=CSV, by=None)
    with pytest.raises(SuiteRejected, match="already"):
        suite_create(name="x", kind="cases", data=CSV, by=None)


def test_a_suite_is_retired_and_taken_back(model_admin: User) -> None:
    suite = suite_create(name="x", kind="cases", data=CSV, by=model_admin)
    suite_retire(suite=suite, by=model_admin)
    with pytest.raises(NotAllowedNow, match=r"^“x” is retired already\.$"):
        suite_retire(suite=suite, by=model_admin)
    suite_take_back(suite=suite, by=model_admin)
    assert TestSuite.objects.get().retired_at is None


def test_a_moderator_may_neither_bring_nor_retire_one(moderator: User) -> None:
    with pytest.raises(PermissionDenied, match=r"lacks the permission training\.add_testsuite$"):
        suite_create(name="x", kind="cases", data=CSV, by=moderator)
    suite = suite_create(name="x", kind="cases", data=CSV, by=None)
    with pytest.raises(PermissionDenied, match=r"lacks the permission training\.change_testsuite$"):
        suite_retire(suite=suite, by=moderator)
