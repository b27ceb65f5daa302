"""What nobody does but time: queues that grow old or long, full disks, digests, and old notices; asked every minute."""

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Min, Q
from django.utils import timezone

from classifier.core.events import QUEUE_AGE, QUEUE_GROWTH, emit
from classifier.core.visibility import narrow, sources_of
from classifier.models import (
    Comment,
    Decision,
    DecisionAction,
    Notice,
    NoticeAlert,
    NoticeDelivery,
    NoticeKind,
    NoticePreference,
    QueueSample,
    Source,
    User,
)
from classifier.notices.recording import alert_end, alert_raise, notice_write
from classifier.review.queue_numbers import queue_state
from classifier.webhooks.payloads import link
from toxicsite.lib.disk import KINDS, disk_use

MIB = 1024**2
GROWTH_HOURS = 24
SAMPLE_EVERY = timedelta(minutes=30)
ROOM_AGAIN = 1.1  # a disk has room again when it has a tenth more than the limit, so that nothing flickers
DIGEST_PERMISSION = "classifier.add_decision"
QUEUES = """
SELECT source_id, count(*), min(queued_at) FROM classifier_comment
WHERE queued_at IS NOT NULL AND status IN ('classified', 'decided') GROUP BY source_id
"""


def checks_turn() -> None:
    """Look at queues and disks, write the digests that are due, delete old notices."""
    now = timezone.now()
    queues_check(now=now)
    disks_check()
    digests_write(now=now)
    notices_clear(now=now)


def queues_check(*, now: datetime) -> None:
    """Tell of each source whose oldest comment has waited too long, and whose queue has grown much within a day."""
    with connection.cursor() as cursor:
        cursor.execute(QUEUES)
        queues = {source: (waiting, oldest) for source, waiting, oldest in cursor.fetchall()}
    for source in Source.objects.order_by("pk"):
        waiting, oldest = queues.get(source.pk, (0, None))
        _check_age(source, waiting, oldest, now)
        _check_growth(source, waiting, now)


def disks_check() -> None:
    """Tell of each disk that has little room left, once for all folders on it."""
    seen: set[int] = set()
    for setting in KINDS.values():
        folder = Path(getattr(settings, setting))
        try:
            device, use = _device(folder), disk_use(folder)
        except OSError:
            continue
        if device in seen:
            continue
        seen.add(device)
        free, limit = use.free // MIB, settings.DISK_WARN_MIB
        key = f"disk:{setting}"
        if free < limit:
            title = f"The disk of {setting} is nearly full: {free:,} MiB free"
            text = f"DISK_WARN_MIB is {limit:,}. Make room: old backups, runs and exports are the first to look at."
            alert_raise(key=key, kind=NoticeKind.DISK, title=title, text=text)
        elif free >= limit * ROOM_AGAIN:
            alert_end(
                key=key,
                kind=NoticeKind.DISK,
                title=f"The disk of {setting} has room again: {free:,} MiB free",
            )


def digests_write(*, now: datetime) -> int:
    """Write the digest of each person whose hour has come in their time zone; return how many."""
    if not settings.EMAIL_IS_SET:
        return 0
    wanting = NoticePreference.objects.filter(
        ~Q(user__email=""), user__is_active=True, digest_hour__isnull=False
    ).select_related("user")
    count = 0
    for preference in wanting:
        local = now.astimezone(ZoneInfo(preference.time_zone))
        if preference.digest_hour is None or local.hour < preference.digest_hour:
            continue
        if preference.digest_on is not None and preference.digest_on >= local.date():
            continue
        if not preference.user.has_perm(DIGEST_PERMISSION):
            continue
        with transaction.atomic():
            row = NoticePreference.objects.filter(pk=preference.pk, digest_on=preference.digest_on)
            if row.update(digest_on=local.date()):
                _digest(preference.user, local, now)
                count += 1
    return count


def notices_clear(*, now: datetime) -> int:
    """Delete notices older than WEBHOOK_LOG_DAYS that wait no more, and old samples; return how many notices."""
    before = now - timedelta(days=settings.WEBHOOK_LOG_DAYS)
    QueueSample.objects.filter(taken_at__lt=now - timedelta(hours=2 * GROWTH_HOURS)).delete()
    old = Notice.objects.filter(created_at__lt=before).exclude(
        deliveries__status=NoticeDelivery.Status.WAITING
    )
    ids = list(old.order_by("created_at").values_list("pk", flat=True)[:1_000])
    NoticeDelivery.objects.filter(notice__in=ids).delete()
    Notice.objects.filter(pk__in=ids).delete()
    return len(ids)


def _check_age(source: Source, waiting: int, oldest: datetime | None, now: datetime) -> None:
    limit = settings.QUEUE_AGE_WARN_HOURS
    key = f"queue.age:{source.pk}"
    seconds = None if oldest is None else (now - oldest).total_seconds()
    is_above = seconds is not None and seconds > limit * 3_600
    facts = {
        "source": source.pk,
        "waiting": waiting,
        "oldest_seconds": None if seconds is None else round(seconds),
        "limit_hours": limit,
    }
    notice = {"kind": NoticeKind.QUEUE_AGE, "source": source, "url": f"{link('queue')}?source={source.slug}"}
    with transaction.atomic():
        if is_above and seconds is not None:
            title = f"A comment has waited {_age(seconds)}; {waiting:,} wait"
            if alert_raise(key=key, title=title, text=f"The limit is {limit:g} hours.", **notice):
                emit(QUEUE_AGE, {**facts, "state": "above"})
        elif alert_end(key=key, title=f"No comment waits longer than {limit:g} hours any more", **notice):
            emit(QUEUE_AGE, {**facts, "state": "over"})


def _check_growth(source: Source, waiting: int, now: datetime) -> None:
    key, limit = f"queue.growth:{source.pk}", settings.QUEUE_GROWTH_WARN
    samples = QueueSample.objects.filter(source=source)
    within = samples.filter(taken_at__gt=now - timedelta(hours=GROWTH_HOURS))
    least = within.aggregate(least=Min("waiting"))["least"]
    before = waiting if least is None else least
    facts = {"source": source.pk, "waiting": waiting, "before": before, "hours": GROWTH_HOURS}
    notice = {
        "kind": NoticeKind.QUEUE_GROWTH,
        "source": source,
        "url": f"{link('queue')}?source={source.slug}",
    }
    with transaction.atomic():
        last = samples.first()
        if last is None or now - last.taken_at >= SAMPLE_EVERY:
            QueueSample.objects.create(source=source, waiting=waiting, taken_at=now)
        if waiting - before >= limit:
            title = f"The queue grew from {before:,} to {waiting:,} within {GROWTH_HOURS} hours"
            if alert_raise(key=key, title=title, **notice):
                emit(QUEUE_GROWTH, {**facts, "state": "above"})
        elif (waiting - before) * 2 < limit and NoticeAlert.objects.filter(key=key).exists():
            alert_end(key=key, title=f"The queue does not grow any more: {waiting:,} wait", **notice)
            emit(QUEUE_GROWTH, {**facts, "state": "over"})


def _digest(user: User, local: datetime, now: datetime) -> None:
    own = sources_of(user)
    ids = None if own is None else list(own.values_list("pk", flat=True))
    state = queue_state(sources=ids, now=now)
    day = now - timedelta(days=1)
    came = narrow(Comment.objects.filter(created_at__gt=day), user).count()
    decided = narrow(
        Decision.objects.filter(
            created_at__gt=day, action__in=[DecisionAction.APPROVE, DecisionAction.REMOVE]
        ),
        user,
        "comment__source",
    )
    by_people = decided.filter(automatic=False).count()
    mine = decided.filter(by=user).count()
    oldest = "" if state.oldest is None else f", the oldest for {_age(state.oldest)}"
    lines = [
        f"Waiting: {state.waiting:,}{oldest}.",
        f"Escalated: {state.escalated:,}. Open appeals: {state.appeals:,}.",
        f"In the last 24 hours: {came:,} comments came in, {decided.count():,} were decided, "
        f"{by_people:,} of them by people, {mine:,} by you.",
    ]
    if state.failed:
        lines.append(f"Without a verdict because scoring failed: {state.failed:,}.")
    notice_write(
        kind=NoticeKind.DIGEST,
        title=f"The queue on {local:%A, %-d %B}",
        text="\n".join(lines),
        url=link("queue"),
        only=user,
    )


def _age(seconds: float) -> str:
    hours = int(seconds // 3_600)
    if hours < 1:
        return f"{int(seconds // 60)} min"
    return f"{hours} h" if hours < 48 else f"{hours // 24} days"


def _device(folder: Path) -> int:
    there = next((one for one in (folder, *folder.absolute().parents) if one.exists()), folder)
    return there.stat().st_dev
