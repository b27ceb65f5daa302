"""Webhooks in the administration: looked at, never changed, and never with a secret."""

import base64
from collections.abc import Callable

import pytest
from django.test import Client

from classifier.models import Source, User, Webhook
from classifier.webhooks.services import webhook_test

AddWebhook = Callable[..., tuple[Webhook, str]]


@pytest.fixture
def admin(admin_person: User) -> Client:
    client = Client()
    client.force_login(admin_person)
    return client


def test_a_webhook_and_its_deliveries_are_shown_without_the_secret(
    admin: Client, add_webhook: AddWebhook
) -> None:
    webhook, secret = add_webhook("https://forum.example.org/hooks")
    delivery = webhook_test(webhook=webhook, by=None)
    encrypted = base64.b64encode(bytes(webhook.sealed_secret)).decode()
    for address, said in (
        ("webhook/", "forum.example.org"),
        (f"webhook/{webhook.pk}/change/", "forum.example.org"),
        ("webhookdelivery/", "Waiting"),
        (f"webhookdelivery/{delivery.pk}/change/", "test"),
    ):
        shown = admin.get(f"/admin/classifier/{address}")
        assert shown.status_code == 200, address
        assert said in shown.content.decode()
        assert secret not in shown.content.decode()
        assert encrypted not in shown.content.decode()
    assert admin.get("/admin/classifier/webhook/add/").status_code == 403
    assert admin.post(f"/admin/classifier/webhook/{webhook.pk}/change/", {"name": "x"}).status_code == 403


def test_who_sees_one_source_sees_its_webhooks_only(
    admin: Client, admin_person: User, add_webhook: AddWebhook, forum: Source
) -> None:
    own, _ = add_webhook("https://forum.example.org/", sources=[forum])
    every, _ = add_webhook("https://every.example.org/")
    hidden = webhook_test(webhook=every, by=None)
    webhook_test(webhook=own, by=None)
    admin_person.source_access.create(source=forum)
    User.objects.filter(pk=admin_person.pk).update(all_sources=False)
    shown = admin.get("/admin/classifier/webhook/").content.decode()
    assert "forum.example.org" in shown
    assert "every.example.org" not in shown
    assert admin.get(f"/admin/classifier/webhookdelivery/{hidden.pk}/change/").status_code == 302
