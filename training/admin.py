"""The administration of training: every feature's admin, imported here so that it registers."""
# ruff: noqa: F401

import training.datasets.admin
import training.evaluations.admin
import training.experiments.admin
import training.retraining.admin
import training.sweeps.admin
