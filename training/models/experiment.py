"""A training run: its configuration, its state and its results."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from classifier.models.append_only import HistoryRow
from training.models.choices import RunStatus, recipe_choices


class ExperimentQuerySet(models.QuerySet["Experiment"]):
    def visible(self) -> "ExperimentQuerySet":
        return self.filter(deleted_at__isnull=True)

    def queued(self) -> "ExperimentQuerySet":
        return self.filter(status=RunStatus.QUEUED, deleted_at__isnull=True)


class Experiment(models.Model):
    """A recipe, its configuration and its dataset; afterwards a folder, metrics and a candidate version.

    `config` is the whole configuration as plain JSON (training.ml.config.to_dict), without the paths of data and
    teacher, which follow from `dataset` and `teacher` (a run) or `base_version` (a registered version) when it runs.
    """

    name = models.CharField(max_length=150)
    notes = models.TextField(blank=True)
    recipe = models.CharField(max_length=32, choices=recipe_choices)
    config = models.JSONField(default=dict)
    dataset = models.ForeignKey("training.Dataset", on_delete=models.PROTECT, related_name="experiments")
    teacher = models.ForeignKey(  # runs only once that run has succeeded
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="students"
    )
    base_version = models.ForeignKey(
        "classifier.ModelVersion", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    cloned_from = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="clones"
    )
    sweep = models.ForeignKey(
        "training.Sweep", on_delete=models.PROTECT, null=True, blank=True, related_name="experiments"
    )
    trial_number = models.PositiveIntegerField(null=True, blank=True)
    trigger = models.CharField(
        max_length=16, default="person"
    )  # one of training.experiments.services.TRIGGERS

    quick_measurement = models.BooleanField(
        default=False, db_default=False
    )  # afterwards only what is quickly measured
    language = (
        models.CharField(  # the base language that the run adds to its base version; empty for other runs
            max_length=35, blank=True, default="", db_default=""
        )
    )

    status = models.CharField(max_length=16, choices=RunStatus.choices, default=RunStatus.QUEUED)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    run_token = models.UUIDField(
        null=True, blank=True, editable=False
    )  # a worker writes only while the run has its token
    worker = models.CharField(max_length=200, blank=True)
    device = models.CharField(max_length=200, blank=True)  # host and device while it runs; one run a device
    attempts = models.PositiveIntegerField(default=0)
    progress = models.JSONField(
        default=dict
    )  # phase, step, steps, rows_per_second, tokens_per_second, losses, eta, memory
    failure_reason = models.TextField(blank=True)
    log = models.TextField(blank=True)  # the end of what the run wrote, without comment texts

    directory = models.CharField(max_length=500, blank=True, editable=False)  # relative to settings.RUNS_DIR
    result = models.JSONField(
        default=dict
    )  # the card of run.json: thresholds, validation, layers, parameters, …
    provenance = models.JSONField(default=dict)
    model_version = models.ForeignKey(
        "classifier.ModelVersion",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="experiments",
    )
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = ExperimentQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        permissions = [("run_experiment", "Can start, cancel, resume and delete experiments")]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=RunStatus.values), name="experiment_status_known"),
            models.UniqueConstraint(
                fields=["device"],
                condition=Q(status="running") & ~Q(device=""),
                name="experiment_one_run_a_device",
            ),
            models.UniqueConstraint(
                fields=["sweep", "trial_number"],
                condition=Q(sweep__isnull=False),
                name="experiment_one_run_a_trial",
            ),
        ]
        indexes = [models.Index(fields=["status", "id"], name="experiment_status_id")]

    def __str__(self) -> str:
        return f"{self.name} (#{self.pk})"

    @property
    def path(self) -> Path:
        return Path(settings.RUNS_DIR) / self.directory

    @property
    def artifact_path(self) -> Path:
        return self.path / "artifact"

    @property
    def is_over(self) -> bool:
        return RunStatus(self.status).is_over

    @property
    def validation(self) -> dict[str, Any]:
        return dict(self.result.get("validation") or {})


class ExperimentEvent(HistoryRow):
    experiment = models.ForeignKey(Experiment, on_delete=models.PROTECT, related_name="history")

    def __str__(self) -> str:
        return f"{self.experiment_id}: {self.old} to {self.new}"


class MetricPoint(models.Model):
    """One point of one curve of a run, such as loss, kl, rows_per_second; a resumed run never doubles one."""

    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, related_name="points")
    phase = models.CharField(max_length=64)
    name = models.CharField(max_length=64)
    step = models.PositiveIntegerField()
    value = models.FloatField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["experiment", "phase", "name", "step"], name="metricpoint_once")
        ]

    def __str__(self) -> str:
        return f"{self.experiment_id} {self.phase}/{self.name}[{self.step}] = {self.value}"
