"""The receivers of webhooks (Standard Webhooks), the events, their deliveries and each attempt."""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q


class WebhookEventType(models.TextChoices):
    COMMENT_CLASSIFIED = "comment.classified", "A comment got its verdict"
    COMMENT_DECIDED = "comment.decided", "A comment was decided, or the decision undone"
    COMMENT_HELD = "comment.held", "Reports hid a comment, or it is shown again"
    COMMENT_ESCALATED = "comment.escalated", "A moderator handed a comment to a lead"
    REPORT_ADDED = "report.added", "A reader reported a comment"
    APPEAL_OPENED = "appeal.opened", "An author appealed"
    APPEAL_RESOLVED = "appeal.resolved", "An appeal was answered"
    MODEL_PROMOTED = "model.promoted", "Another model version is active"
    EXPERIMENT_FINISHED = "experiment.finished", "A training run ended"
    DRIFT_WARNING = "drift.warning", "The scores drift from what they were"
    QUEUE_AGE = "queue.age", "A comment has waited too long, or none does any more"
    QUEUE_GROWTH = "queue.growth", "The queue grows fast, or does not any more"
    TEST = "test", "Somebody pressed the test button"


class Webhook(models.Model):
    """One receiver. Its secrets are encrypted with the site's secret key; there are two while one is being replaced."""

    name = models.CharField(max_length=100)
    url = models.URLField(max_length=500)
    events = ArrayField(models.CharField(max_length=32, choices=WebhookEventType.choices))
    sources = models.ManyToManyField("classifier.Source", blank=True, related_name="+")
    sealed_secret = models.BinaryField(editable=False)
    sealed_old_secret = models.BinaryField(null=True, editable=False)
    old_secret_until = models.DateTimeField(null=True, editable=False)
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


class WebhookEvent(models.Model):
    """One event, written in the transaction that made it happen; `data` never holds comment text.

    The log of deliveries is kept for settings.WEBHOOK_LOG_DAYS, so these rows and the ones below are deleted in time.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    type = models.CharField(max_length=32, choices=WebhookEventType.choices)
    source = models.ForeignKey("classifier.Source", on_delete=models.PROTECT, null=True, related_name="+")
    data = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["-created_at"], name="webhookevent_created")]

    def __str__(self) -> str:
        return f"{self.type} {self.pk}"


class WebhookDelivery(models.Model):
    """One event for one receiver: waiting, delivered, or dead after the last attempt."""

    class Status(models.TextChoices):
        WAITING = "waiting", "Waiting"
        DELIVERED = "delivered", "Delivered"
        DEAD = "dead", "Given up"

        @property
        def colour(self) -> str:
            return {"waiting": "blue", "delivered": "green", "dead": "red"}[self.value]

    webhook = models.ForeignKey(Webhook, on_delete=models.PROTECT, related_name="deliveries")
    event = models.ForeignKey(WebhookEvent, on_delete=models.CASCADE, related_name="deliveries")
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(null=True)
    claimed_until = models.DateTimeField(null=True)
    claimed_by = models.CharField(max_length=200, blank=True, default="", db_default="", editable=False)
    finished_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "webhook deliveries"
        constraints = [models.UniqueConstraint(fields=["webhook", "event"], name="webhookdelivery_once")]
        indexes = [
            # a long backlog of one receiver costs the others nothing
            models.Index(
                fields=["webhook", "next_at", "id"],
                condition=Q(status="waiting"),
                name="webhookdelivery_due",
            ),
            models.Index(
                fields=["webhook", "claimed_until"],
                condition=Q(claimed_until__isnull=False),
                name="webhookdelivery_claimed",
            ),
            models.Index(fields=["webhook", "-id"], name="webhookdelivery_by_webhook"),
            models.Index(
                fields=["webhook", "finished_at"], condition=Q(status="dead"), name="webhookdelivery_dead"
            ),
        ]

    def __str__(self) -> str:
        return f"delivery {self.pk}"


class WebhookAttempt(models.Model):
    """One request to a receiver; `reply` is the beginning of its answer, `error` what kept it from answering."""

    delivery = models.ForeignKey(WebhookDelivery, on_delete=models.CASCADE, related_name="log")
    status_code = models.PositiveSmallIntegerField(null=True)
    error = models.CharField(max_length=300, blank=True)
    reply = models.CharField(max_length=1000, blank=True)
    milliseconds = models.PositiveIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"attempt {self.pk}"
