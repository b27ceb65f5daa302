"""Score many texts: from rows to lines of JSON or to parquet, with the model's version in every row.

A file is scored part by part. A part that is done lies beside the output until the last one is; the same job, started
again after a kill, goes on behind them. Batches begin anew with each part, so that a job which was interrupted writes
the same bytes as one which was not.
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from classifier.inference.errors import InferenceError, TextTooLong
from classifier.inference.files.layout import GUESSED, Reading
from classifier.inference.files.texts import TextRow, kept_types, text_rows
from classifier.inference.scorer import Scorer, ScoreResult
from toxicsite.lib.files import replacing, write_json

# A batch is large enough to group windows of similar length, and small enough for steady memory and progress.
BATCH_TEXTS = 512
BATCH_CHARACTERS = 1 << 20
PART_TEXTS = 8_192
PARQUET = ".parquet"
OWN_COLUMNS = ("line", "text", "verdict", "concern", "concern_score", "read_as", "model_version", "error")

Write = Callable[[str], object]
Progress = Callable[[int], None]


class ScoreFileError(InferenceError):
    """A job over a file cannot be done, or not be continued; the text says which option or row is to blame."""


@dataclass(frozen=True)
class FileJob:
    """What is scored, and where to: `keep` are columns of the input that each row of the output has too."""

    source: Path
    output: Path
    column: str = "text"
    keep: tuple[str, ...] = ()
    reading: Reading = field(default_factory=lambda: GUESSED)

    @property
    def parts(self) -> Path:
        """The folder of the parts that are done, beside the output."""
        return self.output.with_name(f"{self.output.name}.parts")

    def rows(self) -> Iterator[TextRow]:
        """Yield the rows of the input. Raises FileUnreadable."""
        return text_rows(self.source, self.column, self.reading, keep=self.keep)


def score_lines(scorer: Scorer, rows: Iterable[TextRow], write: Write, progress: Progress) -> int:
    """Write a line of JSON for each row, and call `progress` with how many are done; return how many were unreadable.

    Raises ScoreFileError for a text that needs too many windows.
    """
    unread = done = 0
    for batch in _batches(rows):
        for row, result in _scored(scorer, batch, done):
            unread += result is None
            write(_line(row, result, scorer.version) + "\n")
        done += len(batch)
        progress(done)
    return unread


def score_file(scorer: Scorer, job: FileJob, progress: Progress) -> int:
    """Score the texts of a file into another one, JSON Lines or (by its name) parquet; return how many were unreadable.

    Raises ScoreFileError and FileUnreadable; the output then is what it was, and parts that are done stay for the same
    job to go on behind them.
    """
    if taken := [name for name in job.keep if name in (*OWN_COLUMNS, *scorer.labels)]:
        raise ScoreFileError(f"--keep: {taken[0]!r} is a column of the output itself; rename it in the input")
    facts = _facts(scorer, job)
    unread = _done(job, facts)
    number = len(unread)
    rows = job.rows()
    behind = number * PART_TEXTS
    progress(sum(1 for _ in islice(rows, behind)))
    try:
        while part := list(islice(rows, PART_TEXTS)):
            before = number * PART_TEXTS
            unread.append(_write_part(scorer, job, number, part, progress, before))
            number += 1
            write_json(job.parts / "job.json", {"facts": facts, "unread": unread})
        _join(job, number, scorer)
    except BaseException:
        if not number:  # nothing that the next start could go on behind
            shutil.rmtree(job.parts, ignore_errors=True)
        raise
    shutil.rmtree(job.parts, ignore_errors=True)
    return sum(unread)


def _facts(scorer: Scorer, job: FileJob) -> dict[str, Any]:
    """Return all that the bytes of the output hang on."""
    with job.source.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return {
        "input": digest,
        "column": job.column,
        "keep": list(job.keep),
        "model version": scorer.version,
        "backend": scorer.backend_name,
        "token budget": scorer.token_budget,
        "max windows": scorer.max_windows,
        "encoding": job.reading.encoding,
        "delimiter": job.reading.delimiter,
        "rows of a part": PART_TEXTS,
    }


def _done(job: FileJob, facts: dict[str, Any]) -> list[int]:
    """Return how many rows of each finished part were unreadable, and make the folder where there is none yet."""
    record = job.parts / "job.json"
    try:
        job.parts.mkdir(exist_ok=True)
        kept = json.loads(record.read_text(encoding="utf-8")) if record.is_file() else {}
    except (OSError, ValueError) as error:
        raise ScoreFileError(f"--output: {job.parts} cannot be used ({error}); delete it") from None
    if not kept:
        return []
    other = [name for name, value in facts.items() if kept["facts"].get(name) != value]
    if other:
        raise ScoreFileError(
            f"--output: {job.parts} holds parts of a job with another {', '.join(other)}; "
            "delete that folder, or choose another output"
        )
    return list(map(int, kept["unread"]))


def _write_part(
    scorer: Scorer, job: FileJob, number: int, rows: list[TextRow], progress: Progress, before: int
) -> int:
    path = _part(job, number)
    with replacing(path) as aside:
        if job.output.suffix == PARQUET:
            return _write_parquet(scorer, job, rows, aside, progress, before)
        with aside.open("x", encoding="utf-8") as stream:
            return score_lines(scorer, rows, stream.write, lambda done: progress(before + done))


def _write_parquet(
    scorer: Scorer, job: FileJob, rows: list[TextRow], path: Path, progress: Progress, before: int
) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = kept_types(job.source, job.keep)
    made: list[dict[str, Any]] = []
    for batch in _batches(rows):
        made += [
            _columns(row, result, scorer, types) for row, result in _scored(scorer, batch, before + len(made))
        ]
        progress(before + len(made))
    pq.write_table(pa.Table.from_pylist(made, schema=_schema(scorer, job)), path)
    return sum(row["error"] is not None for row in made)


def _schema(scorer: Scorer, job: FileJob) -> Any:
    import pyarrow as pa

    types = kept_types(job.source, job.keep)
    return pa.schema(
        [
            *((name, types.get(name, pa.string())) for name in job.keep),
            ("line", pa.int64()),
            ("text", pa.string()),
            ("verdict", pa.string()),
            *((label, pa.float64()) for label in scorer.labels),
            ("concern", pa.bool_()),
            ("concern_score", pa.float64()),
            ("read_as", pa.string()),
            ("model_version", pa.string()),
            ("error", pa.string()),
        ]
    )


def _columns(
    row: TextRow, result: ScoreResult | None, scorer: Scorer, types: Mapping[str, Any]
) -> dict[str, Any]:
    kept = {name: value if name in types else _as_text(value) for name, value in row.kept.items()}
    columns = {**kept, "line": row.line, "model_version": scorer.version, "error": row.problem or None}
    if result is None:
        return columns
    has_concern = result.concern is not None
    return columns | {
        "text": _as_text(row.text),
        "verdict": result.verdict,
        **result.scores,
        "concern": result.is_concern if has_concern else None,
        "concern_score": result.concern,
        "read_as": _as_text(result.read_as),
    }


def _as_text(value: Any) -> str | None:
    """Return a value as a column of texts holds it; a lone surrogate, which has no UTF-8, becomes a question mark."""
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text.encode("utf-8", "replace").decode()


def _join(job: FileJob, parts: int, scorer: Scorer) -> None:
    try:
        with replacing(job.output) as aside:
            if job.output.suffix == PARQUET:
                _join_parquet(job, parts, aside, scorer)
                return
            with aside.open("xb") as stream:
                for number in range(parts):
                    with _part(job, number).open("rb") as part:
                        shutil.copyfileobj(part, stream)
    except OSError as error:
        raise ScoreFileError(f"--output: cannot write {job.output} ({error.strerror})") from None


def _join_parquet(job: FileJob, parts: int, path: Path, scorer: Scorer) -> None:
    import pyarrow.parquet as pq

    with pq.ParquetWriter(path, _schema(scorer, job)) as writer:
        for number in range(parts):
            writer.write_table(pq.read_table(_part(job, number)))


def _part(job: FileJob, number: int) -> Path:
    return job.parts / f"part-{number:06d}"


def _scored(
    scorer: Scorer, batch: list[TextRow], before: int
) -> Iterator[tuple[TextRow, ScoreResult | None]]:
    try:
        results = iter(scorer.score([row.text for row in batch if row.text is not None]))
    except TextTooLong as error:
        at = [at for at, row in enumerate(batch) if row.text is not None][error.index]
        raise ScoreFileError(
            f"text {before + at + 1}: needs {error.windows} windows, the limit is {error.limit}; "
            "shorten it or raise --max-windows"
        ) from None
    for row in batch:
        yield row, next(results) if row.text is not None else None


def _batches(rows: Iterable[TextRow]) -> Iterator[list[TextRow]]:
    batch: list[TextRow] = []
    size = 0
    for row in rows:
        batch.append(row)
        size += len(row.text or row.problem)
        if len(batch) >= BATCH_TEXTS or size >= BATCH_CHARACTERS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _line(row: TextRow, result: ScoreResult | None, version: str) -> str:
    kept = {"kept": row.kept} if row.kept else {}
    if result is None:
        return json.dumps({"line": row.line, "error": row.problem, **kept}, ensure_ascii=False, default=str)
    fields: dict[str, Any] = {"text": row.text, "verdict": result.verdict, "scores": result.scores}
    if result.concern is not None:  # by a model that has an output for it
        fields |= {"concern": result.is_concern, "concern_score": result.concern}
    fields |= {"read_as": result.read_as, "model_version": version, **kept}
    line = json.dumps(fields, ensure_ascii=False, default=str)
    # a lone surrogate has no UTF-8, but its \u escape is valid JSON
    return line if line.isascii() or _encodable(line) else json.dumps(fields, default=str)


def _encodable(line: str) -> bool:
    try:
        line.encode()
    except UnicodeEncodeError:
        return False
    return True
