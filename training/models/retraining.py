"""When a new candidate is trained automatically: after a number of decisions, each week, or after drift of scores."""

from django.conf import settings
from django.db import models


class RetrainingPlan(models.Model):
    """The one plan of the site (pk 1). A due plan trains a candidate; only a person promotes it."""

    enabled = models.BooleanField(default=False)
    after_decisions = models.PositiveIntegerField("after this many new decisions", null=True, blank=True)
    weekly = models.BooleanField("once a week", default=False)
    on_drift = models.BooleanField("when the scores have drifted", default=False)
    drift_days = models.PositiveSmallIntegerField(
        "days from the last start to one because of drift", default=14
    )
    recipe = models.CharField(max_length=32, default="teacher")
    config = models.JSONField(default=dict, blank=True)
    mix_with = models.ForeignKey(
        "training.Dataset", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    decisions_weight = models.FloatField("weight of a decision against a row of the other data", default=1.0)
    last_started_at = models.DateTimeField(null=True, blank=True)
    last_decision_id = models.BigIntegerField(default=0)
    last_experiment = models.ForeignKey(
        "training.Experiment", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    updated_at = models.DateTimeField(auto_now=True)
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(pk=1), name="retrainingplan_single"),
            models.CheckConstraint(
                condition=models.Q(drift_days__gte=1), name="retrainingplan_days_between_drifts"
            ),
        ]

    def __str__(self) -> str:
        return "Retraining plan"
