"""The known answers that versions can be measured with, counted and one by one."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from classifier.core.visible_comments import edited_since
from classifier.models import GoldenItem
from training.models import Dataset, DatasetKind

PURGED = Q(comment__text="")
EDITED = edited_since("created_at")
USABLE = ~PURGED & ~EDITED


@dataclass(frozen=True)
class GoldenSummary:
    """Items in use by their answer, and those that cannot be measured with; `last`: the newest dataset of them."""

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


def golden_summary() -> GoldenSummary:
    """Two queries."""
    counted = _in_use().aggregate(
        approve=Count("pk", filter=USABLE & Q(expected="approve")),
        remove=Count("pk", filter=USABLE & Q(expected="remove")),
        purged=Count("pk", filter=PURGED),
        edited=Count("pk", filter=~PURGED & EDITED),
    )
    last = Dataset.objects.usable().filter(kind=DatasetKind.GOLDEN).order_by("-pk").first()
    return GoldenSummary(**counted, last=last)


def golden_rows() -> Iterator[tuple[str, str, int, bool]]:
    """(text, source, comment, whether it is to be removed) of every item that can be measured with, oldest first."""
    columns = ("comment__text", "comment__source__slug", "comment_id", "expected")
    rows = _in_use().filter(USABLE).order_by("pk").values_list(*columns)
    for text, source, comment_id, expected in rows.iterator(chunk_size=2_000):
        yield text, source, comment_id, expected == "remove"


def _in_use() -> "QuerySet[GoldenItem]":
    return GoldenItem.objects.filter(retired_at__isnull=True)
