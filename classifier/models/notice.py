"""Notices to people and chat channels: who gets what, what was sent, and the states that are told about once."""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q


class NoticeKind(models.TextChoices):
    QUEUE_AGE = "queue.age", "A comment has waited too long"
    QUEUE_GROWTH = "queue.growth", "The queue grows fast"
    APPEAL = "appeal", "An author appealed"
    ESCALATION = "escalation", "A comment was escalated"
    DRIFT = "drift", "The scores drift from what they were"
    RUN = "run", "A training run ended"
    WEBHOOK = "webhook", "A webhook or a channel was given up"
    DISK = "disk", "A disk is nearly full"
    DIGEST = "digest", "The digest of a day"
    TEST = "test", "Somebody pressed the test button"


class ChannelKind(models.TextChoices):
    SLACK = "slack", "Slack"
    DISCORD = "discord", "Discord"
    TEAMS = "teams", "Microsoft Teams"
    MATRIX = "matrix", "Matrix"


class NoticeChannel(models.Model):
    """A chat channel that gets notices. Its address lets anybody post there, so it is encrypted and never shown."""

    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=16, choices=ChannelKind.choices)
    sealed_address = models.BinaryField(editable=False)
    host = models.CharField(max_length=253, editable=False)
    notices = ArrayField(models.CharField(max_length=16, choices=NoticeKind.choices))
    sources = models.ManyToManyField("classifier.Source", blank=True, related_name="+")
    is_enabled = models.BooleanField(default=True)
    disabled_reason = models.CharField(max_length=200, blank=True, editable=False)
    failing_since = models.DateTimeField(null=True, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    deleted_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name


class NoticePreference(models.Model):
    """What a person wants by e-mail: kinds of notices, and a digest at an hour in their time zone."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notice_preference"
    )
    kinds = ArrayField(models.CharField(max_length=16, choices=NoticeKind.choices), default=list, blank=True)
    digest_hour = models.PositiveSmallIntegerField(null=True, blank=True, validators=[MaxValueValidator(23)])
    time_zone = models.CharField(max_length=64, default="UTC")
    digest_on = models.DateField(null=True, editable=False)  # the last day that a digest was written for

    class Meta:
        ordering = ["user"]
        constraints = [
            models.CheckConstraint(
                condition=Q(digest_hour__isnull=True) | Q(digest_hour__lte=23), name="noticepreference_hour"
            )
        ]

    def __str__(self) -> str:
        return f"notices to {self.user}"


class Notice(models.Model):
    """One thing that somebody is told: numbers, names and a link, never the text of a comment."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=16, choices=NoticeKind.choices)
    source = models.ForeignKey("classifier.Source", on_delete=models.PROTECT, null=True, related_name="+")
    title = models.CharField(max_length=200)
    text = models.TextField(blank=True)
    url = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["-created_at"], name="notice_created")]

    def __str__(self) -> str:
        return self.title


class NoticeDelivery(models.Model):
    """One notice for one channel, or for one person by e-mail: waiting, sent, or given up after the last attempt."""

    class Status(models.TextChoices):
        WAITING = "waiting", "Waiting"
        SENT = "sent", "Sent"
        DEAD = "dead", "Given up"

        @property
        def colour(self) -> str:
            return {"waiting": "blue", "sent": "green", "dead": "red"}[self.value]

    notice = models.ForeignKey(Notice, on_delete=models.CASCADE, related_name="deliveries")
    channel = models.ForeignKey(NoticeChannel, on_delete=models.PROTECT, null=True, related_name="deliveries")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="+")
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(null=True)
    claimed_until = models.DateTimeField(null=True)
    claimed_by = models.CharField(max_length=200, blank=True, default="", editable=False)
    status_code = models.PositiveSmallIntegerField(null=True)
    error = models.CharField(max_length=300, blank=True)
    finished_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "notice deliveries"
        constraints = [
            models.UniqueConstraint(fields=["notice", "channel"], name="noticedelivery_channel_once"),
            models.UniqueConstraint(fields=["notice", "user"], name="noticedelivery_user_once"),
            models.CheckConstraint(
                condition=Q(channel__isnull=False, user__isnull=True)
                | Q(channel__isnull=True, user__isnull=False),
                name="noticedelivery_one_receiver",
            ),
        ]
        indexes = [
            models.Index(fields=["next_at", "id"], condition=Q(status="waiting"), name="noticedelivery_due"),
            models.Index(fields=["channel", "-id"], name="noticedelivery_by_channel"),
        ]

    def __str__(self) -> str:
        return f"notice delivery {self.pk}"


class NoticeAlert(models.Model):
    """A state that lasts, such as a disk that is nearly full; the row stands until the state is over."""

    key = models.CharField(max_length=200, unique=True)
    began_at = models.DateTimeField()
    sent_at = models.DateTimeField()

    class Meta:
        ordering = ["key"]

    def __str__(self) -> str:
        return self.key


class QueueSample(models.Model):
    """How many comments of a source waited at a moment; kept for two days, to see the queue grow."""

    source = models.ForeignKey("classifier.Source", on_delete=models.CASCADE, related_name="+")
    waiting = models.PositiveIntegerField()
    taken_at = models.DateTimeField()

    class Meta:
        ordering = ["-taken_at"]
        indexes = [models.Index(fields=["source", "taken_at"], name="queuesample_by_source")]

    def __str__(self) -> str:
        return f"{self.waiting} at {self.taken_at}"
