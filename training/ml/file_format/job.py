"""The child process that freezes a dataset: `python -m training.ml.file_format.job FOLDER`.

What is read may be made to do harm (files that unpack to more than the memory holds), and reading it takes a while:
so it happens in a process of its own, with bounds on memory and time, and never in the web process. FOLDER/job.json
says what to read; FOLDER/out gets the files and FOLDER/report.json what is known of them, or FOLDER/error.json why not.
"""

import json
import resource
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from training.ml.data.report import describe
from training.ml.file_format.derived import (
    Share,
    corrected,
    cut_missing_splits,
    hold_out_sources,
    with_sources,
)
from training.ml.file_format.rows import (
    SPLITS,
    Limits,
    Rows,
    RowsRejected,
    read_split,
    read_splits,
    united_labels,
    write_splits,
)

REFUSED = 2


def freeze(job: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Read what `job` names, check it, cut missing splits, write `folder`/out. Returns the report.

    Raises RowsRejected. `job`: {"reader": "files" | "hub" | "rows" | "mixture" | "corrected", …, "limits": {…},
    "validation_share", "test_share", "test_set": path of the site's test.parquet or null, "sources": {split: name of
    rows that name none}, "hold_out": {"sources": [...], "smallest": bool}}.
    """
    limits = Limits(**job.get("limits", {}))
    splits, left_out, measured_on, *rest = _READERS[job["reader"]](job, limits)
    shares: list[Share] = rest[0] if rest and job["reader"] == "mixture" else []
    files: dict[str, Any] = rest[0] if rest and job["reader"] == "files" else {}
    held_out: list[str] = []
    if job["reader"] in ("mixture", "corrected"):
        cut: list[str] = []
    else:
        splits = with_sources(splits, job.get("sources") or {})
        asked = job.get("hold_out") or {}
        splits, held_out = hold_out_sources(
            splits, asked.get("sources") or (), smallest=bool(asked.get("smallest"))
        )
        splits, cut = cut_missing_splits(
            splits,
            validation_share=float(job.get("validation_share", 0.1)),
            test_share=float(job.get("test_share", 0.1)),
        )
    labels = united_labels(rows.labels for rows in splits.values())
    splits = {split: splits[split].with_labels(labels) for split in SPLITS if split in splits}
    write_splits(splits, folder / "out")
    tables = {split: rows.table() for split, rows in splits.items()}
    return {
        "labels": list(labels),
        "rows": {split: len(rows) for split, rows in splits.items()},
        "fingerprints": {split: table.fingerprint() for split, table in tables.items()},
        "statistics": {
            **describe(tables),
            "cut": cut,
            "left_out": left_out,
            **({"held_out": held_out} if held_out else {}),
            **({"files": files} if files else {}),
            "in_test_set": {
                split: sum(digest in measured_on for digest in splits[split].digests())
                for split in ("train", "validation")
                if split in splits
            }
            if measured_on
            else None,
        },
        "shares": [share._asdict() for share in shares],
    }


def _read_files(
    job: dict[str, Any], limits: Limits
) -> tuple[dict[str, Rows], dict[str, int], set[bytes], dict[str, Any]]:
    """Read the files, and return also how each was read: {split: FileReport as JSON}."""
    from classifier.inference.files.layout import Reading
    from training.ml.file_format.readers import read_file
    from training.ml.file_format.values import LabelReading

    splits: dict[str, Rows] = {}
    left_out: Counter[str] = Counter()
    reports: dict[str, Any] = {}
    labels = job.get("labels") or {}
    for split, file in job["files"].items():
        splits[split], report = read_file(
            Path(file["path"]),
            name=file["name"],
            text_column=job["text_column"],
            label_columns=job["label_columns"],
            limits=limits,
            skip_empty=bool(job.get("skip_empty")),
            partial=split != "train",
            reading=Reading.from_dict(job.get("reading") or {}),
            labels=LabelReading(float(labels.get("cut", 0.5)), labels.get("words") or {}),
        )
        left_out.update(report.left_out)
        reports[split] = asdict(report)
    return splits, dict(left_out), _measured_on(job), reports


def _read_hub(job: dict[str, Any], limits: Limits) -> tuple[dict[str, Rows], dict[str, int], set[bytes]]:
    from training.ml.file_format.hub import read_hub

    splits, left_out = read_hub(
        job["hub_name"],
        text_column=job["text_column"],
        label_columns=job["label_columns"],
        limits=limits,
        configuration=job.get("configuration") or None,
        revision=job.get("revision") or None,
    )
    return splits, left_out, _measured_on(job)


def _read_rows(job: dict[str, Any], limits: Limits) -> tuple[dict[str, Rows], dict[str, int], set[bytes]]:
    """Read rows that the caller wrote itself, one a line: text, targets, weight, source, comment_id, marks."""
    import numpy as np

    with Path(job["path"]).open(encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    train = Rows(
        [row["text"] for row in rows],
        np.asarray([row["targets"] for row in rows], dtype=np.float32),
        np.asarray([row["weight"] for row in rows], dtype=np.float32),
        tuple(job["labels"]),
        [row["source"] for row in rows],
        [row["comment_id"] for row in rows],
        [row["marks"] for row in rows],
    )
    return {job.get("split", "train"): train}, dict(job.get("left_out", {})), _measured_on(job)


def _read_mixture(
    job: dict[str, Any], limits: Limits
) -> tuple[dict[str, Rows], dict[str, int], set[bytes], list[Share]]:
    from training.ml.file_format.derived import Part, mix

    parts = [
        Part(
            part["name"],
            corrected(read_splits(Path(part["path"])), part.get("fixes") or []),
            float(part["weight"]),
            bool(part["decisions"]),
            part.get("most_rows"),
            part.get("label_names") or {},
            part.get("negatives_unknown") or (),
        )
        for part in job["parts"]
    ]
    measured_on = _measured_on(job)
    splits, left_out, shares = mix(parts, measured_on=measured_on)
    for split, rows in splits.items():
        if len(rows) > limits.rows * len(parts):
            raise RowsRejected(
                f"the mixture has {len(rows):,} {split} rows, too many to freeze.", field="parts"
            )
    return splits, left_out, measured_on, shares


def _read_corrected(
    job: dict[str, Any], limits: Limits
) -> tuple[dict[str, Rows], dict[str, int], set[bytes]]:
    return corrected(read_splits(Path(job["path"])), job["fixes"]), {}, _measured_on(job)


_READERS: dict[str, Callable[[dict[str, Any], Limits], tuple[Any, ...]]] = {
    "files": _read_files,
    "hub": _read_hub,
    "rows": _read_rows,
    "mixture": _read_mixture,
    "corrected": _read_corrected,
}


def _measured_on(job: dict[str, Any]) -> set[bytes]:
    path = job.get("test_set")
    return set(read_split(Path(path)).digests()) if path else set()


def main(folder: Path) -> int:
    """Freeze as FOLDER/job.json says; 0 when done, 2 when the rows were refused."""
    job = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    if megabytes := int(job.get("memory_mib") or 0):
        resource.setrlimit(resource.RLIMIT_AS, (megabytes * 2**20, megabytes * 2**20))
    try:
        report = freeze(job, folder)
    except RowsRejected as error:
        return _refuse(folder, error.field, str(error))
    except MemoryError:
        return _refuse(
            folder,
            "file",
            "reading this takes more memory than is allowed (DATASET_MEMORY_MIB); bring fewer rows.",
        )
    (folder / "report.json").write_text(json.dumps(report), encoding="utf-8")
    return 0


def _refuse(folder: Path, field: str, message: str) -> int:
    (folder / "error.json").write_text(json.dumps({"field": field, "message": message}), encoding="utf-8")
    return REFUSED


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
