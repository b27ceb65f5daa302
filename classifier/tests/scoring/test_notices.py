"""Whoever waits for a comment hears of that comment only, also after the connection was cut."""

import time

import pytest

from classifier.scoring.verdict_pubsub import announce, comment_subscription
from toxicsite.lib.broker import client

pytestmark = pytest.mark.usefixtures("redis_clean")


def test_a_notice_that_comes_before_the_wait_is_heard() -> None:
    with comment_subscription(1) as heard:
        announce([1])
        assert heard(5)


def test_a_notice_about_another_comment_is_not_heard() -> None:
    with comment_subscription(1) as heard:
        announce([2])
        started = time.monotonic()
        assert not heard(0.3)
        assert time.monotonic() - started >= 0.29


def test_an_old_notice_is_not_heard_by_the_next_who_waits() -> None:
    with comment_subscription(1):
        announce([1])
    with comment_subscription(2) as heard:
        assert not heard(0.2)
    with comment_subscription(1) as heard:
        assert not heard(0.2)
        announce([1])
        assert heard(5)


def test_a_cut_connection_is_replaced() -> None:
    with comment_subscription(1):
        pass
    client().client_kill_filter(_type="pubsub")
    for _ in range(2):
        with comment_subscription(3) as heard:
            announce([3])
            assert heard(5)
