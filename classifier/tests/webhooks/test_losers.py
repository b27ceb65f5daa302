"""Whoever lost a claim on a delivery changes nothing: not the delivery, not its webhook, not what else waits for it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from classifier.core.events import MODEL_PROMOTED
from classifier.core.outbound_http import Answer
from classifier.core.outgoing import outgoing_resume, outgoing_stop
from classifier.models import AuditEntry, Webhook, WebhookDelivery
from classifier.tests.webhooks.conftest import states
from classifier.tests.webhooks.receiver import Receiver
from classifier.webhooks.delivery import claim, claims_release
from classifier.webhooks.outbox import outbox_write
from classifier.webhooks.retries import attempt_record

AddWebhook = Callable[..., tuple[Webhook, str]]
ANSWERS = {
    "taken": Answer(204),
    "refused": Answer(500),
    "wait": Answer(429, retry_after="600"),
    "gone": Answer(410),
    "silent": Answer(None, "No connection."),
}


def happen(times: int = 1) -> None:
    for _ in range(times):
        outbox_write(MODEL_PROMOTED, [{"model_version": None, "before": None}])


def expire() -> None:
    WebhookDelivery.objects.exclude(claimed_until=None).update(
        claimed_until=timezone.now() - timedelta(seconds=1)
    )


def rows() -> list[Any]:
    return [*WebhookDelivery.objects.order_by("pk").values(), *Webhook.objects.order_by("pk").values()]


@pytest.mark.parametrize("failing", [False, True])
@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_a_late_answer_changes_nothing_of_what_another_worker_has_taken(
    answer: Answer, failing: bool, add_webhook: AddWebhook
) -> None:
    webhook, _ = add_webhook("https://forum.example.org/hooks")
    if failing:
        Webhook.objects.filter(pk=webhook.pk).update(failing_since=timezone.now() - timedelta(days=30))
    happen(3)
    (late,) = claim(1)
    expire()
    (taken,) = claim(1)
    assert taken.pk == late.pk
    before = rows()
    attempt_record(delivery=late, answer=answer, now=timezone.now())
    assert rows() == before
    assert not AuditEntry.objects.filter(verb="webhook.disable").exists()
    attempt_record(delivery=taken, answer=Answer(204), now=timezone.now())
    assert states(webhook) == ["delivered", "waiting", "waiting"]


def test_the_claims_of_a_killed_worker_are_free_when_it_starts_again_and_no_others_are(
    add_webhook: AddWebhook,
) -> None:
    add_webhook("https://forum.example.org/hooks")
    happen(3)
    (killed,) = claim(1, worker="deliver@one")
    (others,) = claim(1, worker="deliver@two")
    assert claims_release(worker="deliver@one") == 1
    again = claim(5, worker="deliver@one")
    assert killed.pk in {delivery.pk for delivery in again}
    assert others.pk not in {delivery.pk for delivery in again}
    attempt_record(delivery=killed, answer=Answer(500), now=timezone.now())  # it was not dead after all
    killed.refresh_from_db()
    assert (killed.status, killed.attempts, killed.claimed_by) == ("waiting", 0, "deliver@one")
    assert claims_release(worker="deliver@o") == 0


def test_while_sending_is_on_hold_nothing_goes_out_and_nothing_is_lost(
    add_webhook: AddWebhook, receiver: Receiver, deliver: Callable[[], None]
) -> None:
    webhook, _ = add_webhook(receiver.url)
    hold = outgoing_stop(reason="A copy for a test", by=None)
    assert outgoing_stop(reason="again", by=None) == hold
    happen(2)
    deliver()
    assert receiver.got == []
    assert states(webhook) == ["waiting", "waiting"]
    assert outgoing_resume(by=None) == hold
    assert outgoing_resume(by=None) is None
    deliver()
    assert states(webhook) == ["delivered", "delivered"]
    verbs = AuditEntry.objects.filter(verb__startswith="outgoing.").order_by("pk")
    assert list(verbs.values_list("verb", flat=True)) == ["outgoing.hold", "outgoing.resume"]
