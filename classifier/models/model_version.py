"""A trained model that can score comments, and the history of which one was in production when."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from classifier.inference.errors import ArtifactInvalid
from classifier.inference.operating_points import LabelPoints, read_operating_points
from classifier.models.append_only import HistoryRow


class ModelVersionStatus(models.TextChoices):
    CANDIDATE = "candidate", "Candidate"
    ACTIVE = "active", "Active"
    RETIRED = "retired", "Retired"

    @property
    def colour(self) -> str:
        return _COLOURS[self]


_COLOURS = {
    ModelVersionStatus.CANDIDATE: "blue",
    ModelVersionStatus.ACTIVE: "green",
    ModelVersionStatus.RETIRED: "grey",
}
MODEL_VERSION_TRANSITIONS: dict[str, frozenset[str]] = {
    "candidate": frozenset({"active"}),
    "active": frozenset({"retired"}),
    "retired": frozenset({"active"}),
}


class ModelVersionQuerySet(models.QuerySet["ModelVersion"]):
    def active(self) -> "ModelVersion | None":
        return self.filter(status=ModelVersionStatus.ACTIVE).first()

    def shadow(self) -> "ModelVersion | None":
        return self.filter(is_shadow=True).first()


class ModelVersion(models.Model):
    """One model: an artifact folder. `directory` is relative to settings.MODELS_DIR, so that the folder can move."""

    version = models.CharField(max_length=150, unique=True)
    name = models.CharField(max_length=150)
    status = models.CharField(
        max_length=16, choices=ModelVersionStatus.choices, default=ModelVersionStatus.CANDIDATE
    )
    directory = models.CharField(max_length=500)
    sha256 = models.CharField("SHA-256 of the weights", max_length=64)
    labels = ArrayField(models.CharField(max_length=64))
    thresholds = models.JSONField()
    primary_label = models.CharField(max_length=64)
    manifest = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)
    activated_at = models.DateTimeField(null=True, blank=True)
    is_shadow = models.BooleanField("scores live traffic silently", default=False)

    objects = ModelVersionQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        permissions = [("activate_modelversion", "Can activate and roll back model versions")]
        constraints = [
            models.UniqueConstraint(
                fields=["status"], condition=Q(status="active"), name="modelversion_one_active"
            ),
            models.UniqueConstraint(
                fields=["is_shadow"], condition=Q(is_shadow=True), name="modelversion_one_shadow"
            ),
            models.CheckConstraint(
                condition=Q(is_shadow=False) | ~Q(status="active"), name="modelversion_shadow_is_not_active"
            ),
            models.CheckConstraint(
                condition=Q(status__in=ModelVersionStatus.values), name="modelversion_status_known"
            ),
            models.CheckConstraint(
                condition=Q(status="candidate") | Q(activated_at__isnull=False),
                name="modelversion_activated_at_set",
            ),
            models.CheckConstraint(
                condition=Q(sha256__regex=r"^[0-9a-f]{64}$"), name="modelversion_sha256_hex"
            ),
            models.CheckConstraint(
                condition=Q(labels__contains=[models.F("primary_label")]),
                name="modelversion_primary_label_is_a_label",
            ),
        ]

    def __str__(self) -> str:
        return self.version

    @property
    def path(self) -> Path:
        return Path(settings.MODELS_DIR) / self.directory

    @property
    def is_active(self) -> bool:
        return self.status == ModelVersionStatus.ACTIVE

    @property
    def threshold(self) -> float:
        return float(self.thresholds[self.primary_label])

    @property
    def languages(self) -> list[str]:
        """The languages that the model knows, by its manifest or else by MODEL_LANGUAGES; empty if it is not known."""
        declared = self.manifest.get("languages")
        if (
            isinstance(declared, list)
            and declared
            and all(isinstance(language, str) for language in declared)
        ):
            return declared
        return list(settings.MODEL_LANGUAGES)

    @property
    def experimental_languages(self) -> list[str]:
        """The languages that the model reads, unmeasured on rows that it never learned from, by its manifest."""
        declared = self.manifest.get("experimental_languages")
        return [tag for tag in declared if isinstance(tag, str)] if isinstance(declared, list) else []

    @property
    def operating_points(self) -> dict[str, LabelPoints]:
        """The careful, balanced and strict thresholds by label; empty if its manifest has none."""
        return points_of(self.manifest.get("operating_points"), self.thresholds)

    @property
    def metrics(self) -> dict[str, Any]:
        return dict(self.manifest.get("metrics") or {})


def points_of(value: Any, thresholds: dict[str, float]) -> dict[str, LabelPoints]:
    """Read the operating points of a stored manifest; registering has checked them, and older rows have none."""
    try:
        return read_operating_points(value, thresholds)
    except ArtifactInvalid:
        return {}


class ModelVersionEvent(HistoryRow):
    """A change of status; where `old` is `new`, something else was done to the version, told by the reason.

    `gate` is GateVerdict.to_dict() of classifier.model_versions.promotion_gate, with `overridden` where a person's
    reason outweighed it; None where the gate was not asked. `language` is the slot that the change is about: "" for the
    default (see classifier.models.LanguageSlot).
    """

    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="history")
    gate = models.JSONField("what the quality gate said", null=True, blank=True, default=None)
    language = models.CharField(max_length=35, blank=True, default="", db_default="")

    def __str__(self) -> str:
        return f"{self.model_version_id}: {self.old} to {self.new}"
