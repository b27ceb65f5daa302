"""Keys that follow each other by rotation have one quota between them, and each its own use."""

from datetime import timedelta

import pytest

from classifier.api_keys.quotas import quota_take
from classifier.api_keys.services import api_key_authenticate, api_key_create, api_key_rotate
from classifier.api_keys.usage import usage_days, usage_flush
from classifier.models import ApiKey, User
from classifier.tests.api.conftest import SCORE, Caller, assert_problem
from toxicsite.lib.broker import client

pytestmark = pytest.mark.django_db


@pytest.fixture
def line(owner: User) -> list[ApiKey]:
    """A key, the one that follows it and the one that follows that, as a call authenticates them."""
    key, first = api_key_create(
        name="forum", owner=owner, scopes=["score"], requests_per_minute=6, texts_per_day=10
    )
    key, second = api_key_rotate(api_key=key, overlap=timedelta(days=1), by=None)
    key, third = api_key_rotate(api_key=key, overlap=timedelta(days=1), by=None)
    return [api_key_authenticate(plaintext=plaintext) for plaintext in (first, second, third)]


def test_each_of_them_knows_the_others(line: list[ApiKey], owner: User) -> None:
    ids = [key.pk for key in line]
    assert [key.line for key in line] == [ids] * 3
    other = api_key_authenticate(plaintext=api_key_create(name="other", owner=owner, scopes=["score"])[1])
    assert other.line == [other.pk]


def test_rotating_gives_no_requests_more(line: list[ApiKey]) -> None:
    left = [quota_take(api_key=key, user=None, texts=0).remaining for key in line + line]
    assert left == [5, 4, 3, 2, 1, 0]
    assert [quota_take(api_key=key, user=None, texts=0).exceeded for key in line] == ["requests"] * 3


def test_rotating_gives_no_texts_more(line: list[ApiKey]) -> None:
    states = [quota_take(api_key=key, user=None, texts=4) for key in line]
    assert [state.texts and state.texts.remaining for state in states] == [6, 2, 2]
    assert [state.exceeded for state in states] == [None, None, "texts"]
    last = quota_take(api_key=line[2], user=None, texts=2)
    assert (last.exceeded, last.texts and last.texts.remaining) == (None, 0)


def test_a_redis_that_lost_everything_does_not_forget_what_the_others_used(line: list[ApiKey]) -> None:
    for key in line[:2]:
        quota_take(api_key=key, user=None, texts=4)
    usage_flush()
    client().flushdb()
    for key in line[:2]:
        quota_take(api_key=key, user=None, texts=0)
    usage_flush()
    assert quota_take(api_key=line[2], user=None, texts=3).exceeded == "texts"


def test_what_each_has_used_is_told_apart(line: list[ApiKey]) -> None:
    for key, texts in zip(line, (1, 2, 3), strict=True):
        quota_take(api_key=key, user=None, texts=texts)
    usage_flush()
    assert [usage_days(api_key=key, days=1)[0].texts for key in line] == [1, 2, 3]


def test_so_it_is_over_the_api(owner: User) -> None:
    old, plaintext = api_key_create(name="k", owner=owner, scopes=["score"], requests_per_minute=2)
    new = api_key_rotate(api_key=old, overlap=timedelta(hours=1), by=None)[1]
    left = [
        Caller(each).post(SCORE, {"text": ""}).headers["RateLimit-Remaining"] for each in (plaintext, new)
    ]
    assert left == ["1", "0"]
    for each in (plaintext, new):
        assert_problem(Caller(each).post(SCORE, {"text": "a"}), 429, "rate-limit-exceeded")
