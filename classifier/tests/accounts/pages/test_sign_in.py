"""Signing in: who gets in, what a wrong password tells, what guessing costs."""

import base64
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_network
from itertools import pairwise

import pytest
from django.contrib.auth.signals import user_login_failed
from django.db import connection
from django.test import Client
from pytest_django import Settings

from classifier.accounts import password_turn
from classifier.accounts.roles import ADMIN, LEAD, MODEL_ADMIN, MODERATOR, VIEWER, user_roles_set
from classifier.models import User
from classifier.tests.page_fixtures import HTMX, PASSWORD, MakeComment
from toxicsite.lib import broker


def test_it_sends_a_stranger_to_sign_in_and_back_again(client: Client, owner: User) -> None:
    response = client.get("/comments/?status=pending")
    assert response.status_code == 302
    assert response.headers["Location"] == "/sign-in/?next=/comments/%3Fstatus%3Dpending"
    done = client.post(response.headers["Location"], {"username": "owner", "password": PASSWORD})
    assert done.status_code == 302
    assert done.headers["Location"] == "/comments/?status=pending"
    assert client.get("/sign-in/").headers["Location"] == "/queue/"


def test_it_goes_on_to_the_page_that_was_asked_for(client: Client, owner: User) -> None:
    body = {"username": "owner", "password": PASSWORD, "next": "/comments/"}
    assert client.post("/sign-in/", body).headers["Location"] == "/comments/"


def test_it_never_goes_on_to_another_site(client: Client, owner: User) -> None:
    body = {"username": "owner", "password": PASSWORD, "next": "https://elsewhere.example/"}
    assert client.post("/sign-in/", body).headers["Location"] == "/queue/"


@pytest.mark.parametrize(
    ("role", "page"),
    [
        (VIEWER, "/queue/list/?status=all"),
        (MODERATOR, "/queue/"),
        (LEAD, "/queue/"),
        (MODEL_ADMIN, "/training/"),
        (ADMIN, "/queue/"),
        (None, "/"),
    ],
)
def test_everybody_lands_where_their_work_is(
    client: Client, owner: User, role: str | None, page: str
) -> None:
    landing = User.objects.create_user("landing", password=PASSWORD)
    user_roles_set(user=landing, roles=[role] if role else [], by=None)
    answer = client.post("/sign-in/", {"username": "landing", "password": PASSWORD}, follow=True)
    assert answer.redirect_chain[0][0] == page
    assert answer.status_code == 200


def test_a_viewer_reads_comments_and_is_offered_no_decision(
    client: Client, owner: User, comment_with: MakeComment
) -> None:
    comment = comment_with("read me", score=0.9)
    viewer = User.objects.create_user("viewer", password=PASSWORD)
    user_roles_set(user=viewer, roles=[VIEWER], by=None)
    client.force_login(User.objects.get(pk=viewer.pk))
    listed = client.get("/queue/list/?status=all").content.decode()
    assert f'href="/comments/{comment.pk}/"' in listed
    assert "Work through these" not in listed
    page = client.get(f"/comments/{comment.pk}/").content.decode()
    assert "read me" in page
    assert 'name="action"' not in page


def test_it_does_not_tell_a_wrong_name_from_a_wrong_password(client: Client, owner: User) -> None:
    User.objects.create_user("closed", password=PASSWORD, is_active=False)
    answers = set()
    for name, password in (("owner", "wrong"), ("nobody", "wrong"), ("closed", PASSWORD)):
        response = client.post("/sign-in/", {"username": name, "password": password})
        assert response.status_code == 422
        assert "do not match an account" in response.content.decode()
        answers.add(response.content.decode().split('role="alert"')[1].split("</div>")[0])
    assert len(answers) == 1


def test_it_names_the_field_that_was_left_empty(client: Client, owner: User) -> None:
    page = client.post("/sign-in/", {"username": "owner", "password": ""}).content.decode()
    assert "type your password" in page
    assert "type your user name" not in page
    assert 'value="owner"' in page


def test_it_makes_a_guesser_wait_and_nobody_else(client: Client, owner: User, settings: Settings) -> None:
    settings.SIGN_IN_FAILURES_MAX = 3
    for _ in range(3):
        assert client.post("/sign-in/", {"username": "owner", "password": "no"}).status_code == 422
    blocked = client.post("/sign-in/", {"username": "owner", "password": PASSWORD})
    assert blocked.status_code == 429
    assert int(blocked.headers["Retry-After"]) > 0
    assert "Too many failed attempts" in blocked.content.decode()
    elsewhere = Client(REMOTE_ADDR="10.1.2.3")
    assert elsewhere.post("/sign-in/", {"username": "owner", "password": PASSWORD}).status_code == 302


def guess(name: str, address: str = "203.0.113.9", password: str = "no", **headers: str) -> int:
    body = {"username": name, "password": password}
    return Client(REMOTE_ADDR=address).post("/sign-in/", body, headers=headers).status_code


@pytest.mark.parametrize("spelling", ["\uff4fwner", "owner ", "\u3000owner\t", "OWNER", "\u1d52wner"])
def test_another_spelling_of_the_same_name_is_the_same_name(
    owner: User, settings: Settings, spelling: str
) -> None:
    settings.SIGN_IN_FAILURES_MAX = 3
    assert [guess(name) for name in ("owner", spelling, spelling)] == [422, 422, 422]
    assert [guess(name) for name in (spelling, "owner")] == [429, 429]


@pytest.mark.django_db(transaction=True)
def test_of_forty_guesses_at_once_ten_are_evaluated(
    redis_clean: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        password_turn, "_queue", threading.BoundedSemaphore(40)
    )  # all may wait for their turn
    monkeypatch.setattr(password_turn, "WAIT_SECONDS", 60.0)
    User.objects.create_user("owner", password=PASSWORD)
    start = threading.Barrier(40)

    def run(number: int) -> int:
        try:
            start.wait()
            return guess("owner", password=f"guess {number}")
        finally:
            connection.close()

    with ThreadPoolExecutor(40) as pool:
        answers = Counter(pool.map(run, range(40)))
    assert answers == {422: 10, 429: 30}


def test_many_names_from_one_address_have_to_wait(owner: User, settings: Settings) -> None:
    settings.SIGN_IN_ADDRESS_FAILURES_MAX = 5
    assert [guess(f"name-{number}") for number in range(6)] == [422] * 5 + [429]
    assert guess("owner", password=PASSWORD) == 429
    assert guess("owner", "198.51.100.1", password=PASSWORD) == 302


def test_an_ipv6_network_is_one_address(owner: User, settings: Settings) -> None:
    settings.SIGN_IN_ADDRESS_FAILURES_MAX = 5
    answers = [guess(f"name-{number}", f"2001:db8:1:2:{number:x}::{number:x}") for number in range(6)]
    assert answers == [422] * 5 + [429]
    assert guess("owner", "2001:db8:1:3::1") == 422


def test_one_name_from_many_addresses_has_to_wait(owner: User, settings: Settings) -> None:
    settings.SIGN_IN_NAME_FAILURES_MAX = 5
    assert [guess("owner", f"203.0.113.{number}") for number in range(6)] == [422] * 5 + [429]
    assert guess("owner", "198.51.100.1", password=PASSWORD) == 429
    assert guess("colleague", "203.0.113.1") == 422


def test_strangers_do_not_lock_out_who_has_signed_in_from_there_lately(
    owner: User, settings: Settings
) -> None:
    settings.SIGN_IN_NAME_FAILURES_MAX = settings.SIGN_IN_ADDRESS_FAILURES_MAX = 5
    settings.SIGN_IN_FAILURES_MAX = 2
    assert guess("owner", "198.51.100.1", password=PASSWORD) == 302
    for number in range(6):
        guess("owner", f"203.0.113.{number}")
        guess(f"name-{number}", "198.51.100.1")
    assert guess("owner", "203.0.113.99") == guess("name-99", "198.51.100.1") == 429
    assert guess("owner", "198.51.100.1", password=PASSWORD) == 302
    # They are held back by their own tries all the same.
    assert [guess("owner", "198.51.100.1") for _ in range(3)] == [422, 422, 429]


def test_a_success_gives_the_tries_of_its_pair_back_and_no_others(owner: User, settings: Settings) -> None:
    settings.SIGN_IN_NAME_FAILURES_MAX = settings.SIGN_IN_ADDRESS_FAILURES_MAX = 6
    for _ in range(3):  # of 4 tries each nothing is left in any counter
        assert [guess("owner") for _ in range(3)] == [422] * 3
        assert guess("owner", password=PASSWORD) == 302
    for number in range(4):
        assert guess(f"name-{number}") == 422
    assert guess("owner", password=PASSWORD) == 302
    assert [guess(f"more-{number}") for number in range(3)] == [422, 422, 429]


def test_the_time_to_wait_begins_with_the_first_try_and_no_later_one_lengthens_it(owner: User) -> None:
    guess("owner")
    counters = broker.client().keys(broker.key("sign-in:*"))
    assert len(counters) == 3
    assert all(890 < broker.client().ttl(counter) <= 900 for counter in counters)
    for counter in counters:
        broker.client().expire(counter, 300)
    for _ in range(9):
        guess("owner")
    blocked = Client(REMOTE_ADDR="203.0.113.9").post("/sign-in/", {"username": "owner", "password": "no"})
    assert 0 < int(blocked.headers["Retry-After"]) <= 300
    assert "Wait 5 minutes" in blocked.content.decode()


def test_what_checks_no_password_counts_as_no_try(owner: User, settings: Settings) -> None:
    settings.SIGN_IN_FAILURES_MAX = 1
    assert [guess("owner", password=""), guess("", password="x"), guess("owner" * 31)] == [422] * 3
    assert guess("owner", password=PASSWORD) == 302


def test_an_untrusted_client_cannot_make_up_its_address(owner: User, settings: Settings) -> None:
    settings.SIGN_IN_FAILURES_MAX = 3
    settings.TRUSTED_PROXIES = [ip_network("10.0.0.1")]
    forged = [
        {"X-Forwarded-For": "198.51.100.1"},
        {"X-Real-IP": "198.51.100.2"},
        {"Forwarded": "for=198.51.100.3"},
        {"CF-Connecting-IP": "198.51.100.4"},
    ]
    assert [guess("owner", **headers) for headers in forged] == [422, 422, 422, 429]


def test_behind_a_chain_of_proxies_each_visitor_is_counted_alone(owner: User, settings: Settings) -> None:
    settings.SIGN_IN_FAILURES_MAX = 2
    settings.TRUSTED_PROXIES = [ip_network("10.0.0.0/24"), ip_network("192.0.2.7")]

    def through(visitor: str) -> int:
        """The visitor's own entry stands on the left; the proxies append what they saw."""
        made_up = "198.51.100.77"
        return guess("owner", "10.0.0.1", **{"X-Forwarded-For": f"{made_up}, {visitor}, 192.0.2.7"})

    assert [through("203.0.113.1") for _ in range(3)] == [422, 422, 429]
    assert through("203.0.113.2") == 422
    assert guess("owner", "10.0.0.1", **{"X-Real-IP": "203.0.113.1"}) == 429
    assert guess("owner", "10.0.0.1", **{"X-Real-IP": "203.0.113.3"}) == 422


def test_there_is_no_other_way_in_by_password(client: Client, owner: User) -> None:
    asked = []
    user_login_failed.connect(lambda **sent: asked.append(sent), weak=False, dispatch_uid="counted")
    try:
        basic = "Basic " + base64.b64encode(b"owner:wrong").decode()
        for path in ("/admin/login/", "/admin/", "/api/v1/comments/", "/api/docs/", "/v1/moderations", "/"):
            client.post(path, {"username": "owner", "password": "no"}, headers={"Authorization": basic})
            client.get(path, headers={"Authorization": basic})
        assert not asked
        client.post("/sign-in/", {"username": "owner", "password": "no"})
        assert len(asked) == 1
    finally:
        user_login_failed.disconnect(dispatch_uid="counted")


def test_no_name_and_no_address_stands_in_redis(owner: User) -> None:
    guess("a-secret-typed-as-a-name", "203.0.113.9")
    guess("owner", "203.0.113.9", password=PASSWORD)
    keys = broker.client().keys(f"{broker.key('sign-in')}*")
    assert keys
    kept = repr(keys) + repr([broker.client().hgetall(name) for name in keys if b":name:" in name])
    assert "secret" not in kept
    assert "203.0.113" not in kept
    assert all(broker.client().ttl(name) > 0 for name in keys)


def test_without_redis_nobody_is_kept_out(owner: User, settings: Settings) -> None:
    settings.SIGN_IN_FAILURES_MAX = 1
    broker.client.cache_clear()
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    answers = [guess("owner"), guess("owner"), guess("owner", password=PASSWORD)]
    broker.client.cache_clear()
    assert answers == [422, 422, 302]


@pytest.mark.parametrize("path", ["/preview/", "/words/"])
def test_an_htmx_request_without_a_session_leads_to_sign_in_as_a_whole(
    client: Client, owner: User, path: str
) -> None:
    response = client.post(path, {"text": "x"}, headers=HTMX)
    assert response.headers["HX-Redirect"] == "/sign-in/?next=/"


def test_signing_out_takes_a_post_and_ends_the_session(as_owner: Client) -> None:
    assert as_owner.get("/sign-out/").status_code == 405
    assert as_owner.post("/sign-out/").status_code == 302
    assert as_owner.get("/").status_code == 302


def test_the_time_to_wait_runs_on_while_somebody_goes_on_guessing(owner: User, settings: Settings) -> None:
    settings.SIGN_IN_FAILURES_MAX = 3
    left = []
    for _ in range(5):  # the last two are refused
        guess("owner")
        left.append(
            [broker.client().pttl(name) for name in sorted(broker.client().keys(broker.key("sign-in:*")))]
        )
        time.sleep(0.25)
    for counter in zip(*left, strict=True):
        assert counter[0] <= 900_000
        assert all(later <= earlier - 200 for earlier, later in pairwise(counter))
