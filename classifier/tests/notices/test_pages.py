"""The pages of notices and channels: choosing, making, testing; an address is never shown again."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from classifier.models import AuditEntry, NoticeChannel, NoticePreference, Source, User
from classifier.tests.notices.conftest import HOST
from classifier.tests.webhooks.receiver import Receiver, says
from toxicsite.lib.encryption import decrypt
from toxicsite.sealed_secrets import sealed_fields

Add = Callable[..., NoticeChannel]
SLACK = "https://hooks.slack.com/services/T1/B1/secretsecret"


@pytest.fixture
def page(admin_person: User, redis_clean: None) -> Client:
    client = Client()
    client.force_login(admin_person)
    return client


def text(answer: Any) -> str:
    return str(answer.content, "utf-8")


def test_a_channel_is_made_and_its_address_never_shown(page: Client, forum: Source) -> None:
    fields = {"name": "Team", "kind": "slack", "url": SLACK, "notices": ["appeal"], "sources": [forum.pk]}
    page.post("/channels/new/", fields)
    channel = NoticeChannel.objects.get()
    assert decrypt(bytes(channel.sealed_address)) == {"url": SLACK}
    assert (NoticeChannel, "sealed_address") in sealed_fields()
    for address in ("/channels/", f"/channels/{channel.pk}/", f"/channels/{channel.pk}/delete/", "/history/"):
        shown = text(page.get(address))
        assert "secretsecret" not in shown
        assert "Team" in shown
    assert "secretsecret" not in str(AuditEntry.objects.values())
    kept = {"name": "Leads", "notices": ["appeal", "disk"], "url": ""}
    page.post(f"/channels/{channel.pk}/", kept)
    channel.refresh_from_db()
    assert (channel.name, channel.notices) == ("Leads", ["appeal", "disk"])
    assert decrypt(bytes(channel.sealed_address)) == {"url": SLACK}


@pytest.mark.parametrize(
    ("kind", "url", "problem"),
    [
        ("slack", "http://hooks.slack.com/services/a/b/c", "starts with https://"),
        ("slack", "https://discord.com/api/webhooks/1/a", "An address of Slack looks otherwise"),
        ("discord", SLACK, "An address of Discord looks otherwise"),
        ("slack", "https://10.0.0.1/services/a/b/c", "not a public address"),
        ("matrix", "https://matrix.example.org", "internal id"),
        ("telegram", SLACK, "Select a valid choice"),
        ("teams", "", "Write the URL"),
    ],
)
def test_a_wrong_address_is_told_beside_its_field_and_not_repeated(
    page: Client, kind: str, url: str, problem: str
) -> None:
    answer = page.post("/channels/new/", {"name": "Team", "kind": kind, "url": url, "notices": ["appeal"]})
    assert answer.status_code == 422
    assert problem in text(answer)
    assert "secretsecret" not in text(answer)
    assert not NoticeChannel.objects.exists()


def test_a_test_notice_shows_what_the_platform_answered(
    page: Client, chat: Receiver, add_channel: Add, send: Callable[[], None]
) -> None:
    channel = add_channel(chat.port)
    assert HOST in text(page.get(f"/channels/{channel.pk}/"))
    chat.answer = says(403)
    page.post(f"/channels/{channel.pk}/test/")
    send()
    shown = text(page.get(f"/channels/{channel.pk}/"))
    assert "A test from toxicsite" in shown
    assert "It answered 403." in shown
    page.post(f"/channels/{channel.pk}/switch/", {"enabled": "0"})
    assert "Turn it on first" in text(page.post(f"/channels/{channel.pk}/test/", follow=True))


def test_a_deleted_channel_keeps_no_address(page: Client, chat: Receiver, add_channel: Add) -> None:
    channel = add_channel(chat.port)
    page.post(f"/channels/{channel.pk}/delete/")
    channel.refresh_from_db()
    assert decrypt(bytes(channel.sealed_address)) == {}
    assert page.get(f"/channels/{channel.pk}/").status_code == 404
    assert "No channel yet" in text(page.get("/channels/"))


def test_an_admin_of_some_sources_sees_only_their_channels(
    page: Client, chat: Receiver, add_channel: Add, admin_person: User, forum: Source
) -> None:
    from classifier.core.source_access import source_access_set

    mine = add_channel(chat.port, name="Mine", sources=[forum])
    others = add_channel(chat.port, name="Everything")
    source_access_set(user=admin_person, all_sources=False, sources=[forum], by=None)
    assert page.get(f"/channels/{mine.pk}/").status_code == 200
    assert page.get(f"/channels/{others.pk}/").status_code == 404
    fields = {"name": "All", "kind": "slack", "url": SLACK, "notices": ["appeal"]}
    assert page.post("/channels/new/", fields).status_code == 422


def test_a_person_chooses_notices_and_a_digest(page: Client, admin_person: User) -> None:
    admin_person.email = "ada@example.org"
    admin_person.save()
    fields = {"kinds": ["appeal", "disk"], "digest_hour": "8", "time_zone": "Europe/Berlin"}
    assert page.post("/notices/", fields).status_code == 302
    preference = NoticePreference.objects.get(user=admin_person)
    chosen = (preference.kinds, preference.digest_hour, preference.time_zone)
    assert chosen == (["appeal", "disk"], 8, "Europe/Berlin")
    assert 'value="Europe/Berlin"' in text(page.get("/notices/"))
    answer = page.post("/notices/", {"kinds": [], "time_zone": "Mars/Olympus"})
    assert answer.status_code == 422
    assert "Choose a time zone such as Europe/Berlin." in text(answer)


def test_who_has_no_address_is_told_so(page: Client) -> None:
    answer = page.post("/notices/", {"kinds": ["appeal"], "time_zone": "UTC"})
    assert answer.status_code == 422
    assert "Your account has no e-mail address." in text(answer)


def test_a_moderator_may_choose_only_what_they_may_know(moderator: User, redis_clean: None) -> None:
    moderator.email = "mo@example.org"
    moderator.save()
    client = Client()
    client.force_login(moderator)
    shown = text(client.get("/notices/"))
    assert "A comment has waited too long" in shown
    assert "A disk is nearly full" not in shown
    assert client.post("/notices/", {"kinds": ["disk"], "time_zone": "UTC"}).status_code == 422
    assert client.get("/channels/").status_code == 403
