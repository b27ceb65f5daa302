"""Who sees a comment: its owner and moderators; others learn not even that it exists."""

import pytest
from django.test import Client

from classifier.api_keys.services import api_key_create
from classifier.models import Comment, User
from classifier.tests.page_fixtures import HTMX, MakeComment, client_of

PARTS = ["/comments/{}/", "/comments/{}/verdict/", "/comments/{}/words/"]


@pytest.mark.parametrize("path", PARTS)
def test_owner_and_moderator_see_it_and_a_stranger_gets_404(
    path: str, owner: User, colleague: User, stranger: User, comment_with: MakeComment
) -> None:
    comment = comment_with("my secret words", score=0.2)
    address = path.format(comment.pk)
    for user, status in ((owner, 200), (colleague, 200), (stranger, 404)):
        response = client_of(user).get(address, headers=HTMX)
        assert response.status_code == status
        assert ("my secret words" in response.content.decode()) is (
            status == 200 and "verdict" not in path
        ) or (status == 200 and "verdict" in path)


@pytest.mark.parametrize("path", PARTS)
def test_who_is_not_signed_in_is_sent_to_sign_in(
    path: str, client: Client, comment_with: MakeComment
) -> None:
    response = client.get(path.format(comment_with("x").pk))
    assert response.status_code == 302
    assert response.headers["Location"].startswith("/sign-in/")


def test_an_unknown_comment_is_the_same_404(stranger: User, comment_with: MakeComment) -> None:
    client = client_of(stranger)
    hidden = client.get(f"/comments/{comment_with('x').pk}/")
    missing = client.get("/comments/999999999999/")
    assert (hidden.status_code, missing.status_code) == (404, 404)
    assert client.get("/comments/99999999999999999999999/").status_code == 404


def test_a_colleague_is_told_whose_comment_it_is(colleague: User, comment_with: MakeComment) -> None:
    page = client_of(colleague).get(f"/comments/{comment_with('x', score=0.1).pk}/").content.decode()
    assert "Submitted by owner" in page


def test_a_comment_from_a_program_names_its_key_and_one_without_a_submitter_is_imported(
    colleague: User, owner: User, comment_with: MakeComment
) -> None:
    comment = comment_with("x", score=0.1)
    key, _ = api_key_create(name="forum software", owner=owner, scopes=["submit"], by=None)
    Comment.objects.filter(pk=comment.pk).update(api_key=key)
    address = f"/comments/{comment.pk}/"
    assert "By key forum software" in client_of(colleague).get(address).content.decode()
    Comment.objects.filter(pk=comment.pk).update(api_key=None, submitted_by=None)
    assert "Imported" in client_of(colleague).get(address).content.decode()
