"""Notices arrive once or are given up and said so; a kill, a hold or a slow platform loses none of them."""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from classifier.core.outgoing import outgoing_resume, outgoing_stop
from classifier.models import AuditEntry, Notice, NoticeChannel, NoticeDelivery, NoticeKind, User
from classifier.notices.recording import notice_write
from classifier.notices.sending import CAPS, claim, claims_release
from classifier.notices.services import channel_switch, channel_test
from classifier.tests.notices.conftest import wants
from classifier.tests.notices.mail_server import MailServer
from classifier.tests.webhooks.receiver import Receiver, says

Add = Callable[..., NoticeChannel]
Send = Callable[[], None]


def happen(title: str = "Comment 7 was escalated") -> None:
    notice_write(kind=NoticeKind.ESCALATION, title=title)


def later(by: timedelta = timedelta(days=1)) -> None:
    for row in NoticeDelivery.objects.filter(status="waiting"):
        row.next_at = row.next_at - by if row.next_at else None
        row.claimed_until = row.claimed_until - by if row.claimed_until else None
        row.save()


def states() -> list[str]:
    return list(NoticeDelivery.objects.order_by("pk").values_list("status", flat=True))


def test_an_email_arrives_with_subject_link_and_sender(
    mail: MailServer, admin_person: User, send: Send, settings: Any
) -> None:
    settings.SITE_URL = "https://moderation.example.org"
    wants(admin_person, "escalation")
    happen("Comment 7 was\nescalated")
    send()
    ((to, message),) = mail.got
    assert to == admin_person.email
    assert message["Subject"] == "[toxicsite] Comment 7 was escalated"
    assert message["From"] == "toxicsite@example.org"
    assert message["Auto-Submitted"] == "auto-generated"
    assert "https://moderation.example.org/notices/" in message.get_content()
    assert states() == ["sent"]


def test_what_is_due_together_is_one_message(mail: MailServer, admin_person: User, send: Send) -> None:
    wants(admin_person, "escalation")
    for number in range(3):
        happen(f"Comment {number} was escalated")
    send()
    ((_, message),) = mail.got
    assert message["Subject"] == "[toxicsite] 3 notices: A comment was escalated"
    assert [f"Comment {number}" in message.get_content() for number in range(3)] == [True] * 3
    assert states() == ["sent"] * 3


def test_a_recipient_that_the_mail_server_refuses_is_given_up(
    mail: MailServer, admin_person: User, send: Send
) -> None:
    mail.refuse = "550 no such user"
    wants(admin_person, "escalation")
    happen()
    send()
    row = NoticeDelivery.objects.get()
    assert (row.status, row.error) == ("dead", "The mail server refused the recipient (550).")
    assert AuditEntry.objects.get(verb="channel.give_up").data["by"] == "e-mail"


def test_a_mail_server_that_is_down_for_a_while_loses_nothing(
    mail: MailServer, admin_person: User, send: Send, settings: Any
) -> None:
    port, settings.EMAIL_PORT = settings.EMAIL_PORT, 1
    wants(admin_person, "escalation")
    happen()
    send()
    row = NoticeDelivery.objects.get()
    assert (row.status, row.attempts) == ("waiting", 1)
    assert row.error.startswith("No connection to the mail server")
    settings.EMAIL_PORT = port
    later()
    send()
    assert states() == ["sent"]
    assert len(mail.got) == 1


def test_who_may_not_sign_in_any_more_gets_nothing(mail: MailServer, admin_person: User, send: Send) -> None:
    wants(admin_person, "escalation")
    happen()
    User.objects.update(is_active=False)
    send()
    assert (states(), mail.got) == (["dead"], [])


def test_a_channel_that_is_down_gets_it_later_once(chat: Receiver, add_channel: Add, send: Send) -> None:
    channel = add_channel(chat.port)
    chat.answer = says(500)
    happen()
    send()
    channel.refresh_from_db()
    assert channel.failing_since is not None
    chat.answer = says(200, b"ok")
    later()
    send()
    send()
    assert (states(), len(chat.got)) == (["sent"], 2)
    assert NoticeChannel.objects.get().failing_since is None


def test_after_the_last_attempt_it_is_given_up_and_others_hear_of_it_once(
    chat: Receiver, mail: MailServer, admin_person: User, add_channel: Add, send: Send
) -> None:
    wants(admin_person, "webhook")
    add_channel(chat.port)
    chat.answer = says(503)
    happen()
    for _ in range(len(CAPS) + 1):
        send()
        later()
    row = NoticeDelivery.objects.get(channel__isnull=False)
    assert (row.status, row.attempts, row.status_code) == ("dead", len(CAPS) + 1, 503)
    happen()
    chat.answer = says(403)
    send()
    send()
    assert AuditEntry.objects.filter(verb="channel.give_up").count() == 2
    ((_, message),) = mail.got  # the second one within a day is not told again
    assert message["Subject"] == "[toxicsite] The channel Team does not take notices"
    chat.answer = says(200)
    happen()
    send()
    send()
    assert mail.got[-1][1]["Subject"] == "[toxicsite] The channel Team takes notices again"


def test_the_pause_that_a_platform_asks_for_is_kept(chat: Receiver, add_channel: Add, send: Send) -> None:
    add_channel(chat.port, "discord")
    chat.answer = says(429, Retry_After="900")
    happen()
    send()
    due = NoticeDelivery.objects.get().next_at
    assert due is not None
    assert due - timezone.now() > timedelta(seconds=890)


def test_an_address_that_is_gone_turns_the_channel_off(chat: Receiver, add_channel: Add, send: Send) -> None:
    channel = add_channel(chat.port, "discord")
    chat.answer = says(404, b'{"message": "Unknown Webhook", "code": 10015}')
    happen()
    send()
    channel.refresh_from_db()
    assert not channel.is_enabled
    assert channel.disabled_reason == "Discord answered 404: the address is not there any more."
    happen()
    assert len(states()) == 1
    channel_switch(channel=channel, enabled=True, by=None)
    chat.answer = says(204)
    happen()
    send()
    assert states() == ["dead", "sent"]


def test_nothing_is_sent_while_sending_is_on_hold(
    chat: Receiver, mail: MailServer, admin_person: User, add_channel: Add, send: Send
) -> None:
    wants(admin_person, "escalation")
    add_channel(chat.port)
    outgoing_stop(reason="A restored copy.", by=None)
    happen()
    send()
    assert (chat.got, mail.got, states()) == ([], [], ["waiting"] * 2)
    outgoing_resume(by=None)
    send()
    assert (len(chat.got), len(mail.got), states()) == (1, 1, ["sent"] * 2)


def test_what_a_killed_worker_had_claimed_is_sent_by_the_next(
    chat: Receiver, add_channel: Add, send: Send
) -> None:
    add_channel(chat.port)
    happen()
    assert len(claim(worker="deliver@a")) == 1
    send()
    assert chat.got == []
    assert claims_release(worker="deliver@b") == 0
    assert claims_release(worker="deliver@a") == 1
    send()
    assert (len(chat.got), states()) == (1, ["sent"])


def test_a_private_address_is_not_reached(
    chat: Receiver, add_channel: Add, send: Send, settings: Any
) -> None:
    channel = add_channel(chat.port)
    settings.WEBHOOK_ALLOWED_NETWORKS = []
    channel_test(channel=channel, by=None)
    send()
    row = NoticeDelivery.objects.get()
    assert (row.status, chat.got) == ("dead", [])
    assert "not a public address" in row.error


@pytest.mark.parametrize("kind", ["slack", "discord", "teams", "matrix"])
def test_the_address_of_a_channel_is_in_no_log_and_no_column(
    kind: str, chat: Receiver, add_channel: Add, send: Send, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    channel = add_channel(chat.port, kind)
    chat.answer = says(500, b"secretsecret is no address")
    channel_test(channel=channel, by=None)
    send()
    rows = [*NoticeChannel.objects.values(), *NoticeDelivery.objects.values(), *Notice.objects.values()]
    shown = f"{rows} {list(AuditEntry.objects.values())} {caplog.text}"
    assert b"secretsecret" not in bytes(channel.sealed_address)
    assert len(chat.got) == 1
    assert "secretsecret" not in shown
