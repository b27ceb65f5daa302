"""Frozen rows with labels that people have corrected since."""

from collections.abc import Iterable, Mapping
from typing import Any

from training.ml.frozen.rows import Rows, RowsRejected


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
