"""Says that a run has ended, in the transaction that ended it; webhooks and the like hear of it."""

from classifier.core.events import EXPERIMENT_FINISHED, emit
from classifier.models import ModelVersion
from training.models import Experiment


def tell_ended(experiment: Experiment, version: ModelVersion | None = None) -> None:
    """Called after each change of status; trials of a sweep are not told, the run of the best values is."""
    if not experiment.is_over or experiment.sweep_id is not None:
        return
    emit(
        EXPERIMENT_FINISHED,
        {
            "experiment": experiment.pk,
            "name": experiment.name,
            "status": str(experiment.status),
            "model_version": version.pk if version is not None else None,
        },
    )
