"""The pages of webhooks: making one, its secret shown once, its log, tests and replays; all without JavaScript."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from classifier.core.events import MODEL_PROMOTED
from classifier.core.outgoing import outgoing_stop
from classifier.models import AuditEntry, Source, User, Webhook
from classifier.tests.webhooks.receiver import Receiver, says
from classifier.webhooks.outbox import outbox_write
from classifier.webhooks.services import webhook_disable

AddWebhook = Callable[..., tuple[Webhook, str]]


@pytest.fixture
def page(admin_person: User, redis_clean: None) -> Client:
    client = Client()
    client.force_login(admin_person)
    return client


def text(answer: Any) -> str:
    return str(answer.content, "utf-8")


def test_nobody_is_told_yet(page: Client) -> None:
    assert "No webhook yet" in text(page.get("/webhooks/"))


def test_a_new_webhook_shows_its_secret_once_and_never_again(page: Client, forum: Source) -> None:
    fields = {
        "name": "Forum",
        "url": "https://forum.example.org/hooks?token=abc",
        "events": ["comment.classified", "comment.decided"],
        "sources": [forum.pk],
    }
    made = page.post("/webhooks/new/", fields)
    secret = re.search(r"whsec_[A-Za-z0-9+/=]+", text(made))
    assert secret is not None
    assert "no-store" in made.headers["Cache-Control"]
    webhook = Webhook.objects.get()
    assert webhook.events == fields["events"]
    for address in ("/webhooks/", f"/webhooks/{webhook.pk}/", "/history/"):
        assert secret[0] not in text(page.get(address))
    told = AuditEntry.objects.get(verb="webhook.create")
    assert told.data["url"] == "https://forum.example.org"
    assert "abc" not in str(told.data)


def test_a_wrong_url_is_said_beside_its_field(page: Client, settings: Any) -> None:
    settings.WEBHOOK_ALLOWED_NETWORKS = []
    fields = {"name": "Forum", "url": "http://192.168.0.1/", "events": ["comment.decided"]}
    answer = page.post("/webhooks/new/", fields)
    assert answer.status_code == 422
    assert "192.168.0.1 is not a public address" in text(answer)
    assert not Webhook.objects.exists()


def test_a_test_shows_what_the_receiver_answered(
    page: Client, add_webhook: AddWebhook, receiver: Receiver, deliver: Callable[[], None]
) -> None:
    receiver.answer = says(401, b"<b>who are you?</b>")
    webhook, _ = add_webhook(receiver.url)
    address = page.post(f"/webhooks/{webhook.pk}/test/").headers["Location"]
    shown = page.get(address)
    assert 'hx-trigger="every 1s"' in text(shown)
    deliver()
    shown = page.get(address)
    assert "hx-trigger" not in text(shown)
    assert "It answered 401." in text(shown)
    assert "&lt;b&gt;who are you?&lt;/b&gt;" in text(shown)


def test_the_log_is_filtered_and_goes_on_page_by_page(
    page: Client, add_webhook: AddWebhook, receiver: Receiver
) -> None:
    webhook, _ = add_webhook(receiver.url)
    outbox_write(MODEL_PROMOTED, [{"model_version": None}] * 30)
    first = text(page.get(f"/webhooks/{webhook.pk}/"))
    older = re.search(r'href="(\?status=&amp;before=\d+)#log" rel="next"', first)
    assert older is not None
    second = text(page.get(f"/webhooks/{webhook.pk}/{older[1].replace('&amp;', '&')}"))
    seen = [set(re.findall(r"/deliveries/(\d+)/", one)) for one in (first, second)]
    assert [len(one) for one in seen] == [25, 5]
    assert not seen[0] & seen[1]
    assert "No delivery is in this state" in text(page.get(f"/webhooks/{webhook.pk}/?status=dead"))
    assert page.get(f"/webhooks/{webhook.pk}/?status=nonsense&before=x").status_code == 200


def test_what_was_given_up_is_sent_again_one_or_all(
    page: Client, add_webhook: AddWebhook, receiver: Receiver, deliver: Callable[[], None]
) -> None:
    webhook, _ = add_webhook(receiver.url)
    outbox_write(MODEL_PROMOTED, [{"model_version": None}] * 3)
    webhook.deliveries.update(attempts=100)
    receiver.answer = says(500, b"broken")
    deliver()
    one = webhook.deliveries.first()
    assert one is not None
    assert "Given up" in text(page.get(f"/webhooks/{webhook.pk}/deliveries/{one.pk}/"))
    receiver.answer = says(200)
    page.post(f"/webhooks/{webhook.pk}/deliveries/{one.pk}/replay/")
    deliver()
    assert webhook.deliveries.filter(status="delivered").count() == 1
    answer = page.post(f"/webhooks/{webhook.pk}/replay/", {"hours": "24"}, follow=True)
    assert "2 sent again" in text(answer)
    deliver()
    assert webhook.deliveries.filter(status="delivered").count() == 3


def test_off_and_on_a_new_secret_and_deleting(page: Client, add_webhook: AddWebhook) -> None:
    webhook, old = add_webhook("https://forum.example.org/hooks")
    at = f"/webhooks/{webhook.pk}/"
    page.post(f"{at}switch/", {"enabled": "0"})
    assert "Nothing is sent." in text(page.get(at))
    page.post(f"{at}switch/", {"enabled": "1"})
    assert "Nothing is sent." not in text(page.get(at))
    rolled = text(page.post(f"{at}secret/", {"overlap": "24"}))
    new = re.search(r"whsec_[A-Za-z0-9+/=]+", rolled)
    assert new is not None
    assert new[0] != old
    assert "The old secret signs too until" in rolled
    page.post(f"{at}delete/")
    assert page.get(at).status_code == 404
    verbs = AuditEntry.objects.filter(verb__startswith="webhook.").order_by("pk")
    assert list(verbs.values_list("verb", flat=True)) == [
        "webhook.create",
        "webhook.disable",
        "webhook.enable",
        "webhook.secret",
        "webhook.delete",
    ]


def test_why_the_server_turned_it_off_is_on_the_page(page: Client, add_webhook: AddWebhook) -> None:
    webhook, _ = add_webhook("https://forum.example.org/hooks")
    webhook_disable(webhook=webhook, reason="The receiver answered 410 Gone.", by=None)
    assert "410 Gone" in text(page.get(f"/webhooks/{webhook.pk}/"))


def test_who_sees_one_source_makes_webhooks_for_that_one_only(
    page: Client, admin_person: User, forum: Source, add_webhook: AddWebhook
) -> None:
    every, _ = add_webhook("https://every.example.org/")
    Source.objects.create(slug="shop", name="Shop")
    admin_person.source_access.create(source=forum)
    User.objects.filter(pk=admin_person.pk).update(all_sources=False)
    assert "every.example.org" not in text(page.get("/webhooks/"))
    assert page.get(f"/webhooks/{every.pk}/").status_code == 404
    assert page.post(f"/webhooks/{every.pk}/delete/").status_code == 404
    fields: dict[str, Any] = {
        "name": "Mine",
        "url": "https://forum.example.org/",
        "events": ["comment.decided"],
    }
    assert page.post("/webhooks/new/", fields).status_code == 422
    assert page.post("/webhooks/new/", {**fields, "sources": [forum.pk]}).status_code == 200
    assert Webhook.objects.filter(name="Mine").exists()


def test_deleting_asks_first(page: Client, add_webhook: AddWebhook) -> None:
    webhook, _ = add_webhook("https://forum.example.org/hooks")
    url = f"/webhooks/{webhook.pk}/delete/"
    assert f'href="{url}"' in text(page.get(f"/webhooks/{webhook.pk}/"))
    asked = text(page.get(url))
    assert "Delete this webhook?" in asked
    assert "https://forum.example.org/hooks" in asked
    webhook.refresh_from_db()
    assert webhook.deleted_at is None
    page.post(url)
    webhook.refresh_from_db()
    assert webhook.deleted_at is not None


def test_the_list_says_that_sending_is_on_hold_and_what_resumes_it(page: Client) -> None:
    assert "Nothing is sent since" not in text(page.get("/webhooks/"))
    outgoing_stop(reason="This site was restored from a backup.", by=None)
    shown = text(page.get("/webhooks/"))
    assert "Nothing is sent since" in shown
    assert "This site was restored from a backup." in shown
    assert "manage.py sending resume" in shown
