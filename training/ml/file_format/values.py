"""One row at a time: checks what a file says and collects it; the first value that is wrong stops the reading."""

import math
import re
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from classifier.inference.files.values import is_graded, read_label
from classifier.inference.normalise import normalise_text
from training.ml.file_format.rows import LABEL_NAME, OWN_COLUMNS, Limits, Rows, RowsRejected

SURROGATE = re.compile("[\ud800-\udfff]")
LARGEST_WEIGHT = 1_000_000.0
SOURCE_CHARACTERS = 200


@dataclass(frozen=True)
class LabelReading:
    """How labels are read: a share between 0 and 1 is 1 from `cut` on; `words`, in lower case, map to 0, 1 and -1."""

    cut: float = 0.5
    words: Mapping[str, int] = field(default_factory=dict)


PLAIN_LABELS = LabelReading()


def check_label_columns(label_columns: Mapping[str, str], text_column: str) -> None:
    """Refuse names that a frozen file cannot have. `label_columns` maps a column of the file to its label."""
    if not label_columns:
        raise RowsRejected("name at least one label column, such as toxic.", field="label_columns")
    for column, label in label_columns.items():
        if not LABEL_NAME.match(label) or label in OWN_COLUMNS:
            raise RowsRejected(
                f"{label!r} cannot be the name of a label: use letters, digits, _ and -, beginning with a letter, "
                f"and none of {', '.join(OWN_COLUMNS)}. Write column=label to give a column another name.",
                field="label_columns",
            )
        if column == text_column:
            raise RowsRejected(
                f"{column!r} is the text; it cannot be a label as well.", field="label_columns"
            )
    if len(set(label_columns.values())) < len(label_columns):
        raise RowsRejected("two columns have the same label; name each label once.", field="label_columns")


def check_columns(
    columns: Sequence[str], text_column: str, label_columns: Mapping[str, str], file: str, limits: Limits
) -> None:
    """Refuse a table without the columns that were named, with a name twice, or with too many."""
    if len(columns) > limits.columns:
        raise RowsRejected(
            f"there are {len(columns):,} columns; at most {limits.columns} are read. Leave out what is not needed.",
            file=file,
        )
    twice = sorted({name for name in columns if columns.count(name) > 1})
    if twice:
        raise RowsRejected(f"the column {twice[0]!r} is there twice; rename one of them.", file=file)
    have = ", ".join(columns) or "no column at all"
    if text_column not in columns:
        raise RowsRejected(
            f"there is no column {text_column!r} with the text; there is: {have}.",
            field="text_column",
            file=file,
        )
    for column in label_columns:
        if column not in columns:
            raise RowsRejected(
                f"there is no label column {column!r}; there is: {have}.", field="label_columns", file=file
            )


class Collector:
    """Collects checked rows; `skip_empty` leaves rows without text out and counts them instead of refusing.

    With `partial` (validation and test splits, which are often labelled more sparingly) only the first label has to be
    known; the others may be missing as a column or unknown throughout.
    """

    def __init__(
        self,
        file: str,
        text_column: str,
        label_columns: Mapping[str, str],
        limits: Limits,
        *,
        skip_empty: bool,
        partial: bool = False,
        labels: LabelReading = PLAIN_LABELS,
    ) -> None:
        self.partial = partial
        self.labels = labels
        self.line = 0  # of the row in the file, where it is known
        self.graded = 0
        self.file, self.text_column, self.label_columns = file, text_column, label_columns
        self.limits, self.skip_empty = limits, skip_empty
        self.texts: list[str] = []
        self.targets = array("b")
        self.weights = array("f")
        self.sources: list[str] = []
        self.seen = self.empty = 0

    @property
    def required(self) -> Mapping[str, str]:
        """The label columns that must be there."""
        return dict(list(self.label_columns.items())[:1]) if self.partial else self.label_columns

    def add(self, row: Mapping[str, Any]) -> None:
        """Take the next row of the file. Raises RowsRejected."""
        self.seen += 1
        if self.seen > self.limits.rows:
            raise RowsRejected(
                f"there are more than {self.limits.rows:,} rows; split the file, or raise DATASET_MAX_ROWS.",
                file=self.file,
            )
        text = self._text(row.get(self.text_column))
        if text is None:
            self.empty += 1
            return
        values = [
            -1 if self.partial and column not in row else self._label(column, row.get(column))
            for column in self.label_columns
        ]
        self.weights.append(self._weight(row.get("weight")) if "weight" in row else 1.0)
        self.sources.append(self._source(row.get("source")))
        self.texts.append(text)
        self.targets.extend(values)

    def rows(self) -> Rows:
        """Return everything collected. Raises RowsRejected when it is nothing, or a label is never known."""
        if not self.texts:
            raise RowsRejected("there are no rows with text.", file=self.file)
        labels = tuple(self.label_columns.values())
        targets = np.array(self.targets, dtype=np.float32).reshape(len(self.texts), len(labels))
        for position, column in enumerate(self.label_columns):
            if column in self.required and not (targets[:, position] >= 0).any():
                raise RowsRejected(
                    "every row says unknown (-1); leave this column out, or fill it in.",
                    field="label_columns",
                    file=self.file,
                    column=column,
                )
        return Rows(self.texts, targets, np.array(self.weights, dtype=np.float32), labels, self.sources)

    def _reject(self, column: str, message: str) -> RowsRejected:
        return RowsRejected(message, file=self.file, line=self.line, row=self.seen, column=column)

    def _text(self, value: Any) -> str | None:
        if value is not None and not isinstance(value, str):
            raise self._reject(self.text_column, "this is not text; write it as a string.")
        if value is None or not normalise_text(value):
            if self.skip_empty:
                return None
            raise self._reject(self.text_column, "the text is empty; remove rows without text.")
        if len(value) > self.limits.characters:
            raise self._reject(
                self.text_column,
                f"the text has {len(value):,} characters; at most {self.limits.characters:,} are read. Shorten it.",
            )
        if SURROGATE.search(value):
            raise self._reject(self.text_column, "this is not valid Unicode (it holds a lone surrogate).")
        return value

    def _label(self, column: str, value: Any) -> int:
        if value is None or value == "":
            return -1
        try:
            known = read_label(
                value, self.label_columns[column], column, cut=self.labels.cut, words=self.labels.words
            )
        except ValueError as error:
            message = str(error)
            raise self._reject(
                column, f"{message[:1].lower()}{message[1:].rstrip('.')}; here is {_short(value)}."
            ) from None
        self.graded += is_graded(value)
        return known

    def _weight(self, value: Any) -> float:
        try:
            weight = float(value) if not isinstance(value, bool) else math.nan
        except (TypeError, ValueError):
            weight = math.nan
        if not 0 < weight <= LARGEST_WEIGHT:
            raise self._reject(
                "weight", f"a weight is a number above 0 and at most 1,000,000; here is {_short(value)}."
            )
        return weight

    def _source(self, value: Any) -> str:
        if value is None:
            return ""
        if not isinstance(value, str) or len(value) > SOURCE_CHARACTERS or SURROGATE.search(value):
            raise self._reject("source", f"a source is text of at most {SOURCE_CHARACTERS} characters.")
        return value


def _short(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 40 else shown[:37] + "…"
