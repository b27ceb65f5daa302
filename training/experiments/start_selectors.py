"""What a new run can be made from: rows to learn from, runs and versions to start from."""

from django.db.models import Q

from classifier.models import ModelVersion
from training.models import Dataset, DatasetKind, Experiment, RunStatus

MOST = 200


def learnable_datasets() -> list[Dataset]:
    """The datasets with rows to learn from and to choose thresholds on."""
    rows = Dataset.objects.usable().filter(rows__train__gt=0, rows__validation__gt=0)
    return list(rows.only("pk", "name", "rows", "kind"))


def sample_dataset(datasets: list[Dataset]) -> Dataset | None:
    return next((row for row in datasets if row.kind == DatasetKind.SAMPLE), None)


def possible_teachers() -> list[Experiment]:
    """Runs whose model is there, and runs that will have one: a student waits for its teacher."""
    ready = Q(status=RunStatus.SUCCEEDED) & ~Q(directory="")
    rows = Experiment.objects.visible().filter(
        ready | Q(status__in=[RunStatus.QUEUED, RunStatus.RUNNING]), sweep__isnull=True
    )
    return list(rows.only("pk", "name", "recipe", "status")[:MOST])


def possible_versions() -> list[ModelVersion]:
    return list(ModelVersion.objects.only("pk", "version", "status")[:MOST])
