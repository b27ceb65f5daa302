"""Making a webhook and rolling its secret twice under one Idempotency-Key: done once, the secret shown only once."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from classifier.api_keys.services import api_key_create
from classifier.models import IdempotentRequest, User, Webhook
from classifier.tests.webhooks.test_api import WEBHOOKS
from classifier.webhooks.signing import secrets_of

BODY = {"name": "Forum", "url": "https://forum.example.org/hooks", "events": ["model.promoted"]}
Send = Callable[..., Any]


@pytest.fixture
def send(admin_person: User, redis_clean: None) -> Send:
    _, plaintext = api_key_create(name="k", owner=admin_person, scopes=["admin"], by=None)

    def send(path: str, body: Any, key: str | None = "one") -> Any:
        headers = {"Authorization": f"Bearer {plaintext}", **({"Idempotency-Key": key} if key else {})}
        return Client().post(path, json.dumps(body), content_type="application/json", headers=headers)

    return send


def test_a_repeat_gives_the_same_webhook_and_says_where_its_secret_was_told(send: Send) -> None:
    first, again = (send(WEBHOOKS, BODY) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 200)
    assert Webhook.objects.count() == 1
    made, told = first.json(), again.json()
    assert made["secret"].startswith("whsec_")
    assert made["secret_notice"] == ""
    assert told["secret"] is None
    assert "shown only once" in told["secret_notice"]
    assert {**made, "secret": None, "secret_notice": told["secret_notice"]} == told
    assert again.headers["Idempotency-Replayed"] == "true"
    assert first.headers["Location"] == again.headers["Location"]
    assert made["secret"] not in again.content.decode()
    assert made["secret"] not in repr(list(IdempotentRequest.objects.values()))


def test_without_a_key_or_under_another_one_there_are_two(send: Send) -> None:
    for key in (None, None, "a", "b"):
        assert send(WEBHOOKS, BODY, key).status_code == 201
    assert Webhook.objects.count() == 4


def test_the_same_key_for_another_webhook_is_a_problem(send: Send) -> None:
    send(WEBHOOKS, BODY)
    refused = send(WEBHOOKS, {**BODY, "name": "Shop"})
    assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (422, "idempotency-key-reused")
    assert Webhook.objects.count() == 1


def test_a_refused_call_leaves_its_key_free(send: Send) -> None:
    assert send(WEBHOOKS, {**BODY, "events": ["nothing"]}).status_code == 400
    assert send(WEBHOOKS, BODY).status_code == 201


def test_a_repeat_after_it_was_deleted_is_a_404(send: Send) -> None:
    send(WEBHOOKS, BODY)
    Webhook.objects.update(deleted_at="2026-11-24T00:00:00Z")
    assert send(WEBHOOKS, BODY).status_code == 404


def test_a_repeated_roll_keeps_the_secret_that_receivers_know(send: Send) -> None:
    known = send(WEBHOOKS, BODY).json()["secret"]
    webhook = Webhook.objects.get()
    path = f"{WEBHOOKS}{webhook.pk}/secret/"
    first, again = (send(path, {}, "roll") for _ in range(2))
    assert (first.status_code, again.status_code) == (200, 200)
    assert (again.json()["secret"], "shown only once" in again.json()["secret_notice"]) == (None, True)
    assert again.json()["old_secret_until"] == first.json()["old_secret_until"]
    webhook.refresh_from_db()
    assert secrets_of(webhook, timezone.now()) == [first.json()["secret"], known]
