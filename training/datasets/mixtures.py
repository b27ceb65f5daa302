"""Mixing datasets into a new one, each with a weight, a cap, and names for its labels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from classifier.models import User
from training.core.errors import DatasetRejected
from training.datasets.dataset_builder import check_new, dataset_store, incoming_folder, run_child
from training.datasets.ingredients import licence_class_of_dataset
from training.datasets.label_corrections import fixes_of
from training.ml.file_format.rows import LABEL_NAME, OWN_COLUMNS
from training.ml.mixture.licences import strictest
from training.models import Dataset, DatasetKind

MOST_PARTS = 10


@dataclass(frozen=True)
class MixturePart:
    """A dataset of a mixture: what its rows count, how many train rows at most, and what its labels mean there.

    `label_names` calls a label of the dataset by another name, such as {"hate": "identity_hate"}; in
    `negatives_unknown` stand labels whose 0 does not mean harmless, because the set marks one kind of toxicity alone.
    """

    dataset: Dataset
    weight: float = 1.0
    most_rows: int | None = None
    label_names: Mapping[str, str] = field(default_factory=dict)
    negatives_unknown: tuple[str, ...] = ()

    def check(self) -> None:
        """Raise DatasetRejected where a value is impossible; whether the labels are there is seen when mixing."""
        dataset = self.dataset
        if not dataset.directory or dataset.deleted_at is not None:
            raise DatasetRejected("parts", f"“{dataset}” is not loaded or was deleted; leave it out.")
        if dataset.kind == DatasetKind.GOLDEN:
            raise DatasetRejected("parts", f"“{dataset}” is for measuring alone; leave it out.")
        if not 0 < self.weight <= 1_000:
            raise DatasetRejected("parts", f"The weight of “{dataset}” must be above 0 and at most 1,000.")
        if self.most_rows is not None and not 1 <= self.most_rows <= 100_000_000:
            raise DatasetRejected(
                "parts", f"“{dataset}” must give at least 1 row; leave the cap out to take all."
            )
        for name in self.label_names.values():
            if not LABEL_NAME.match(name) or name in OWN_COLUMNS:
                raise DatasetRejected(
                    "parts", f"{name!r} cannot be the name of a label; use letters, digits, _ and -."
                )

    def job(self) -> dict[str, Any]:
        """Return the part as the process that mixes reads it."""
        return {
            "name": self.dataset.name,
            "path": str(self.dataset.path.resolve()),
            "weight": self.weight,
            "decisions": self.dataset.kind == DatasetKind.DECISIONS or "decisions" in self.dataset.statistics,
            "fixes": fixes_of(self.dataset),
            "most_rows": self.most_rows,
            "label_names": dict(self.label_names),
            "negatives_unknown": list(self.negatives_unknown),
        }

    def record(self, share: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the mixture remembers of the part, with its share of the training rows."""
        dataset = self.dataset
        told = {
            "most_rows": self.most_rows,
            "label_names": dict(self.label_names),
            "negatives_unknown": list(self.negatives_unknown),
        }
        return {
            "dataset": dataset.pk,
            "name": dataset.name,
            "weight": self.weight,
            "rows": dataset.rows,
            "train_rows": share["rows"],
            "train_weight": round(share["weight"], 2),
            "license_name": dataset.license_name,
            "licence_class": licence_class_of_dataset(dataset),
            "attribution": dataset.attribution,
            **{name: value for name, value in told.items() if value},
        }


def dataset_mix(
    *,
    name: str,
    parts: Sequence[MixturePart | tuple[Dataset, float]],
    by: User | None,
    description: str = "",
) -> Dataset:
    """Build one dataset of the rows of several, row weights multiplied by their part's weight.

    Labels are united, and one that a part does not know is unknown in its rows. Of a text that several parts have, the
    row of moderators' decisions stays, else that of the part named first. Texts of the site's test set leave the
    training and validation rows. Labels that people have corrected go in as corrected. The licence class of the mixture
    is the strictest of its parts. A dataset with a weight alone may stand for its part. Raises DatasetRejected and
    PermissionDenied.
    """
    name = check_new(name=name, by=by)
    chosen = [part if isinstance(part, MixturePart) else MixturePart(*part) for part in parts]
    if not 2 <= len(chosen) <= MOST_PARTS:
        raise DatasetRejected("parts", f"Choose between 2 and {MOST_PARTS} datasets to mix.")
    if len({part.dataset.pk for part in chosen}) < len(chosen):
        raise DatasetRejected("parts", "A dataset can be in a mixture once; give it a higher weight instead.")
    for part in chosen:
        part.check()
    datasets = [part.dataset for part in chosen]
    with incoming_folder() as folder:
        report = run_child(
            {"reader": "mixture", "parts": [part.job() for part in chosen]}, folder, bounded=False
        )
        return dataset_store(
            folder=folder,
            report=report,
            name=name,
            kind=DatasetKind.MIXTURE,
            parts=[part.record(share) for part, share in zip(chosen, report["shares"], strict=True)],
            description=description,
            attribution="\n".join(dict.fromkeys(d.attribution for d in datasets if d.attribution)),
            license_name="; ".join(dict.fromkeys(d.license_name for d in datasets if d.license_name))[:100],
            licence_class=strictest(licence_class_of_dataset(dataset) for dataset in datasets),
            created_by=by,
        )
