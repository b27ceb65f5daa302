"""What a shadow version would have said about live traffic; nobody acts on it."""

from django.db import models
from django.db.models import Q

from classifier.models.append_only import AppendOnlyModel
from classifier.models.prediction import Verdict


class ShadowPrediction(AppendOnlyModel):
    """The scores of the shadow version for the comment of `prediction`, which is the one that counted."""

    prediction = models.ForeignKey("classifier.Prediction", on_delete=models.PROTECT, related_name="shadows")
    model_version = models.ForeignKey(
        "classifier.ModelVersion", on_delete=models.PROTECT, related_name="shadow_predictions"
    )
    scores = models.JSONField()
    verdict = models.CharField(max_length=16, choices=Verdict.choices)
    score = models.FloatField()
    threshold = models.FloatField()
    disagrees = models.BooleanField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["prediction", "model_version"], name="shadowprediction_once_a_version"
            ),
            models.CheckConstraint(
                condition=Q(score__gte=0, score__lte=1), name="shadowprediction_score_0_to_1"
            ),
        ]
        indexes = [
            models.Index(
                fields=["model_version", "-id"],
                condition=Q(disagrees=True),
                name="shadowprediction_disagreements",
            ),
            models.Index(  # a period is counted from the index alone
                fields=["model_version", "-created_at"],
                include=["disagrees", "verdict"],
                name="shadowprediction_by_time",
            ),
        ]

    def __str__(self) -> str:
        return f"shadow {self.verdict} ({self.score:.3f})"
