"""API keys on their pages: shown once, listed without secrets, changed, rotated and revoked by admins."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from classifier.accounts.roles import ADMIN, LEAD, user_roles_set
from classifier.api_keys.services import api_key_authenticate, api_key_create
from classifier.core.errors import ApiKeyInvalid
from classifier.models import ApiKey, ApiKeyUsage, Source, User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_clean")]


def signed_in(role: str) -> Client:
    user = User.objects.create_user(role.lower())
    user_roles_set(user=user, roles=[role], by=None)
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def admin() -> Client:
    return signed_in(ADMIN)


@pytest.fixture
def owner() -> User:
    return User.objects.create_user("owner")


def secret_in(response: Any) -> str:
    found = re.search(r'id="secret"[^>]*>(tox_[\w-]+)<', response.content.decode())
    assert found is not None
    return found[1]


def test_a_new_key_is_shown_once_and_kept_nowhere(admin: Client, owner: User) -> None:
    forum = Source.objects.create(slug="forum", name="Forum")
    response = admin.post(
        "/keys/new/",
        {
            "name": "the forum",
            "owner": owner.pk,
            "scopes": ["score", "submit"],
            "sources": [forum.pk],
            "texts_per_day": "500",
            "expires_on": "2099-12-31",
        },
    )
    plaintext = secret_in(response)
    assert "no-store" in response.headers["Cache-Control"]
    key = api_key_authenticate(plaintext=plaintext)
    assert (key.name, key.owner, key.scopes) == ("the forum", owner, ["score", "submit"])
    assert (key.texts_per_day, key.requests_per_minute) == (500, None)
    assert key.expires_at == datetime(2100, 1, 1, tzinfo=UTC)
    assert list(key.sources.all()) == [forum]
    secret = plaintext.removeprefix(key.prefix)
    for page in ("/keys/", f"/keys/{key.pk}/", "/history/"):
        assert secret not in admin.get(page).content.decode()
    assert secret not in str(dict(admin.session.items()))


def test_what_is_wrong_stands_beside_its_field_and_what_was_typed_stays(admin: Client, owner: User) -> None:
    sent = {"name": "forum", "owner": owner.pk, "expires_on": "2001-01-01", "requests_per_minute": "7"}
    response = admin.post("/keys/new/", sent)
    page = response.content.decode()
    assert response.status_code == 422
    assert (
        "This moment has passed." in admin.post("/keys/new/", {**sent, "scopes": ["read"]}).content.decode()
    )
    assert 'value="2001-01-01"' in page
    assert 'value="7"' in page
    assert not ApiKey.objects.exists()


def test_the_list_shows_state_and_use(admin: Client, owner: User) -> None:
    key, _ = api_key_create(name="busy", owner=owner, scopes=["read"])
    ApiKeyUsage.objects.create(api_key=key, day=datetime.now(UTC).date(), requests=1234)
    ApiKey.objects.filter(pk=api_key_create(name="old", owner=owner, scopes=["read"])[0].pk).update(
        expires_at=timezone.now()
    )
    page = admin.get("/keys/").content.decode()
    assert page.index("busy") < page.index("old")
    assert "1,234" in page
    assert "Expired" in page
    assert "<rect" in page


def test_a_key_is_changed_and_its_exact_end_survives(admin: Client, owner: User) -> None:
    ends = timezone.now() + timedelta(days=3, hours=5)
    key, _ = api_key_create(name="forum", owner=owner, scopes=["read"], expires_at=ends)
    page = admin.get(f"/keys/{key.pk}/").content.decode()
    day = re.search(r'name="expires_on" value="([^"]+)"', page)
    assert day is not None
    response = admin.post(f"/keys/{key.pk}/", {"name": "blog", "texts_per_day": "9", "expires_on": day[1]})
    assert response.status_code == 302
    key.refresh_from_db()
    assert (key.name, key.texts_per_day, key.expires_at) == ("blog", 9, ends)
    assert admin.post(f"/keys/{key.pk}/", {"name": ""}).status_code == 422


def test_rotating_shows_the_new_key_and_says_when_the_old_one_ends(admin: Client, owner: User) -> None:
    key, old = api_key_create(name="forum", owner=owner, scopes=["read"])
    response = admin.post(f"/keys/{key.pk}/rotate/", {"overlap": "24"})
    assert "no-store" in response.headers["Cache-Control"]
    assert api_key_authenticate(plaintext=secret_in(response)).replaces == key
    assert api_key_authenticate(plaintext=old) == key
    again = admin.post(f"/keys/{key.pk}/rotate/", {"overlap": "24"}, follow=True).content.decode()
    assert "rotated already" in again
    assert admin.post(f"/keys/{key.pk}/rotate/", {"overlap": "-5"}).status_code == 302
    assert ApiKey.objects.count() == 2


def test_a_revoked_key_offers_nothing_any_more(admin: Client, owner: User) -> None:
    key, plaintext = api_key_create(name="forum", owner=owner, scopes=["read"])
    page = admin.post(f"/keys/{key.pk}/revoke/", follow=True).content.decode()
    assert "Revoked" in page
    assert "Rotate it" not in page
    with pytest.raises(ApiKeyInvalid, match=r"^This API key is not valid\.$"):
        api_key_authenticate(plaintext=plaintext)


def test_the_days_are_a_chart_with_a_table_beside_it(admin: Client, owner: User) -> None:
    key, _ = api_key_create(name="forum", owner=owner, scopes=["read"])
    today = datetime.now(UTC).date()
    ApiKeyUsage.objects.create(api_key=key, day=today - timedelta(days=3), requests=12, texts=3456, refused=2)
    page = admin.get(f"/keys/{key.pk}/").content.decode()
    assert 'data-chart="bars"' in page
    assert "3,456" in page
    assert page.count('<th scope="row">') == 30


def test_a_lead_sees_no_keys(owner: User) -> None:
    lead = signed_in(LEAD)
    key, _ = api_key_create(name="forum", owner=owner, scopes=["read"])
    assert lead.get("/keys/").status_code == 403
    assert lead.post(f"/keys/{key.pk}/revoke/").status_code == 403
    key.refresh_from_db()
    assert key.revoked_at is None


def test_how_other_services_formats_answer_a_key_is_chosen_on_its_page(admin: Client, owner: User) -> None:
    sent = {"name": "k", "owner": owner.pk, "scopes": ["score"], "missing_attributes": "constant"}
    response = admin.post("/keys/new/", sent)
    assert response.status_code == 422
    assert "The constant score needs a number from 0 to 1." in response.content.decode()
    admin.post("/keys/new/", {**sent, "missing_constant": "0.5", "lifts_scores": "on"})
    key = ApiKey.objects.get()
    assert (key.missing_attributes, key.missing_constant, key.lifts_scores) == ("constant", 0.5, True)

    page = admin.get(f"/keys/{key.pk}/").content.decode()
    assert '<option value="constant" selected>' in page
    assert re.search(r'name="missing_constant" value="0.5"', page)
    assert re.search(r'name="lifts_scores" checked', page)
    assert "A constant score: 0.5; scores are lifted" in page

    left = {"name": "k", "missing_attributes": "leave_out", "missing_constant": "0.5"}
    refused = admin.post(f"/keys/{key.pk}/", left)
    assert refused.status_code == 422
    assert "Leave this empty, or choose the constant score" in refused.content.decode()
    admin.post(f"/keys/{key.pk}/", {**left, "missing_constant": ""})
    key.refresh_from_db()
    assert (key.missing_attributes, key.missing_constant, key.lifts_scores) == ("leave_out", None, False)
