"""The verbs of training: pages, API, admin, tasks and commands call these and so behave alike."""

from training.services.deletion import experiment_delete
from training.services.errors import ConfigRejected, DatasetRejected, NotAllowedNow
from training.services.experiments import (
    experiment_cancel,
    experiment_clone,
    experiment_create,
    experiment_resume,
)
from training.services.imports import experiment_import
from training.services.plans import plan_start

__all__ = [
    "ConfigRejected",
    "DatasetRejected",
    "NotAllowedNow",
    "experiment_cancel",
    "experiment_clone",
    "experiment_create",
    "experiment_delete",
    "experiment_import",
    "experiment_resume",
    "plan_start",
]
