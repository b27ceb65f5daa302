"""What happens becomes a notice for who chose it and may know; what lasts is told once, then daily, and when over."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from classifier.core.events import DRIFT_WARNING, EXPERIMENT_FINISHED, emit
from classifier.core.source_access import source_access_set
from classifier.models import (
    Comment,
    ModelVersion,
    Notice,
    NoticeAlert,
    NoticeChannel,
    NoticeDelivery,
    NoticePreference,
    QueueSample,
    Source,
    User,
    WebhookEvent,
)
from classifier.notices import checks
from classifier.notices.checks import digests_write, disks_check, notices_clear, queues_check
from classifier.notices.services import preference_set
from classifier.review.appeals import appeal_open
from classifier.review.decisions import decision_record
from classifier.review.reports import report_add
from classifier.tests.builders import classified_comment
from classifier.tests.notices.conftest import wants
from classifier.tests.notices.mail_server import MailServer
from classifier.webhooks.outbox import forget
from classifier.webhooks.retries import _disable
from classifier.webhooks.services import webhook_create, webhook_enable
from toxicsite.lib.disk import KINDS, DiskUse

Add = Callable[..., NoticeChannel]
HOUR = timedelta(hours=1)


def titles() -> list[str]:
    return list(Notice.objects.order_by("created_at").values_list("title", flat=True))


def receivers() -> set[str]:
    rows = NoticeDelivery.objects.select_related("user", "channel")
    return {str(row.user or row.channel) for row in rows}


@pytest.fixture
def channel(add_channel: Add, settings: Any) -> NoticeChannel:
    settings.WEBHOOK_ALLOWED_PORTS = []
    return add_channel(443)


@pytest.fixture
def comment(active_version: ModelVersion, admin_person: User) -> Comment:
    return classified_comment(active_version, by=admin_person)


def test_appeals_and_escalations_are_told_without_the_text(
    channel: NoticeChannel, comment: Comment, admin_person: User
) -> None:
    decision_record(comment=comment, action="escalate", reason="insult", note="my note", by=admin_person)
    decision_record(comment=comment, action="remove", by=None)
    comment.refresh_from_db()
    appeal_open(comment=comment, message="It was a quote.", by=admin_person)
    assert titles() == [f"Comment {comment.pk} was escalated", f"An author appeals: comment {comment.pk}"]
    everything = str(list(Notice.objects.values()))
    assert all(private not in everything for private in ("hate", "quote", "my note"))
    assert all(
        url.endswith(f"/comments/{comment.pk}/") for url in Notice.objects.values_list("url", flat=True)
    )


def test_runs_and_drift_are_told(channel: NoticeChannel) -> None:
    emit(EXPERIMENT_FINISHED, {"experiment": 3, "name": "Friday", "status": "failed", "model_version": None})
    emit(DRIFT_WARNING, {"version": "v7", "source": None, "index": 0.31, "reference": 9, "recent": 9})
    assert titles() == ["Training run 3 failed: Friday", "The scores of v7 drift: index 0.31"]


def test_webhooks_hear_of_reports_and_escalations(comment: Comment, admin_person: User) -> None:
    webhook_create(
        name="Forum", url="https://forum.example.org/", events=["report.added", "comment.escalated"], by=None
    )
    forget()
    report_add(comment=comment, reporter_ref="eve", reason="Nasty.", by=None)
    report_add(comment=comment, reporter_ref="eve", reason="Nasty.", by=None)
    decision_record(comment=comment, action="escalate", by=admin_person)
    report, escalated = WebhookEvent.objects.order_by("created_at")
    assert (report.type, report.data["reports"]) == ("report.added", 1)
    assert "Nasty" not in str(report.data)
    assert "eve" not in str(report.data)
    assert (escalated.type, escalated.data["comment_id"]) == ("comment.escalated", comment.pk)


def test_a_webhook_that_is_turned_off_is_told_once_until_it_is_on_again(channel: NoticeChannel) -> None:
    webhook, _ = webhook_create(
        name="Forum", url="https://forum.example.org/", events=["comment.decided"], by=None
    )
    for _ in range(2):
        webhook.is_enabled = True
        _disable(webhook, "The receiver answered 410 Gone.", timezone.now())
    assert titles() == ["The webhook Forum was turned off"]
    webhook_enable(webhook=webhook, by=None)
    assert not NoticeAlert.objects.exists()


def test_people_hear_of_what_they_chose_and_may_see(
    mail: MailServer, comment: Comment, active_version: ModelVersion, admin_person: User, moderator: User
) -> None:
    other = Source.objects.create(slug="other", name="Other")
    wants(admin_person, "escalation")
    wants(moderator, "escalation", "appeal")  # moderators may not answer these
    decision_record(comment=comment, action="escalate", by=admin_person)
    assert receivers() == {admin_person.username}
    source_access_set(user=admin_person, all_sources=False, sources=[other], by=None)
    second = classified_comment(active_version, text="i hate rain", by=moderator)
    decision_record(comment=second, action="escalate", by=None)
    assert Notice.objects.count() == 1


def test_a_channel_of_one_source_hears_nothing_of_others(
    channel: NoticeChannel, add_channel: Add, comment: Comment, admin_person: User
) -> None:
    add_channel(443, name="Others", sources=[Source.objects.create(slug="other", name="Other")])
    add_channel(443, name="Same", sources=[comment.source])
    decision_record(comment=comment, action="escalate", by=admin_person)
    assert receivers() == {"Team", "Same"}


def test_a_site_that_tells_nobody_writes_nothing(comment: Comment, admin_person: User) -> None:
    decision_record(comment=comment, action="escalate", by=admin_person)
    assert not Notice.objects.exists()


def test_a_comment_that_waits_too_long_is_told_once_daily_and_when_it_is_over(
    channel: NoticeChannel, comment: Comment, settings: Any
) -> None:
    settings.QUEUE_AGE_WARN_HOURS = 4.0
    webhook_create(name="Forum", url="https://forum.example.org/", events=["queue.age"], by=None)
    forget()
    now = timezone.now()
    Comment.objects.filter(pk=comment.pk).update(queued_at=now - 5 * HOUR)
    for minute in range(3):
        queues_check(now=now + timedelta(minutes=minute))
    assert titles() == ["A comment has waited 5 h; 1 wait"]
    NoticeAlert.objects.update(sent_at=now - 25 * HOUR)
    queues_check(now=now)
    assert len(titles()) == 2
    Comment.objects.filter(pk=comment.pk).update(queued_at=None)
    for _ in range(2):
        queues_check(now=now)
    assert titles()[2:] == ["No comment waits longer than 4 hours any more"]
    above, over = WebhookEvent.objects.order_by("created_at").values_list("data", flat=True)
    assert (above["state"], above["waiting"], above["limit_hours"]) == ("above", 1, 4.0)
    assert (over["state"], over["oldest_seconds"]) == ("over", None)


def test_a_queue_that_grows_fast_is_told_once(
    channel: NoticeChannel, active_version: ModelVersion, admin_person: User, settings: Any
) -> None:
    settings.QUEUE_GROWTH_WARN, settings.QUEUE_AGE_WARN_HOURS = 3, 100.0
    webhook_create(name="Forum", url="https://forum.example.org/", events=["queue.growth"], by=None)
    forget()
    now = timezone.now()
    classified_comment(active_version, by=admin_person)
    Comment.objects.update(queued_at=now)
    queues_check(now=now)
    assert QueueSample.objects.get().waiting == 1
    for number in range(3):
        classified_comment(active_version, text=f"i hate rain {number}", by=admin_person)
    Comment.objects.update(queued_at=now)
    for hour in (1, 2):
        queues_check(now=now + hour * HOUR)
    assert titles() == ["The queue grew from 1 to 4 within 24 hours"]
    queues_check(now=now + 26 * HOUR)  # it is long now, and does not grow
    assert titles()[1:] == ["The queue does not grow any more: 4 wait"]
    assert [event.data["state"] for event in WebhookEvent.objects.order_by("created_at")] == ["above", "over"]
    assert WebhookEvent.objects.order_by("created_at")[0].data["before"] == 1


def test_a_disk_that_is_nearly_full_is_told_once_and_when_it_has_room(
    channel: NoticeChannel, settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings.DISK_WARN_MIB = 1_000
    for name in KINDS.values():
        setattr(settings, name, tmp_path / name)
    free = 900
    monkeypatch.setattr(checks, "disk_use", lambda path: DiskUse(10**12, free * checks.MIB))
    disks_check()
    disks_check()
    free = 1_050  # not yet enough more
    disks_check()
    free = 1_200
    disks_check()
    assert titles() == [
        "The disk of VAR_DIR is nearly full: 900 MiB free",
        "The disk of VAR_DIR has room again: 1,200 MiB free",
    ]


def test_the_real_disk_is_asked(channel: NoticeChannel, settings: Any, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path / "not" / "made" / "yet"
    settings.DISK_WARN_MIB = 10**9
    disks_check()
    assert titles()[0].startswith("The disk of VAR_DIR is nearly full")


def test_the_digest_comes_once_a_day_at_the_hour_of_the_person(
    mail: MailServer, comment: Comment, admin_person: User
) -> None:
    wants(admin_person, digest_hour=8, time_zone="Asia/Tokyo")
    monday = datetime(2026, 11, 30, 22, 59, tzinfo=UTC)  # 07:59 on Tuesday in Tokyo
    assert digests_write(now=monday) == 0
    assert digests_write(now=monday + timedelta(minutes=1)) == 1
    assert digests_write(now=monday + HOUR) == 0
    assert digests_write(now=monday + 24 * HOUR) == 0
    assert digests_write(now=monday + 25 * HOUR) == 1
    first = Notice.objects.order_by("created_at")[0]
    assert first.title == "The queue on Tuesday, 1 December"
    assert "Waiting: 1" in first.text


def test_a_digest_counts_only_what_the_person_sees(
    mail: MailServer, comment: Comment, moderator: User
) -> None:
    source_access_set(
        user=moderator,
        all_sources=False,
        sources=[Source.objects.create(slug="other", name="Other")],
        by=None,
    )
    wants(moderator, digest_hour=0)
    assert digests_write(now=timezone.now()) == 1
    text = Notice.objects.get().text
    assert "Waiting: 0." in text
    assert "0 comments came in" in text


def test_a_digest_that_is_chosen_after_its_hour_begins_tomorrow(mail: MailServer, moderator: User) -> None:
    wants(moderator)
    preference_set(user=moderator, kinds=[], digest_hour=0, time_zone="UTC")
    assert digests_write(now=timezone.now()) == 0
    assert digests_write(now=timezone.now() + timedelta(days=1)) == 1


def test_old_notices_are_deleted_but_never_those_that_wait(channel: NoticeChannel, settings: Any) -> None:
    for number in range(2):
        emit(
            EXPERIMENT_FINISHED,
            {"experiment": number, "name": "x", "status": "succeeded", "model_version": None},
        )
    first = Notice.objects.order_by("created_at")[0]
    NoticeDelivery.objects.filter(notice=first).update(status="sent")
    late = timezone.now() + timedelta(days=settings.WEBHOOK_LOG_DAYS + 1)
    assert notices_clear(now=late) == 1
    assert not Notice.objects.filter(pk=first.pk).exists()
    assert Notice.objects.count() == 1


def test_without_a_mail_server_nothing_is_kept_for_people(
    comment: Comment, admin_person: User, settings: Any
) -> None:
    settings.EMAIL_IS_SET = False
    wants(admin_person, "escalation", digest_hour=0)
    decision_record(comment=comment, action="escalate", by=admin_person)
    assert digests_write(now=timezone.now()) == 0
    assert not Notice.objects.exists()
    assert NoticePreference.objects.count() == 1
