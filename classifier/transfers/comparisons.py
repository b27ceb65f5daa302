"""Compare a file of texts and the scores that another service gave them with this site's scores of the same texts.

A comparison is a transfer: a draft whose first rows are shown, then a worker that goes through the file
(`comparison_run`). A command that has scored the texts itself stores them at once.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone

from classifier.comments.submission import source_get_or_create
from classifier.core.audit import audit_record
from classifier.core.permissions import require_permission
from classifier.core.validation import InvalidInput, ValidationProblem, format_problem, text_problem
from classifier.inference.files.layout import GUESSED, Reading
from classifier.inference.files.presets.perspective import perspective_row
from classifier.inference.files.rows import FileRow
from classifier.inference.files.values import read_score
from classifier.models import (
    ApiKey,
    ModelVersion,
    ReferenceCall,
    ReferenceMode,
    ReferenceService,
    Source,
    Transfer,
    User,
)
from classifier.transfers.previews import (
    PREVIEW_ROWS,
    TEXT_NAMES,
    FilePreview,
    first_rows,
    missing_columns,
    reading_of,
    wrong_rows,
)
from classifier.transfers.services import (
    ADD,
    CHANGE,
    DRAFT,
    TransferNotPossible,
    file_of,
    file_remove,
    source_problems,
    transfer_create,
    transfer_enqueue,
    transfers_dir,
)

Status = Transfer.Status
Labels = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class ScoredRow:
    """A row of a file that can be compared: its text, and the other service's score by attribute."""

    line: int
    text: str
    theirs: dict[str, float]
    row: FileRow | None = field(default=None, repr=False, compare=False)


Pair = tuple[
    ScoredRow, dict[str, float], int
]  # with this site's scores, and the id of the model version that gave them


def comparison_preview(
    path: Path,
    *,
    text: str = "",
    attributes: Mapping[str, str] | None = None,
    reading: Reading = GUESSED,
) -> FilePreview:
    """Look at the first rows. Raises InvalidInput (`file`) where the file cannot be read."""
    layout, names, rows = first_rows(path, reading)
    if layout.format != "csv":
        rows = list(map(perspective_row, rows))
        names = list(dict.fromkeys(name for row in rows for name in row.values or ()))
    columns = attributes or {}
    errors = wrong_rows(rows, lambda row: scored_row(row, text, columns)[1]) if text and columns else []
    return FilePreview(layout, names, rows[:PREVIEW_ROWS], errors, len(rows))


def comparison_create(
    *, file: str, name: str, source: str, labels: Labels, wire: str, by: User | None
) -> Transfer:
    """Make a draft of the upload `file`; its columns are guessed by their names. If this raises, the upload is deleted.

    Raises InvalidInput and PermissionDenied.
    """
    try:
        require_permission(by, ADD)
        preview = comparison_preview(transfers_dir() / file)
        options = {
            "name": name[:200],
            "source": source,
            "wire": wire,
            "text": next((name for name in preview.names if name.strip().lower() in TEXT_NAMES), ""),
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
    text_format: str = "",
    service: ReferenceService | None = None,
    by: User | None,
    reading: Reading | None = None,
) -> None:
    """Start a draft. `columns` maps attributes to columns, `labels` says which labels of the model stand for each.

    `text_format`: one of TextFormat, how the texts are written; empty, the policy of the source says. `reading`: None
    keeps that of the draft. Raises InvalidInput, PermissionDenied, and TransferNotPossible when it has begun already.
    """
    require_permission(by, ADD)
    path = file_of(transfer)
    if path is None or DRAFT not in transfer.options:
        raise TransferNotPossible("This comparison has begun already, or its file is not kept any more.")
    preview = comparison_preview(path, reading=reading or reading_of(transfer.options, transfer.format))
    problems = [*source_problems(source, by), *_column_problems(text, columns, preview, labels)]
    if problem := format_problem(text_format, "text_format"):
        problems.append(problem)
    if problems:
        raise InvalidInput(problems)
    options = {key: value for key, value in transfer.options.items() if key != DRAFT}
    options |= {
        "source": source,
        "text": text,
        "columns": dict(columns),
        "reading": preview.layout.to_reading().to_dict(),
        "labels": {attribute: list(labels[attribute]) for attribute in columns},
        "keeps_texts": keeps_texts,
        "text_format": text_format,
        "service": service and service.pk,
        "service_name": service.name if service is not None else "",
    }
    with transaction.atomic():
        waiting = Transfer.objects.filter(pk=transfer.pk, options__has_key=DRAFT)
        if not waiting.update(options=options, format=preview.layout.format):
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
    text_format: str = "",
    error_rows: int = 0,
) -> Transfer:
    """Keep rows that a command has scored already as a comparison that is done. Raises InvalidInput."""
    if problems := source_problems(source, None):
        raise InvalidInput(problems)
    options: dict[str, Any] = {
        "name": name[:200],
        "source": source,
        "wire": wire,
        "columns": dict(columns),
        "keeps_texts": keeps_texts,
        "text_format": text_format,
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
        pairs = [(theirs, dict(own), version.pk) for theirs, own in zip(rows, ours, strict=True)]
        pairs_store(transfer, row, pairs)
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


def scored_row(
    row: FileRow, text: str, columns: Mapping[str, str]
) -> tuple[ScoredRow | None, list[ValidationProblem]]:
    """Return the row with its text and scores, or its problems. An empty score leaves its attribute out."""
    read = perspective_row(row).values
    if read is None:
        return None, [ValidationProblem("", row.problem, "malformed")]
    value = read.get(text)
    problem = text_problem(value)
    problems = [ValidationProblem(text, problem.message, problem.code)] if problem is not None else []
    theirs = {}
    for attribute, column in columns.items():
        try:
            score = read_score(read.get(column))
        except ValueError as error:
            problems.append(ValidationProblem(column, str(error), "invalid"))
        else:
            if score is not None:
                theirs[attribute] = score
    if not problems and not theirs:
        problems.append(ValidationProblem("", "This row has no score in any of the columns.", "required"))
    return (None, problems) if problems else (ScoredRow(row.line, str(value), theirs, row), [])


def own_scores(scores: Mapping[str, float], labels: Labels) -> dict[str, float]:
    """Return this site's score of each attribute, the highest of its labels, without those that the model lacks."""
    return {
        attribute: max(known)
        for attribute, names in labels.items()
        if (known := [scores[name] for name in names if name in scores])
    }


def pairs_store(transfer: Transfer, source: Source, pairs: Iterable[Pair]) -> None:
    """Write one call of the other service for each pair, in the caller's transaction."""
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
            for row, own, version in pairs
        ],
        batch_size=500,
    )


def _column_problems(
    text: str, columns: Mapping[str, str], preview: FilePreview, labels: Labels
) -> list[ValidationProblem]:
    problems = []
    if not text:
        problems.append(ValidationProblem("text", "Say which column holds the text.", "required"))
    if not columns:
        message = "Say which column holds the scores of at least one attribute."
        problems.append(ValidationProblem("columns", message, "required"))
    chosen = [("text", text), *((f"columns.{name}", column) for name, column in columns.items())]
    used: set[str] = set()
    missing = missing_columns(dict(chosen), preview.names, preview.layout)
    for name, column in chosen:
        if not column:
            continue
        if name in missing:
            problems.append(ValidationProblem(name, f"This file has no column {column!r}.", "unknown"))
        elif column in used:
            problems.append(ValidationProblem(name, f"The column {column!r} is chosen twice.", "repeated"))
        used.add(column)
    for attribute in columns:
        if attribute not in labels:
            message = f"No label of the model stands for {attribute}."
            problems.append(ValidationProblem(f"columns.{attribute}", message, "invalid_choice"))
    return problems
