"""What a key says of the dialects: what stands for missing attributes, and whether scores are lifted."""

from datetime import timedelta
from typing import Any

import pytest

from classifier.api_keys.services import api_key_create, api_key_rotate, api_key_update
from classifier.core.validation import InvalidInput
from classifier.models import ApiKey, AuditEntry, User

pytestmark = pytest.mark.django_db
NAMES = ("missing_attributes", "missing_constant", "lifts_scores")


@pytest.fixture
def owner() -> User:
    return User.objects.create_user("owner")


def made(owner: User, **fields: Any) -> ApiKey:
    return api_key_create(name="k", owner=owner, scopes=["score"], **fields)[0]


def changed(key: ApiKey, **fields: Any) -> tuple[Any, ...]:
    same: dict[str, Any] = {
        "name": key.name,
        "sources": [],
        "requests_per_minute": None,
        "texts_per_day": None,
    }
    api_key_update(api_key=key, **same, expires_at=None, **fields, by=None)
    key.refresh_from_db()
    return settings_of(key)


def settings_of(key: ApiKey) -> tuple[Any, ...]:
    return tuple(getattr(key, name) for name in NAMES)


def test_missing_attributes_are_left_out_unless_the_key_says_otherwise(owner: User) -> None:
    assert settings_of(made(owner)) == ("leave_out", None, False)
    key = made(owner, missing_attributes="constant", missing_constant=0.5, lifts_scores=True)
    assert settings_of(ApiKey.objects.get(pk=key.pk)) == ("constant", 0.5, True)


def test_they_change_and_what_is_not_named_stays(owner: User) -> None:
    key = made(owner)
    assert changed(key, missing_attributes="constant", missing_constant=0) == ("constant", 0.0, False)
    assert changed(key) == ("constant", 0.0, False)
    assert changed(key, lifts_scores=True) == ("constant", 0.0, True)
    assert changed(key, missing_constant=1.0) == ("constant", 1.0, True)
    assert changed(key, missing_attributes="refuse") == ("refuse", None, True)
    assert changed(key, lifts_scores=False) == ("refuse", None, False)


@pytest.mark.parametrize(
    ("fields", "field", "code"),
    [
        ({"missing_attributes": "constant"}, "missing_constant", "required"),
        ({"missing_attributes": "constant", "missing_constant": 1.1}, "missing_constant", "out_of_range"),
        ({"missing_attributes": "constant", "missing_constant": -0.1}, "missing_constant", "out_of_range"),
        (
            {"missing_attributes": "constant", "missing_constant": float("nan")},
            "missing_constant",
            "out_of_range",
        ),
        ({"missing_attributes": "constant", "missing_constant": True}, "missing_constant", "out_of_range"),
        ({"missing_attributes": "refuse", "missing_constant": 0.5}, "missing_constant", "not_allowed"),
        ({"missing_constant": 0.5}, "missing_constant", "not_allowed"),
        ({"missing_attributes": "zero"}, "missing_attributes", "invalid_choice"),
    ],
)
def test_what_is_wrong_is_named_by_its_field(
    owner: User, fields: dict[str, Any], field: str, code: str
) -> None:
    key = made(owner)
    for attempt in (lambda: made(owner, **fields), lambda: changed(key, **fields)):
        with pytest.raises(InvalidInput, match=r"^(missing_constant|missing_attributes): ") as caught:
            attempt()
        assert [(problem.field, problem.code) for problem in caught.value.problems] == [(field, code)]
    assert settings_of(ApiKey.objects.get()) == ("leave_out", None, False)


def test_the_audit_tells_what_they_were_and_are(owner: User) -> None:
    key = made(owner)
    changed(key, missing_attributes="constant", missing_constant=0.5, lifts_scores=True)
    create, change = AuditEntry.objects.order_by("id").values_list("verb", "data")
    assert create[0] == "key.create"
    assert tuple(create[1][name] for name in NAMES) == ("leave_out", None, False)
    assert change[0] == "key.change"
    assert tuple(change[1]["before"][name] for name in NAMES) == ("leave_out", None, False)
    assert tuple(change[1]["after"][name] for name in NAMES) == ("constant", 0.5, True)


def test_a_key_that_follows_by_rotation_answers_as_the_one_before(owner: User) -> None:
    key = made(owner, missing_attributes="constant", missing_constant=0.25, lifts_scores=True)
    new, _ = api_key_rotate(api_key=key, overlap=timedelta(days=1), by=None)
    assert settings_of(ApiKey.objects.get(pk=new.pk)) == ("constant", 0.25, True)
