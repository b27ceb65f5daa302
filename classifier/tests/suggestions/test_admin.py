"""Suggestions in the admin: seen by source, shown as text, rejected after a question."""

import pytest
from django.test import Client

from classifier.models import Source, Suggestion, User
from classifier.suggestions.services import suggestion_create

pytestmark = pytest.mark.django_db
LIST = "/admin/classifier/suggestion/"


@pytest.fixture
def suggestion() -> Suggestion:
    return suggestion_create(text="<b>you</b> badger", source="forum", labels={"toxic": 1}, by=None)


def test_it_is_listed_and_shown_as_text_for_who_sees_its_source(
    client: Client, admin_person: User, suggestion: Suggestion
) -> None:
    client.force_login(admin_person)
    for path in (LIST, f"{LIST}{suggestion.pk}/change/"):
        html = client.get(path).content.decode()
        assert "&lt;b&gt;you&lt;/b&gt; badger" in html
        assert "toxic 1" in html
    admin_person.source_access.create(source=Source.objects.create(slug="shop", name="Shop"))
    User.objects.filter(pk=admin_person.pk).update(all_sources=False)
    assert "badger" not in client.get(LIST).content.decode()


def test_it_is_rejected_once_somebody_says_yes(
    client: Client, admin_person: User, suggestion: Suggestion
) -> None:
    client.force_login(admin_person)
    path = f"{LIST}{suggestion.pk}/reject/"
    assert "Training leaves it out" in client.get(path).content.decode()
    suggestion.refresh_from_db()
    assert suggestion.rejected_at is None
    assert client.post(path).status_code == 302
    suggestion.refresh_from_db()
    assert suggestion.rejected_by == admin_person
