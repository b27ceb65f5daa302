"""The verbs of training: pages, API, admin, tasks and commands call these and so behave alike."""

from training.services.dataset_decisions import dataset_freeze, dataset_from_decisions
from training.services.dataset_hub import (
    HUB_PRESETS,
    dataset_from_hub,
    dataset_load,
    dataset_load_again,
)
from training.services.dataset_mixtures import dataset_mix
from training.services.datasets import (
    dataset_delete,
    dataset_from_folder,
    dataset_from_upload,
    dataset_make_test_set,
    dataset_sample_load,
)
from training.services.deletion import experiment_delete
from training.services.errors import ConfigRejected, DatasetNoRoom, DatasetRejected, NotAllowedNow
from training.services.evaluations import evaluation_start, evaluation_state
from training.services.experiments import (
    experiment_cancel,
    experiment_clone,
    experiment_create,
    experiment_resume,
)
from training.services.imports import experiment_import
from training.services.plans import plan_start
from training.services.sweep_steps import sweep_step, sweeps_step
from training.services.sweeps import (
    sweep_cancel,
    sweep_create,
    sweep_delete,
    sweep_resume,
    sweep_train_best,
)

__all__ = [
    "HUB_PRESETS",
    "ConfigRejected",
    "DatasetNoRoom",
    "DatasetRejected",
    "NotAllowedNow",
    "dataset_delete",
    "dataset_freeze",
    "dataset_from_decisions",
    "dataset_from_folder",
    "dataset_from_hub",
    "dataset_from_upload",
    "dataset_load",
    "dataset_load_again",
    "dataset_make_test_set",
    "dataset_mix",
    "dataset_sample_load",
    "evaluation_start",
    "evaluation_state",
    "experiment_cancel",
    "experiment_clone",
    "experiment_create",
    "experiment_delete",
    "experiment_import",
    "experiment_resume",
    "plan_start",
    "sweep_cancel",
    "sweep_create",
    "sweep_delete",
    "sweep_resume",
    "sweep_step",
    "sweep_train_best",
    "sweeps_step",
]
