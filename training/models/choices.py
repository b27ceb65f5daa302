"""The statuses of training work, each with its colour and whether it is over, and which may follow which."""

from django.db import models


class RunStatus(models.TextChoices):
    """The life of an experiment, and of a sweep."""

    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    SUCCEEDED = "succeeded", "Succeeded"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"

    @property
    def colour(self) -> str:
        return _COLOURS[self]

    @property
    def is_over(self) -> bool:
        return self in OVER


_COLOURS = {
    RunStatus.QUEUED: "grey",
    RunStatus.RUNNING: "blue",
    RunStatus.SUCCEEDED: "green",
    RunStatus.FAILED: "red",
    RunStatus.CANCELLED: "amber",
}
OVER = frozenset({RunStatus.SUCCEEDED, RunStatus.FAILED, RunStatus.CANCELLED})
RUN_TRANSITIONS: dict[str, frozenset[str]] = {
    # running -> queued: its worker is gone and the run goes on from its checkpoint; failed, cancelled -> queued: resume
    "queued": frozenset({"running", "failed", "cancelled"}),
    "running": frozenset({"succeeded", "failed", "cancelled", "queued"}),
    "failed": frozenset({"queued"}),
    "cancelled": frozenset({"queued"}),
    "succeeded": frozenset(),
}
SWEEP_TRANSITIONS = RUN_TRANSITIONS | {"succeeded": frozenset({"queued"})}  # more trials


class RecipeName(models.TextChoices):
    """The recipes of training.ml.recipes, by the name that they are registered under."""

    TEACHER = "teacher", "Teacher: full fine-tuning"
    DISTILL = "distill", "Student: distillation from chosen layers"
    LORA = "lora", "LoRA: low-rank adapters"
    HYBRID = "hybrid", "Hybrid: distillation and LoRA"
    PROGRESSIVE = "progressive", "Progressive layer-wise transfer"
    LAYER_SEARCH = "layer-search", "Search for the best layers"


class DatasetKind(models.TextChoices):
    SAMPLE = "sample", "Shipped sample"
    HUB = "hub", "Hub dataset"
    FOLDER = "folder", "Files on the server"
    UPLOAD = "upload", "Upload"
    DECISIONS = "decisions", "Moderators' decisions"
    MIXTURE = "mixture", "Mixture"
    GOLDEN = "golden", "Known answers"
    CORRECTED = "corrected", "Corrected labels"
