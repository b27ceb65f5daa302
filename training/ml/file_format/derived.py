"""Rows made of other rows: cut into the splits that are missing, with corrected labels, or mixed from several datasets.

The hash of a text decides its split, so equal texts stay together (nothing leaks), the cut is the same on every
machine, and a text that was once in the test split is there again when the dataset is frozen anew with more rows. In a
mixture each dataset has a weight, and nothing in it leaks into what it is measured on.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from training.ml.file_format.rows import SPLITS, Rows, RowsRejected, concatenate, united_labels

FEWEST_TEXTS = 10
_WHOLE = float(2**64)


def cut_missing_splits(
    splits: dict[str, Rows], *, validation_share: float = 0.1, test_share: float = 0.1
) -> tuple[dict[str, Rows], list[str]]:
    """Return train, validation and test, and which of them were cut from train.

    A dataset of test rows alone stays one: it is for measuring. Raises RowsRejected with too few different texts.
    """
    if "train" not in splits:
        return dict(splits), []
    shares = {"validation": validation_share, "test": test_share}
    wanted = {name: share for name, share in shares.items() if name not in splits and share > 0}
    if not wanted:
        return dict(splits), []
    train = splits["train"]
    places = [int.from_bytes(digest[:8], "big") / _WHOLE for digest in train.digests()]
    different = sorted(set(places))
    if len(different) < FEWEST_TEXTS:
        raise RowsRejected(
            f"there are {len(different)} different texts; at least {FEWEST_TEXTS} are needed to cut "
            f"{' and '.join(wanted)} rows from. Bring more rows, or files for these splits."
        )
    chosen: dict[str, list[int]] = {}
    begin = 0.0
    for name, share in wanted.items():
        begin += share
        these = {position for position in different if position < begin} or {
            different[0]
        }  # at least one text
        different = [position for position in different if position not in these]
        chosen[name] = [row for row, position in enumerate(places) if position in these]
    if not different:
        raise RowsRejected("nothing is left to train on; bring more rows.")
    used = {row for rows in chosen.values() for row in rows}
    cut = {name: train.take(rows) for name, rows in chosen.items()}
    kept = train.take([row for row in range(len(train)) if row not in used])
    return {"train": kept, **{k: v for k, v in splits.items() if k != "train"}, **cut}, list(wanted)


def corrected(splits: dict[str, Rows], fixes: Iterable[Mapping[str, Any]]) -> dict[str, Rows]:
    """Return the splits with each fix ({"split", "row", "label", "fixed"}) in its place; the rows stay as they are.

    Raises RowsRejected where a fix names a place that is not there.
    """
    targets = {split: rows.targets.copy() for split, rows in splits.items()}
    for fix in fixes:
        split, row, label = str(fix["split"]), int(fix["row"]), str(fix["label"])
        rows = splits.get(split)
        if rows is None or label not in rows.labels or not 0 <= row < len(rows):
            raise RowsRejected(f"there is no {label} in {split} row {row} to correct.")
        targets[split][row, rows.labels.index(label)] = float(fix["fixed"])
    return {
        split: Rows(
            rows.texts,
            targets[split],
            rows.weights,
            rows.labels,
            rows.sources,
            rows.comment_ids,
            rows.marks,
        )
        for split, rows in splits.items()
    }


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
    """Return the rows of one split, without those whose text another part has with more right."""
    owner: dict[bytes, int] = {}
    digests = [part.splits[split].digests() for part in parts]
    order = sorted(range(len(parts)), key=lambda index: not parts[index].decisions)  # stable: decisions first
    for index in order:
        for digest in set(digests[index]):
            owner.setdefault(digest, index)
    kept: list[Rows] = []
    dropped = 0
    for index, part in enumerate(parts):
        rows = part.splits[split]
        mine = [row for row, digest in enumerate(digests[index]) if owner[digest] == index]
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
