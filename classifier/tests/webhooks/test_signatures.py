"""Signatures are those of the Standard Webhooks specification, checked by its own library and its own example."""

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from standardwebhooks.webhooks import Webhook as Verifier
from standardwebhooks.webhooks import WebhookVerificationError

from classifier.core.validation import InvalidInput
from classifier.models import Webhook
from classifier.tests.webhooks.receiver import Receiver
from classifier.webhooks.services import webhook_secret_roll, webhook_test
from classifier.webhooks.signing import signature


def test_it_signs_the_example_of_the_specification() -> None:
    body = b'{"test": 2432232314}'
    made = signature(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        message="msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp=1614265330,
        body=body,
    )
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_secret_is_32_random_bytes_and_kept_sealed(add_webhook: Callable[..., Any]) -> None:
    webhook, secret = add_webhook("https://forum.example.org/hooks")
    assert secret.startswith("whsec_")
    assert len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) == 32
    assert secret.encode() not in bytes(webhook.sealed_secret)
    assert add_webhook("https://forum.example.org/hooks")[1] != secret


def test_an_independent_receiver_accepts_what_is_sent(
    add_webhook: Callable[..., tuple[Webhook, str]], receiver: Receiver, deliver: Callable[[], None]
) -> None:
    webhook, secret = add_webhook(receiver.url)
    webhook_test(webhook=webhook, by=None)
    deliver()
    (got,) = receiver.got
    told = Verifier(secret).verify(got.body, got.headers)
    assert set(told) == {"type", "timestamp", "data"}
    assert told["type"] == "test"
    assert got.path == "/hooks?room=1"
    assert got.headers["content-type"] == "application/json"
    changed = got.body.replace(b"test", b"tost")
    with pytest.raises(WebhookVerificationError, match=r"^No matching signature found$"):
        Verifier(secret).verify(changed, got.headers)


def test_while_a_secret_is_replaced_both_sign_and_then_only_the_new_one(
    add_webhook: Callable[..., tuple[Webhook, str]], receiver: Receiver, deliver: Callable[[], None]
) -> None:
    webhook, old = add_webhook(receiver.url)
    new = webhook_secret_roll(webhook=webhook, overlap_hours=1, by=None)
    webhook_test(webhook=webhook, by=None)
    deliver()
    for secret in (old, new):
        Verifier(secret).verify(receiver.got[-1].body, receiver.got[-1].headers)
    Webhook.objects.update(old_secret_until=timezone.now() - timedelta(seconds=1))
    webhook_test(webhook=webhook, by=None)
    deliver()
    got = receiver.got[-1]
    Verifier(new).verify(got.body, got.headers)
    with pytest.raises(WebhookVerificationError, match=r"^No matching signature found$"):
        Verifier(old).verify(got.body, got.headers)


def test_without_overlap_the_old_secret_ends_at_once(add_webhook: Callable[..., Any]) -> None:
    webhook, _ = add_webhook("https://forum.example.org/hooks")
    webhook_secret_roll(webhook=webhook, overlap_hours=0, by=None)
    assert webhook.sealed_old_secret is None
    with pytest.raises(InvalidInput, match=r"^overlap_hours: Give 0 to 168 hours\.$"):
        webhook_secret_roll(webhook=webhook, overlap_hours=1_000, by=None)


def test_a_secret_sealed_with_another_key_is_an_attempt_that_says_so(
    add_webhook: Callable[..., tuple[Webhook, str]],
    receiver: Receiver,
    deliver: Callable[[], None],
    settings: Any,
) -> None:
    webhook, _ = add_webhook(receiver.url)
    settings.SECRET_KEY = "another one, which is long enough to be one"
    delivery = webhook_test(webhook=webhook, by=None)
    deliver()
    assert receiver.got == []
    assert "SECRET_KEY" in delivery.log.get().error


def test_the_body_is_the_same_in_each_attempt(
    add_webhook: Callable[..., tuple[Webhook, str]], receiver: Receiver, deliver: Callable[[], None]
) -> None:
    from classifier.webhooks.services import delivery_replay

    webhook, _ = add_webhook(receiver.url)
    delivery = webhook_test(webhook=webhook, by=None)
    deliver()
    delivery.refresh_from_db()
    delivery_replay(delivery=delivery, by=None)
    deliver()
    first, second = receiver.got
    assert (first.body, first.id) == (second.body, second.id)
    assert json.loads(first.body)["timestamp"].endswith("Z")
