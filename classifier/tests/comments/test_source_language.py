"""An operator sets the language of a source, by the administration or a command; the audit keeps it."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.test import Client

from classifier.comments.source_language import source_language_set
from classifier.core.validation import InvalidInput
from classifier.model_versions.assembly import language_of_source
from classifier.models import AuditEntry, Source, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def forum(db: None) -> Source:
    return Source.objects.create(slug="forum", name="Forum")


def test_it_is_kept_as_its_base_and_in_the_audit(forum: Source, admin_person: User) -> None:
    source_language_set(source=forum, language="de-AT", fixed=True, by=admin_person)
    found = language_of_source(forum.pk)
    assert (found.language, found.is_fixed) == ("de", True)
    assert AuditEntry.objects.get(verb="source.language").data["after"] == {"language": "de", "fixed": True}


def test_what_cannot_be_is_refused(forum: Source, moderator: User) -> None:
    for language, fixed in (("german!", False), ("und", False), ("", True)):
        with pytest.raises(InvalidInput, match=r"^language: "):
            source_language_set(source=forum, language=language, fixed=fixed, by=None)
    with pytest.raises(PermissionDenied, match=r"lacks the permission classifier\.change_source$"):
        source_language_set(source=forum, language="de", fixed=False, by=moderator)


def test_a_command_shows_sets_and_clears_it(forum: Source, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("source_language", "forum", "--language", "de", "--fixed")
    call_command("source_language", "forum", "--language", "pt")
    call_command("source_language", "forum", "--none")
    assert capsys.readouterr().out.splitlines() == [
        "forum: de, every comment is in it",
        "forum: pt, where it is not clear",
        "forum: no language",
    ]
    with pytest.raises(CommandError, match="there is no source"):
        call_command("source_language", "other")


def test_the_administration_sets_it(forum: Source, client: Client) -> None:
    root: Any = User.objects.create_superuser("root", password="a-long-enough-pass")
    client.force_login(root)
    address = f"/admin/classifier/source/{forum.pk}/change/"
    wrong = client.post(address, {"name": "Forum", "language": "", "language_fixed": "on"})
    assert "Name the language that every comment is in." in wrong.content.decode()
    client.post(address, {"name": "The forum", "language": "de"})
    forum.refresh_from_db()
    assert (forum.name, forum.language, forum.language_fixed) == ("The forum", "de", False)
    assert AuditEntry.objects.filter(verb="source.language").count() == 1
