"""A key for some sources: others cannot be submitted to, read or worked on, whoever owns it."""

import pytest
from django.core.exceptions import PermissionDenied

from classifier.api_keys.services import api_key_authenticate, api_key_create
from classifier.comments.submission import comment_submit
from classifier.core.source_access import require_scope, source_access_set
from classifier.core.visibility import narrow, sees_source, sources_of
from classifier.models import ApiKey, Comment, Source, User
from classifier.tests.api.conftest import COMMENTS, Caller, assert_problem

pytestmark = pytest.mark.django_db


@pytest.fixture
def forum() -> Source:
    return Source.objects.create(slug="forum", name="Forum")


@pytest.fixture
def confined(owner: User, forum: Source) -> Caller:
    key, plaintext = api_key_create(name="forum", owner=owner, scopes=["submit", "read"], sources=[forum])
    return Caller(plaintext, key)


def test_it_submits_to_its_source_and_to_no_other(confined: Caller) -> None:
    assert confined.post(COMMENTS, {"text": "x", "source": "forum"}).status_code == 202
    for body in (
        {"text": "x", "source": "blog"},
        {"text": "x"},
        {"items": [{"text": "x"}], "source": "blog"},
    ):
        problem = assert_problem(confined.post(COMMENTS, body), 403, "forbidden")
        assert problem["errors"][0]["pointer"] == "#/source"
    assert Comment.objects.count() == 1
    assert not Source.objects.filter(slug="blog").exists()


def test_it_reads_its_source_and_no_other(confined: Caller, owner: User) -> None:
    here = comment_submit(text="here", source="forum", by=owner)
    there = comment_submit(text="there", source="blog", by=owner)
    listed = confined.get(COMMENTS).json()["items"]
    assert [item["id"] for item in listed] == [here.pk]
    assert confined.get(f"{COMMENTS}{here.pk}/").status_code == 200
    assert_problem(confined.get(f"{COMMENTS}{there.pk}/"), 404, "not-found")


def test_the_owner_is_confined_in_everything_the_key_does(owner: User, forum: Source) -> None:
    blog = Source.objects.create(slug="blog", name="Blog")
    plaintext = api_key_create(name="k", owner=owner, scopes=["moderate"], sources=[forum])[1]
    acting = api_key_authenticate(plaintext=plaintext).owner
    sources = sources_of(acting)
    assert sources is not None
    assert list(sources) == [forum]
    assert (sees_source(acting, forum), sees_source(acting, blog), sees_source(acting, "new")) == (
        True,
        False,
        False,
    )
    assert list(narrow(Source.objects.all(), acting, "pk")) == [forum]
    with pytest.raises(PermissionDenied, match="does not see every source"):
        require_scope(acting, None)
    assert sources_of(User.objects.get(pk=owner.pk)) is None


def test_it_reaches_only_what_its_owner_may_see_too(owner: User, forum: Source) -> None:
    blog = Source.objects.create(slug="blog", name="Blog")
    source_access_set(user=owner, all_sources=False, sources=[blog], by=None)
    plaintext = api_key_create(name="k", owner=owner, scopes=["read"], sources=[forum, blog])[1]
    acting = api_key_authenticate(plaintext=plaintext).owner
    assert (sees_source(acting, forum), sees_source(acting, blog)) == (False, True)


def test_a_key_without_sources_is_not_confined(owner: User) -> None:
    plaintext = api_key_create(name="k", owner=owner, scopes=["read"])[1]
    assert api_key_authenticate(plaintext=plaintext).owner.sees_all_sources
    assert ApiKey.objects.get().sources.count() == 0
