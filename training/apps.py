"""The training application: datasets, experiments, and the learning code in `training.ml`."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class TrainingConfig(AppConfig):
    name = "training"

    def ready(self) -> None:
        from classifier.accounts.roles import ensure_after_migrate
        from classifier.model_versions.promotion_gate import gate_register, language_gate_register
        from training.promotion.gate import quality_gate
        from training.promotion.language_gate import language_gate

        # After the receiver of contrib.auth, which makes the permissions and was connected before this one.
        post_migrate.connect(ensure_after_migrate, sender=self, dispatch_uid="training.roles")
        gate_register(quality_gate)
        language_gate_register(language_gate)
