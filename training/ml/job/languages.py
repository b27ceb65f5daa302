"""Measuring what a run has done to the languages of the version that it started from.

The plan of job.json: {"added": base language or "", "start": folder, "version": its name, "known": its languages,
"experimental": those that it reads unmeasured, "allowed_loss", "test": [rows], "validation": [rows], "learned": [files
of the rows that were learned from]}, with rows = {"path", "text_column", "labels", "language": that of all rows or "",
"name": the source of rows that name none}.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from classifier.inference.scorer import Scorer
from training.ml.artifact.export import write_language_change
from training.ml.data.tables import load_table
from training.ml.evaluation.language_change import (
    MeasuredRows,
    RowsOf,
    changes,
    changes_to_dict,
    known_languages,
    learned_sources,
    measured_with_status,
    rows_by_language,
    unknown_share,
)
from training.ml.evaluation.languages import languages_by_status, preset_thresholds
from training.ml.evaluation.subject import score_matrix

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from training.ml.progress import Listener


def language_change(artifact: Path, plan: dict[str, Any], listener: "Listener") -> dict[str, Any]:
    """Measure the artifact beside its start, write the languages into its manifest, and return what was measured.

    {"start", "added", "unknown_pieces", "allowed_loss", "not_measured", "languages": {tag: change}, "measured": {tag:
    numbers as in the manifest}, "shipped": [tags], "experimental": [tags]}. Raises DataError and Cancelled.
    """
    after, before = Scorer(artifact), Scorer(Path(plan["start"]))
    primary = after.manifest.primary_label
    known = known_languages([plan["added"]] if plan["added"] else [], plan["known"], plan["experimental"])
    rows = rows_by_language(_tables(plan["test"], "test"), primary, known)
    validation = rows_by_language(_tables(plan["validation"], "validation"), primary, known)
    scores = _primary(after, rows, listener)
    change = changes(rows, _primary(before, rows, listener), scores)
    measured = measured_with_status(
        rows,
        scores,
        validation,
        _primary(after, validation, listener),
        _presets(artifact, primary, after.manifest.thresholds[primary]),
        learned=learned_sources(_manifest(plan["start"]), _learned(plan)),
        added=plan["added"],
        shipped=known_languages(plan["known"]),
        change=change,
        allowed_loss=float(plan["allowed_loss"]),
    )
    shipped = languages_by_status(measured, "shipped")
    told = {
        "start": plan["version"],
        "added": plan["added"],
        "unknown_pieces": _unknown(artifact, rows, plan["added"]),
        "allowed_loss": plan["allowed_loss"],
        "not_measured": [
            language for language in known if language not in change or change[language].after is None
        ],
        "languages": changes_to_dict(change),
    }
    numbers = {language: one.to_dict() for language, one in measured.items()}
    experimental = [language for language in known if language not in shipped]
    write_language_change(artifact, numbers, told, languages=shipped, experimental=experimental)
    return {**told, "measured": numbers, "shipped": shipped, "experimental": experimental}


def _tables(listed: list[dict[str, Any]], split: str) -> list[RowsOf]:
    return [
        RowsOf(
            load_table(rows["path"], split, text_column=rows["text_column"], labels=rows["labels"]),
            rows["language"],
            rows["name"],
        )
        for rows in listed
    ]


def _primary(scorer: Scorer, rows: MeasuredRows, listener: "Listener") -> "NDArray[Any]":
    """Return the probabilities of the scorer's first label."""
    column = scorer.labels.index(scorer.manifest.primary_label)
    return score_matrix(scorer, rows.texts, listener)[:, column]


def _learned(plan: dict[str, Any]) -> set[str]:
    """Return the sources of the rows that were learned from."""
    import pyarrow.parquet as pq

    names: set[str] = set()
    for rows in plan["learned"]:
        file = pq.ParquetFile(rows["path"])
        if "source" in file.schema_arrow.names:
            names |= {
                source or rows["name"] for source in file.read(columns=["source"])["source"].to_pylist()
            }
        else:
            names.add(rows["name"])
    return names


def _presets(artifact: Path, primary: str, threshold: float) -> dict[str, float]:
    from classifier.inference.operating_points import read_operating_points

    manifest = _manifest(artifact)
    points = read_operating_points(manifest.get("operating_points"), manifest["thresholds"])
    return preset_thresholds(points[primary]) if primary in points else {"balanced": threshold}


def _unknown(artifact: Path, rows: MeasuredRows, added: str) -> float | None:
    texts = [text for text, language in zip(rows.texts, rows.languages, strict=True) if language == added]
    return round(unknown_share(artifact / "tokenizer.json", texts), 4) if texts else None


def _manifest(folder: Path | str) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads((Path(folder) / "manifest.json").read_text())
    return manifest
