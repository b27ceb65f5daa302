"""An admin of some sources changes no account that sees more, and learns no other source's name."""

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client

from classifier.accounts.roles import ADMIN, MODERATOR, roles_of, user_roles_set
from classifier.accounts.services import person_activity_set, person_create, person_update
from classifier.core.source_access import source_access_set
from classifier.models import Source, User

pytestmark = pytest.mark.django_db
WORDS = "a-long-enough-password"


@pytest.fixture
def sources() -> tuple[Source, Source]:
    return Source.objects.create(slug="forum", name="Forum"), Source.objects.create(
        slug="news", name="Newsroom"
    )


@pytest.fixture
def local(admin_person: User, sources: tuple[Source, Source]) -> User:
    """An admin of the forum alone."""
    source_access_set(user=admin_person, all_sources=False, sources=[sources[0]], by=None)
    return User.objects.get(pk=admin_person.pk)


@pytest.fixture
def wide(sources: tuple[Source, Source]) -> User:
    """Sees the forum and the newsroom."""
    return person_create(
        username="wide", password=WORDS, roles=[MODERATOR], all_sources=False, sources=sources, by=None
    )


def test_an_account_that_sees_more_is_not_changed(local: User, wide: User) -> None:
    with pytest.raises(PermissionDenied, match="sources that you do not see"):
        user_roles_set(user=wide, roles=[], by=local)
    with pytest.raises(PermissionDenied, match="sources that you do not see"):
        person_activity_set(user=wide, is_active=False, by=local)
    with pytest.raises(PermissionDenied, match="sources that you do not see"):
        person_update(user=wide, roles=[], all_sources=False, sources=[], is_active=True, by=local)
    wide.refresh_from_db()
    assert (roles_of(wide), wide.is_active, wide.source_access.count()) == ([MODERATOR], True, 2)


def test_accounts_within_their_own_sources_are_made_and_changed(
    local: User, sources: tuple[Source, Source]
) -> None:
    made = person_create(
        username="near", password=WORDS, roles=[MODERATOR], all_sources=False, sources=[sources[0]], by=local
    )
    person_update(
        user=made, roles=[ADMIN], all_sources=False, sources=[sources[0]], is_active=False, by=local
    )
    made.refresh_from_db()
    assert (roles_of(made), made.is_active, made.all_sources) == ([ADMIN], False, False)


def test_the_pages_name_no_other_source_and_say_why_nothing_can_be_saved(
    client: Client, local: User, wide: User
) -> None:
    client.force_login(local)
    people = client.get("/people/").content.decode()
    assert "and others" in people
    form = client.get(f"/people/{wide.pk}/").content.decode()
    assert "sources that you do not see" in form
    assert ">Save<" not in form
    new = client.get("/people/new/").content.decode()
    assert "Forum" in new
    assert not any("Newsroom" in page for page in (people, form, new))
    kept = client.post(f"/people/{wide.pk}/", {"roles": [ADMIN], "all_sources": "on"})
    assert kept.status_code == 422
    assert roles_of(wide) == [MODERATOR]
