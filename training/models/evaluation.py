"""The measurements of a version on frozen test rows, and the test suites that users upload."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from training.ml.evaluation.stored import StoredReport
from training.models.choices import DatasetKind


class EvaluationQuerySet(models.QuerySet["Evaluation"]):
    def on_test_sets(self) -> "EvaluationQuerySet":
        """Leave out those on known answers beside the test set: these are few rows, chosen by people."""
        beside = Q(dataset__kind=DatasetKind.GOLDEN, dataset__is_test_set=False)
        return self.exclude(beside)


class Evaluation(models.Model):
    """One version (or one baseline) measured on one frozen test set; `report` is training.ml.evaluation's report.

    `scores` is a file under settings.RUNS_DIR with the probabilities, for McNemar's test against other versions.
    """

    model_version = models.ForeignKey(
        "classifier.ModelVersion", on_delete=models.CASCADE, null=True, blank=True, related_name="evaluations"
    )
    baseline = models.CharField(max_length=32, blank=True)  # "majority" or "tfidf", else empty
    experiment = models.ForeignKey(
        "training.Experiment", on_delete=models.SET_NULL, null=True, blank=True, related_name="evaluations"
    )
    dataset = models.ForeignKey("training.Dataset", on_delete=models.PROTECT, related_name="evaluations")
    fingerprint = models.CharField(max_length=64)  # of the test rows
    trained_on = models.CharField(
        max_length=64, blank=True
    )  # of a baseline: the fingerprint of its training rows
    report = models.JSONField()
    scores = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = EvaluationQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(model_version__isnull=False, baseline="")
                | Q(model_version__isnull=True, baseline__in=["majority", "tfidf"]),
                name="evaluation_of_a_version_or_a_baseline",
            ),
            models.UniqueConstraint(
                fields=["model_version", "fingerprint"],
                condition=Q(baseline=""),
                name="evaluation_once_a_version",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model_version or self.baseline} on {self.dataset}"

    @property
    def scores_path(self) -> Path:
        return Path(settings.RUNS_DIR) / self.scores

    @property
    def stored_report(self) -> StoredReport:
        """Read the report as a typed object; each call reads it anew."""
        return StoredReport.of(self.report)

    @property
    def metrics(self) -> dict[str, Any]:
        return dict(self.report.get("metrics") or {})


class TestSuite(models.Model):
    """Cases with an expected answer, by functionality (as HateCheck), or templates with identity terms."""

    __test__ = False  # for pytest, which takes any class of this name for tests

    class Kind(models.TextChoices):
        CASES = "cases", "Cases by functionality"
        TEMPLATES = "templates", "Templates with identity terms"

    name = models.CharField(max_length=150, unique=True)
    kind = models.CharField(max_length=16, choices=Kind.choices)
    description = models.TextField(blank=True)
    label = models.CharField(max_length=64, default="toxic")
    cases = (
        models.JSONField()
    )  # [{"text", "expected" (0/1), "functionality", "group"}, …] templates filled in
    groups = ArrayField(models.CharField(max_length=100), default=list, blank=True)
    fingerprint = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class TestSuiteResult(models.Model):
    """The results of one version on one suite; `report` is by functionality and by group."""

    __test__ = False

    suite = models.ForeignKey(TestSuite, on_delete=models.CASCADE, related_name="results")
    model_version = models.ForeignKey(
        "classifier.ModelVersion", on_delete=models.CASCADE, related_name="suite_results"
    )
    report = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["suite", "model_version"], name="suiteresult_once_a_version")
        ]

    def __str__(self) -> str:
        return f"{self.model_version} on {self.suite}"
