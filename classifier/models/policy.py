"""What a source does with scores: bands, what happens without a worker, and the reasons that moderators may give."""

from django.conf import settings
from django.db import models

from classifier.models.append_only import AppendOnlyModel


class Band(models.TextChoices):
    """What a policy recommends for a comment, by its scores."""

    APPROVE = "approve", "Approve"
    REVIEW = "review", "Review"
    REMOVE = "remove", "Remove"

    @property
    def colour(self) -> str:
        return {"approve": "green", "review": "amber", "remove": "red"}[self.value]


class FailMode(models.TextChoices):
    OPEN = "open", "Open: publish, look later"
    CLOSED = "closed", "Closed: hold until scored"


class UnknownLanguage(models.TextChoices):
    """What happens to a text in a language that the model does not know."""

    REVIEW = "review", "A person looks; the scores do not count"
    JUDGE = "judge", "Judge the scores like any other"


class TextFormat(models.TextChoices):
    """How a text is written; see classifier.inference.markup."""

    TEXT = "text", "Plain text"
    HTML = "html", "HTML"
    MARKDOWN = "markdown", "Markdown"


class ConcernMode(models.TextChoices):
    """What happens to a text whose author tells of their own hurt."""

    REVIEW = "review", "A person looks, before anything else"
    NOTHING = "nothing", "Nothing: judged like any other"


CONCERN_TEXT_CHARACTERS = 2_000


class Policy(AppendOnlyModel):
    """One version of a source's policy (no source: the site's own, for every source without one); never changed.

    `bands`: {label: {"review": 0.4, "remove": 0.95}}; a label's score at or above `remove` is in the band remove, at or
    above `review` in review, below in approve; the worst band of all labels counts. `automatic` lists the bands that
    are decided without a person ("approve", "remove"). A null threshold is never reached; "careful", "model" and
    "strict" are thresholds that the scoring version draws (classifier.inference.bands).
    `language_bands`: {language: bands} of texts in some languages, in place of `bands`.
    `reasons`: [{"code", "title"}]. `text_format` is that of texts whose sender names none. `leave_out` lists what
    neither rules nor scores look at: "quotes", "code", "addresses".
    `concern_text` is what the site says to an author who tells of their own hurt.
    """

    source = models.ForeignKey(
        "classifier.Source", on_delete=models.PROTECT, null=True, blank=True, related_name="policies"
    )
    version = models.PositiveIntegerField()
    bands = models.JSONField()
    language_bands = models.JSONField("thresholds by language", default=dict, db_default={})
    automatic = models.JSONField(default=list)
    fail_mode = models.CharField(max_length=8, choices=FailMode.choices, default=FailMode.CLOSED)
    unknown_language = models.CharField(
        "languages that the model does not know",
        max_length=8,
        choices=UnknownLanguage.choices,
        default=UnknownLanguage.REVIEW,
        db_default=UnknownLanguage.REVIEW,
    )
    concern = models.CharField(
        "people who tell of their own hurt",
        max_length=8,
        choices=ConcernMode.choices,
        default=ConcernMode.REVIEW,
        db_default=ConcernMode.REVIEW,
    )
    concern_text = models.TextField(
        "text for people who tell of their own hurt",
        max_length=CONCERN_TEXT_CHARACTERS,
        blank=True,
        default="",
        db_default="",
    )
    nudge_threshold = models.FloatField(null=True, blank=True)
    reasons = models.JSONField(default=list)
    reason_required = models.BooleanField(default=False)
    appeal_days = models.PositiveIntegerField(default=14)
    text_format = models.CharField(
        max_length=8, choices=TextFormat.choices, default=TextFormat.TEXT, db_default=TextFormat.TEXT
    )
    leave_out = models.JSONField(default=list, db_default=[])
    note = models.CharField("what changed and why", max_length=500, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "policies"
        constraints = [
            models.UniqueConstraint(
                fields=["source", "version"], nulls_distinct=False, name="policy_source_version"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source or 'site'} policy v{self.version}"
