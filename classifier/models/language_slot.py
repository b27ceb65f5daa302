"""Which model version judges the texts of one language, in place of the default version."""

from django.db import models
from django.db.models import Q


class LanguageSlot(models.Model):
    """The slot of a language: `model_version` judges its texts, `shadow` scores them silently.

    The default slot is no row here: its version is the one whose status is active, and its shadow the one that
    `is_shadow`. A language without a row, or without a version in it, is judged by the default version. `language` is a
    tag as `classifier.inference.language.base_language` writes it.
    """

    language = models.CharField(max_length=35, unique=True)
    model_version = models.ForeignKey(
        "classifier.ModelVersion", on_delete=models.PROTECT, null=True, blank=True, related_name="slots"
    )
    shadow = models.ForeignKey(
        "classifier.ModelVersion",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="shadow_slots",
    )
    filled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["language"]
        constraints = [
            models.CheckConstraint(condition=~Q(language=""), name="languageslot_names_a_language"),
            models.CheckConstraint(
                condition=Q(model_version__isnull=False) | Q(shadow__isnull=False),
                name="languageslot_is_used",
            ),
            models.CheckConstraint(
                condition=Q(shadow__isnull=True)
                | Q(model_version__isnull=True)
                | ~Q(shadow=models.F("model_version")),
                name="languageslot_shadow_is_another",
            ),
            models.CheckConstraint(
                condition=Q(model_version__isnull=True, filled_at__isnull=True)
                | Q(model_version__isnull=False, filled_at__isnull=False),
                name="languageslot_filled_at_set",
            ),
        ]

    def __str__(self) -> str:
        return self.language
