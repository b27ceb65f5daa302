"""Keys change, rotate with an overlap and end; each deed leaves a row in the audit and no secret in it."""

import hmac
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from classifier.accounts.roles import ADMIN, user_roles_set
from classifier.api_keys.services import (
    api_key_authenticate,
    api_key_create,
    api_key_revoke,
    api_key_rotate,
    api_key_update,
)
from classifier.core.errors import ApiKeyInvalid, NotPossibleNow
from classifier.core.source_access import source_access_set
from classifier.core.validation import InvalidInput
from classifier.models import ApiKey, AuditEntry, Source, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> User:
    return User.objects.create_user("owner")


@pytest.fixture
def admin() -> User:
    made = User.objects.create_user("admin")
    user_roles_set(user=made, roles=[ADMIN], by=None)
    return User.objects.get(pk=made.pk)


@pytest.fixture
def forum() -> Source:
    return Source.objects.create(slug="forum", name="Forum")


def test_both_keys_work_during_the_overlap_and_only_the_new_one_after(owner: User, forum: Source) -> None:
    old, old_plain = api_key_create(
        name="forum", owner=owner, scopes=["read"], sources=[forum], requests_per_minute=5, texts_per_day=9
    )
    new, new_plain = api_key_rotate(api_key=old, overlap=timedelta(days=2), by=None)
    assert api_key_authenticate(plaintext=old_plain) == old
    assert api_key_authenticate(plaintext=new_plain) == new
    same = ("name", "owner", "scopes", "requests_per_minute", "texts_per_day")
    assert [getattr(new, name) for name in same] == [getattr(old, name) for name in same]
    assert list(new.sources.all()) == [forum]
    assert (new.replaces, new.expires_at) == (old, None)
    assert old.expires_at is not None
    assert timedelta(days=1.9) < old.expires_at - timezone.now() <= timedelta(days=2)
    ApiKey.objects.filter(pk=old.pk).update(expires_at=timezone.now())
    with pytest.raises(ApiKeyInvalid, match=r"^This API key is not valid\.$"):
        api_key_authenticate(plaintext=old_plain)
    assert api_key_authenticate(plaintext=new_plain) == new


def test_without_an_overlap_the_old_key_ends_at_once(owner: User) -> None:
    old, plaintext = api_key_create(name="k", owner=owner, scopes=["read"])
    api_key_rotate(api_key=old, overlap=timedelta(0), by=None)
    with pytest.raises(ApiKeyInvalid, match=r"^This API key is not valid\.$"):
        api_key_authenticate(plaintext=plaintext)


def test_an_overlap_never_prolongs_the_old_key_and_the_new_one_lives_as_long(owner: User) -> None:
    ends = timezone.now() + timedelta(hours=1)
    old, _ = api_key_create(name="k", owner=owner, scopes=["read"], expires_at=ends)
    ApiKey.objects.filter(pk=old.pk).update(created_at=ends - timedelta(days=90))
    new, _ = api_key_rotate(api_key=old, overlap=timedelta(days=7), by=None)
    assert old.expires_at == ends
    assert new.expires_at is not None
    assert timedelta(days=89) < new.expires_at - timezone.now() <= timedelta(days=90)


def test_a_key_that_is_over_or_was_rotated_is_not_rotated(owner: User) -> None:
    revoked, _ = api_key_create(name="k", owner=owner, scopes=["read"])
    api_key_revoke(api_key=revoked, by=None)
    rotated, _ = api_key_create(name="k", owner=owner, scopes=["read"])
    api_key_rotate(api_key=rotated, overlap=timedelta(days=1), by=None)
    for key, why in ((revoked, "is revoked or expired"), (rotated, "was rotated already")):
        with pytest.raises(NotPossibleNow, match=f"^This key {why}"):
            api_key_rotate(api_key=key, overlap=timedelta(days=1), by=None)
    fresh, _ = api_key_create(name="k", owner=owner, scopes=["read"])
    with pytest.raises(InvalidInput, match=r"^overlap: From 0 to 365 days\.$"):
        api_key_rotate(api_key=fresh, overlap=timedelta(days=-1), by=None)


def test_name_quotas_end_and_sources_change_and_scopes_stay(owner: User, forum: Source) -> None:
    key, plaintext = api_key_create(name="k", owner=owner, scopes=["read"])
    ends = timezone.now() + timedelta(days=1)
    changed = api_key_update(
        api_key=key,
        name=" new ",
        sources=[forum],
        requests_per_minute=3,
        texts_per_day=4,
        expires_at=ends,
        by=None,
    )
    assert (changed.name, changed.requests_per_minute, changed.texts_per_day) == ("new", 3, 4)
    assert api_key_authenticate(plaintext=plaintext).owner.only_sources == frozenset({forum.pk})


def test_what_is_wrong_is_named_by_its_field(owner: User) -> None:
    key, _ = api_key_create(name="k", owner=owner, scopes=["read"])
    with pytest.raises(
        InvalidInput, match=r"^name: A name of 1 to 100 characters is needed\.; expires_at: This moment"
    ) as caught:
        api_key_update(
            api_key=key,
            name="",
            sources=[],
            requests_per_minute=0,
            texts_per_day=2**31,
            expires_at=timezone.now() - timedelta(days=1),
            by=None,
        )
    fields = {problem.field for problem in caught.value.problems}
    assert fields == {"name", "requests_per_minute", "texts_per_day", "expires_at"}


def test_every_deed_is_in_the_audit_without_any_secret(owner: User, admin: User) -> None:
    key, one = api_key_create(name="forum", owner=owner, scopes=["read"], by=admin)
    _, two = api_key_rotate(api_key=key, overlap=timedelta(days=1), by=admin)
    api_key_update(
        api_key=key,
        name="x",
        sources=[],
        requests_per_minute=None,
        texts_per_day=None,
        expires_at=None,
        by=admin,
    )
    api_key_revoke(api_key=key, by=admin)
    api_key_revoke(api_key=key, by=admin)
    rows = list(AuditEntry.objects.order_by("id"))
    assert [row.verb for row in rows if row.verb.startswith("key.")] == [
        "key.create",
        "key.rotate",
        "key.change",
        "key.revoke",
    ]
    assert all(row.actor == admin for row in rows if row.verb.startswith("key."))
    kept = " ".join(f"{row.subject} {row.data}" for row in rows)
    for plaintext in (one, two):
        assert plaintext.rpartition("_")[2] not in kept
    assert key.digest not in kept


def test_who_does_not_manage_keys_changes_none(owner: User) -> None:
    key, _ = api_key_create(name="k", owner=owner, scopes=["read"])
    with pytest.raises(PermissionDenied, match=r"lacks the permission classifier\.change_apikey$"):
        api_key_rotate(api_key=key, overlap=timedelta(0), by=owner)
    with pytest.raises(PermissionDenied, match=r"lacks the permission classifier\.add_apikey$"):
        api_key_create(name="k", owner=owner, scopes=["read"], by=owner)


def test_nobody_makes_a_key_that_is_worth_more_than_they_are(admin: User, forum: Source) -> None:
    root = User.objects.create_superuser("root")
    blog = Source.objects.create(slug="blog", name="Blog")
    with pytest.raises(InvalidInput, match="superuser"):
        api_key_create(name="k", owner=root, scopes=["read"], by=admin)
    source_access_set(user=admin, all_sources=False, sources=[forum], by=None)
    confined = User.objects.get(pk=admin.pk)
    for sources in ([], [blog]):
        with pytest.raises(InvalidInput, match="sources"):
            api_key_create(name="k", owner=admin, scopes=["read"], sources=sources, by=confined)
    api_key_create(name="k", owner=admin, scopes=["read"], sources=[forum], by=confined)


def test_an_unknown_key_is_compared_like_a_known_one(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[int, int]] = []
    real = hmac.compare_digest

    def watching(one: str, two: str) -> bool:
        compared.append((len(one), len(two)))
        return real(one, two)

    key, plaintext = api_key_create(name="k", owner=owner, scopes=["read"])
    monkeypatch.setattr(hmac, "compare_digest", watching)
    for wrong in (f"tox_00000000_{'a' * 43}", plaintext[:-1] + "-", key.prefix):
        with pytest.raises(ApiKeyInvalid, match=r"^This API key is not valid\.$"):
            api_key_authenticate(plaintext=wrong)
    assert compared == [(64, 64)] * 3
