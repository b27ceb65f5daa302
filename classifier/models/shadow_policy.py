"""A draft of a policy that judges live traffic silently, and its judgements beside those of the active policy."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from classifier.models.append_only import AppendOnlyModel, HistoryRow
from classifier.models.policy import Band


class ShadowPolicyStatus(models.TextChoices):
    RUNNING = "running", "Judges live traffic silently"
    STOPPED = "stopped", "Stopped"
    REPLACED = "replaced", "Another draft took its place"
    IN_FORCE = "in_force", "Put in force"

    @property
    def colour(self) -> str:
        return {"running": "blue", "stopped": "grey", "replaced": "grey", "in_force": "green"}[self.value]


SHADOW_POLICY_TRANSITIONS: dict[str, frozenset[str]] = {
    "running": frozenset({"stopped", "replaced", "in_force"}),
    "stopped": frozenset({"in_force"}),
    "replaced": frozenset({"in_force"}),
}


class ShadowPolicy(models.Model):
    """The part of a policy that says what happens to a comment, tried out on `source` (none: the site's own policy).

    `policy` is the version that was saved of it when it was put in force.
    """

    source = models.ForeignKey(
        "classifier.Source", on_delete=models.PROTECT, null=True, blank=True, related_name="shadow_policies"
    )
    bands = models.JSONField()
    automatic = models.JSONField(default=list)
    note = models.CharField("what is tried and why", max_length=500, blank=True)
    status = models.CharField(
        max_length=16, choices=ShadowPolicyStatus.choices, default=ShadowPolicyStatus.RUNNING
    )
    policy = models.ForeignKey("classifier.Policy", on_delete=models.PROTECT, null=True, related_name="+")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "shadow policies"
        constraints = [
            models.UniqueConstraint(
                fields=["source"],
                condition=Q(status="running"),
                nulls_distinct=False,
                name="shadowpolicy_one_runs",
            ),
            models.CheckConstraint(
                condition=Q(status__in=ShadowPolicyStatus.values), name="shadowpolicy_status_known"
            ),
            models.CheckConstraint(
                condition=Q(status="running", ended_at__isnull=True)
                | (~Q(status="running") & Q(ended_at__isnull=False)),
                name="shadowpolicy_ended_at_set",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source or 'site'} shadow policy {self.pk}"

    @property
    def status_colour(self) -> str:
        return ShadowPolicyStatus(self.status).colour

    @property
    def is_running(self) -> bool:
        return self.status == ShadowPolicyStatus.RUNNING


class ShadowPolicyEvent(HistoryRow):
    """A change of status."""

    shadow_policy = models.ForeignKey(ShadowPolicy, on_delete=models.PROTECT, related_name="history")

    def __str__(self) -> str:
        return f"{self.shadow_policy_id}: {self.old} to {self.new}"


class ShadowJudgement(AppendOnlyModel):
    """The band of one verdict under the policy in force (`before`) and under the draft (`after`); nobody acts on it.

    `automatic`: the policy in force decided it without a person.
    """

    shadow_policy = models.ForeignKey(
        ShadowPolicy, on_delete=models.PROTECT, related_name="judgements", db_index=False
    )
    prediction = models.ForeignKey(
        "classifier.Prediction", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    before = models.CharField(max_length=8, choices=Band.choices)
    after = models.CharField(max_length=8, choices=Band.choices)
    automatic = models.BooleanField()
    changed = models.BooleanField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["prediction", "shadow_policy"], name="shadowjudgement_once"),
        ]
        indexes = [
            models.Index(
                fields=["shadow_policy", "before", "after", "-id"],
                condition=Q(changed=True),
                name="shadowjudgement_changes",
            ),
            models.Index(  # days are counted from the index alone
                fields=["shadow_policy", "-created_at"],
                include=["before", "after", "automatic"],
                name="shadowjudgement_by_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.before} to {self.after}"
