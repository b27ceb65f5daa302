"""Mixing datasets into a new one, each with a weight."""

from collections.abc import Sequence

from classifier.models import User
from training.core.errors import DatasetRejected
from training.datasets.dataset_builder import check_new, dataset_store, incoming_folder, run_child
from training.datasets.label_corrections import fixes_of
from training.models import Dataset, DatasetKind

MOST_PARTS = 10


def dataset_mix(
    *, name: str, parts: Sequence[tuple[Dataset, float]], by: User | None, description: str = ""
) -> Dataset:
    """Build one dataset of the rows of several, row weights multiplied by their part's weight.

    Labels are united, and one that a part does not know is unknown in its rows. Of a text that several parts have, the
    row of moderators' decisions stays, else that of the part named first. Texts of the site's test set leave the
    training and validation rows. Labels that people have corrected go in as corrected. Raises
    DatasetRejected and PermissionDenied.
    """
    name = check_new(name=name, by=by)
    if not 2 <= len(parts) <= MOST_PARTS:
        raise DatasetRejected("parts", f"Choose between 2 and {MOST_PARTS} datasets to mix.")
    if len({dataset.pk for dataset, _ in parts}) < len(parts):
        raise DatasetRejected("parts", "A dataset can be in a mixture once; give it a higher weight instead.")
    for dataset, weight in parts:
        if not dataset.directory or dataset.deleted_at is not None:
            raise DatasetRejected("parts", f"“{dataset}” is not loaded or was deleted; leave it out.")
        if dataset.kind == DatasetKind.GOLDEN:
            raise DatasetRejected("parts", f"“{dataset}” is for measuring alone; leave it out.")
        if not 0 < weight <= 1_000:
            raise DatasetRejected("parts", f"The weight of “{dataset}” must be above 0 and at most 1,000.")
    job = {
        "reader": "mixture",
        "parts": [
            {
                "name": dataset.name,
                "path": str(dataset.path.resolve()),
                "weight": weight,
                "decisions": dataset.kind == DatasetKind.DECISIONS or "decisions" in dataset.statistics,
                "fixes": fixes_of(dataset),
            }
            for dataset, weight in parts
        ],
    }
    with incoming_folder() as folder:
        report = run_child(job, folder, bounded=False)
        return dataset_store(
            folder=folder,
            report=report,
            name=name,
            kind=DatasetKind.MIXTURE,
            parts=[
                {"dataset": dataset.pk, "name": dataset.name, "weight": weight, "rows": dataset.rows}
                for dataset, weight in parts
            ],
            description=description,
            attribution="\n".join(dict.fromkeys(d.attribution for d, _ in parts if d.attribution)),
            license_name="; ".join(dict.fromkeys(d.license_name for d, _ in parts if d.license_name))[:100],
            created_by=by,
        )
