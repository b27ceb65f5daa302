"""Deliveries come at least once, whatever happens to the receiver or the worker; who does not answer waits alone."""

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from classifier.core.events import MODEL_PROMOTED
from classifier.models import AuditEntry, Webhook, WebhookDelivery
from classifier.tests.webhooks.conftest import states
from classifier.tests.webhooks.receiver import Receiver, receiving, says
from classifier.webhooks.delivery import claim
from classifier.webhooks.outbox import outbox_write
from classifier.webhooks.retries import CAPS, pause, retry_after
from classifier.webhooks.services import (
    deliveries_replay,
    delivery_replay,
    webhook_disable,
    webhook_enable,
    webhook_test,
)

AddWebhook = Callable[..., tuple[Webhook, str]]
Deliver = Callable[[], None]
HOUR = timedelta(hours=1)


def happen(times: int = 1) -> None:
    for _ in range(times):
        outbox_write(MODEL_PROMOTED, [{"model_version": None, "before": None}])


def later(by: timedelta) -> None:
    """Move everything that waits, and what is remembered about the receiver, into the past."""
    for row in WebhookDelivery.objects.filter(status="waiting"):
        row.next_at = row.next_at - by if row.next_at else None
        row.claimed_until = row.claimed_until - by if row.claimed_until else None
        row.save()
    for webhook in Webhook.objects.exclude(failing_since=None):
        Webhook.objects.filter(pk=webhook.pk).update(failing_since=webhook.failing_since - by)  # type: ignore[operator]


def test_a_receiver_that_is_down_for_an_hour_loses_nothing(
    add_webhook: AddWebhook, receiver: Receiver, deliver: Deliver
) -> None:
    webhook, _ = add_webhook(receiver.url)
    receiver.answer = says(500)
    for _ in range(6):  # an hour, in which things go on happening
        happen(2)
        deliver()
        later(HOUR / 6)
    assert set(states(webhook)) == {"waiting"}
    receiver.answer = says(204)
    receiver.got.clear()
    later(timedelta(hours=48))
    deliver()
    assert states(webhook) == ["delivered"] * 12
    assert len(receiver.ids) == len(set(receiver.ids)) == 12
    webhook.refresh_from_db()
    assert webhook.failing_since is None


def test_nobody_listens_at_the_port(add_webhook: AddWebhook, deliver: Deliver) -> None:
    with receiving() as gone:
        url = gone.url
    webhook, _ = add_webhook(url)
    happen()
    deliver()
    delivery = webhook.deliveries.get()
    assert (delivery.status, delivery.attempts) == ("waiting", 1)
    assert delivery.log.get().error.startswith("No connection")


def test_pauses_grow_to_about_three_days_and_are_drawn_from_nothing_to_a_cap() -> None:
    draws = [
        [pause(attempt, random.Random(seed)) for seed in range(200)] for attempt in range(1, len(CAPS) + 1)
    ]
    for cap, drawn in zip(CAPS, draws, strict=True):
        seconds = [one.total_seconds() for one in drawn if one is not None]
        assert len(seconds) == 200
        assert 0 <= min(seconds) < cap * 0.1
        assert cap * 0.9 < max(seconds) <= cap
    assert timedelta(days=2.9) < timedelta(seconds=sum(CAPS) / 2) < timedelta(days=3.5)
    assert pause(len(CAPS) + 1) is None


def test_after_the_last_attempt_it_is_given_up_and_can_be_replayed(
    add_webhook: AddWebhook, receiver: Receiver, deliver: Deliver
) -> None:
    webhook, _ = add_webhook(receiver.url)
    receiver.answer = says(500, b"not today")
    happen()
    for _ in range(len(CAPS) + 1):
        deliver()
        later(timedelta(hours=48))
    delivery = webhook.deliveries.get()
    assert (delivery.status, delivery.attempts) == ("dead", len(CAPS) + 1)
    attempt = delivery.log.first()
    assert attempt is not None
    assert (attempt.status_code, attempt.reply) == (500, "not today")
    receiver.answer = says(200)
    Webhook.objects.update(is_enabled=True)  # it may have been turned off by then
    delivery_replay(delivery=delivery, by=None)
    deliver()
    assert states(webhook) == ["delivered"]
    assert len(set(receiver.ids)) == 1
    assert delivery.log.count() == len(CAPS) + 2


def test_a_receiver_that_fails_for_days_is_turned_off_with_a_row_in_the_audit(
    add_webhook: AddWebhook, receiver: Receiver, deliver: Deliver, settings: Any
) -> None:
    webhook, _ = add_webhook(receiver.url)
    receiver.answer = says(500)
    happen()
    deliver()
    WebhookDelivery.objects.update(attempts=len(CAPS))
    later(timedelta(days=settings.WEBHOOK_GIVE_UP_DAYS))
    happen()
    deliver()
    webhook.refresh_from_db()
    assert not webhook.is_enabled
    assert "5 days" in webhook.disabled_reason
    assert set(states(webhook)) == {"dead"}
    assert AuditEntry.objects.get(verb="webhook.disable").data["webhook"] == webhook.pk
    happen()
    assert len(states(webhook)) == 2
    receiver.answer = says(200)
    webhook_enable(webhook=webhook, by=None)
    assert deliveries_replay(webhook=webhook, since=timezone.now() - HOUR, by=None) == 2
    deliver()
    assert states(webhook) == ["delivered"] * 2


def test_410_gone_turns_it_off_at_once(add_webhook: AddWebhook, receiver: Receiver, deliver: Deliver) -> None:
    webhook, _ = add_webhook(receiver.url)
    receiver.answer = says(410)
    happen(3)
    deliver()
    webhook.refresh_from_db()
    assert not webhook.is_enabled
    assert "410" in webhook.disabled_reason
    assert set(states(webhook)) <= {"dead", "delivered"}
    happen()
    assert len(states(webhook)) == 3


def test_retry_after_holds_everything_back(
    add_webhook: AddWebhook, receiver: Receiver, deliver: Deliver
) -> None:
    add_webhook(receiver.url)
    receiver.answer = says(429, Retry_After="3600")
    happen()
    deliver()
    happen()
    WebhookDelivery.objects.filter(attempts=0).update(next_at=timezone.now() + timedelta(minutes=1))
    later(timedelta(minutes=59))
    deliver()
    assert len(receiver.got) == 2  # the second one was asked to wait too
    held = WebhookDelivery.objects.order_by("pk").values_list("next_at", flat=True)
    assert all(one is not None and one > timezone.now() + timedelta(seconds=30) for one in held)


def test_retry_after_is_seconds_or_a_date_and_at_most_a_day() -> None:
    now = datetime(2026, 11, 24, 12, tzinfo=UTC)
    table = {
        "120": 120,
        "Tue, 24 Nov 2026 12:10:00 GMT": 600,
        "Tue, 24 Nov 2026 11:00:00 GMT": 0,
        "999999999999": 86_400,
        "soon": 0,
        "-5": 0,
        "": 0,
    }
    assert {said: retry_after(said, now).total_seconds() for said in table} == table


def test_a_claim_of_a_killed_worker_runs_out_and_the_same_id_comes_again(
    add_webhook: AddWebhook, receiver: Receiver, deliver: Deliver
) -> None:
    webhook, _ = add_webhook(receiver.url)
    happen()
    (taken,) = claim(5)  # and then the worker is killed
    deliver()
    assert receiver.got == []
    later(HOUR)
    deliver()
    assert receiver.ids == [str(taken.event_id)]
    assert states(webhook) == ["delivered"]


def test_what_waits_while_it_is_disabled_goes_out_when_it_is_enabled(
    add_webhook: AddWebhook, receiver: Receiver, deliver: Deliver
) -> None:
    webhook, _ = add_webhook(receiver.url)
    happen()
    webhook_disable(webhook=webhook, by=None)
    deliver()
    assert receiver.got == []
    webhook_enable(webhook=webhook, by=None)
    deliver()
    assert states(webhook) == ["delivered"]


def test_a_test_goes_first_and_is_tried_once(
    add_webhook: AddWebhook, receiver: Receiver, deliver: Deliver
) -> None:
    webhook, _ = add_webhook(receiver.url)
    Webhook.objects.update(failing_since=timezone.now())
    happen(3)
    delivery = webhook_test(webhook=webhook, by=None)
    receiver.answer = says(500)
    deliver()
    assert receiver.ids[0] == str(delivery.event_id)
    delivery.refresh_from_db()
    assert delivery.status == "dead"


def test_one_slow_receiver_holds_nobody_up(
    add_webhook: AddWebhook, receiver: Receiver, deliver: Deliver, settings: Any
) -> None:
    settings.WEBHOOK_AT_ONCE = 2
    with receiving() as slow:

        def dawdle(handler: Any) -> None:
            time.sleep(0.5)
            says(204)(handler)

        slow.answer = dawdle
        add_webhook(slow.url)
        happen(6)
        fast, _ = add_webhook(receiver.url)
        happen(3)
        began = time.monotonic()
        moments: list[float] = []

        def note(handler: Any) -> None:
            moments.append(time.monotonic() - began)
            says(204)(handler)

        receiver.answer = note
        deliver()
    assert states(fast) == ["delivered"] * 3
    assert max(moments) < 0.4


@pytest.mark.parametrize("failing", [True, False])
def test_only_so_many_requests_to_one_receiver_are_under_way_and_one_while_it_fails(
    add_webhook: AddWebhook, failing: bool, settings: Any
) -> None:
    settings.WEBHOOK_AT_ONCE = 3
    add_webhook("https://forum.example.org/hooks")
    happen(9)
    if failing:
        Webhook.objects.update(failing_since=timezone.now())
    assert len(claim(16)) == (1 if failing else 3)
    assert claim(16) == []
