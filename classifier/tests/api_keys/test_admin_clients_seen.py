"""Programs that called with a key, in the administration: of the keys that one sees, and never written."""

import pytest
from django.test import Client

from classifier.accounts.roles import ADMIN, MODERATOR
from classifier.api_keys.clients_seen import MEMORY, client_seen, clients_seen_by, keys_seen_by
from classifier.api_keys.services import api_key_create
from classifier.core.source_access import source_access_set
from classifier.models import ApiKey, ClientSeen, Source, User
from classifier.tests.conftest import person

pytestmark = pytest.mark.django_db
LIST = "/admin/classifier/clientseen/"


@pytest.fixture
def sources() -> tuple[Source, Source]:
    near, far = (Source.objects.create(slug=slug, name=slug) for slug in ("near", "far"))
    return near, far


@pytest.fixture
def keys(admin_person: User, sources: tuple[Source, Source]) -> dict[str, ApiKey]:
    """Keys of one source, of both, of none of their own, and one whose owner sees only the near source."""
    near, far = sources
    narrow = person("narrow", MODERATOR)
    source_access_set(user=narrow, all_sources=False, sources=[near], by=None)
    chosen = {"near": [near], "far": [far], "both": [near, far], "any": []}
    MEMORY.forget()
    made = {
        name: api_key_create(name=name, owner=admin_person, scopes=["score"], sources=given)[0]
        for name, given in chosen.items()
    }
    made["narrow"] = api_key_create(name="narrow", owner=narrow, scopes=["score"])[0]
    for name, key in made.items():
        client_seen(
            api_key=key, dialect="perspective", user_agent=f"agent of {name}", attributes=["TOXICITY"]
        )
    return made


def test_who_sees_some_sources_sees_the_keys_that_reach_no_other(
    keys: dict[str, ApiKey], sources: tuple[Source, Source], client: Client
) -> None:
    someone = person("ann", ADMIN)
    assert set(keys_seen_by(someone)) == set(keys_seen_by(None)) == set(keys.values())
    client.force_login(someone)
    assert all(f"agent of {name}" in client.get(LIST).content.decode() for name in keys)
    source_access_set(user=someone, all_sources=False, sources=[sources[0]], by=None)
    someone = User.objects.get(pk=someone.pk)
    assert set(keys_seen_by(someone)) == {keys["near"], keys["narrow"]}
    assert {seen.api_key for seen in clients_seen_by(someone)} == {keys["near"], keys["narrow"]}
    html = client.get(LIST).content.decode()
    assert [name for name in keys if f"agent of {name}" in html] == ["near", "narrow"]
    hidden = ClientSeen.objects.get(api_key=keys["far"])
    assert client.get(f"{LIST}{hidden.pk}/change/").status_code == 302


def test_one_shows_what_was_asked_for_as_text(
    keys: dict[str, ApiKey], client: Client, admin_person: User
) -> None:
    client_seen(
        api_key=keys["near"],
        dialect="openai",
        user_agent="<b>bold</b>",
        languages=["en-GB"],
        attributes=["INSULT"],
    )
    client.force_login(admin_person)
    seen = ClientSeen.objects.get(dialect="openai")
    html = client.get(f"{LIST}{seen.pk}/change/").content.decode()
    assert "&lt;b&gt;bold&lt;/b&gt;" in html
    assert "INSULT" in html
    assert "en-gb" in html
