"""A search over hyper-parameters: many experiments of one recipe, steered by Optuna."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from classifier.models.append_only import HistoryRow
from training.models.choices import RunStatus, recipe_choices


class Sweep(models.Model):
    """`space`: {"loop.learning_rate": {"type": "float", "low": 1e-5, "high": 1e-3, "log": true}, …};
    `objectives`: [{"metric": "f1", "direction": "maximize", "label": "toxic"}, …], see training.ml.search.space.
    `config`: differences that hold for every trial; `options`: {"train_best": bool, "at_once": trials side by side,
    "full": what the best configuration is trained with instead when it is trained in full}.
    Optuna keeps the trials in this database, in the schema `optuna`, under `study_name`. `analysis` is what the worker
    last read there, so that pages need no Optuna: {"trials": […], "importance": {…}, "front": […], "best": number}."""

    name = models.CharField(max_length=150, unique=True)
    recipe = models.CharField(max_length=32, choices=recipe_choices)
    config = models.JSONField(default=dict)
    dataset = models.ForeignKey("training.Dataset", on_delete=models.PROTECT, related_name="sweeps")
    teacher = models.ForeignKey(
        "training.Experiment", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    base_version = models.ForeignKey(
        "classifier.ModelVersion", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    space = models.JSONField()
    objectives = models.JSONField()
    sampler = models.CharField(max_length=16, default="tpe")
    pruner = models.CharField(max_length=16, default="median")
    trials_wanted = models.PositiveIntegerField()
    seed = models.PositiveIntegerField(default=13)
    study_name = models.CharField(max_length=200, unique=True)
    status = models.CharField(max_length=16, choices=RunStatus.choices, default=RunStatus.QUEUED)
    options = models.JSONField(default=dict)
    analysis = models.JSONField(default=dict)
    failure_reason = models.TextField(blank=True)
    best_experiment = models.ForeignKey(
        "training.Experiment", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    finished_at = models.DateTimeField(null=True, blank=True)
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=RunStatus.values), name="sweep_status_known"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_over(self) -> bool:
        return RunStatus(self.status).is_over


class SweepEvent(HistoryRow):
    sweep = models.ForeignKey(Sweep, on_delete=models.PROTECT, related_name="history")

    def __str__(self) -> str:
        return f"{self.sweep_id}: {self.old} to {self.new}"
