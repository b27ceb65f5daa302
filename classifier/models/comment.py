"""A comment, its status, and the history of that status."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.search import SearchVector
from django.db import models
from django.db.models import F, Q
from django.db.models.expressions import Combinable

from classifier.models.append_only import HistoryRow


class CommentStatus(models.TextChoices):
    PENDING = "pending", "Pending"
    CLASSIFIED = "classified", "Classified"
    DECIDED = "decided", "Decided"
    FAILED = "failed", "Failed"

    @property
    def colour(self) -> str:
        return _COLOURS[self]

    @property
    def is_terminal(self) -> bool:
        """Tell whether nothing more happens to the comment unless a person acts."""
        return self in TERMINAL_COMMENT_STATUSES


_COLOURS = {
    CommentStatus.PENDING: "grey",
    CommentStatus.CLASSIFIED: "blue",
    CommentStatus.DECIDED: "green",
    CommentStatus.FAILED: "red",
}
TERMINAL_COMMENT_STATUSES = frozenset({CommentStatus.CLASSIFIED, CommentStatus.DECIDED, CommentStatus.FAILED})
COMMENT_TRANSITIONS: dict[str, frozenset[str]] = {
    "pending": frozenset({"classified", "failed"}),
    "classified": frozenset({"decided", "pending"}),
    "decided": frozenset({"classified"}),
    "failed": frozenset({"pending"}),
}
QUEUED = Q(queued_at__isnull=False)
EXTERNAL_ID_MAX_CHARACTERS = 200
AUTHOR_REF_MAX_CHARACTERS = 200


class CommentQuerySet(models.QuerySet["Comment"]):
    def pending(self) -> "CommentQuerySet":
        return self.filter(status=CommentStatus.PENDING)

    def claimable(self, *, expired_before: datetime | Combinable) -> "CommentQuerySet":
        """Keep the pending ones that no worker has claimed since `expired_before`."""
        return self.pending().filter(Q(claimed_at__isnull=True) | Q(claimed_at__lt=expired_before))

    def submitted_by_user(self, user: Any) -> "CommentQuerySet":
        return self.filter(submitted_by=user)

    def with_verdict(self) -> "CommentQuerySet":
        """Fetch what a list of comments shows in the same query."""
        return self.select_related("source", "current_prediction__model_version", "current_decision").defer(
            "current_prediction__model_version__manifest"
        )


class Comment(models.Model):
    source = models.ForeignKey("classifier.Source", on_delete=models.PROTECT, related_name="comments")
    external_id = models.CharField(  # noqa: DJ001 - null, because "" would be the same id for all
        max_length=EXTERNAL_ID_MAX_CHARACTERS, null=True, blank=True
    )
    text = models.TextField()
    # What a person reads in a disguised text, where the verdict comes of it.
    read_as = models.TextField(blank=True, default="", db_default="", editable=False)
    text_format = models.CharField(  # one of TextFormat; empty: as the policy of its source says
        max_length=8, blank=True, default="", db_default="", editable=False
    )
    languages = ArrayField(  # of its text as its sender states them; empty: identified
        models.CharField(max_length=35), default=list, db_default=[], blank=True, editable=False
    )
    waits_for_version = models.BigIntegerField(  # pending: workers that lack this version leave it alone
        null=True, blank=True, editable=False
    )
    author_ref = models.CharField("author", max_length=AUTHOR_REF_MAX_CHARACTERS, blank=True)
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="comments"
    )
    api_key = models.ForeignKey(
        "classifier.ApiKey", on_delete=models.PROTECT, null=True, blank=True, related_name="comments"
    )
    status = models.CharField(max_length=16, choices=CommentStatus.choices, default=CommentStatus.PENDING)
    created_at = models.DateTimeField(auto_now_add=True)
    claimed_at = models.DateTimeField(null=True, blank=True, editable=False)
    claim_token = models.UUIDField(null=True, blank=True, editable=False)
    classified_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    is_backlog = models.BooleanField(  # imported: scored when no live comment waits
        default=False, db_default=False, editable=False
    )
    failure_reason = models.CharField(max_length=500, blank=True)
    current_prediction = models.ForeignKey(
        "classifier.Prediction", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    current_decision = models.ForeignKey(  # the last one that nobody has undone
        "classifier.Decision", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    # Why and since when it waits for a person; `queued_at` is null for what needs no review.
    queued_at = models.DateTimeField(null=True, blank=True, editable=False)
    queue_reasons = models.JSONField(
        default=list, editable=False
    )  # [{"kind": "band"|"rule"|"report"|…, …}, …]
    band = models.CharField(max_length=8, blank=True, editable=False)
    policy = models.ForeignKey(
        "classifier.Policy", on_delete=models.PROTECT, null=True, blank=True, editable=False, related_name="+"
    )
    risk = models.FloatField(
        null=True, blank=True, editable=False
    )  # of the label that is worst by the policy
    uncertainty = models.FloatField(
        null=True, blank=True, editable=False
    )  # distance to the nearest threshold
    is_concern = (
        models.BooleanField(  # by its policy and the current verdict: the author tells of their own hurt
            default=False, db_default=False, editable=False
        )
    )
    report_count = models.PositiveIntegerField(default=0, editable=False)
    reports_harmless = models.BooleanField(  # further reports do not bring it back, until its text changes
        default=False, db_default=False, editable=False
    )
    hidden_by_reports_at = models.DateTimeField(  # so many reports came; a person's decision overrides it
        null=True, blank=True, editable=False
    )
    is_escalated = models.BooleanField(default=False, editable=False)
    has_open_appeal = models.BooleanField(default=False, editable=False)
    disagrees_with_shadow = models.BooleanField(default=False, editable=False)
    review_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
    )
    review_until = models.DateTimeField(null=True, blank=True, editable=False)  # an expired claim is free
    review_since = models.DateTimeField(null=True, blank=True, editable=False)
    text_hash = models.BigIntegerField(
        null=True, blank=True, editable=False
    )  # of the folded text: exact copies
    sketch = ArrayField(
        models.IntegerField(), null=True, blank=True, editable=False
    )  # near-duplicates share one
    edited_at = models.DateTimeField(null=True, blank=True, editable=False)
    text_purged_at = models.DateTimeField(null=True, blank=True, editable=False)

    newly_submitted = False  # set by comment_submit on the object that it returns; no column

    objects = CommentQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["source", "external_id"], name="comment_source_external_id"),
            models.CheckConstraint(condition=Q(status__in=CommentStatus.values), name="comment_status_known"),
            models.CheckConstraint(
                condition=~Q(text="") | Q(text_purged_at__isnull=False), name="comment_text_not_empty"
            ),
            models.CheckConstraint(
                condition=Q(external_id__isnull=True) | ~Q(external_id=""),
                name="comment_external_id_not_empty",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["classified", "decided"])
                | Q(current_prediction__isnull=False, classified_at__isnull=False),
                name="comment_classified_has_prediction",
            ),
            models.CheckConstraint(
                condition=~Q(status="failed") | ~Q(failure_reason=""), name="comment_failed_has_reason"
            ),
            models.CheckConstraint(
                condition=Q(claimed_at__isnull=True, claim_token__isnull=True)
                | Q(claimed_at__isnull=False, claim_token__isnull=False, status="pending"),
                name="comment_claim_whole_and_pending",
            ),
        ]
        indexes = [
            models.Index(fields=["submitted_by", "status", "-id"], name="comment_mine_by_status"),
            models.Index(fields=["submitted_by", "-id"], name="comment_mine"),
            models.Index(fields=["status", "-id"], name="comment_by_status"),
            models.Index(
                fields=["is_backlog", "attempts", "id"],
                condition=Q(status="pending"),
                name="comment_pending_turns",
            ),
            # the queue: each order walks its own index, however many comments are stored
            models.Index(F("risk").desc(), "id", condition=QUEUED, name="comment_queue_risk"),
            models.Index("uncertainty", "id", condition=QUEUED, name="comment_queue_uncertainty"),
            models.Index("queued_at", "id", condition=QUEUED, name="comment_queue_age"),
            models.Index(F("report_count").desc(), "id", condition=QUEUED, name="comment_queue_reports"),
            models.Index("source", F("risk").desc(), "id", condition=QUEUED, name="comment_queue_source"),
            models.Index(
                fields=["review_by"], condition=Q(review_by__isnull=False), name="comment_review_by"
            ),
            models.Index(fields=["source", "-id"], name="comment_by_source"),
            models.Index(fields=["created_at"], name="comment_created"),
            models.Index(fields=["author_ref"], condition=~Q(author_ref=""), name="comment_author"),
            models.Index(
                fields=["text_hash"], condition=Q(text_hash__isnull=False), name="comment_text_hash"
            ),
            GinIndex(fields=["sketch"], condition=Q(sketch__isnull=False), name="comment_sketch"),
            GinIndex(SearchVector("text", config="simple"), name="comment_words"),
            GinIndex(OpClass("text", name="gin_trgm_ops"), name="comment_trigrams"),
        ]

    def __str__(self) -> str:
        return f"Comment {self.pk}"


class CommentEvent(HistoryRow):
    comment = models.ForeignKey(Comment, on_delete=models.PROTECT, related_name="history")

    class Meta(HistoryRow.Meta):
        indexes = [models.Index(fields=["-created_at"], name="commentevent_created")]

    def __str__(self) -> str:
        return f"{self.comment_id}: {self.old} to {self.new}"

    @property
    def title(self) -> str:
        return event_title(self.old, self.new, self.reason)


def event_title(old: str, new: str, reason: str) -> str:
    """Name a change of status for people: a decision by its outcome, with which its reason begins."""
    if new == CommentStatus.DECIDED:
        outcome = reason.partition(" ")[0]
        return outcome.capitalize() if outcome in ("approved", "removed") else CommentStatus.DECIDED.label
    if old == CommentStatus.DECIDED and new == CommentStatus.CLASSIFIED:
        return "Reopened"
    return CommentStatus(new).label


NO_CLAIM: dict[str, Any] = {"review_by": None, "review_until": None, "review_since": None}
