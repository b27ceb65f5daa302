"""Sources: made before their first comment, renamed, retired, merged; by the page and by whom."""

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client

from classifier.api_keys.services import api_key_create
from classifier.comments.sources import source_create, source_merge, source_retire
from classifier.comments.submission import comment_submit
from classifier.core.validation import InvalidInput
from classifier.models import AuditEntry, Comment, Source, User
from classifier.tests.conftest import admin_person, moderator

__all__ = ["admin_person", "moderator"]
pytestmark = pytest.mark.django_db


def test_a_source_is_made_before_its_first_comment(client: Client, admin_person: User) -> None:
    client.force_login(admin_person)
    wrong = client.post("/sources/", {"slug": "not a slug", "name": "Shop"})
    assert wrong.status_code == 422
    assert "letters, digits, hyphens" in wrong.content.decode()
    assert (
        client.post("/sources/", {"slug": "shop", "name": "The shop"}).headers["Location"] == "/sources/shop/"
    )
    again = client.post("/sources/", {"slug": "shop", "name": "Another"})
    assert "There is a source with this slug already." in again.content.decode()
    comment = comment_submit(text="first", source="shop")
    assert comment.source.name == "The shop"
    assert client.get("/sources/").status_code == 200


def test_it_is_renamed_and_the_slug_stays(client: Client, admin_person: User) -> None:
    Source.objects.create(slug="shop", name="shop")
    client.force_login(admin_person)
    assert client.post("/sources/shop/", {"name": " "}).status_code == 422
    client.post("/sources/shop/", {"name": "The shop"})
    assert Source.objects.get(slug="shop").name == "The shop"
    assert AuditEntry.objects.get(verb="source.rename").data == {"before": "shop", "after": "The shop"}


def test_a_retired_source_takes_no_comments_until_it_is_opened_again(
    client: Client, admin_person: User
) -> None:
    kept = comment_submit(text="here before", source="shop")
    client.force_login(admin_person)
    client.post("/sources/shop/retire/")
    with pytest.raises(InvalidInput, match="retired"):
        comment_submit(text="too late", source="shop")
    with pytest.raises(InvalidInput, match="retired"):
        comment_submit(text="too late", source=Source.objects.get(slug="shop"))
    assert Comment.objects.get() == kept
    client.post("/sources/shop/retire/", {"restore": "1"})
    comment_submit(text="welcome back", source="shop")
    verbs = AuditEntry.objects.filter(subject="shop").order_by("id").values_list("verb", flat=True)
    assert list(verbs) == ["source.retire", "source.restore"]


def test_merging_shows_counts_first_and_then_moves_everything(client: Client, admin_person: User) -> None:
    for number in range(3):
        comment_submit(text=f"text {number}", source="old-shop", external_id=f"o{number}")
    comment_submit(text="text", source="shop", external_id="s1")
    old, shop = Source.objects.get(slug="old-shop"), Source.objects.get(slug="shop")
    key, _ = api_key_create(name="k", owner=admin_person, scopes=["submit"], sources=[old], by=None)
    client.force_login(admin_person)
    asked = client.post("/sources/old-shop/merge/", {"into": "shop"}).content.decode()
    assert "Merge old-shop into shop?" in asked
    assert "<dt>Comments that move</dt><dd>3</dd>" in asked
    assert Comment.objects.filter(source=old).count() == 3
    client.post("/sources/old-shop/merge/", {"into": "shop", "confirm": "1"})
    assert Comment.objects.filter(source=shop).count() == 4
    assert list(key.sources.all()) == [shop]
    old.refresh_from_db()
    assert old.retired_at is not None
    assert AuditEntry.objects.get(verb="source.merge").count == 3


def test_comments_that_could_not_be_told_apart_stop_a_merge() -> None:
    for slug in ("one", "two"):
        comment_submit(text=f"of {slug}", source=slug, external_id="same")
    one, two = Source.objects.get(slug="one"), Source.objects.get(slug="two")
    with pytest.raises(InvalidInput, match="1 comments have an external_id"):
        source_merge(source=one, into=two, by=None)
    with pytest.raises(InvalidInput, match="another source"):
        source_merge(source=one, into=one, by=None)
    source_retire(source=two, by=None)
    with pytest.raises(InvalidInput, match="two is retired"):
        source_merge(source=one, into=two, by=None)
    one.refresh_from_db()
    assert one.retired_at is None


def test_only_who_sees_every_source_makes_one_and_moderators_none(
    client: Client, admin_person: User, moderator: User
) -> None:
    with pytest.raises(PermissionDenied, match=r"lacks the permission classifier\.change_source$"):
        source_create(slug="mine", name="", by=moderator)
    User.objects.filter(pk=admin_person.pk).update(all_sources=False)
    client.force_login(User.objects.get(pk=admin_person.pk))
    assert "see every source" in client.post("/sources/", {"slug": "mine"}).content.decode()
    Source.objects.create(slug="hidden", name="hidden")
    assert client.get("/sources/hidden/").status_code == 404
    assert not Source.objects.filter(slug="mine").exists()
