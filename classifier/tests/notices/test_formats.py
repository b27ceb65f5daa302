"""Each platform gets what it documents; names that people typed are no markup there, and nobody is pinged."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import pytest

from classifier.models import Notice, NoticeChannel, NoticeKind, Source
from classifier.notices.formats import (
    DISCORD_DESCRIPTION,
    DISCORD_TITLE,
    SLACK_HEADER,
    SLACK_SECTION,
    TEAMS_BYTES,
    discord_message,
    matrix_message,
    slack_message,
    teams_message,
)
from classifier.notices.recording import notice_write
from classifier.tests.webhooks.receiver import Got, Receiver

LINK = "https://moderation.example.org/comments/7/"
Add = Callable[..., NoticeChannel]
Send = Callable[[], None]


def arrived(kind: str, chat: Receiver, add: Add, send: Send, forum: Source) -> tuple[Got, dict[str, Any]]:
    add(chat.port, kind)
    notice_write(
        kind=NoticeKind.APPEAL,
        title="An author appeals: comment 7",
        text="@everyone *now*",
        url=LINK,
        source=forum,
    )
    send()
    (got,) = chat.got
    assert got.headers["content-type"] == "application/json"
    body = json.loads(got.body)
    assert isinstance(body, dict)
    return got, body


def test_slack(chat: Receiver, add_channel: Add, send: Send, forum: Source) -> None:
    got, body = arrived("slack", chat, add_channel, send, forum)
    assert (got.method, got.path) == ("POST", "/services/T000/B000/secretsecret")
    assert body["text"] == "An author appeals: comment 7"
    header, section = body["blocks"]
    assert header == {
        "type": "header",
        "text": {"type": "plain_text", "text": "An author appeals: comment 7", "emoji": False},
    }
    assert section["type"] == "section"
    assert section["text"]["type"] == "mrkdwn"
    assert section["text"]["verbatim"] is True
    assert section["text"]["text"].splitlines() == [
        "@everyone *now*",
        "Source: The &lt;forum&gt;",
        f"<{LINK}|Open>",
    ]


def test_discord(chat: Receiver, add_channel: Add, send: Send, forum: Source) -> None:
    got, body = arrived("discord", chat, add_channel, send, forum)
    assert (got.method, got.path) == ("POST", "/api/webhooks/123456/secretsecret")
    assert body["allowed_mentions"] == {"parse": []}
    (embed,) = body["embeds"]
    assert (embed["title"], embed["url"]) == ("An author appeals: comment 7", LINK)
    assert embed["description"] == "\\@everyone \\*now\\*\nSource\\: The \\<forum\\>"


def test_teams(chat: Receiver, add_channel: Add, send: Send, forum: Source) -> None:
    got, body = arrived("teams", chat, add_channel, send, forum)
    assert got.path.endswith("?sig=secretsecret")
    assert body["type"] == "message"
    (attachment,) = body["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    card = attachment["content"]
    assert (card["type"], card["version"]) == ("AdaptiveCard", "1.4")
    assert [block["type"] for block in card["body"]] == ["TextBlock", "TextBlock"]
    assert "\\*now\\*" in card["body"][1]["text"]
    assert card["actions"] == [{"type": "Action.OpenUrl", "title": "Open", "url": LINK}]


def test_matrix(chat: Receiver, add_channel: Add, send: Send, forum: Source) -> None:
    got, body = arrived("matrix", chat, add_channel, send, forum)
    assert got.method == "PUT"
    start, room, verb, event, transaction = got.path.rsplit("/", 4)
    assert start == "/_matrix/client/v3/rooms"
    assert (unquote(room), verb, event) == ("!room/1:example.org", "send", "m.room.message")
    assert len(transaction) == 32
    assert got.headers["authorization"] == "Bearer syt_secretsecret"
    assert body["msgtype"] == "m.notice"
    assert body["body"].endswith(f"Source: The <forum>\n{LINK}")
    assert body["format"] == "org.matrix.custom.html"
    assert "The &lt;forum&gt;" in body["formatted_body"]


def test_an_attempt_that_is_repeated_has_the_same_transaction_in_matrix(
    chat: Receiver, add_channel: Add, send: Send, forum: Source
) -> None:
    from classifier.notices.formats import request_for

    notices = [Notice(kind="appeal", title="One"), Notice(kind="appeal", title="Two")]
    address = {"url": "https://matrix.example.org/", "room": "!a:b", "token": "t"}
    urls = {request_for("matrix", address, rows).url for rows in (notices, notices[::-1])}
    assert len(urls) == 1
    assert request_for("matrix", address, notices[:1]).url not in urls


@pytest.mark.parametrize("count", [1, 20])
def test_no_message_is_longer_than_its_platform_takes(count: int) -> None:
    source = Source(name="ü" * 100)
    notices = [
        Notice(
            kind="appeal", title="<&ü" * 66, text="*&<ü" * 4_000, url=f"https://{'x' * 480}/", source=source
        )
        for _ in range(count)
    ]
    slack = slack_message(notices)
    assert len(slack["blocks"]) <= 50
    assert len(slack["blocks"][0]["text"]["text"]) <= SLACK_HEADER
    assert max(len(block["text"]["text"]) for block in slack["blocks"]) <= SLACK_SECTION
    (embed,) = discord_message(notices)["embeds"]
    assert len(embed["title"]) <= DISCORD_TITLE
    assert len(embed["description"]) <= DISCORD_DESCRIPTION
    assert len(embed["title"]) + len(embed["description"]) <= 6_000
    assert len(json.dumps(teams_message(notices), ensure_ascii=False).encode()) <= TEAMS_BYTES + 500
    assert len(json.dumps(matrix_message(notices), ensure_ascii=False).encode()) <= 65_000
