"""Cutting a validation and a test split from training rows by the hash of the text.

The hash of a text decides its split, so equal texts stay together (nothing leaks), the cut is the same on every
machine, and a text that was once in the test split is there again when the dataset is frozen anew with more rows.
"""

from training.ml.frozen.rows import Rows, RowsRejected

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
        these = {place for place in different if place < begin} or {different[0]}  # at least one text
        different = [place for place in different if place not in these]
        chosen[name] = [row for row, place in enumerate(places) if place in these]
    if not different:
        raise RowsRejected("nothing is left to train on; bring more rows.")
    used = {row for rows in chosen.values() for row in rows}
    cut = {name: train.take(rows) for name, rows in chosen.items()}
    kept = train.take([row for row in range(len(train)) if row not in used])
    return {"train": kept, **{k: v for k, v in splits.items() if k != "train"}, **cut}, list(wanted)
