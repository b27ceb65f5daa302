"""The scores that one model version gave one comment; written once, never changed."""

from django.db import models
from django.db.models import F, Q

from classifier.models.append_only import AppendOnlyModel


class Verdict(models.TextChoices):
    TOXIC = "toxic", "Toxic"
    NON_TOXIC = "non-toxic", "Non-toxic"

    @property
    def colour(self) -> str:
        return "red" if self is Verdict.TOXIC else "green"


class Prediction(AppendOnlyModel):
    """A scoring. `scores` maps each label to a probability; `score` and `threshold` are of the primary label.

    `language` is a BCP 47 tag: `und` if it is not clear, "" for a scoring from before languages were identified.
    `concern_score` is the probability that the author tells of their own hurt, `is_concern` whether it reaches the
    version's threshold; null and False by versions without an output for it.
    """

    comment = models.ForeignKey("classifier.Comment", on_delete=models.PROTECT, related_name="predictions")
    model_version = models.ForeignKey(
        "classifier.ModelVersion", on_delete=models.PROTECT, related_name="predictions"
    )
    scores = models.JSONField()
    verdict = models.CharField(max_length=16, choices=Verdict.choices)
    score = models.FloatField()
    threshold = models.FloatField()
    windows = models.PositiveSmallIntegerField(default=1)
    language = models.CharField(max_length=35, blank=True, default="", db_default="")
    language_supported = models.BooleanField(default=True, db_default=True)
    concern_score = models.FloatField(null=True, blank=True)
    is_concern = models.BooleanField(default=False, db_default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(score__gte=0, score__lte=1), name="prediction_score_0_to_1"),
            models.CheckConstraint(
                condition=Q(threshold__gte=0, threshold__lte=1), name="prediction_threshold_0_to_1"
            ),
            models.CheckConstraint(condition=Q(windows__gte=1), name="prediction_windows_at_least_1"),
            models.CheckConstraint(
                condition=Q(verdict="toxic", score__gte=F("threshold"))
                | Q(verdict="non-toxic", score__lt=F("threshold")),
                name="prediction_verdict_follows_threshold",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.verdict} ({self.score:.3f})"
