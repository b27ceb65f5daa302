"""The tables of training, one concept a file."""

from training.models.choices import (
    OVER,
    RUN_TRANSITIONS,
    SWEEP_TRANSITIONS,
    DatasetKind,
    RunStatus,
    recipe_choices,
)
from training.models.dataset import SPLITS, Dataset
from training.models.evaluation import Evaluation, TestSuite, TestSuiteResult
from training.models.experiment import Experiment, ExperimentEvent, MetricPoint
from training.models.label_fix import LabelFix
from training.models.retraining import RetrainingPlan
from training.models.sweep import Sweep, SweepEvent

__all__ = [
    "OVER",
    "RUN_TRANSITIONS",
    "SPLITS",
    "SWEEP_TRANSITIONS",
    "Dataset",
    "DatasetKind",
    "Evaluation",
    "Experiment",
    "ExperimentEvent",
    "LabelFix",
    "MetricPoint",
    "RetrainingPlan",
    "RunStatus",
    "Sweep",
    "SweepEvent",
    "TestSuite",
    "TestSuiteResult",
    "recipe_choices",
]
