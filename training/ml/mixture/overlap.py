"""Finding training rows that are, or almost are, a text that the model is judged by.

Texts that are equal once folded (case, punctuation, white space and compatibility forms taken away) are found at any
length. Near-duplicates are found from 20 folded characters on, as the site finds those of a comment: candidates by the
MinHash sketch of `classifier.inference.sketch`, confirmed by the true Jaccard similarity of the character shingles.
"""

import csv
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from classifier.inference.sketch import BANDS, folded, similarity, sketches
from training.ml.evaluation.suites import SHIPPED, SuiteError, parse_cases, parse_templates

ALIKE = 0.8  # of the shingles
NEARLY = 0.999  # at most, of texts that are not equal: they may have the same shingles all the same
BLOCK = 8_000
TEXT_KEYS = ("text", "test_case", "comment_text", "comment", "content", "input", "prompt")


@dataclass(frozen=True)
class Overlap:
    """One training row that a judged text equals (`similarity` 1.0) or nearly equals."""

    row: int
    judged: int
    similarity: float


@dataclass(frozen=True)
class OverlapReport:
    """What was compared and left out, for a model card."""

    judged_texts: int
    rows: int
    exact: int
    near: int

    def to_dict(self) -> dict[str, int]:
        """Return the counts as a run's provenance holds them."""
        return asdict(self)

    def sentence(self) -> str:
        """Return the count in words."""
        return (
            f"{self.rows:,} training rows were compared with {self.judged_texts:,} texts of the test suites; "
            f"{self.exact:,} equal ones and {self.near:,} near-duplicates were left out."
        )


def find_overlaps(texts: Sequence[str], judged: Sequence[str], *, alike: float = ALIKE) -> list[Overlap]:
    """Return each training row that equals or nearly equals a judged text, with the most similar one, in row order.

    Only the judged texts are kept in memory, by their hashes; a row is folded, looked up and forgotten. Case,
    punctuation and white space do not count. Judged texts without any character are left out.
    """
    index = _Index(judged)
    overlaps = []
    for begin in range(0, len(texts), BLOCK):
        folds = [folded(text) for text in texts[begin : begin + BLOCK]]
        candidates = index.sharing(folds)
        for position, fold in enumerate(folds):
            if fold in index.exact:
                overlaps.append(Overlap(begin + position, index.exact[fold], 1.0))
            elif position in candidates:
                judged_index, value = index.most_similar(fold, candidates[position])
                if value >= alike:
                    overlaps.append(Overlap(begin + position, judged_index, min(value, NEARLY)))
    return overlaps


def without_overlaps(
    texts: Sequence[str], judged: Sequence[str], *, alike: float = ALIKE
) -> tuple[list[int], OverlapReport]:
    """Return the rows to keep, in order, and what was left out."""
    overlaps = find_overlaps(texts, judged, alike=alike)
    left_out = {overlap.row for overlap in overlaps}
    exact = sum(overlap.similarity == 1.0 for overlap in overlaps)
    report = OverlapReport(len(judged), len(texts), exact, len(overlaps) - exact)
    return [row for row in range(len(texts)) if row not in left_out], report


class _Index:
    """Judged texts by folded text and by every band of their sketch."""

    def __init__(self, judged: Sequence[str]) -> None:
        self.folds = [folded(text) for text in judged]
        self.exact = {fold: index for index, fold in reversed(list(enumerate(self.folds))) if fold}
        made, known = sketches(self.folds)
        self.bands = [np.unique(made[known, band]) for band in range(BANDS)]
        self.holders: dict[tuple[int, int], list[int]] = defaultdict(list)
        for index in np.flatnonzero(known):
            for band in range(BANDS):
                self.holders[band, int(made[index, band])].append(int(index))

    def sharing(self, folds: Sequence[str]) -> dict[int, set[int]]:
        """Return the judged texts that share a band with each of these, for those that share any."""
        made, known = sketches(folds)
        candidates: dict[int, set[int]] = defaultdict(set)
        for band in range(BANDS):
            for position in np.flatnonzero(known & np.isin(made[:, band], self.bands[band])):
                candidates[int(position)].update(self.holders[band, int(made[position, band])])
        return candidates

    def most_similar(self, fold: str, candidates: Iterable[int]) -> tuple[int, float]:
        """Return the candidate with the highest similarity, and that."""
        value, index = max((similarity(fold, self.folds[index]), -index) for index in candidates)
        return -index, value


def shipped_texts(folder: Path = SHIPPED) -> list[str]:
    """Return every text of the shipped suites: cases as they are, templates with each identity term put in."""
    terms = folder / "identity_terms.csv"
    texts: list[str] = []
    for path in sorted(folder.rglob("*.csv")):
        if path == terms:
            continue
        data = path.read_bytes()
        try:
            texts += [case.text for case in parse_cases(data)]
        except SuiteError:
            texts += [
                case.text for case in parse_templates(data, terms.read_bytes() if terms.is_file() else None)
            ]
    texts += [text for path in sorted(folder.rglob("*.json*")) for text in texts_of(path)]
    return list(dict.fromkeys(texts))


def texts_of(path: Path) -> list[str]:
    """Return the texts of a file of judged inputs: CSV, JSONL, JSON, parquet or plain lines.

    In JSON any string under a key such as `text`, `comment_text` or `content` counts, however deep; in tables the
    first column of such a name. Raises ValueError when a table has none.
    """
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        return _parquet_texts(path)
    if suffix in (".csv", ".tsv"):
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file, delimiter="\t" if suffix == ".tsv" else ",")
            column = _text_column(rows.fieldnames or (), path)
            return [row[column] for row in rows if row[column]]
    content = path.read_text(encoding="utf-8")
    if suffix in (".jsonl", ".ndjson"):
        return [text for line in content.splitlines() if line.strip() for text in _strings(json.loads(line))]
    if suffix == ".json":
        return list(_strings(json.loads(content)))
    return [line for line in content.splitlines() if line.strip()]


def _parquet_texts(path: Path) -> list[str]:
    import pyarrow.parquet as pq

    file = pq.ParquetFile(path)
    column = _text_column(file.schema_arrow.names, path)
    return [text for text in file.read(columns=[column]).column(column).to_pylist() if text]


def _text_column(names: Iterable[str], path: Path) -> str:
    for name in names:
        if name.lower() in (*TEXT_KEYS, "text_raw"):
            return name
    raise ValueError(f"{path} has no column of texts; call it text, or one of {', '.join(TEXT_KEYS[1:])}.")


def _strings(value: Any, *, wanted: bool = False) -> Iterator[str]:
    """Yield the strings below a key of TEXT_KEYS, however deep."""
    if isinstance(value, str):
        if wanted and value.strip():
            yield value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _strings(inner, wanted=wanted or key in TEXT_KEYS)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner, wanted=wanted)
