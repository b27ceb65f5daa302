"""The texts that a model is judged by: those of the shipped suites, and those of any other file.

They must not be among the rows that it learns from (`training.ml.mixture.overlap`).
"""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from training.ml.evaluation.suites import SHIPPED, SuiteError, parse_cases, parse_templates

TEXT_KEYS = ("text", "test_case", "comment_text", "comment", "content", "input", "prompt")


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
