"""Erasing on the page takes two steps: what was confirmed is signed, for this person, this plan, and not for long."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core import signing
from django.http import HttpResponse
from django.test import Client

from classifier.accounts.roles import ADMIN
from classifier.models import Comment, ModelVersion, User
from classifier.privacy import pages
from classifier.tests.builders import classified_comment
from classifier.tests.conftest import person

pytestmark = pytest.mark.django_db
ERASE = "/privacy/erase/"
OLD = "the numbers have changed since"


@pytest.fixture
def boss() -> User:
    return person("boss", ADMIN)


@pytest.fixture
def client(boss: User) -> Client:
    client = Client()
    client.force_login(boss)
    return client


@pytest.fixture
def comment(active_version: ModelVersion) -> Comment:
    return written(active_version, "ann")


def written(version: ModelVersion, author: str) -> Comment:
    made = classified_comment(version, f"words of {author}")
    Comment.objects.filter(pk=made.pk).update(author_ref=author)
    return made


def erase(client: Client, author: str, **fields: str) -> Any:
    return client.post(ERASE, {"author": author, "source": "", **fields})


def token_of(client: Client, author: str = "ann") -> str:
    response = erase(client, author)
    assert isinstance(response, HttpResponse)
    assert "Erase for good" in response.content.decode()
    return str(response.context["token"])  # type: ignore[attr-defined]


def texts() -> list[str]:
    return list(Comment.objects.order_by("pk").values_list("text", flat=True))


def refused(client: Client, token: str, author: str = "ann") -> bool:
    """Return whether the page asks again, says why, and has erased nothing."""
    before = texts()
    shown = erase(client, author, confirm=token).content.decode()
    return OLD in shown and "Erase for good" in shown and texts() == before


def test_the_first_step_counts_and_the_second_erases(client: Client, comment: Comment) -> None:
    token = token_of(client)
    assert texts() == ["words of ann"]
    assert erase(client, "ann", confirm=token).status_code == 302
    assert texts() == [""]


@pytest.mark.parametrize(
    "changed",
    [
        lambda token: token[:-1] + ("A" if token[-1] != "A" else "B"),
        lambda token: "A" + token,
        lambda token: token.split(":")[0],
        lambda token: token.rsplit(":", 1)[0] + ":",
        lambda token: "x",
    ],
)
def test_a_changed_confirmation_is_none(
    client: Client, comment: Comment, changed: Callable[[str], str]
) -> None:
    assert refused(client, changed(token_of(client)))


def test_it_is_for_the_author_that_was_shown(
    client: Client, comment: Comment, active_version: ModelVersion
) -> None:
    written(active_version, "bob")
    assert refused(client, token_of(client, "bob"))
    assert refused(client, token_of(client, "ann"), author="bob")


def test_it_is_for_the_person_who_saw_it(client: Client, comment: Comment) -> None:
    other = Client()
    other.force_login(person("other", ADMIN))
    assert refused(client, token_of(other))


def test_it_is_for_the_act_that_was_shown(client: Client, comment: Comment) -> None:
    shown = client.post("/privacy/export/", {"author": "ann", "source": ""})
    assert refused(client, str(shown.context["token"]))


def test_it_is_for_the_numbers_that_were_shown(
    client: Client, comment: Comment, active_version: ModelVersion
) -> None:
    token = token_of(client)
    written(active_version, "ann")
    assert refused(client, token)
    assert texts() == ["words of ann", "words of ann"]


def test_what_was_signed_for_something_else_is_none(client: Client, comment: Comment) -> None:
    plan = signing.loads(token_of(client), salt=pages.SALT)
    for salt in ("quality", "django.core.signing", ""):
        assert refused(client, signing.dumps(plan, salt=salt))
    assert erase(client, "ann", confirm=signing.dumps(plan, salt=pages.SALT)).status_code == 302


def test_it_holds_for_a_quarter_of_an_hour(
    client: Client, comment: Comment, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = signing.time.time()  # type: ignore[attr-defined]
    with monkeypatch.context() as patch:
        patch.setattr(signing.time, "time", lambda: now - pages.TOKEN_SECONDS - 2)  # type: ignore[attr-defined]
        old = token_of(client)
    with monkeypatch.context() as patch:
        patch.setattr(signing.time, "time", lambda: now - pages.TOKEN_SECONDS + 60)  # type: ignore[attr-defined]
        young = token_of(client)
    assert refused(client, old)
    assert erase(client, "ann", confirm=young).status_code == 302
