"""Compare a file of texts and the scores that another service gave them with this site's scores of the same texts.

A comparison is a transfer: a draft whose first rows are shown, then a worker that reads the file a chunk at a time, has
the texts scored by the worker that classifies, and writes one ReferenceCall a row together with the byte behind the
chunk; so a killed worker is followed by another without a row twice or left out. It asks as backlog, a few texts at a
time and only while no live comment waits, and lets go after a moment, because imports and exports want their turn.
"""

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from classifier.comments.submission import source_get_or_create
from classifier.core.audit import audit_record
from classifier.core.errors import NoBroker, NoWorker, ScoreTimeout
from classifier.core.permissions import require_permission
from classifier.core.source_access import sees_source
from classifier.core.validation import InvalidInput, ValidationProblem, text_problem, validate_source_slug
from classifier.models import (
    ApiKey,
    Comment,
    ModelVersion,
    ReferenceCall,
    ReferenceMode,
    ReferenceService,
    Source,
    Transfer,
    User,
)
from classifier.scoring.score_texts import ScoredText, score_texts
from classifier.transfers.chunks import Chunk, chunks_of, rows_counted
from classifier.transfers.import_errors import ErrorFile
from classifier.transfers.import_files import FileRow, Layout, UnreadableFile, layout_of, rows_of
from classifier.transfers.services import (
    ADD,
    CHANGE,
    DRAFT,
    TransferNotPossible,
    file_forget,
    file_of,
    file_remove,
    transfer_create,
    transfer_enqueue,
    transfer_finish,
    transfer_give_back,
    transfer_progress,
    transfers_dir,
)

PREVIEW_ROWS = 10
LOOKED_AT = 200
CHUNK_ROWS = 64
CHUNK_CHARACTERS = 65_536
ASK_TEXTS = 16
ASK_CHARACTERS = 4_096
ASK_SECONDS = 60.0
TURN_SECONDS = 5.0
POLL_SECONDS = 0.1
BEAT_SECONDS = 2.0
WAITING = "waiting"  # the option that says what a comparison waits for
NO_WORKER = "No worker scores texts at the moment; it goes on when one does."
LIVE_FIRST = "Comments that came in live wait for their verdict; it goes on after them."
TEXT_NAMES = ("text", "comment", "comment_text", "body", "content", "message")
Status = Transfer.Status
Labels = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class ScoredRow:
    """A row of a file that can be compared: its text, and the other service's score by attribute."""

    line: int
    text: str
    theirs: dict[str, float]


@dataclass(frozen=True)
class ComparisonPreview:
    """The first rows of a file, its columns, and what is wrong with rows under the chosen columns."""

    layout: Layout
    names: list[str]
    rows: list[FileRow]
    errors: list[tuple[FileRow, list[ValidationProblem]]]
    looked_at: int


def comparison_preview(
    path: Path, *, text: str, attributes: Mapping[str, str], file_format: str = ""
) -> ComparisonPreview:
    """Look at the first rows. Raises InvalidInput (`file`) where the file cannot be read."""
    try:
        layout = layout_of(path, file_format)
        rows = list(islice(rows_of(path, layout), LOOKED_AT))
    except UnreadableFile as error:
        raise InvalidInput([ValidationProblem("file", str(error), "unreadable")]) from None
    names = list(layout.header) or list(dict.fromkeys(name for row in rows for name in row.values or ()))
    errors = []
    if text and attributes:
        for row in rows:
            _, problems = scored_row(row, text, attributes)
            if problems:
                errors.append((row, problems))
    return ComparisonPreview(layout, names, rows[:PREVIEW_ROWS], errors, len(rows))


def comparison_create(
    *, file: str, name: str, source: str, labels: Labels, wire: str, by: User | None
) -> Transfer:
    """Make a draft of the upload `file`; its columns are guessed by their names. The upload is gone where this raises.

    Raises InvalidInput and PermissionDenied.
    """
    try:
        require_permission(by, ADD)
        preview = comparison_preview(transfers_dir() / file, text="", attributes={})
        options = {
            "name": name[:200],
            "source": source,
            "wire": wire,
            "text": next((n for n in preview.names if n.strip().lower() in TEXT_NAMES), ""),
            "columns": {
                attribute: column
                for attribute in labels
                for column in preview.names
                if column.strip().lower() == attribute.lower()
            },
            "keeps_texts": True,
            DRAFT: True,
        }
        return transfer_create(
            kind=Transfer.Kind.COMPARE, file_format=preview.layout.format, options=options, by=by, file=file
        )
    except BaseException:
        file_remove(file)
        raise


def comparison_start(
    *,
    transfer: Transfer,
    source: str,
    text: str,
    columns: Mapping[str, str],
    labels: Labels,
    keeps_texts: bool,
    service: ReferenceService | None = None,
    by: User | None,
) -> None:
    """Start a draft. `columns` maps attributes to columns, `labels` says which labels of the model stand for each.

    Raises InvalidInput, PermissionDenied, and TransferNotPossible when it has begun already.
    """
    require_permission(by, ADD)
    path = file_of(transfer)
    if path is None or DRAFT not in transfer.options:
        raise TransferNotPossible("This comparison has begun already, or its file is not kept any more.")
    preview = comparison_preview(path, text="", attributes={}, file_format=transfer.format)
    problems = [*_source_problems(source, by), *_column_problems(text, columns, preview, labels)]
    if problems:
        raise InvalidInput(problems)
    options = {key: value for key, value in transfer.options.items() if key != DRAFT}
    options |= {
        "source": source,
        "text": text,
        "columns": dict(columns),
        "labels": {attribute: list(labels[attribute]) for attribute in columns},
        "keeps_texts": keeps_texts,
        "service": service and service.pk,
        "service_name": service.name if service is not None else "",
    }
    with transaction.atomic():
        waiting = Transfer.objects.filter(pk=transfer.pk, options__has_key=DRAFT)
        if not waiting.update(options=options):
            raise TransferNotPossible("This comparison has begun already.")
        transfer.options = options
        audit_record(
            verb="compare.file",
            by=by,
            source=source_get_or_create(source),
            subject=options["name"],
            data={"transfer": transfer.pk, "attributes": sorted(columns), "keeps_texts": keeps_texts},
        )
        transfer_enqueue(transfer=transfer)


def comparison_store(
    *,
    name: str,
    source: str,
    wire: str,
    columns: Mapping[str, str],
    rows: Sequence[ScoredRow],
    ours: Sequence[Mapping[str, float]],
    version: ModelVersion,
    keeps_texts: bool,
    error_rows: int = 0,
) -> Transfer:
    """Keep rows that a command has scored already as a comparison that is done. Raises InvalidInput."""
    if problems := _source_problems(source, None):
        raise InvalidInput(problems)
    options: dict[str, Any] = {
        "name": name[:200],
        "source": source,
        "wire": wire,
        "columns": dict(columns),
        "keeps_texts": keeps_texts,
        "service_name": "",
        "stored": len(rows),
        "command": True,
    }
    now = timezone.now()
    with transaction.atomic():
        row = source_get_or_create(source)
        transfer = Transfer.objects.create(
            kind=Transfer.Kind.COMPARE, format="csv", options=options, status=Status.SUCCEEDED,
            done_rows=len(rows) + error_rows, total_rows=len(rows) + error_rows, error_rows=error_rows,
            started_at=now, finished_at=now,
        )  # fmt: skip
        found = [(each, dict(own), version.pk) for each, own in zip(rows, ours, strict=True)]
        _write(transfer, row, found)
        audit_record(
            verb="compare.file_done",
            source=row,
            subject=options["name"],
            count=len(rows),
            data={"transfer": transfer.pk, "errors": error_rows},
        )
    return transfer


def comparison_delete(*, transfer: Transfer, by: User | None, api_key: ApiKey | None = None) -> None:
    """Delete a comparison of a file with its rows. Raises TransferNotPossible while it runs, and PermissionDenied."""
    require_permission(by, CHANGE)
    with transaction.atomic():
        row = Transfer.objects.select_for_update(of=("self",)).get(pk=transfer.pk)
        if row.kind != Transfer.Kind.COMPARE or row.status in (Status.QUEUED, Status.RUNNING):
            raise TransferNotPossible("This comparison still runs. Cancel it first.")
        count = ReferenceCall.objects.filter(transfer=row).count()
        audit_record(
            verb="compare.delete",
            by=by,
            api_key=api_key,
            source=Source.objects.filter(slug=row.options.get("source", "")).first(),
            subject=row.options.get("name", ""),
            count=count,
            data={"transfer": row.pk},
        )
        row.delete()
    file_remove(row.file)
    file_remove(row.errors_file)


def comparison_run(*, transfer: Transfer, shutdown_requested: Callable[[], bool] = lambda: False) -> None:
    """Go on with a claimed comparison for a moment, then let it go. Raises TransferLost."""
    file = file_of(transfer)
    if file is None:
        transfer_finish(transfer=transfer, failure="The file is not kept any more.")
        return
    try:
        _Run(transfer, file).go(shutdown_requested)
    except UnreadableFile as error:
        transfer_finish(transfer=transfer, failure=str(error))


def scored_row(
    row: FileRow, text: str, columns: Mapping[str, str]
) -> tuple[ScoredRow | None, list[ValidationProblem]]:
    """The row with its text and scores, or what is wrong with it. An empty score leaves its attribute out."""
    if row.values is None:
        return None, [ValidationProblem("", row.problem, "malformed")]
    value = row.values.get(text)
    problem = text_problem(value)
    problems = [ValidationProblem(text, problem.message, problem.code)] if problem is not None else []
    theirs = {}
    for attribute, column in columns.items():
        try:
            score = score_read(row.values.get(column))
        except ValueError as error:
            problems.append(ValidationProblem(column, str(error), "invalid"))
        else:
            if score is not None:
                theirs[attribute] = score
    if not problems and not theirs:
        problems.append(ValidationProblem("", "This row has no score in any of the columns.", "required"))
    return (None, problems) if problems else (ScoredRow(row.line, str(value), theirs), [])


def score_read(value: Any) -> float | None:
    """A score as it stands in a file; None where the cell is empty. Raises ValueError with the reason."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError("This is no number.")
    try:
        score = float(value)
    except (ValueError, OverflowError):
        raise ValueError("This is no number.") from None
    if not (math.isfinite(score) and 0 <= score <= 1):
        raise ValueError("This is not from 0 to 1.")
    return score


def own_scores(scores: Mapping[str, float], labels: Labels) -> dict[str, float]:
    """This site's score of each attribute: the highest of its labels; attributes that the model lacks are left out."""
    return {
        attribute: max(known)
        for attribute, names in labels.items()
        if (known := [scores[name] for name in names if name in scores])
    }


class _LetGo(Exception):
    """This process stops, or has waited long enough."""


class _Run:
    def __init__(self, transfer: Transfer, file: Path) -> None:
        self.transfer = transfer
        self.options: dict[str, Any] = transfer.options
        self.file = file
        self.layout = layout_of(file, transfer.format)
        self.source = source_get_or_create(self.options["source"])
        self.versions: dict[str, int] = {}
        transfer.errors_file = transfer.errors_file or f"errors-{transfer.pk}.csv"
        self.errors = ErrorFile(
            transfers_dir() / transfer.errors_file,
            size=self.options.get("errors_bytes", 0),
            rows=self.options.get("errors_kept", 0),
        )
        self.beat = time.monotonic()

    def go(self, shutdown_requested: Callable[[], bool]) -> None:
        end = time.monotonic() + TURN_SECONDS
        self.options.pop(WAITING, None)
        if self.transfer.total_rows is None:
            self._look()
        self.options.setdefault("since", [time.time(), self.transfer.done_rows])
        rows = rows_of(
            self.file, self.layout, begin=self.transfer.position or None, line=self.options.get("line", 0)
        )
        chunks = chunks_of(rows, self._read, rows_most=CHUNK_ROWS, characters_most=CHUNK_CHARACTERS)
        for chunk in chunks:
            try:
                found = self._scored(chunk, shutdown_requested, end)
            except _LetGo:
                self._let_go(shutdown_requested)
                return
            except (NoWorker, NoBroker, ScoreTimeout):
                self.options[WAITING] = NO_WORKER
                transfer_progress(transfer=self.transfer)
                transfer_give_back(transfer=self.transfer)  # the sweep rings for it again
                return
            self._store(chunk, found)
            if shutdown_requested() or (time.monotonic() >= end and self._more(chunk)):
                self._let_go(shutdown_requested)
                return
        self._finish()

    def _let_go(self, shutdown_requested: Callable[[], bool]) -> None:
        transfer_progress(transfer=self.transfer)
        transfer_give_back(transfer=self.transfer)
        if not shutdown_requested():
            transfer_enqueue(transfer=self.transfer)

    def _more(self, chunk: Chunk[ScoredRow]) -> bool:
        return chunk.end < self.file.stat().st_size

    def _look(self) -> None:
        """Read the file to its end: whether that is possible, and how many rows it has."""
        total = rows_counted(self.file, self.layout, self._beat)
        transfer_progress(transfer=self.transfer, total_rows=total)

    def _read(self, row: FileRow) -> tuple[ScoredRow | None, list[ValidationProblem]]:
        return scored_row(row, self.options["text"], self.options["columns"])

    def _scored(
        self, chunk: Chunk[ScoredRow], shutdown_requested: Callable[[], bool], end: float
    ) -> list[tuple[ScoredRow, dict[str, float], int]]:
        """The rows of a chunk with this site's scores. Raises _LetGo where live comments wait until `end`."""
        found = []
        for rows in _portions(chunk.rows):
            while Comment.objects.pending().filter(is_backlog=False).exists():
                if shutdown_requested() or time.monotonic() >= end + TURN_SECONDS:
                    self.options[WAITING] = LIVE_FIRST
                    raise _LetGo
                self._beat()
                time.sleep(POLL_SECONDS)
            self._beat()
            answers = score_texts(texts=[row.text for row in rows], backlog=True, deadline=ASK_SECONDS)
            for row, answer in zip(rows, answers, strict=True):
                if isinstance(answer, ScoredText):
                    own = own_scores(answer.scores, self.options["labels"])
                    found.append((row, own, self._version(answer.model_version)))
                else:
                    problem = ValidationProblem(self.options["text"], answer.message, answer.code)
                    chunk.errors.append((row.line, [problem], row.text))
        return found

    def _store(self, chunk: Chunk[ScoredRow], found: list[tuple[ScoredRow, dict[str, float], int]]) -> None:
        self.errors.add(sorted(chunk.errors, key=lambda error: error[0]))
        before = dict(self.options)
        try:
            with transaction.atomic():
                _write(self.transfer, self.source, found)
                self.options["stored"] = self.options.get("stored", 0) + len(found)
                self.options["line"] = chunk.line
                self.options["errors_bytes"] = self.errors.size
                self.options["errors_kept"] = self.errors.rows
                transfer_progress(
                    transfer=self.transfer,
                    position=chunk.end,
                    done_rows=self.transfer.done_rows + chunk.count,
                    error_rows=self.transfer.error_rows + len(chunk.errors),
                    errors_file=self.transfer.errors_file,
                )
        except BaseException:
            self.options.clear()
            self.options.update(before)
            raise

    def _finish(self) -> None:
        with transaction.atomic():
            transfer_finish(transfer=self.transfer)
            audit_record(
                verb="compare.file_done",
                by=self.transfer.by,
                source=self.source,
                subject=self.options.get("name", ""),
                count=self.options.get("stored", 0),
                data={"transfer": self.transfer.pk, "errors": self.transfer.error_rows},
            )
        if self.transfer.error_rows == 0:
            self.errors.path.unlink(missing_ok=True)
        file_forget(self.transfer)

    def _version(self, version: str) -> int:
        if version not in self.versions:
            self.versions[version] = ModelVersion.objects.values_list("pk", flat=True).get(version=version)
        return self.versions[version]

    def _beat(self) -> None:
        if time.monotonic() - self.beat > BEAT_SECONDS:
            transfer_progress(transfer=self.transfer)
            self.beat = time.monotonic()


def _write(
    transfer: Transfer, source: Source, found: Iterable[tuple[ScoredRow, dict[str, float], int]]
) -> None:
    now, options = timezone.now(), transfer.options
    ReferenceCall.objects.bulk_create(
        [
            ReferenceCall(
                transfer=transfer,
                service_id=options.get("service"),
                source=source,
                wire=options["wire"],
                mode=ReferenceMode.OFF,
                model_version_id=version,
                ours=own,
                theirs=row.theirs,
                text=row.text if options["keeps_texts"] else "",
                created_at=now,
            )
            for row, own, version in found
        ],
        batch_size=500,
    )


def _portions(rows: Sequence[ScoredRow]) -> Iterator[list[ScoredRow]]:
    """The rows in the small portions that are asked for at once."""
    most = min(ASK_TEXTS, settings.BATCH_MAX_COMMENTS)
    portion: list[ScoredRow] = []
    size = 0
    for row in rows:
        if portion and (len(portion) == most or size + len(row.text) > ASK_CHARACTERS):
            yield portion
            portion, size = [], 0
        portion.append(row)
        size += len(row.text)
    if portion:
        yield portion


def _source_problems(source: str, by: User | None) -> list[ValidationProblem]:
    try:
        validate_source_slug(source)
    except InvalidInput as error:
        return list(error.problems)
    if not sees_source(by, source):
        return [ValidationProblem("source", "You do not see this source.", "forbidden")]
    return []


def _column_problems(
    text: str, columns: Mapping[str, str], preview: ComparisonPreview, labels: Labels
) -> list[ValidationProblem]:
    problems = []
    if not text:
        problems.append(ValidationProblem("text", "Say which column holds the text.", "required"))
    if not columns:
        message = "Say which column holds the scores of at least one attribute."
        problems.append(ValidationProblem("columns", message, "required"))
    chosen = [("text", text), *((f"columns.{name}", column) for name, column in columns.items())]
    used: set[str] = set()
    for name, column in chosen:
        if not column:
            continue
        if column not in preview.names and (preview.layout.format == "csv" or name == "text"):
            problems.append(ValidationProblem(name, f"This file has no column {column!r}.", "unknown"))
        elif column in used:
            problems.append(ValidationProblem(name, f"The column {column!r} is chosen twice.", "repeated"))
        used.add(column)
    for attribute in columns:
        if attribute not in labels:
            message = f"No label of the model stands for {attribute}."
            problems.append(ValidationProblem(f"columns.{attribute}", message, "invalid_choice"))
    return problems
