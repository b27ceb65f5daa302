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


def recipe_choices() -> list[tuple[str, str]]:
    """Return name and title of every recipe, for model fields and forms.

    Both ask when they need it, so that a new recipe needs no migration; the services check the name.
    """
    from training.ml.recipes.registry import RECIPES  # not before a process needs it: it loads NumPy

    return [(recipe.name, recipe.title) for recipe in RECIPES.values()]


class DatasetKind(models.TextChoices):
    SAMPLE = "sample", "Shipped sample"
    HUB = "hub", "Hub dataset"
    FOLDER = "folder", "Files on the server"
    UPLOAD = "upload", "Upload"
    DECISIONS = "decisions", "Moderators' decisions"
    MIXTURE = "mixture", "Mixture"
    GOLDEN = "golden", "Known answers"
    CORRECTED = "corrected", "Corrected labels"
