"""API keys are shown once, kept as digests, and useless once revoked or expired."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from classifier.api_keys.services import api_key_authenticate, api_key_create, api_key_revoke
from classifier.core.errors import ApiKeyInvalid
from classifier.core.validation import InvalidInput
from classifier.models import ApiKey, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> User:
    return User.objects.create_user("owner")


def test_a_key_is_found_by_its_plain_text_which_is_stored_nowhere(owner: User) -> None:
    key, plaintext = api_key_create(name="forum", owner=owner, scopes=["submit", "read"])
    assert plaintext.startswith("tox_")
    assert plaintext.startswith(key.prefix)
    assert api_key_authenticate(plaintext=plaintext) == key
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(k)::text FROM classifier_apikey k")
        (row,) = cursor.fetchone()
    assert plaintext not in row
    assert plaintext.removeprefix(key.prefix) not in row


def test_two_keys_are_different(owner: User) -> None:
    first, second = (api_key_create(name="k", owner=owner, scopes=["read"])[1] for _ in range(2))
    assert first != second
    assert len(first) > 50


@pytest.mark.parametrize("change", ["last", "prefix only", "empty", "other", "unicode"])
def test_a_wrong_key_is_refused(owner: User, change: str) -> None:
    key, plaintext = api_key_create(name="k", owner=owner, scopes=["read"])
    wrong = {
        "last": plaintext[:-1] + ("a" if plaintext[-1] != "a" else "b"),
        "prefix only": key.prefix,
        "empty": "",
        "other": "tox_00000000_" + "a" * 43,
        "unicode": plaintext + "ü",
    }[change]
    with pytest.raises(ApiKeyInvalid, match=r"^This API key is not valid\.$"):
        api_key_authenticate(plaintext=wrong)


def test_a_revoked_key_is_refused(owner: User) -> None:
    key, plaintext = api_key_create(name="k", owner=owner, scopes=["read"])
    api_key_revoke(api_key=key, by=None)
    revoked_at = key.revoked_at
    api_key_revoke(api_key=key, by=None)
    assert key.revoked_at == revoked_at
    with pytest.raises(ApiKeyInvalid, match=r"^This API key is not valid\.$"):
        api_key_authenticate(plaintext=plaintext)


def test_an_expired_key_and_one_of_a_deactivated_person_are_refused(owner: User) -> None:
    key, plaintext = api_key_create(
        name="k", owner=owner, scopes=["read"], expires_at=timezone.now() + timedelta(days=1)
    )
    api_key_authenticate(plaintext=plaintext)
    owner.is_active = False
    owner.save()
    with pytest.raises(ApiKeyInvalid, match=r"^This API key is not valid\.$"):
        api_key_authenticate(plaintext=plaintext)
    owner.is_active = True
    owner.save()
    ApiKey.objects.filter(pk=key.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    with pytest.raises(ApiKeyInvalid, match=r"^This API key is not valid\.$"):
        api_key_authenticate(plaintext=plaintext)


def test_use_is_noted_at_most_once_a_minute(owner: User) -> None:
    key, plaintext = api_key_create(name="k", owner=owner, scopes=["read"])
    api_key_authenticate(plaintext=plaintext)
    key.refresh_from_db()
    noted = key.last_used_at
    assert noted is not None
    api_key_authenticate(plaintext=plaintext)
    key.refresh_from_db()
    assert key.last_used_at == noted


def test_unknown_scopes_and_missing_names_are_refused(owner: User) -> None:
    with pytest.raises(
        InvalidInput, match=r"^name: A name of 1 to 100 characters is needed\.; scopes: Give one or"
    ) as caught:
        api_key_create(name=" ", owner=owner, scopes=["root"])
    assert {problem.field for problem in caught.value.problems} == {"name", "scopes"}
