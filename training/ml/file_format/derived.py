"""Rows made of other rows: cut into the splits that are missing, with corrected labels, or mixed from several datasets.

The hash of a text decides its split, so equal texts stay together (nothing leaks), the cut is the same on every
machine, and a text that was once in the test split is there again when the dataset is frozen anew with more rows. In a
mixture each dataset has a weight, and nothing in it leaks into what it is measured on.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from training.ml.file_format.rows import SPLITS, Rows, RowsRejected, concatenate, text_digest, united_labels

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEWEST_TEXTS = 10
FEWEST_OF_EACH = 20  # rows with a label, and rows without it, that a source needs to say anything of a model
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


def with_sources(splits: dict[str, Rows], names: Mapping[str, str]) -> dict[str, Rows]:
    """Return the splits with a name ({split: name}) as the source of every row that names none."""
    return {
        split: replace(rows, sources=[source or names.get(split, "") for source in rows.sources])
        for split, rows in splits.items()
    }


def hold_out_sources(
    splits: dict[str, Rows], wanted: Collection[str] = (), *, smallest: bool = False
) -> tuple[dict[str, Rows], list[str]]:
    """Return the splits with whole sources of the training rows as test rows, and the names of these.

    The sources `wanted` are held out. With `smallest` and none wanted, the smallest one is where several have
    FEWEST_OF_EACH rows with the first label and as many without; nothing is where there are test rows already. A text
    that is held out leaves the training rows of all sources. Raises RowsRejected for a source that is not there.
    """
    train = splits.get("train")
    if train is None or not (wanted or (smallest and "test" not in splits)):
        return dict(splits), []
    own = dict.fromkeys(train.sources)
    if unknown := sorted(set(wanted) - set(own)):
        raise RowsRejected(
            f"no row comes from {', '.join(unknown)}; there are: {', '.join(filter(None, own)) or 'no sources'}.",
            field="hold_out",
        )
    held = sorted(wanted)
    if not held:
        large = [source for source in own if _has_both(train, source)]
        if len(large) < 2:
            return dict(splits), []
        held = [min(large, key=lambda source: (train.sources.count(source), source))]
    test = train.take([row for row, source in enumerate(train.sources) if source in held])
    texts = set(test.digests())
    kept = [row for row, digest in enumerate(train.digests()) if digest not in texts]
    if not kept:
        raise RowsRejected("nothing is left to train on; hold fewer sources out.", field="hold_out")
    if "test" in splits:
        labels = united_labels((splits["test"].labels, test.labels))
        test = concatenate([splits["test"], test], labels)
    return {**splits, "train": train.take(kept), "test": test}, held


def _has_both(rows: Rows, source: str) -> bool:
    own = [rows.targets[row, 0] for row, name in enumerate(rows.sources) if name == source]
    return min(own.count(1), own.count(0)) >= FEWEST_OF_EACH


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
    most_rows: int | None = None
    label_names: Mapping[str, str] = field(default_factory=dict)
    negatives_unknown: Collection[str] = ()

    def prepared(self) -> "Part":
        """Return the part with its labels called as the mixture calls them, and negatives that say nothing unknown.

        Raises RowsRejected for a label that its rows do not have, and for two that would have one name.
        """
        names = dict(self.label_names)
        have = united_labels(rows.labels for rows in self.splits.values())
        for label in (*names, *(label for label in self.negatives_unknown if label not in names.values())):
            if label not in have:
                raise RowsRejected(
                    f"“{self.name}” has no label {label}; it has: {', '.join(have)}.", field="parts"
                )
        renamed = [names.get(label, label) for label in have]
        if len(set(renamed)) < len(renamed):
            raise RowsRejected(
                f"two labels of “{self.name}” would have one name; map them to two.", field="parts"
            )
        splits = {split: self._mapped(rows, names) for split, rows in self.splits.items()}
        return replace(self, splits=splits)

    def _mapped(self, rows: Rows, names: Mapping[str, str]) -> Rows:
        labels = tuple(names.get(label, label) for label in rows.labels)
        targets = rows.targets
        unsaid = [
            position
            for position, label in enumerate(labels)
            if label in self.negatives_unknown or rows.labels[position] in self.negatives_unknown
        ]
        if unsaid:
            targets = targets.copy()
            targets[:, unsaid] = np.where(targets[:, unsaid] == 0, -1, targets[:, unsaid])
        return replace(rows, targets=targets, labels=labels)


class Share(NamedTuple):
    """What of one part is in the training rows of a mixture."""

    rows: int
    weight: float


class Mixture(NamedTuple):
    """Mixed splits, how many rows were left out by reason, and each part's share of the training rows, in order."""

    splits: dict[str, Rows]
    left_out: dict[str, int]
    shares: list[Share]


def mix(parts: list[Part], *, measured_on: Collection[bytes] = ()) -> Mixture:
    """Return the mixed splits, how many rows were left out, by reason, and each part's share.

    Row weights are multiplied by their part's. Labels get the names that a part's `label_names` ({its label: name in
    the mixture}) say; a 0 of `negatives_unknown` becomes unknown, for sets that mark one kind of toxicity alone; rows
    that know nothing after it are left out. Of a part with `most_rows` no more training rows are taken: those whose
    text has the smallest hash, so that the same ones are taken each time.

    Labels are united; one that a part does not know is unknown in its rows. Where parts have the same text in the same
    split, the decisions' row stays, else that of the earlier part. A text in the test split leaves train and
    validation, one in validation leaves train, and one of `measured_on` (digests of the site's test texts) leaves both.
    Raises RowsRejected.
    """
    if len(parts) < 2:
        raise RowsRejected("choose at least two datasets to mix.", field="parts")
    left_out = {"duplicates": 0, "leaked": 0, "in_test_set": 0, "unknown": 0, "above_cap": 0}
    parts = [_without_unknown(part.prepared(), left_out) for part in parts]
    labels = united_labels(rows.labels for part in parts for rows in part.splits.values())
    result: dict[str, Rows] = {}
    owners: dict[str, NDArray[np.int64]] = {}
    for split in SPLITS:
        if any(split in part.splits for part in parts):
            result[split], owners[split], dropped = _merge(parts, split, labels)
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
            result[split], owners[split] = result[split].take(keep), owners[split][keep]
        seen.update(digests)
    if "train" in result:
        kept = _within_caps(result["train"], owners["train"], parts)
        left_out["above_cap"] = len(result["train"]) - len(kept)
        result["train"], owners["train"] = result["train"].take(kept), owners["train"][kept]
    for split in ("train", "validation"):
        if split not in result or not len(result[split]):
            raise RowsRejected(
                f"the mixture would have no {split} rows: none of its parts has any that may be used. Add one that "
                "has.",
                field="parts",
            )
    weights = np.bincount(owners["train"], result["train"].weights, minlength=len(parts))
    counts = np.bincount(owners["train"], minlength=len(parts))
    return Mixture(
        {split: rows for split, rows in result.items() if len(rows)},
        {reason: count for reason, count in left_out.items() if count},
        [Share(int(count), float(weight)) for count, weight in zip(counts, weights, strict=True)],
    )


def _without_unknown(part: Part, left_out: dict[str, int]) -> Part:
    """Return the part without rows that lost all that they knew to `negatives_unknown`."""
    if not part.negatives_unknown:
        return part
    splits = {}
    for split, rows in part.splits.items():
        known = np.flatnonzero((rows.targets >= 0).any(axis=1))
        left_out["unknown"] += len(rows) - len(known)
        splits[split] = rows.take(known)
    return replace(part, splits=splits)


def _within_caps(train: Rows, owners: "NDArray[np.int64]", parts: list[Part]) -> "NDArray[np.int64]":
    """Return the training rows to keep, in order: of a part with a cap those whose texts have the smallest hashes."""
    keep = np.ones(len(train), dtype=bool)
    for index, part in enumerate(parts):
        rows = np.flatnonzero(owners == index)
        if part.most_rows is not None and len(rows) > part.most_rows:
            hashes = [text_digest(train.texts[row]) for row in rows]
            order = sorted(range(len(rows)), key=hashes.__getitem__)
            keep[rows[order[part.most_rows :]]] = False
    return np.flatnonzero(keep)


def _merge(parts: list[Part], split: str, labels: tuple[str, ...]) -> "tuple[Rows, NDArray[np.int64], int]":
    """Return the rows of one split and whose each is, without those whose text another part has with more right."""
    owner: dict[bytes, int] = {}
    digests = [part.splits[split].digests() if split in part.splits else [] for part in parts]
    order = sorted(range(len(parts)), key=lambda index: not parts[index].decisions)  # stable: decisions first
    for index in order:
        for digest in set(digests[index]):
            owner.setdefault(digest, index)
    kept: list[Rows] = []
    owners: list[int] = []
    dropped = 0
    for index, part in enumerate(parts):
        if split not in part.splits:
            continue
        rows = part.splits[split]
        mine = [row for row, digest in enumerate(digests[index]) if owner[digest] == index]
        dropped += len(rows) - len(mine)
        taken = rows.take(mine)
        owners += [index] * len(mine)
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
    return concatenate(kept, labels), np.asarray(owners, dtype=np.int64), dropped
