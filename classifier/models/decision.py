"""The decision of a person or a policy about a comment; written once, never changed. Undoing is a new row."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from classifier.models.append_only import AppendOnlyModel


class DecisionAction(models.TextChoices):
    APPROVE = "approve", "Approved"
    REMOVE = "remove", "Removed"
    ESCALATE = "escalate", "Escalated"
    SKIP = "skip", "Skipped"
    UNDO = "undo", "Undone"

    @property
    def colour(self) -> str:
        return {"approve": "green", "remove": "red", "escalate": "amber", "skip": "grey", "undo": "grey"}[
            self.value
        ]


FINAL_ACTIONS = frozenset({DecisionAction.APPROVE, DecisionAction.REMOVE})


class Decision(AppendOnlyModel):
    """`labels` holds corrections, {label: 0 or 1}; a label that is not named is as the model said, or unknown.

    `marks` are the words that mattered, [{"begin", "end"}] in code points of the text. `policy` is the version that
    was in force, `prediction` what was seen; `automatic`: a policy decided, no person. `seconds`: from claim to answer.
    """

    comment = models.ForeignKey("classifier.Comment", on_delete=models.PROTECT, related_name="decisions")
    action = models.CharField(max_length=16, choices=DecisionAction.choices)
    reason = models.CharField("code of a policy's reason", max_length=64, blank=True)
    labels = models.JSONField(default=dict)
    marks = models.JSONField(default=list)
    note = models.CharField(max_length=2000, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="decisions"
    )
    prediction = models.ForeignKey(  # what the moderator saw
        "classifier.Prediction", on_delete=models.PROTECT, null=True, related_name="decisions"
    )
    policy = models.ForeignKey(
        "classifier.Policy", on_delete=models.PROTECT, null=True, related_name="decisions"
    )
    automatic = models.BooleanField(default=False)
    bulk = models.ForeignKey(
        "classifier.BulkAction", on_delete=models.PROTECT, null=True, related_name="decisions"
    )
    seconds = models.FloatField(null=True)
    undoes = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="undone_by")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(action__in=DecisionAction.values), name="decision_action_known"
            ),
            models.CheckConstraint(
                condition=Q(action="undo", undoes__isnull=False)
                | (~Q(action="undo") & Q(undoes__isnull=True)),
                name="decision_undo_names_what_it_undoes",
            ),
        ]
        indexes = [
            models.Index(fields=["-created_at"], name="decision_created"),
            models.Index(fields=["by", "-created_at"], name="decision_by_created"),
        ]

    def __str__(self) -> str:
        return f"{self.action} comment {self.comment_id}"
