"""The administration of training: data sets, experiments, sweeps, evaluations, test suites, the plan."""

from training.admin.datasets import DatasetAdmin
from training.admin.evaluations import EvaluationAdmin, TestSuiteAdmin
from training.admin.experiments import ExperimentAdmin, ExperimentEventAdmin
from training.admin.retraining import RetrainingPlanAdmin
from training.admin.sweeps import SweepAdmin, SweepEventAdmin

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
