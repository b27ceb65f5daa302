"""Importing files of comments: previewing the first rows, and starting the import that `import_run` then does."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import transaction

from classifier.core.audit import audit_record
from classifier.core.permissions import require_permission
from classifier.core.validation import InvalidInput, ValidationProblem
from classifier.models import ApiKey, Source, Transfer, User
from classifier.transfers.import_files import FORMATS, PREVIEW_ROWS, FilePreview, first_rows, wrong_rows
from classifier.transfers.import_rows import FIELDS, columns_checked, columns_found
from classifier.transfers.import_run import row_checked
from classifier.transfers.services import (
    ADD,
    DRAFT,
    TransferNotPossible,
    file_of,
    file_remove,
    source_problems,
    transfer_claim,
    transfer_create,
    transfer_enqueue,
    transfers_dir,
)


@dataclass(frozen=True)
class ImportPreview(FilePreview):
    """A preview with the columns of each field, and the columns that are not understood."""

    columns: dict[str, str]
    unknown: list[str]


def import_preview(
    path: Path, *, file_format: str = "", columns: Mapping[str, str] | None = None
) -> ImportPreview:
    """Look at the first rows. Raises InvalidInput (`file`) where the file cannot be read."""
    layout, names, rows = first_rows(path, file_format)
    chosen = dict(columns) if columns else columns_found(names)
    errors = wrong_rows(rows, lambda row: row_checked(row, chosen)[1]) if "text" in chosen else []
    unknown = [name for name in names if name not in chosen.values()]
    return ImportPreview(layout, names, rows[:PREVIEW_ROWS], errors, len(rows), chosen, unknown)


def import_create(
    *,
    file: str,
    name: str,
    source: str,
    by: User | None,
    file_format: str = "",
    columns: Mapping[str, Any] | None = None,
    api_key: ApiKey | None = None,
    draft: bool = False,
) -> Transfer:
    """Create an import of the upload `file` into `source` (if a row names no other); a draft waits for `import_start`.

    `columns` maps fields to the file's columns; without it they are found by their names. Raises InvalidInput and
    PermissionDenied, and deletes the upload then.
    """
    try:
        return _create(file, name, source, by, file_format, columns, api_key, draft)
    except BaseException:
        file_remove(file)
        raise


def _create(
    file: str,
    name: str,
    source: str,
    by: User | None,
    file_format: str,
    columns: Mapping[str, Any] | None,
    api_key: ApiKey | None,
    draft: bool,
) -> Transfer:
    require_permission(by, ADD)
    if file_format and file_format not in FORMATS:
        known = " or ".join(FORMATS)
        raise InvalidInput([ValidationProblem("format", f"This must be {known}.", "invalid_choice")])
    preview = import_preview(transfers_dir() / file, file_format=file_format)
    chosen = preview.columns if columns is None else dict(columns)
    options: dict[str, Any] = {"name": name[:200], "source": source, "columns": chosen}
    if draft:
        options[DRAFT] = True
    else:
        _check_start(source, chosen, preview, by)
    with transaction.atomic():
        transfer = transfer_create(
            kind=Transfer.Kind.IMPORT,
            file_format=preview.layout.format,
            options=options,
            by=by,
            api_key=api_key,
            file=file,
        )
        if not draft:
            _announce(transfer, by, api_key)
    return transfer


def import_command(
    *, path: Path, source: str, file_format: str = "", columns: Mapping[str, str] | None = None
) -> Transfer:
    """Create an import of a local file, claimed by the calling command. Raises InvalidInput."""
    preview = import_preview(path, file_format=file_format)
    chosen = _check_start(source, {**preview.columns, **(columns or {})}, preview, None)
    options = {"name": path.name[:200], "source": source, "columns": chosen, "command": True}
    with transaction.atomic():
        transfer = transfer_create(
            kind=Transfer.Kind.IMPORT, file_format=preview.layout.format, options=options, by=None
        )
        _audit(transfer, None, None)
        claimed = transfer_claim(transfer_id=transfer.pk)
    if claimed is None:
        raise LookupError(f"transfer {transfer.pk} was taken by another")
    return claimed


def import_start(*, transfer: Transfer, source: str, columns: Mapping[str, Any], by: User | None) -> None:
    """Start a draft. Raises InvalidInput, PermissionDenied, and TransferNotPossible when it has begun already."""
    require_permission(by, ADD)
    path = file_of(transfer)
    if path is None or DRAFT not in transfer.options:
        raise TransferNotPossible("This import has begun already, or its file is not kept any more.")
    preview = import_preview(path, file_format=transfer.format)
    chosen = _check_start(source, columns, preview, by)
    options = {key: value for key, value in transfer.options.items() if key != DRAFT}
    options |= {"source": source, "columns": chosen}
    with transaction.atomic():
        waiting = Transfer.objects.filter(pk=transfer.pk, options__has_key=DRAFT)
        if not waiting.update(options=options):
            raise TransferNotPossible("This import has begun already.")
        transfer.options = options
        _announce(transfer, by, None)


def _check_start(
    source: Any, columns: Mapping[str, Any], preview: ImportPreview, by: User | None
) -> dict[str, str]:
    problems = source_problems(source, by)
    chosen: dict[str, str] = {}
    try:
        chosen = columns_checked(columns)
    except InvalidInput as error:
        problems += error.problems
    for name, column in chosen.items():
        if column not in preview.names and (
            preview.layout.format == "csv" or name == "text"
        ):  # later JSON objects may have it
            message = f"This file has no column {column!r} for the {FIELDS[name].lower()}."
            problems.append(ValidationProblem(f"columns.{name}", message, "unknown"))
    if problems:
        raise InvalidInput(problems)
    return chosen


def _announce(transfer: Transfer, by: User | None, api_key: ApiKey | None) -> None:
    _audit(transfer, by, api_key)
    transfer_enqueue(transfer=transfer)


def _audit(transfer: Transfer, by: User | None, api_key: ApiKey | None) -> None:
    slug = transfer.options["source"]
    audit_record(
        verb="import.comments",
        by=by,
        api_key=api_key,
        source=Source.objects.filter(slug=slug).first(),
        subject=transfer.options.get("name", ""),
        data={"transfer": transfer.pk, "source": slug, "format": transfer.format},
    )
