"""A key made in the admin is shown in one answer and never again."""

import re

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from classifier.api_keys.services import api_key_authenticate, api_key_create
from classifier.core.errors import ApiKeyInvalid
from classifier.models import ApiKey, Source, User

pytestmark = pytest.mark.django_db
LIST = "/admin/classifier/apikey/"


def test_the_key_is_shown_once_and_works(client: Client, admin_person: User, moderator: User) -> None:
    client.force_login(admin_person)
    form = {"name": "forum", "owner": moderator.pk, "scopes": ["submit", "read"]}
    response = client.post(f"{LIST}add/", form)
    assert "no-store" in response.headers["Cache-Control"]
    found = re.search(r"tox_[0-9a-f]{8}_[\w-]{43}", response.content.decode())
    assert found is not None
    key = api_key_authenticate(plaintext=found[0])
    assert (key.name, key.owner, key.scopes) == ("forum", moderator, ["read", "submit"])
    secret = found[0].removeprefix(key.prefix)
    for path in (LIST, f"{LIST}{key.pk}/change/", f"{LIST}{key.pk}/history/", "/admin/"):
        page = client.get(path)
        assert page.status_code == 200
        assert secret not in page.content.decode()
    assert all(secret not in str(session.get_decoded()) for session in Session.objects.all())


def test_a_form_without_scopes_makes_no_key(client: Client, admin_person: User) -> None:
    client.force_login(admin_person)
    response = client.post(f"{LIST}add/", {"name": "forum", "owner": admin_person.pk})
    assert response.status_code == 200
    assert not ApiKey.objects.exists()


def test_sources_and_quotas_are_given_with_the_key(
    client: Client, admin_person: User, moderator: User
) -> None:
    forum = Source.objects.create(slug="forum", name="Forum")
    client.force_login(admin_person)
    form = {"name": "k", "owner": moderator.pk, "scopes": ["read"], "sources": [forum.pk], "texts_per_day": 5}
    client.post(f"{LIST}add/", form)
    key = ApiKey.objects.get()
    assert (list(key.sources.all()), key.texts_per_day) == ([forum], 5)
    assert client.get(f"{LIST}{key.pk}/page/").headers["Location"] == f"/keys/{key.pk}/"


def test_an_admin_makes_no_key_that_acts_as_a_superuser(client: Client, admin_person: User) -> None:
    root = User.objects.create_superuser("root")
    client.force_login(admin_person)
    page = client.post(f"{LIST}add/", {"name": "k", "owner": root.pk, "scopes": ["read"]})
    assert "Only a superuser" in page.content.decode()
    assert not ApiKey.objects.exists()


def test_revoking_asks_first(client: Client, admin_person: User, moderator: User) -> None:
    key, plaintext = api_key_create(name="k", owner=moderator, scopes=["read"])
    client.force_login(admin_person)
    assert client.get(f"{LIST}{key.pk}/revoke/").status_code == 200
    api_key_authenticate(plaintext=plaintext)
    client.post(f"{LIST}{key.pk}/revoke/")
    with pytest.raises(ApiKeyInvalid, match=r"^This API key is not valid\.$"):
        api_key_authenticate(plaintext=plaintext)


def test_a_model_admin_neither_sees_nor_makes_nor_revokes_keys(
    client: Client, model_admin: User, moderator: User
) -> None:
    key, plaintext = api_key_create(name="k", owner=moderator, scopes=["read"])
    client.force_login(model_admin)
    for path in (LIST, f"{LIST}add/", f"{LIST}{key.pk}/change/", f"{LIST}{key.pk}/revoke/"):
        assert client.post(path, {}).status_code == 403
    assert api_key_authenticate(plaintext=plaintext) == key


def test_what_stands_for_missing_attributes_is_given_with_the_key(
    client: Client, admin_person: User, moderator: User
) -> None:
    client.force_login(admin_person)
    form = {"name": "k", "owner": moderator.pk, "scopes": ["score"], "missing_attributes": "constant"}
    page = client.post(f"{LIST}add/", form)
    assert "The constant score needs a number from 0 to 1." in page.content.decode()
    assert not ApiKey.objects.exists()
    client.post(f"{LIST}add/", {**form, "missing_constant": "0.5", "lifts_scores": "on"})
    key = ApiKey.objects.get()
    assert (key.missing_attributes, key.missing_constant, key.lifts_scores) == ("constant", 0.5, True)
    assert "A constant score" in client.get(f"{LIST}{key.pk}/change/").content.decode()
