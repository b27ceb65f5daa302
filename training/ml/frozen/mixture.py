"""One dataset made of several, each with a weight; nothing in it leaks into what it is measured on."""

from collections.abc import Collection
from dataclasses import dataclass

from training.ml.frozen.rows import Rows, RowsRejected, concatenate, united_labels
from training.ml.frozen.store import SPLITS


@dataclass(frozen=True)
class Part:
    """One dataset of a mixture; `decisions` are moderators' own and win over what others say of the same text."""

    name: str
    splits: dict[str, Rows]
    weight: float = 1.0
    decisions: bool = False


def mix(parts: list[Part], *, measured_on: Collection[bytes] = ()) -> tuple[dict[str, Rows], dict[str, int]]:
    """Return the mixed splits, and how many rows were left out, by reason.

    Row weights are multiplied by their part's. Labels are united; one that a part does not know is unknown in its
    rows. Where parts have the same text in the same split, the decisions' row stays, else that of the earlier part.
    A text in the test split leaves train and validation, one in validation leaves train, and one of `measured_on`
    (digests of the site's test texts) leaves both. Raises RowsRejected.
    """
    if len(parts) < 2:
        raise RowsRejected("choose at least two datasets to mix.", field="parts")
    labels = united_labels(rows.labels for part in parts for rows in part.splits.values())
    left_out = {"duplicates": 0, "leaked": 0, "in_test_set": 0}
    result: dict[str, Rows] = {}
    for split in SPLITS:
        having = [part for part in parts if split in part.splits]
        if having:
            rows, dropped = _merge(having, split, labels)
            result[split] = rows
            left_out["duplicates"] += dropped
    seen: set[bytes] = set()
    for split in reversed(SPLITS):
        if split not in result:
            continue
        digests = result[split].digests()
        if split != "test":
            keep = [
                row for row, digest in enumerate(digests) if digest not in seen and digest not in measured_on
            ]
            in_test_set = sum(digest in measured_on for digest in digests)
            left_out["in_test_set"] += in_test_set
            left_out["leaked"] += len(digests) - len(keep) - in_test_set
            result[split] = result[split].take(keep)
        seen.update(digests)
    for split in ("train", "validation"):
        if split not in result or not len(result[split]):
            raise RowsRejected(
                f"the mixture would have no {split} rows: none of its parts has any that may be used. Add one that "
                "has.",
                field="parts",
            )
    return {split: rows for split, rows in result.items() if len(rows)}, {
        k: v for k, v in left_out.items() if v
    }


def _merge(parts: list[Part], split: str, labels: tuple[str, ...]) -> tuple[Rows, int]:
    """The rows of one split, without those whose text an other part says too and says with more right."""
    owner: dict[bytes, int] = {}
    digests = [part.splits[split].digests() for part in parts]
    order = sorted(range(len(parts)), key=lambda place: not parts[place].decisions)  # stable: decisions first
    for place in order:
        for digest in set(digests[place]):
            owner.setdefault(digest, place)
    kept: list[Rows] = []
    dropped = 0
    for place, part in enumerate(parts):
        rows = part.splits[split]
        mine = [row for row, digest in enumerate(digests[place]) if owner[digest] == place]
        dropped += len(rows) - len(mine)
        taken = rows.take(mine)
        kept.append(
            Rows(
                taken.texts,
                taken.targets,
                taken.weights * part.weight,
                taken.labels,
                [source or part.name for source in taken.sources],
                taken.comment_ids,
                taken.marks,
            )
        )
    return concatenate(kept, labels), dropped
