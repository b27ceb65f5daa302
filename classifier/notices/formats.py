"""The messages of notices: Slack, Discord, Teams and Matrix as each documents its own, and e-mail.

Names that people typed stand in them, so each format escapes its own markup, and nobody is pinged.

- Slack, incoming webhooks: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
- Discord, execute webhook: https://discord.com/developers/docs/resources/webhook#execute-webhook
- Teams, a workflow that takes webhook requests, Adaptive Cards:
  https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using
- Matrix, PUT of an m.room.message: https://spec.matrix.org/latest/client-server-api/#sending-events-to-a-room
"""

import hashlib
import html
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from classifier.models import ChannelKind, Notice

SLACK_HEADER, SLACK_SECTION, SLACK_BLOCKS = 150, 3_000, 50
DISCORD_TITLE, DISCORD_DESCRIPTION = 256, 4_096
TEAMS_BYTES = 28_000
MATRIX_BODY = 16_000
TOGETHER = 20  # notices of one kind that go out as one message
DISCORD_MARKUP = re.compile(r"([\\*_~`|>#\[\]()@:<-])")
MARKDOWN = re.compile(r"([\\*_\[\]()`#])")


@dataclass(frozen=True)
class Request:
    """One request to a chat platform."""

    url: str
    body: bytes
    headers: dict[str, str]
    method: str = "POST"


def title_of(notices: Sequence[Notice]) -> str:
    """Return the headline of notices of one kind."""
    if len(notices) == 1:
        return notices[0].title
    return f"{len(notices)} notices: {notices[0].get_kind_display()}"


def request_for(kind: str, address: Mapping[str, str], notices: Sequence[Notice]) -> Request:
    """Build the request that brings notices of one kind to a channel of this kind."""
    headers = {"Content-Type": "application/json", "User-Agent": "toxicsite-notices/1"}
    if kind == ChannelKind.MATRIX:
        # The same notices have the same transaction, so a server that has them already drops them.
        transaction = hashlib.sha256(",".join(sorted(str(one.pk) for one in notices)).encode()).hexdigest()[
            :32
        ]
        room = quote(address["room"], safe="")
        url = f"{address['url'].rstrip('/')}/_matrix/client/v3/rooms/{room}/send/m.room.message/{transaction}"
        headers["Authorization"] = f"Bearer {address['token']}"
        return Request(url, _json(matrix_message(notices)), headers, "PUT")
    build = {
        ChannelKind.SLACK: slack_message,
        ChannelKind.DISCORD: discord_message,
        ChannelKind.TEAMS: teams_message,
    }[ChannelKind(kind)]
    return Request(address["url"], _json(build(notices)), headers)


def slack_message(notices: Sequence[Notice]) -> dict[str, Any]:
    """Return blocks, and `text` for notifications and screen readers; & < > are the characters that Slack reads."""
    title = title_of(notices)
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": _cut(title, SLACK_HEADER), "emoji": False}}
    ]
    for notice in notices[: SLACK_BLOCKS - 1]:
        lines = [_slack(line) for line in _lines(notice, with_title=len(notices) > 1)]
        text = _cut("\n".join(lines), SLACK_SECTION - 600)
        if _is_link(notice):
            text = f"{text}\n<{_slack(notice.url)}|Open>".strip()
        if text:
            blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}})
    return {"text": _slack(title), "blocks": blocks, "unfurl_links": False}


def discord_message(notices: Sequence[Notice]) -> dict[str, Any]:
    """Return one embed; `allowed_mentions` without a kind of mention pings nobody."""
    parts = []
    for notice in notices:
        lines = [_discord(line) for line in _lines(notice, with_title=len(notices) > 1)]
        if _is_link(notice) and len(notices) > 1:
            lines.append(f"<{notice.url}>")
        parts.append("\n".join(lines))
    embed: dict[str, Any] = {"title": _cut(title_of(notices), DISCORD_TITLE)}
    if description := _cut("\n\n".join(part for part in parts if part), DISCORD_DESCRIPTION):
        embed["description"] = description
    if len(notices) == 1 and _is_link(notices[0]):
        embed["url"] = notices[0].url
    return {"embeds": [embed], "allowed_mentions": {"parse": []}}


def teams_message(notices: Sequence[Notice]) -> dict[str, Any]:
    """Return a message with one Adaptive Card; it has room for 28 KB."""
    body: list[dict[str, Any]] = [
        {
            "type": "TextBlock",
            "size": "Medium",
            "weight": "Bolder",
            "wrap": True,
            "text": _markdown(title_of(notices)),
        }
    ]
    for notice in notices:
        lines = [_markdown(line) for line in _lines(notice, with_title=len(notices) > 1)]
        if _is_link(notice) and len(notices) > 1:
            lines.append(f"[Open]({notice.url})")
        if lines:
            body.append({"type": "TextBlock", "wrap": True, "text": _cut("\n\n".join(lines), 2_000)})
    card: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": body,
    }
    if len(notices) == 1 and _is_link(notices[0]):
        card["actions"] = [{"type": "Action.OpenUrl", "title": "Open", "url": notices[0].url}]
    message = {
        "type": "message",
        "attachments": [
            {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
        ],
    }
    while len(_json(message)) > TEAMS_BYTES and len(body) > 1:
        body.pop()
    return message


def matrix_message(notices: Sequence[Notice]) -> dict[str, Any]:
    """Return an m.notice, the type for programs, as text and as HTML."""
    title = title_of(notices)
    plain, rich = [title], [f"<strong>{html.escape(title)}</strong>"]
    for notice in notices:
        lines = _lines(notice, with_title=len(notices) > 1)
        rows = [html.escape(line) for line in lines]
        if _is_link(notice):
            lines.append(notice.url)
            rows.append(f'<a href="{html.escape(notice.url)}">{html.escape(notice.url)}</a>')
        plain += lines
        rich += rows
    message = {"msgtype": "m.notice", "body": _cut("\n".join(plain), MATRIX_BODY)}
    formatted = "<br>".join(rich)
    if len(formatted) <= MATRIX_BODY:  # half an element would be no HTML
        message |= {"format": "org.matrix.custom.html", "formatted_body": formatted}
    return message


def mail_text(notices: Sequence[Notice], settings_url: str) -> str:
    """Return the body of an e-mail, plain text."""
    parts = []
    for notice in notices:
        lines = _lines(notice, with_title=True)
        parts.append("\n".join([*lines, notice.url] if notice.url else lines))
    foot = f"-- \nYou chose these notices: {settings_url}\n"
    return "\n\n".join([*parts, foot])


def _lines(notice: Notice, *, with_title: bool) -> list[str]:
    lines = [notice.title] if with_title else []
    lines += [line for line in notice.text.splitlines() if line.strip()]
    if notice.source is not None:
        lines.append(f"Source: {notice.source.name}")
    return lines


def _is_link(notice: Notice) -> bool:
    """Return whether the notice leads somewhere; without SITE_URL it has a path, which no chat can open."""
    return notice.url.startswith(("https://", "http://"))


def _slack(text: str) -> str:
    return html.escape(text, quote=False)


def _discord(text: str) -> str:
    return DISCORD_MARKUP.sub(r"\\\1", text)


def _markdown(text: str) -> str:
    return MARKDOWN.sub(r"\\\1", text)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _json(message: Mapping[str, Any]) -> bytes:
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()
