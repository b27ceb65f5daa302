"""What a moderator decided about a comment; written once, never changed. Undoing is a new row."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from classifier.models.append_only import AppendOnlyModel


class DecisionAction(models.TextChoices):
    APPROVE = "approve", "Approved"
    REMOVE = "remove", "Removed"
    UNDO = "undo", "Undone"

    @property
    def colour(self) -> str:
        return {"approve": "green", "remove": "red", "undo": "grey"}[self.value]


class Decision(AppendOnlyModel):
    """`labels` holds corrections, {label: 0 or 1}; a label that is not named is as the model said, or unknown."""

    comment = models.ForeignKey("classifier.Comment", on_delete=models.PROTECT, related_name="decisions")
    action = models.CharField(max_length=16, choices=DecisionAction.choices)
    labels = models.JSONField(default=dict)
    note = models.CharField(max_length=2000, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="decisions"
    )
    prediction = models.ForeignKey(  # what the moderator saw
        "classifier.Prediction", on_delete=models.PROTECT, null=True, related_name="decisions"
    )
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

    def __str__(self) -> str:
        return f"{self.action} comment {self.comment_id}"
