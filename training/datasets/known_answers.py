"""Known answers as test rows: what moderators are measured with measures versions too, and never teaches."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from classifier.core.visible_comments import edited_since
from classifier.models import GoldenItem, User
from training.core.errors import DatasetRejected
from training.datasets.dataset_builder import check_new, dataset_store, incoming_folder, run_child
from training.datasets.from_decisions import TOXIC
from training.datasets.texts_as_read import text_as_read
from training.models import Dataset, DatasetKind

FEWEST = 10  # with fewer, one answer moves every number by ten points and more
PURGED = Q(comment__text="")
EDITED = edited_since("created_at")
USABLE = ~PURGED & ~EDITED


@dataclass(frozen=True)
class KnownAnswersSummary:
    """Known answers in use, and those that cannot be measured with; `last` is the newest dataset of them."""

    approve: int = 0
    remove: int = 0
    purged: int = 0
    edited: int = 0
    last: Dataset | None = None

    @property
    def total(self) -> int:
        return self.approve + self.remove

    @property
    def left_out(self) -> dict[str, int]:
        """How many cannot be measured with, by reason."""
        return {"purged": self.purged, "edited": self.edited}


def known_answers_summary() -> KnownAnswersSummary:
    """Count the known answers in use; two queries."""
    counted = _in_use().aggregate(
        approve=Count("pk", filter=USABLE & Q(expected="approve")),
        remove=Count("pk", filter=USABLE & Q(expected="remove")),
        purged=Count("pk", filter=PURGED),
        edited=Count("pk", filter=~PURGED & EDITED),
    )
    last = Dataset.objects.usable().filter(kind=DatasetKind.GOLDEN).order_by("-pk").first()
    return KnownAnswersSummary(**counted, last=last)


def known_answer_rows() -> Iterator[tuple[str, str, int, bool]]:
    """Yield (text, source, comment, whether to remove it) of every item that can be measured with, oldest first."""
    of_comment = ("comment__text", "comment__text_format", "comment__source_id")
    columns = (*of_comment, "comment__source__slug", "comment_id", "expected")
    rows = _in_use().filter(USABLE).order_by("pk").values_list(*columns)
    for *text, source, comment_id, expected in rows.iterator(chunk_size=2_000):
        yield text_as_read(*text).text, source, comment_id, expected == "remove"


def _in_use() -> "QuerySet[GoldenItem]":
    return GoldenItem.objects.filter(retired_at__isnull=True)


def dataset_from_known_answers(*, by: User | None) -> Dataset:
    """Build a dataset of every known answer in use, as test rows under a name of its own.

    There are no other splits, so nothing can learn from it. Left out are items whose text was purged or edited since
    the answer was written down. Raises DatasetRejected (fewer than FEWEST, or all of one kind) and PermissionDenied.
    """
    name = check_new(name=unused_name(), by=by)
    summary = known_answers_summary()
    if summary.total < FEWEST:
        raise DatasetRejected(
            "",
            f"There are {summary.total} known answers in use; at least {FEWEST} are needed to measure with.",
        )
    if not summary.approve or not summary.remove:
        missing = "approve" if summary.remove else "remove"
        raise DatasetRejected("", f"No known answer has the answer “{missing}”, and a test needs both.")
    with incoming_folder() as folder:
        with (folder / "rows.jsonl").open("w", encoding="utf-8") as file:
            for text, source, comment_id, remove in known_answer_rows():
                row = {"text": text, "targets": [int(remove)], "weight": 1.0, "source": source}
                file.write(json.dumps({**row, "comment_id": comment_id, "marks": []}) + "\n")
        job = {
            "reader": "rows",
            "split": "test",
            "path": str((folder / "rows.jsonl").resolve()),
            "labels": [TOXIC],
            "left_out": {reason: count for reason, count in summary.left_out.items() if count},
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


def unused_name() -> str:
    """Return a name that no dataset of known answers has yet, such as Known answers 2026-11-24 09:12."""
    name = f"Known answers {timezone.now():%Y-%m-%d %H:%M}"
    taken = Dataset.objects.filter(name__startswith=name).count()
    return f"{name} ({taken + 1})" if taken else name
