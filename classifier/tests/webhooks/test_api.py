"""Webhooks over the API: for keys with the scope `admin`, of people who may, within the sources they see."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from standardwebhooks.webhooks import Webhook as Verifier

from classifier.api_keys.services import api_key_create
from classifier.core.events import MODEL_PROMOTED
from classifier.models import ApiKey, Source, User, Webhook
from classifier.tests.webhooks.receiver import Receiver, says
from classifier.webhooks.outbox import outbox_write

WEBHOOKS = "/api/v1/webhooks/"
Call = Callable[..., Any]


def caller(owner: User, scope: str, sources: list[Source] | None = None) -> Call:
    key, plaintext = api_key_create(name="k", owner=owner, scopes=[scope], by=None)
    key.sources.set(sources or [])
    client = Client(raise_request_exception=False)

    def call(method: str, path: str, body: Any = None) -> Any:
        if method == "post" and body is None:
            body = {}
        data = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
        return getattr(client, method)(path, headers={"Authorization": f"Bearer {plaintext}"}, **data)

    return call


@pytest.fixture
def admin(admin_person: User, redis_clean: None) -> Call:
    return caller(admin_person, "admin")


def test_a_webhook_from_making_to_deleting(
    admin: Call, receiver: Receiver, deliver: Callable[[], None], forum: Source
) -> None:
    made = admin(
        "post",
        WEBHOOKS,
        {"name": "Forum", "url": receiver.url, "events": ["model.promoted"], "sources": ["forum"]},
    )
    assert made.status_code == 201, made.content
    assert made.headers["Cache-Control"] == "no-store"
    one = made.headers["Location"].removeprefix("http://testserver")
    secret = made.json()["secret"]
    assert "secret" not in admin("get", one).json()
    assert secret not in admin("get", WEBHOOKS).content.decode()

    tested = admin("post", f"{one}test/", {})
    assert tested.status_code == 202
    deliver()
    Verifier(secret).verify(receiver.got[-1].body, receiver.got[-1].headers)
    (shown,) = admin("get", f"{one}deliveries/").json()["items"]
    assert (shown["type"], shown["status"], shown["log"][0]["status_code"]) == ("test", "delivered", 204)
    again = admin("post", f"{one}deliveries/{shown['id']}/replay/")
    assert (again.status_code, again.json()["status"]) == (202, "waiting")
    assert admin("post", f"{one}deliveries/{shown['id']}/replay/").status_code == 409
    deliver()
    assert receiver.ids == [shown["event"]] * 2

    rolled = admin("post", f"{one}secret/", {"overlap_hours": 1}).json()
    assert rolled["secret"] != secret
    assert rolled["old_secret_until"] is not None
    changed = admin("patch", one, {"name": "The forum", "sources": [], "enabled": False}).json()
    assert (changed["name"], changed["sources"], changed["enabled"]) == ("The forum", [], False)
    assert admin("post", f"{one}test/").status_code == 409
    assert admin("delete", one).status_code == 204
    assert admin("get", one).status_code == 404
    assert admin("get", WEBHOOKS).json()["items"] == []


def test_what_was_given_up_is_filtered_and_sent_again(
    admin: Call, add_webhook: Callable[..., tuple[Webhook, str]], receiver: Receiver, deliver: Call
) -> None:
    webhook, _ = add_webhook(receiver.url)
    outbox_write(MODEL_PROMOTED, [{"model_version": None}] * 3)
    webhook.deliveries.update(attempts=100)
    receiver.answer = says(500)
    deliver()
    log = f"{WEBHOOKS}{webhook.pk}/deliveries/"
    page = admin("get", f"{log}?status=dead&limit=2").json()
    assert len(page["items"]) == 2
    rest = admin("get", page["next"].removeprefix("http://testserver")).json()
    assert (len(rest["items"]), rest["next"]) == (1, None)
    assert admin("get", f"{log}?status=delivered").json()["items"] == []
    receiver.answer = says(200)
    assert admin("post", f"{log}replay/", {"since": "2026-01-01T00:00:00Z"}).json() == {"count": 3}
    deliver()
    assert len(admin("get", f"{log}?status=delivered").json()["items"]) == 3


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"url": "https://127.0.0.1:9/"}, "/url"),
        ({"url": "ftp://forum.example.org/"}, "/url"),
        ({"events": ["comment.exploded"]}, "/events/0"),
        ({"events": []}, "/events"),
        ({"events": ["test"]}, "/events/0"),
        ({"sources": ["nowhere"]}, "/sources/0"),
        ({"name": "  "}, "/name"),
        ({"secret": "whsec_mine"}, "/secret"),
    ],
)
def test_a_wrong_field_is_pointed_at(admin: Call, body: dict[str, Any], pointer: str, settings: Any) -> None:
    settings.WEBHOOK_ALLOWED_NETWORKS = []
    good = {"name": "Forum", "url": "https://forum.example.org/", "events": ["comment.decided"]}
    answer = admin("post", WEBHOOKS, {**good, **body})
    assert answer.status_code == 400
    assert pointer in json.dumps(answer.json()["errors"])
    assert not Webhook.objects.exists()


def test_a_key_needs_the_scope_and_its_owner_the_permission(
    admin_person: User, moderator: User, redis_clean: None
) -> None:
    assert caller(admin_person, "moderate")("get", WEBHOOKS).status_code == 403
    assert caller(moderator, "admin")("get", WEBHOOKS).status_code == 403
    assert ApiKey.objects.count() == 2


def test_a_key_for_one_source_sees_the_webhooks_of_that_source_only(
    admin_person: User, add_webhook: Callable[..., tuple[Webhook, str]], forum: Source, redis_clean: None
) -> None:
    shop = Source.objects.create(slug="shop", name="Shop")
    own, _ = add_webhook("https://forum.example.org/", sources=[forum])
    other, _ = add_webhook("https://shop.example.org/", sources=[shop])
    both, _ = add_webhook("https://both.example.org/", sources=[forum, shop])
    every, _ = add_webhook("https://every.example.org/")
    call = caller(admin_person, "admin", [forum])
    assert [one["id"] for one in call("get", WEBHOOKS).json()["items"]] == [own.pk]
    for hidden in (other, both, every):
        assert call("get", f"{WEBHOOKS}{hidden.pk}/").status_code == 404
        assert call("delete", f"{WEBHOOKS}{hidden.pk}/").status_code == 404
    fields = {"name": "Mine", "url": "https://forum.example.org/", "events": ["comment.decided"]}
    assert call("post", WEBHOOKS, fields).status_code == 403  # of every source
    assert call("post", WEBHOOKS, {**fields, "sources": ["shop"]}).status_code == 400
    assert call("post", WEBHOOKS, {**fields, "sources": ["forum"]}).status_code == 201
    assert call("patch", f"{WEBHOOKS}{own.pk}/", {"sources": []}).status_code == 403


def test_what_is_wrong_with_a_url_is_one_sentence(admin: Call, settings: Any) -> None:
    settings.WEBHOOK_ALLOWED_NETWORKS = []
    said = {"name": "Forum", "url": "http://10.0.0.1/", "events": ["model.promoted"]}
    (error,) = admin("post", WEBHOOKS, said).json()["errors"]
    assert error["message"] == (
        "url: 10.0.0.1 is not a public address. WEBHOOK_ALLOWED_NETWORKS can allow it."
    )
