"""The administration of training: datasets, experiments, sweeps, evaluations, test suites, the plan."""

from training.datasets.admin import DatasetAdmin
from training.evaluations.admin import EvaluationAdmin, TestSuiteAdmin
from training.experiments.admin import ExperimentAdmin, ExperimentEventAdmin
from training.retraining.admin import RetrainingPlanAdmin
from training.sweeps.admin import SweepAdmin, SweepEventAdmin

__all__ = [
    "DatasetAdmin",
    "EvaluationAdmin",
    "ExperimentAdmin",
    "ExperimentEventAdmin",
    "RetrainingPlanAdmin",
    "SweepAdmin",
    "SweepEventAdmin",
    "TestSuiteAdmin",
]
