"""Who gets in: keys with each scope, revoked and expired ones, sessions with and without CSRF."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from classifier.api_keys.services import api_key_create
from classifier.comments.submission import comment_submit
from classifier.models import ApiKey, Comment, User
from classifier.tests.api.conftest import COMMENTS, SCORE, Caller, MakeCaller, assert_problem, person

CALLS: dict[str, Callable[[Caller], Any]] = {
    "submit": lambda program: program.post(COMMENTS, {"text": "x"}),
    "read": lambda program: program.get(COMMENTS),
    "score": lambda program: program.post(SCORE, {"text": "x"}),
}


@pytest.mark.parametrize("held", CALLS)
@pytest.mark.parametrize("needed", CALLS)
def test_a_key_may_do_what_its_scope_says_and_nothing_else(
    owner: User, caller_for: MakeCaller, held: str, needed: str
) -> None:
    response = CALLS[needed](caller_for(owner, held))
    if held == needed:
        assert response.status_code in (200, 202, 503)
    else:
        problem = assert_problem(response, 403, "forbidden")
        assert f'"{needed}"' in problem["detail"]
        assert not Comment.objects.exists()


def test_head_needs_the_scope_that_get_needs(owner: User, caller_for: MakeCaller) -> None:
    path = f"{COMMENTS}{comment_submit(text='x', source='web', by=owner).pk}/"
    for held, status in (("submit", 403), ("score", 403), ("read", 200)):
        program = caller_for(owner, held)
        for address in (COMMENTS, path):
            assert program.client.head(address, headers=program.headers).status_code == status, (
                held,
                address,
            )
    assert Client().head(COMMENTS).status_code == 401


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_without_a_key_or_session_it_is_a_401_with_a_challenge(
    db: None, call: Callable[[Caller], Any]
) -> None:
    response = call(Caller())
    assert_problem(response, 401, "unauthenticated")
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    "plaintext", ["tox_00000000_wrong", "tox_", "nonsense", "tox_é", "", "tox_" + "x" * 5_000]
)
def test_an_unknown_key_is_a_401_that_says_so(program: Caller, plaintext: str) -> None:
    program.headers = {"X-API-Key": plaintext}
    response = program.get(COMMENTS)
    assert "API key" in assert_problem(response, 401, "unauthenticated")["detail"]


@pytest.mark.parametrize(
    "change",
    [
        {"revoked_at": timezone.now()},
        {"expires_at": timezone.now() - timedelta(seconds=1)},
    ],
    ids=["revoked", "expired"],
)
def test_a_dead_key_is_a_401_with_a_clear_message(program: Caller, change: dict[str, object]) -> None:
    ApiKey.objects.update(**change)
    problem = assert_problem(program.get(COMMENTS), 401, "unauthenticated")
    assert "revoked or expired" in problem["detail"]


def test_the_key_of_a_deactivated_person_is_dead(program: Caller, owner: User) -> None:
    User.objects.filter(pk=owner.pk).update(is_active=False)
    assert_problem(program.get(COMMENTS), 401, "unauthenticated")


def test_both_headers_carry_a_key(owner: User) -> None:
    _, plaintext = api_key_create(name="k", owner=owner, scopes=["read"])
    for headers in (
        {"Authorization": f"Bearer {plaintext}"},
        {"Authorization": f"bearer  {plaintext} "},
        {"X-API-Key": plaintext},
        {"X-API-Key": plaintext, "Authorization": "Basic c29tZWJvZHk6ZWxzZQ=="},
    ):
        assert Client().get(COMMENTS, headers=headers).status_code == 200


def test_two_different_keys_are_refused(owner: User) -> None:
    _, one = api_key_create(name="one", owner=owner, scopes=["read"])
    _, two = api_key_create(name="two", owner=owner, scopes=["read"])
    response = Client().get(COMMENTS, headers={"Authorization": f"Bearer {one}", "X-API-Key": two})
    assert "two different keys" in assert_problem(response, 401, "unauthenticated")["detail"]


def test_using_a_key_is_noted_once_a_minute_and_not_at_every_call(program: Caller) -> None:
    assert program.key is not None
    program.get(COMMENTS)
    program.key.refresh_from_db()
    first = program.key.last_used_at
    assert first is not None
    program.get(COMMENTS)
    program.key.refresh_from_db()
    assert program.key.last_used_at == first


def test_a_session_may_post_with_its_csrf_token_and_not_without(owner: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)
    response = client.post(COMMENTS, {"text": "x"}, content_type="application/json")
    assert "CSRF" in assert_problem(response, 403, "forbidden")["detail"]
    assert not Comment.objects.exists()
    client.get("/api/docs/")
    token = client.cookies["csrftoken"].value
    response = client.post(
        COMMENTS, {"text": "x"}, content_type="application/json", headers={"X-CSRFToken": token}
    )
    assert response.status_code == 202
    assert Comment.objects.get().submitted_by == owner


def test_a_key_needs_no_csrf_token(owner: User) -> None:
    _, plaintext = api_key_create(name="k", owner=owner, scopes=["submit"])
    client = Client(enforce_csrf_checks=True)
    headers = {"Authorization": f"Bearer {plaintext}"}
    response = client.post(COMMENTS, {"text": "x"}, content_type="application/json", headers=headers)
    assert response.status_code == 202


def test_too_many_requests_are_a_429_that_says_when_to_return(
    program: Caller, stranger: User, caller_for: MakeCaller, settings: Settings
) -> None:
    settings.API_REQUESTS_PER_MINUTE = 2
    answers = [program.get(COMMENTS) for _ in range(6)]
    refused = [response for response in answers if response.status_code == 429]
    assert len(refused) >= 2  # 4, or fewer where the test runs into the next minute
    assert_problem(refused[0], 429, "rate-limit-exceeded")
    assert 1 <= int(refused[0].headers["Retry-After"]) <= 61
    assert caller_for(stranger).get(COMMENTS).status_code == 200


def test_a_person_who_may_not_submit_may_not_by_key_or_session_either(caller_for: MakeCaller) -> None:
    reader = person("reader")
    session = Client()
    session.force_login(reader)
    for response in (
        caller_for(reader, "submit").post(COMMENTS, {"text": "x"}),
        session.post(COMMENTS, {"text": "x"}, content_type="application/json"),
    ):
        assert_problem(response, 403, "forbidden")
    assert not Comment.objects.exists()


def test_scoring_is_open_to_every_person_with_the_scope(caller_for: MakeCaller) -> None:
    assert_problem(caller_for(person("reader"), "score").post(SCORE, {"text": "x"}), 503, "no-worker")
