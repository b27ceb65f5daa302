"""`manage.py privacy`: counts before it does anything, and does it by the services that the pages use."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from classifier.models import AuditEntry, Comment, ModelVersion, User
from classifier.tests.builders import classified_comment
from classifier.tests.privacy.test_erasing import old

pytestmark = pytest.mark.django_db


def privacy(*arguments: str) -> str:
    out = StringIO()
    call_command("privacy", *arguments, stdout=out, stderr=StringIO())
    return out.getvalue()


@pytest.fixture
def ada(active_version: ModelVersion) -> Comment:
    comment = classified_comment(active_version)
    Comment.objects.filter(pk=comment.pk).update(author_ref="ada")
    return comment


def test_retention_counts_and_purges_only_when_told_to(active_version: ModelVersion) -> None:
    comment = old(active_version)
    said = privacy("retention")
    assert "test: 30 days, 1 due, 0 spared" in said
    assert "Nothing was changed" in said
    assert "test: 90 days, 0 due" in privacy("retention", "--source", "test", "--days", "90")
    assert Comment.objects.get().text == comment.text
    assert not AuditEntry.objects.exists()
    assert "1 texts purged" in privacy("retention", "--yes")
    assert Comment.objects.get().text == ""
    assert AuditEntry.objects.get(verb="privacy.retention").count == 1
    assert "Nothing was changed" not in privacy("retention")


def test_a_retention_is_set_with_its_count_said_before(
    active_version: ModelVersion, admin_person: User
) -> None:
    comment = old(active_version)
    assert "1 texts would be due" in privacy("set", "test", "7")
    comment.source.refresh_from_db()
    assert comment.source.retention_days == 30
    privacy("set", "test", "forever", "--yes", "--by", admin_person.username)
    comment.source.refresh_from_db()
    assert comment.source.retention_days is None
    assert AuditEntry.objects.get(verb="source.retention").actor == admin_person


def test_an_author_is_counted_then_erased(ada: Comment) -> None:
    said = privacy("erase", "ada")
    assert "1 comments" in said
    assert "ada" not in said
    assert Comment.objects.get().author_ref == "ada"
    assert "erased from 1 comments" in privacy("erase", "ada", "--source", "test", "--yes")
    assert Comment.objects.get().author_ref == ""
    assert AuditEntry.objects.get(verb="author.erase").count == 1


def test_an_author_is_exported_to_a_new_file_that_only_its_owner_reads(ada: Comment, tmp_path: Path) -> None:
    assert "1 comments" in privacy("export", "ada", "--count")
    assert not AuditEntry.objects.exists()
    file = tmp_path / "ada.json"
    privacy("export", "ada", "--output", str(file))
    assert json.loads(file.read_text())["comments"][0]["text"] == ada.text
    assert file.stat().st_mode & 0o077 == 0
    with pytest.raises(CommandError, match="cannot be written"):
        privacy("export", "ada", "--output", str(file))
    assert json.loads(privacy("export", "ada"))["author"] == "ada"
    assert AuditEntry.objects.filter(verb="author.export").count() >= 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["retention", "--source", "nowhere"], "no source nowhere"),
        (["retention", "--days", "3", "--yes"], "--days only counts"),
        (["set", "test", "0", "--yes"], "1 to 36,500"),
        (["set", "test", "-3"], "number of days"),
        (["erase", "", "--yes"], "An author has a name"),
        (["erase", "ada", "--by", "nobody"], "no active person"),
        (["erase", "ada", "--yes", "--by", "moderator"], "lacks the permission"),
    ],
)
def test_what_cannot_be_done_is_said_and_nothing_changes(
    arguments: list[str], said: str, ada: Comment, moderator: User
) -> None:
    with pytest.raises(CommandError, match=said):
        privacy(*arguments)
    assert Comment.objects.get().author_ref == "ada"
    assert not AuditEntry.objects.filter(verb__startswith="author").exists()
