"""A corrected label of one frozen row; the frozen file stays, and what is made of it next takes the correction over."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from classifier.models.append_only import AppendOnlyModel


class LabelFix(AppendOnlyModel):
    """Written once; taking one back is a row of its own that names it in `undoes`.

    `row` counts from 0 in the frozen file of the split; `digest` is that of its text
    (training.ml.file_format.rows.text_digest), by which the next dataset of decisions finds the text again. `given` is
    what the file says, `fixed` what somebody says instead: 0, 1, or -1 for unknown.
    """

    dataset = models.ForeignKey("training.Dataset", on_delete=models.PROTECT, related_name="label_fixes")
    split = models.CharField(max_length=16)
    row = models.PositiveIntegerField()
    digest = models.CharField(max_length=32)
    label = models.CharField(max_length=64)
    given = models.SmallIntegerField()
    fixed = models.SmallIntegerField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    undoes = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="undone_by")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(given__in=[-1, 0, 1], fixed__in=[-1, 0, 1]), name="labelfix_values_known"
            ),
            models.CheckConstraint(condition=~Q(given=models.F("fixed")), name="labelfix_changes_something"),
        ]
        indexes = [models.Index(fields=["dataset", "split", "row"], name="labelfix_place")]

    def __str__(self) -> str:
        return f"{self.label} of {self.split} row {self.row} of dataset {self.dataset_id}"
