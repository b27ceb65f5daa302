"""Write notices and their deliveries, in the transaction of what they tell about; states are told about once.

A notice goes to the channels that an admin set for its kind and source, and to the people who chose its kind, may
read about it and see its source. It holds numbers, names and a link; never the text of a comment, a reason in free
words or a message of an author.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from classifier.core.events import (
    APPEAL_OPENED,
    COMMENT_ESCALATED,
    DRIFT_WARNING,
    EXPERIMENT_FINISHED,
    WEBHOOK_GIVEN_UP,
)
from classifier.core.visibility import sees_source
from classifier.models import (
    Notice,
    NoticeAlert,
    NoticeChannel,
    NoticeDelivery,
    NoticeKind,
    NoticePreference,
    Source,
    User,
)
from classifier.webhooks.payloads import link
from toxicsite.lib.jobs import enqueue_on_commit
from toxicsite.lib.upsert import get_or_insert

NOTIFY_TASK = "classifier.notify"
REPEAT_AFTER = timedelta(days=1)
TITLE_CHARACTERS = 200

# Who may choose a kind by e-mail.
PERMISSIONS: dict[NoticeKind, str] = {
    NoticeKind.QUEUE_AGE: "classifier.add_decision",
    NoticeKind.QUEUE_GROWTH: "classifier.add_decision",
    NoticeKind.APPEAL: "classifier.change_appeal",
    NoticeKind.ESCALATION: "classifier.add_bulkaction",
    NoticeKind.DRIFT: "classifier.view_daystatistic",
    NoticeKind.RUN: "training.view_experiment",
    NoticeKind.WEBHOOK: "classifier.view_webhook",
    NoticeKind.DISK: "classifier.change_user",
}
CHOOSABLE = tuple(PERMISSIONS)


def kinds_for(user: User) -> list[NoticeKind]:
    """List the kinds of notices that this person may choose."""
    return [kind for kind in CHOOSABLE if user.has_perm(PERMISSIONS[kind])]


def notice_write(
    *,
    kind: NoticeKind,
    title: str,
    text: str = "",
    url: str = "",
    source: Source | None = None,
    only: User | NoticeChannel | None = None,
    but: NoticeChannel | None = None,
) -> Notice | None:
    """Write a notice with a delivery for each receiver; None where nobody is to get it.

    `only` names the one receiver, `but` a channel that does not get it.
    """
    if isinstance(only, NoticeChannel):
        channels, users = [only], []
    elif only is not None:
        channels, users = [], [only]
    else:
        channels, users = _channels(kind, source), _people(kind, source)
    channels = [channel for channel in channels if but is None or channel.pk != but.pk]
    if not channels and not users:
        return None
    now = timezone.now()
    notice = Notice.objects.create(
        kind=kind, title=title[:TITLE_CHARACTERS], text=text, url=url[:500], source=source
    )
    NoticeDelivery.objects.bulk_create(
        [NoticeDelivery(notice=notice, channel=channel, next_at=now) for channel in channels]
        + [NoticeDelivery(notice=notice, user=user, next_at=now) for user in users]
    )
    enqueue_on_commit(NOTIFY_TASK)
    return notice


def alert_raise(*, key: str, **notice: Any) -> bool:
    """Tell that a state has begun, or that it lasts, at most once a day; return whether it has just begun."""
    now = timezone.now()
    with transaction.atomic():
        rows = NoticeAlert.objects.select_for_update()
        alert, is_new = get_or_insert(rows, key=key[:200], defaults={"began_at": now, "sent_at": now})
        if not is_new:
            if now - alert.sent_at < REPEAT_AFTER:
                return False
            NoticeAlert.objects.filter(pk=alert.pk).update(sent_at=now)
            since = f"So since {alert.began_at:%-d %B %Y, %H:%M} UTC."
            notice["text"] = f"{notice.get('text', '')}\n{since}".strip()
        notice_write(**notice)
    return is_new


def alert_end(*, key: str, **notice: Any) -> bool:
    """Tell that a state is over, if it had begun; return whether it had."""
    with transaction.atomic():
        gone, _ = NoticeAlert.objects.filter(key=key[:200]).delete()
        if gone:
            notice_write(**notice)
    return bool(gone)


def notices_of_events(name: str, payloads: Sequence[Mapping[str, Any]]) -> None:
    """Write the notices of these events; called by `core.events` inside their transaction."""
    tell = TELLERS.get(name)
    if tell is None:
        return
    for payload in payloads:
        tell(payload)


def _appeal(payload: Mapping[str, Any]) -> None:
    notice_write(
        kind=NoticeKind.APPEAL,
        title=f"An author appeals: comment {payload['comment']}",
        url=link("comment-detail", payload["comment"]),
        source=_source(payload),
    )


def _escalation(payload: Mapping[str, Any]) -> None:
    notice_write(
        kind=NoticeKind.ESCALATION,
        title=f"Comment {payload['comment']} was escalated",
        text=f"Reason: {payload['reason']}." if payload.get("reason") else "",
        url=link("comment-detail", payload["comment"]),
        source=_source(payload),
    )


def _drift(payload: Mapping[str, Any]) -> None:
    notice_write(
        kind=NoticeKind.DRIFT,
        title=f"The scores of {payload['version']} drift: index {payload['index']:.2f}",
        text="From 0.25 on the mix of comments has changed; see whether the model still fits them.",
        url=link("dashboard"),
        source=_source(payload),
    )


def _run(payload: Mapping[str, Any]) -> None:
    notice_write(
        kind=NoticeKind.RUN,
        title=f"Training run {payload['experiment']} {payload['status']}: {payload['name']}",
        url=link("training:experiment", payload["experiment"]),
    )


def _webhook(payload: Mapping[str, Any]) -> None:
    key, name, state = f"webhook:{payload['webhook']}", payload["name"], payload["state"]
    facts: dict[str, Any] = {"kind": NoticeKind.WEBHOOK, "url": link("webhook", payload["webhook"])}
    if state == "given_up":
        text = "A message was given up after the last attempt. The log of the webhook sends it again."
        alert_raise(key=key, title=f"The webhook {name} does not take messages", text=text, **facts)
    elif state == "off":
        title, text = f"The webhook {name} was turned off", payload.get("reason", "")
        alert_raise(key=f"{key}:off", title=title, text=text, **facts)
    else:
        NoticeAlert.objects.filter(key=f"{key}:off").delete()
        if state == "over":
            alert_end(key=key, title=f"The webhook {name} takes messages again", **facts)
        else:  # somebody turned it on, or deleted it
            NoticeAlert.objects.filter(key=key).delete()


TELLERS = {
    APPEAL_OPENED: _appeal,
    COMMENT_ESCALATED: _escalation,
    DRIFT_WARNING: _drift,
    EXPERIMENT_FINISHED: _run,
    WEBHOOK_GIVEN_UP: _webhook,
}


def _source(payload: Mapping[str, Any]) -> Source | None:
    return Source.objects.filter(pk=payload["source"]).first() if payload.get("source") else None


def _channels(kind: NoticeKind, source: Source | None) -> list[NoticeChannel]:
    rows = NoticeChannel.objects.filter(is_enabled=True, deleted_at__isnull=True, notices__contains=[kind])
    if source is not None:
        limits = NoticeChannel.sources.through.objects.filter(noticechannel=OuterRef("pk"))
        rows = rows.filter(~Exists(limits) | Exists(limits.filter(source=source)))
    return list(rows)


def _people(kind: NoticeKind, source: Source | None) -> list[User]:
    """List who chose this kind, may read about it, and sees the source; without a source: all that has to do with it.

    What is about every source goes to people of some sources too, since it has no comment in it.
    """
    if not settings.EMAIL_IS_SET:
        return []
    rows = NoticePreference.objects.filter(
        ~Q(user__email=""), user__is_active=True, kinds__contains=[kind]
    ).select_related("user")
    people = [preference.user for preference in rows]
    return [
        user
        for user in people
        if user.has_perm(PERMISSIONS[kind]) and (source is None or sees_source(user, source))
    ]
