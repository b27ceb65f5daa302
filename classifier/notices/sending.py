"""Send the notices that are due: claims in one statement, requests and e-mails in threads, results by one thread.

As for webhooks: a claim expires, so what a killed worker leaves is sent again; nothing is sent while sending is on
hold. Notices of one kind that are due to one receiver go out as one message.
"""

import logging
import random
import smtplib
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from time import monotonic
from typing import Any

from anymail.exceptions import AnymailAPIError
from django.conf import settings
from django.core.mail import EmailMessage
from django.db import connection, transaction
from django.utils import timezone

from classifier.core.audit import audit_record
from classifier.core.outbound_http import Answer, post
from classifier.models import ChannelKind, NoticeAlert, NoticeChannel, NoticeDelivery, NoticeKind
from classifier.notices.formats import TOGETHER, Request, mail_text, request_for, title_of
from classifier.notices.recording import NOTIFY_TASK, alert_end, alert_raise
from classifier.webhooks.payloads import link
from classifier.webhooks.retries import ASKS_TO_WAIT, GONE, retry_after
from toxicsite.lib.broker import NoBroker
from toxicsite.lib.encryption import DecryptionFailed, decrypt
from toxicsite.lib.jobs import enqueue_now

THREADS = 4
TURN_SECONDS = 2.0
LOOK_SECONDS = 0.2
SPARE_SECONDS = 45.0
MINUTE, HOUR = 60, 3_600
CAPS = (20, 2 * MINUTE, 10 * MINUTE, HOUR, 3 * HOUR, 8 * HOUR, 16 * HOUR)
# The platform has understood and refuses: the same request will be refused again.
REFUSED = (400, 401, 403, 404, 405, 413, 415, 422)
DELETED = {ChannelKind.SLACK: (404, GONE), ChannelKind.DISCORD: (404, GONE)}
UNREADABLE = "The address cannot be read: the site's SECRET_KEY was changed. Enter the address again."
CLAIM = """
WITH due AS (
    SELECT delivery.id FROM classifier_noticedelivery delivery
    LEFT JOIN classifier_noticechannel channel ON channel.id = delivery.channel_id
    WHERE delivery.status = 'waiting' AND delivery.next_at <= %(now)s
        AND (delivery.claimed_until IS NULL OR delivery.claimed_until <= %(now)s)
        AND (channel.id IS NULL OR channel.is_enabled)
        AND NOT EXISTS (SELECT FROM classifier_outgoinghold WHERE released_at IS NULL)
    ORDER BY delivery.next_at, delivery.id LIMIT %(most)s
    FOR UPDATE OF delivery SKIP LOCKED
)
UPDATE classifier_noticedelivery delivery SET claimed_until = %(until)s, claimed_by = %(worker)s
FROM due WHERE delivery.id = due.id RETURNING delivery.id
"""
CLAIMED_AT_ONCE = 60

logger = logging.getLogger(__name__)
Status = NoticeDelivery.Status


@dataclass(frozen=True)
class Parcel:
    """Deliveries of one kind to one receiver, sent as one message."""

    deliveries: list[NoticeDelivery]

    @property
    def channel(self) -> NoticeChannel | None:
        return self.deliveries[0].channel

    def __str__(self) -> str:
        first = self.deliveries[0]
        receiver = f"channel {first.channel_id}" if first.channel_id else f"person {first.user_id}"
        return f"{len(self.deliveries)} notices ({first.notice.kind}) to {receiver}"


class Messenger:
    """The sender of one worker process; requests may stay under way from one turn to the next."""

    def __init__(self, name: str = "") -> None:
        self.name = name
        self.pool = ThreadPoolExecutor(THREADS, thread_name_prefix="notice")
        self.under_way: dict[Future[Answer], Parcel] = {}

    def turn(self, seconds: float = TURN_SECONDS) -> bool:
        """Send what is due, for about `seconds`; return whether anything is left, due or under way."""
        end = monotonic() + seconds
        while True:
            self._record()
            if len(self.under_way) < THREADS:
                for parcel in claim(worker=self.name):
                    self._send(parcel)
            if not self.under_way:
                return False
            if monotonic() > end:
                return True
            wait(self.under_way, LOOK_SECONDS, FIRST_COMPLETED)

    def stop(self) -> None:
        """Wait for what is under way and write its results."""
        wait(self.under_way, settings.WEBHOOK_TOTAL_SECONDS + 1.0)
        self._record()
        self.pool.shutdown(wait=False, cancel_futures=True)

    def _send(self, parcel: Parcel) -> None:
        notices = [delivery.notice for delivery in parcel.deliveries]
        user = parcel.deliveries[0].user
        if user is not None and (not user.is_active or not user.email):
            answer = Answer(None, "This person has no e-mail address any more, or may not sign in.")
            outcome_record(parcel=parcel, answer=answer, now=timezone.now(), is_final=True)
            return
        if parcel.channel is None:
            self.under_way[self.pool.submit(mail_send, _mail(parcel))] = parcel
            return
        try:
            address = decrypt(bytes(parcel.channel.sealed_address))
        except DecryptionFailed:
            outcome_record(parcel=parcel, answer=Answer(None, UNREADABLE), now=timezone.now(), is_final=True)
            return
        request = request_for(parcel.channel.kind, address, notices)
        self.under_way[self.pool.submit(request_send, request)] = parcel

    def _record(self) -> None:
        for future in [request for request in self.under_way if request.done()]:
            parcel = self.under_way.pop(future)
            failed = future.exception()
            if failed is not None:  # our own error; it is sent again later
                logger.error("Not sent: %s", parcel, exc_info=failed)
            answer = Answer(None, f"Not sent: {type(failed).__name__}.") if failed else future.result()
            outcome_record(parcel=parcel, answer=answer, now=timezone.now())
            logger.info("%s: %s", parcel, answer.status if answer.status is not None else "no answer")


def claim(*, worker: str = "") -> list[Parcel]:
    """Claim what is due for the worker of this name; return it in parcels, the longest due first."""
    now = timezone.now()
    longest = max(settings.WEBHOOK_TOTAL_SECONDS, float(settings.EMAIL_TIMEOUT) * 4)
    values: dict[str, Any] = {
        "now": now,
        # all parcels of a claim may wait for one thread
        "until": now + timedelta(seconds=longest * 4 + SPARE_SECONDS),
        "most": CLAIMED_AT_ONCE,
        "worker": worker[:200],
    }
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, values)
        ids = [row[0] for row in cursor.fetchall()]
    rows = NoticeDelivery.objects.select_related("notice__source", "channel", "user").filter(pk__in=ids)
    parcels: dict[tuple[int | None, int | None, str], list[Parcel]] = {}
    for delivery in rows.order_by("next_at", "pk"):
        same = parcels.setdefault((delivery.channel_id, delivery.user_id, delivery.notice.kind), [])
        if not same or len(same[-1].deliveries) >= TOGETHER:
            same.append(Parcel([]))
        same[-1].deliveries.append(delivery)
    return [parcel for same in parcels.values() for parcel in same]


def claims_release(*, worker: str) -> int:
    """Release what the worker of this name, which has just started, had claimed when it was killed; return how many."""
    left = NoticeDelivery.objects.filter(
        status=Status.WAITING, claimed_until__isnull=False, claimed_by=worker[:200]
    )
    return left.update(claimed_until=None, claimed_by="")


def request_send(request: Request) -> Answer:
    """Send a request over https, to a checked address."""
    if not request.url.startswith("https://"):
        return Answer(None, "Channels are reached over https only.")
    return post(url=request.url, body=request.body, headers=request.headers, method=request.method)


def mail_send(message: EmailMessage) -> Answer:
    """Send an e-mail; never raise for what the server or the network does."""
    try:
        message.send()
    except smtplib.SMTPRecipientsRefused as error:
        code = next((int(code) for code, _ in error.recipients.values()), 0)
        return Answer(550 if code >= 500 else None, f"The mail server refused the recipient ({code}).")
    except smtplib.SMTPResponseException as error:
        return Answer(None, f"The mail server answered {error.smtp_code}.")
    except smtplib.SMTPException as error:
        return Answer(None, f"The mail server did not take it ({type(error).__name__}).")
    except AnymailAPIError as error:
        return Answer(None, f"The mail provider answered {error.status_code or 'nothing'}.")
    except OSError as error:
        return Answer(None, f"No connection to the mail server: {error.strerror or type(error).__name__}.")
    return Answer(250)


def outcome_record(*, parcel: Parcel, answer: Answer, now: datetime, is_final: bool = False) -> None:
    """Write the outcome of one attempt: sent, another attempt later, or given up."""
    is_sent = answer.taken
    with transaction.atomic():
        channel = parcel.channel
        if channel is not None:
            channel = NoticeChannel.objects.select_for_update(no_key=True).get(pk=channel.pk)
        given_up = 0
        for delivery in parcel.deliveries:
            later = None if is_sent or is_final else _later(delivery, answer, now)
            fields: dict[str, Any] = {"status": Status.WAITING, "next_at": later, "finished_at": None}
            if later is None:
                fields |= {"status": Status.SENT if is_sent else Status.DEAD, "finished_at": now}
            ours = NoticeDelivery.objects.filter(
                pk=delivery.pk, status=Status.WAITING, claimed_until=delivery.claimed_until
            )
            is_ours = ours.update(
                attempts=delivery.attempts + 1,
                claimed_until=None,
                claimed_by="",
                status_code=answer.status,
                error="" if is_sent else answer.error[:300],
                **fields,
            )
            given_up += bool(
                is_ours and fields["status"] == Status.DEAD and delivery.notice.kind != NoticeKind.TEST
            )
        if channel is not None:
            _note(channel, answer, now, given_up)
        elif given_up:
            first = parcel.deliveries[0]
            audit_record(
                verb="channel.give_up",
                subject=str(first.user),
                count=given_up,
                data={"by": "e-mail", "error": answer.error},
            )


def _later(delivery: NoticeDelivery, answer: Answer, now: datetime) -> datetime | None:
    """Return when the next attempt is; None: it was the last one."""
    is_test = delivery.notice.kind == NoticeKind.TEST
    if is_test or answer.status in (*REFUSED, GONE, 550) or delivery.attempts >= len(CAPS):
        return None
    pause = timedelta(seconds=random.uniform(0, CAPS[delivery.attempts]))  # noqa: S311
    if answer.status in ASKS_TO_WAIT and answer.retry_after:
        pause = max(pause, retry_after(answer.retry_after, now))
    return now + pause


def _note(channel: NoticeChannel, answer: Answer, now: datetime, given_up: int) -> None:
    """Keep the state of a channel, and tell the others when it begins or ends to fail."""
    key = f"channel:{channel.pk}"
    facts: dict[str, Any] = {
        "kind": NoticeKind.WEBHOOK,
        "but": channel,
        "url": link("notice-channel", channel.pk),
    }
    if answer.taken:
        if channel.failing_since is not None:
            NoticeChannel.objects.filter(pk=channel.pk).update(failing_since=None)
            alert_end(key=key, title=f"The channel {channel.name} takes notices again", **facts)
        return
    if channel.failing_since is None:
        NoticeChannel.objects.filter(pk=channel.pk).update(failing_since=now)
    if not given_up:
        return
    audit_record(
        verb="channel.give_up",
        subject=channel.name,
        count=given_up,
        data={"channel": channel.pk, "error": answer.error},
    )
    is_deleted = answer.status in DELETED.get(ChannelKind(channel.kind), (GONE,))
    if is_deleted and channel.is_enabled:
        reason = f"{channel.get_kind_display()} answered {answer.status}: the address is not there any more."
        NoticeChannel.objects.filter(pk=channel.pk).update(is_enabled=False, disabled_reason=reason)
        audit_record(
            verb="channel.disable", subject=channel.name, data={"channel": channel.pk, "reason": reason}
        )
        NoticeAlert.objects.filter(key=key).delete()
        alert_raise(key=key, title=f"The channel {channel.name} was turned off", text=reason, **facts)
        return
    text = f"A notice was given up. {answer.error}"
    alert_raise(key=key, title=f"The channel {channel.name} does not take notices", text=text, **facts)


def _mail(parcel: Parcel) -> EmailMessage:
    notices = [delivery.notice for delivery in parcel.deliveries]
    first = parcel.deliveries[0]
    subject = f"[toxicsite] {' '.join(title_of(notices).split())}"
    user = first.user
    return EmailMessage(
        subject=subject,
        body=mail_text(notices, link("notices")),
        to=[user.email] if user is not None else [],
        headers={
            "Auto-Submitted": "auto-generated",
            "Message-ID": f"<notice-{notices[0].pk}-{first.user_id}@toxicsite>",
        },
    )


@cache
def this_messenger() -> Messenger:
    """Return the messenger of this process; the first call creates it."""
    return Messenger()


def notify_turn() -> None:
    """Send what is due for one turn, and ask for another turn if anything is left."""
    if this_messenger().turn():
        try:
            enqueue_now(NOTIFY_TASK)
        except NoBroker:
            logger.warning("Redis does not answer; the schedule goes on with the notices")
