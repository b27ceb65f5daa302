"""The audit of sensitive actions (exports, erasures, policies, access), numbers by day, and background transfers."""

from django.conf import settings
from django.db import models

from classifier.models.append_only import AppendOnlyModel


class AuditEntry(AppendOnlyModel):
    """One sensitive action. `verb`: export.comments, author.erase, …; `data` never holds a comment's text."""

    verb = models.CharField(max_length=64)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    api_key = models.ForeignKey("classifier.ApiKey", on_delete=models.PROTECT, null=True, related_name="+")
    source = models.ForeignKey("classifier.Source", on_delete=models.PROTECT, null=True, related_name="+")
    subject = models.CharField(max_length=200, blank=True)
    count = models.PositiveIntegerField(null=True)
    data = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "audit entries"
        permissions = [
            ("export_auditentry", "Can export histories"),
            ("erase_author", "Can erase and export an author"),
        ]
        indexes = [
            models.Index(fields=["verb", "-id"], name="auditentry_verb"),
            models.Index(fields=["-created_at"], name="auditentry_created"),
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.subject}"


class DayStatistic(models.Model):
    """Numbers of one day and source, rolled up when the day is over, so that a dashboard never counts old rows.

    They are counts, never rates: counts add up over days, sources and people, and a new one needs no migration.
    """

    day = models.DateField()
    source = models.ForeignKey("classifier.Source", on_delete=models.CASCADE, related_name="statistics")
    numbers = models.JSONField()
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-day"]
        constraints = [models.UniqueConstraint(fields=["day", "source"], name="daystatistic_once")]

    def __str__(self) -> str:
        return f"{self.day} {self.source_id}"


class Transfer(models.Model):
    """An import, an export, a rescoring or a comparison with old scores that runs in the background, with its progress.

    Of imports `errors_file` holds the rows that failed; `position` of the others is the id of a comment.
    """

    class Kind(models.TextChoices):
        IMPORT = "import", "Import"
        EXPORT = "export", "Export"
        RESCORE = "rescore", "Rescoring"
        COMPARE = "compare", "Comparison"

    class Status(models.TextChoices):
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        SUCCEEDED = "succeeded", "Succeeded"
        FAILED = "failed", "Failed"

        @property
        def colour(self) -> str:
            return {"queued": "grey", "running": "blue", "succeeded": "green", "failed": "red"}[self.value]

    kind = models.CharField(max_length=8, choices=Kind.choices)
    what = models.CharField(max_length=32, default="comments")
    format = models.CharField(max_length=8, default="csv")
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.QUEUED)
    options = models.JSONField(default=dict)
    file = models.CharField(max_length=500, blank=True, editable=False)  # relative to settings.TRANSFERS_DIR
    errors_file = models.CharField(max_length=500, blank=True, editable=False)
    done_rows = models.PositiveBigIntegerField(default=0)
    total_rows = models.PositiveBigIntegerField(null=True)
    error_rows = models.PositiveBigIntegerField(default=0)
    position = models.PositiveBigIntegerField(default=0)  # where the next worker goes on after a kill
    failure_reason = models.TextField(blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    heartbeat_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        permissions = [("rescore_comment", "Can score history again")]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"
