"""Requests a minute and texts a day: taken whole or not at all, exactly, also by many at once."""

import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from pytest_django import Settings

from classifier.api_keys.quotas import quota_headers, quota_refusal, quota_take
from classifier.api_keys.services import api_key_create
from classifier.models import ApiKey, User
from toxicsite.lib.broker import client, key

pytestmark = pytest.mark.django_db


@pytest.fixture
def api_key(owner: User) -> ApiKey:
    made, _ = api_key_create(name="forum", owner=owner, scopes=["score"])
    made.requests_per_minute, made.texts_per_day = 5, 10
    made.save()
    return made


def test_every_call_says_what_is_left_and_for_how_long(api_key: ApiKey) -> None:
    first, second = (quota_take(api_key=api_key, user=None, texts=3) for _ in range(2))
    assert (first.limit, first.remaining, first.exceeded) == (5, 4, None)
    assert (second.remaining, second.exceeded) == (3, None)
    assert 1 <= second.reset_seconds <= 60
    assert second.texts is not None
    assert (second.texts.limit, second.texts.remaining) == (10, 4)
    assert 1 <= second.texts.reset_seconds <= 86_400


def test_a_batch_of_more_texts_than_are_left_is_refused_whole(api_key: ApiKey) -> None:
    quota_take(api_key=api_key, user=None, texts=8)
    refused = quota_take(api_key=api_key, user=None, texts=3)
    assert (refused.exceeded, refused.limit, refused.remaining) == ("texts", 10, 2)
    assert "2 are left" in quota_refusal(refused, texts=3)
    assert quota_take(api_key=api_key, user=None, texts=2).exceeded is None


def test_a_batch_that_no_day_has_room_for_is_told_so(api_key: ApiKey) -> None:
    refused = quota_take(api_key=api_key, user=None, texts=11)
    assert refused.exceeded == "texts"
    assert "may send 10 a day" in quota_refusal(refused, texts=11)


def test_requests_over_the_limit_are_refused_and_take_no_texts(api_key: ApiKey) -> None:
    for _ in range(5):
        quota_take(api_key=api_key, user=None, texts=0)
    refused = quota_take(api_key=api_key, user=None, texts=1)
    assert (refused.exceeded, refused.remaining) == ("requests", 0)
    assert refused.texts is not None
    assert refused.texts.remaining == 10


def test_many_at_once_get_exactly_what_there_is(api_key: ApiKey) -> None:
    api_key.requests_per_minute, api_key.texts_per_day = 1_000, 100
    with ThreadPoolExecutor(8) as pool:
        states = list(pool.map(lambda _: quota_take(api_key=api_key, user=None, texts=3), range(60)))
    assert sum(state.exceeded is None for state in states) == 33
    last = quota_take(api_key=api_key, user=None, texts=1)
    assert (last.exceeded, last.texts and last.texts.remaining) == (None, 0)


def test_a_key_without_its_own_limit_has_the_servers(api_key: ApiKey, settings: Settings) -> None:
    settings.API_REQUESTS_PER_MINUTE = 7
    api_key.requests_per_minute = api_key.texts_per_day = None
    state = quota_take(api_key=api_key, user=None, texts=1_000_000)
    assert (state.limit, state.remaining, state.texts, state.exceeded) == (7, 6, None, None)


def test_people_and_keys_are_counted_apart(api_key: ApiKey, owner: User) -> None:
    for _ in range(6):
        quota_take(api_key=api_key, user=owner, texts=0)
    assert quota_take(api_key=None, user=owner, texts=5).exceeded is None


def test_the_minute_ends_by_itself(api_key: ApiKey) -> None:
    for _ in range(6):
        quota_take(api_key=api_key, user=None, texts=0)
    client().pexpire(key(f"api-requests:key-{api_key.pk}"), 1)
    while client().exists(key(f"api-requests:key-{api_key.pk}")):
        pass
    assert quota_take(api_key=api_key, user=None, texts=0).remaining == 4


def test_the_headers_name_both_quotas_and_when_to_come_back(api_key: ApiKey) -> None:
    headers = quota_headers(quota_take(api_key=api_key, user=None, texts=4))
    assert headers["RateLimit-Policy"] == '"requests";q=5;w=60, "texts";q=10;w=86400'
    assert headers["RateLimit"].startswith('"requests";r=4;t=')
    assert '"texts";r=6;t=' in headers["RateLimit"]
    assert (headers["RateLimit-Limit"], headers["RateLimit-Remaining"]) == ("5", "4")
    assert "Retry-After" not in headers
    refused = quota_headers(quota_take(api_key=api_key, user=None, texts=7))
    assert (refused["RateLimit-Limit"], refused["RateLimit-Remaining"]) == ("10", "6")
    assert refused["Retry-After"] == refused["RateLimit-Reset"]


def test_it_passes_without_redis_and_claims_no_numbers(
    api_key: ApiKey, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from redis.exceptions import ConnectionError as Down

    def refuse(*args: object, **kwargs: object) -> None:
        raise Down("refused")

    with monkeypatch.context() as broken:
        broken.setattr(client().connection_pool, "get_connection", refuse)
        state = quota_take(api_key=api_key, user=None, texts=1_000)
    assert (state.exceeded, quota_headers(state)) == (None, {})
    assert "not enforced" in caplog.text


def test_a_minute_begins_with_its_first_call_and_no_later_one_lengthens_it(api_key: ApiKey) -> None:
    quota_take(api_key=api_key, user=None, texts=0)
    [counter] = client().keys(key("api-requests:*"))
    left = [client().pttl(counter)]
    for _ in range(5):  # the last one is refused
        time.sleep(0.25)
        quota_take(api_key=api_key, user=None, texts=0)
        left.append(client().pttl(counter))
    assert left[0] <= 60_000
    assert all(later <= earlier - 200 for earlier, later in pairwise(left))
