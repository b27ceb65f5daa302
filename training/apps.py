"""The training application: datasets, experiments, and the learning code in `training.ml`."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class TrainingConfig(AppConfig):
    name = "training"

    def ready(self) -> None:
        from classifier.services.roles import ensure_after_migrate

        # After the receiver of contrib.auth, which makes the permissions and was connected before this one.
        post_migrate.connect(ensure_after_migrate, sender=self, dispatch_uid="training.roles")
