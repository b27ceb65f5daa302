"""Known answers frozen into test rows: what moderators are measured with measures versions too, and never teaches."""

import json

from django.utils import timezone

from classifier.models import User
from training.core.errors import DatasetRejected
from training.datasets.dataset_builder import check_new, dataset_store, incoming_folder, run_child
from training.datasets.from_decisions import TOXIC
from training.datasets.golden_selectors import golden_rows, golden_summary
from training.models import Dataset, DatasetKind

FEWEST = 10  # with fewer, one answer moves every number by ten points and more


def dataset_freeze_golden(*, by: User | None) -> Dataset:
    """One click: every known answer in use as a test row, under a name of its own.

    There are no other splits, so nothing can learn from it. Left out are items whose text was purged or edited since
    the answer was written down. Raises DatasetRejected (fewer than FEWEST, or all of one kind) and PermissionDenied.
    """
    name = check_new(name=free_name(), by=by)
    found = golden_summary()
    if found.total < FEWEST:
        raise DatasetRejected(
            "", f"There are {found.total} known answers in use; at least {FEWEST} are needed to measure with."
        )
    if not found.approve or not found.remove:
        missing = "approve" if found.remove else "remove"
        raise DatasetRejected("", f"No known answer has the answer “{missing}”, and a test needs both.")
    with incoming_folder() as folder:
        with (folder / "rows.jsonl").open("w", encoding="utf-8") as file:
            for text, source, comment_id, remove in golden_rows():
                row = {"text": text, "targets": [int(remove)], "weight": 1.0, "source": source}
                file.write(json.dumps({**row, "comment_id": comment_id, "marks": []}) + "\n")
        job = {
            "reader": "rows",
            "split": "test",
            "path": str((folder / "rows.jsonl").resolve()),
            "labels": [TOXIC],
            "left_out": {reason: count for reason, count in found.left_out.items() if count},
        }
        return dataset_store(
            folder=folder,
            report=run_child(job, folder),
            name=name,
            kind=DatasetKind.GOLDEN,
            origin="golden items",
            description="Comments whose right answer leads have written down. For measuring alone.",
            created_by=by,
        )


def free_name() -> str:
    """A name that no dataset of known answers has yet, such as Known answers 2026-11-24 09:12."""
    name = f"Known answers {timezone.now():%Y-%m-%d %H:%M}"
    taken = Dataset.objects.filter(name__startswith=name).count()
    return f"{name} ({taken + 1})" if taken else name
