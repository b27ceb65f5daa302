"""What surrounds the review queue: saved queues, reports, appeals, bulk actions, blind reviews, known answers."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from classifier.models.append_only import AppendOnlyModel

USER = settings.AUTH_USER_MODEL


class SavedQueue(models.Model):
    """A filter and an order under a name; with no `roles`, for everybody who may see the queue."""

    name = models.CharField(max_length=100, unique=True)
    filters = models.JSONField(default=dict)
    order = models.CharField(max_length=16, default="risk")
    roles = models.JSONField(default=list)
    owner = models.ForeignKey(USER, on_delete=models.PROTECT, null=True, related_name="saved_queues")
    position = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["position", "name"]

    def __str__(self) -> str:
        return self.name


class Report(AppendOnlyModel):
    """A report that a comment is bad, by a reader or passed on by a client."""

    comment = models.ForeignKey("classifier.Comment", on_delete=models.PROTECT, related_name="reports")
    reporter_ref = models.CharField(max_length=200, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["comment", "reporter_ref"],
                condition=~Q(reporter_ref=""),
                name="report_once_a_reporter",
            )
        ]

    def __str__(self) -> str:
        return f"report of comment {self.comment_id}"


class AppealStatus(models.TextChoices):
    OPEN = "open", "Open"
    UPHELD = "upheld", "Upheld: the decision stands"
    OVERTURNED = "overturned", "Overturned"

    @property
    def colour(self) -> str:
        return {"open": "blue", "upheld": "grey", "overturned": "green"}[self.value]


class Appeal(models.Model):
    """An author's objection to a removal, answered in the same queue."""

    comment = models.ForeignKey("classifier.Comment", on_delete=models.PROTECT, related_name="appeals")
    decision = models.OneToOneField("classifier.Decision", on_delete=models.PROTECT, related_name="appeal")
    message = models.TextField(blank=True)
    status = models.CharField(max_length=16, choices=AppealStatus.choices, default=AppealStatus.OPEN)
    created_at = models.DateTimeField(auto_now_add=True)
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.ForeignKey(USER, on_delete=models.PROTECT, null=True, related_name="+")
    answer = models.CharField(max_length=2000, blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"appeal of comment {self.comment_id}"


class BulkAction(models.Model):
    """Many decisions under one reason; one undo takes all of them back."""

    action = models.CharField(max_length=16)
    reason = models.CharField(max_length=2000)
    filters = models.JSONField(default=dict)
    count = models.PositiveIntegerField(default=0)
    by = models.ForeignKey(USER, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.ForeignKey(USER, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.action} of {self.count} comments"


class GoldenItem(models.Model):
    """A comment whose right answer is known; mixed into queues blindly to measure moderators."""

    comment = models.OneToOneField("classifier.Comment", on_delete=models.PROTECT, related_name="golden")
    expected = models.CharField(max_length=8, choices=[("approve", "Approve"), ("remove", "Remove")])
    note = models.CharField(max_length=500, blank=True)
    created_by = models.ForeignKey(USER, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = "known answer"

    def __str__(self) -> str:
        return f"known answer to comment {self.comment_id}"


class SecondReview(AppendOnlyModel):
    """A blind answer by another moderator (or to a known answer); it changes nothing about the comment."""

    comment = models.ForeignKey("classifier.Comment", on_delete=models.PROTECT, related_name="second_reviews")
    first = models.ForeignKey(
        "classifier.Decision", on_delete=models.PROTECT, null=True, related_name="second_reviews"
    )
    action = models.CharField(max_length=8, choices=[("approve", "Approve"), ("remove", "Remove")])
    by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="second_reviews")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = "blind review"
        constraints = [
            models.UniqueConstraint(fields=["comment", "by"], name="secondreview_once_a_moderator")
        ]

    def __str__(self) -> str:
        return f"blind review of comment {self.comment_id}"
