"""The training application: datasets, experiments, and the learning code in `training.ml`."""

from django.apps import AppConfig


class TrainingConfig(AppConfig):
    name = "training"
