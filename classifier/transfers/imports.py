"""Importing files of comments: previewing the first rows, and starting the import that `import_run` then does."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import transaction

from classifier.core.audit import audit_record
from classifier.core.permissions import require_permission
from classifier.core.validation import InvalidInput, ValidationProblem
from classifier.inference.files.layout import GUESSED, Layout, Reading
from classifier.inference.files.lines import FileUnreadable
from classifier.inference.files.rows import FileRow
from classifier.models import ApiKey, Source, Transfer, User
from classifier.transfers.file_run import PRESET
from classifier.transfers.import_rows import (
    FIELDS,
    NO_RULES,
    DecisionValue,
    RowReader,
    ValueRules,
    columns_checked,
    columns_found,
    decision_values,
    rules_found,
)
from classifier.transfers.presets import (
    COLUMNS,
    LAYOUT,
    preset_chosen,
    preset_first_rows,
    preset_format,
)
from classifier.transfers.previews import (
    PREVIEW_READ,
    PREVIEW_ROWS,
    FilePreview,
    first_rows,
    header_shown,
    missing_columns,
    reading_of,
    wrong_rows,
)
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
    """A preview with the columns of each field, those that are not read, and how values are read.

    `decisions` are the values of the column of decisions; `rules` has what was found out where nobody chose.
    """

    columns: dict[str, str]
    unknown: list[str]
    rules: ValueRules
    decisions: list[DecisionValue]


def import_preview(
    path: Path,
    *,
    reading: Reading = GUESSED,
    columns: Mapping[str, str] | None = None,
    rules: ValueRules = NO_RULES,
    preset: str = "",
) -> ImportPreview:
    """Look at the first rows. Raises InvalidInput (`file`) where the file cannot be read.

    `preset` names the system whose export this is; its columns are those of FIELDS.
    """
    if preset:
        layout, names, rows = _preset_first_rows(path, preset)
        chosen = dict(COLUMNS)
    else:
        layout, names, rows = first_rows(path, reading)
        chosen = dict(columns) if columns else columns_found(names, rows)
    found = rules_found(rows, chosen, rules)
    errors = []
    if "text" in chosen:
        read = RowReader(chosen, found)
        errors = wrong_rows(rows, lambda row: read(row)[1])
    unknown = [name for name in names if name not in chosen.values()]
    decisions = decision_values(rows, chosen["action"], rules) if "action" in chosen else []
    shown = rows[:PREVIEW_ROWS]
    return ImportPreview(layout, names, shown, errors, len(rows), chosen, unknown, found, decisions)


def _preset_first_rows(path: Path, preset: str) -> tuple[Layout, list[str], list[FileRow]]:
    try:
        return LAYOUT, list(FIELDS), preset_first_rows(path, preset, PREVIEW_READ)
    except FileUnreadable as error:
        raise InvalidInput([ValidationProblem("file", str(error), "unreadable")]) from None


def import_create(
    *,
    file: str,
    name: str,
    source: str,
    by: User | None,
    reading: Reading = GUESSED,
    columns: Mapping[str, Any] | None = None,
    rules: ValueRules = NO_RULES,
    api_key: ApiKey | None = None,
    draft: bool = False,
    like: Transfer | None = None,
    preset: str = "",
) -> Transfer:
    """Create an import of the upload `file` into `source` (if a row names no other); a draft waits for `import_start`.

    `columns` maps fields to the file's columns; without it they are found by their names. `like` is an import whose
    refused rows were mended: what it said about columns and values holds for this one too. `preset` names the system
    whose export this is, or says that it is a table; if empty, that is found out, except where `columns` are given.
    Raises InvalidInput and PermissionDenied, and deletes the upload then.
    """
    try:
        if like is not None:
            columns = like.options["columns"]
            rules = ValueRules.from_dict(like.options.get("values", {}))
        path = transfers_dir() / file
        preset = "" if columns and not preset else preset_chosen(preset, path)
        return _create(file, name, source, by, reading, columns, rules, api_key, draft, preset)
    except BaseException:
        file_remove(file)
        raise


def _create(
    file: str,
    name: str,
    source: str,
    by: User | None,
    reading: Reading,
    columns: Mapping[str, Any] | None,
    rules: ValueRules,
    api_key: ApiKey | None,
    draft: bool,
    preset: str,
) -> Transfer:
    require_permission(by, ADD)
    rules = rules.checked()
    strings = {name: column for name, column in (columns or {}).items() if isinstance(column, str)}
    path = transfers_dir() / file
    preview = import_preview(path, reading=reading, columns=strings, rules=rules, preset=preset)
    chosen = preview.columns if columns is None or preset else dict(columns)
    options: dict[str, Any] = {"name": name[:200], "source": source, "columns": chosen}
    if draft:
        options |= {DRAFT: True, "reading": reading.to_dict(), "values": rules.to_dict()}
    else:
        _check_start(source, chosen, preview, by)
        options |= _as_read(preview)
    with transaction.atomic():
        transfer = transfer_create(
            kind=Transfer.Kind.IMPORT,
            file_format=preset_format(path) if preset else preview.layout.format,
            options={**options, **({PRESET: preset} if preset else {})},
            by=by,
            api_key=api_key,
            file=file,
        )
        if not draft:
            _announce(transfer, by, api_key)
    return transfer


def import_command(
    *,
    path: Path,
    source: str,
    reading: Reading = GUESSED,
    columns: Mapping[str, str] | None = None,
    rules: ValueRules = NO_RULES,
    preset: str = "",
) -> Transfer:
    """Create an import of a local file, claimed by the calling command. Raises InvalidInput."""
    rules = rules.checked()
    preset = "" if columns and not preset else preset_chosen(preset, path)
    preview = import_preview(path, reading=reading, rules=rules, preset=preset)
    if columns and not preset:
        both = {**preview.columns, **columns}
        preview = import_preview(path, reading=reading, rules=rules, columns=both)
    chosen = _check_start(source, preview.columns, preview, None)
    options = {"name": path.name[:200], "source": source, "columns": chosen, "command": True}
    options |= {**_as_read(preview), **({PRESET: preset} if preset else {})}
    with transaction.atomic():
        transfer = transfer_create(
            kind=Transfer.Kind.IMPORT,
            file_format=preset_format(path) if preset else preview.layout.format,
            options=options,
            by=None,
        )
        _audit(transfer, None, None)
        claimed = transfer_claim(transfer_id=transfer.pk)
    if claimed is None:
        raise LookupError(f"transfer {transfer.pk} was taken by another")
    return claimed


def import_start(
    *,
    transfer: Transfer,
    source: str,
    columns: Mapping[str, Any],
    by: User | None,
    reading: Reading | None = None,
    rules: ValueRules | None = None,
) -> None:
    """Start a draft. Raises InvalidInput, PermissionDenied, and TransferNotPossible when it has begun already.

    `reading` and `rules`: None keeps those of the draft.
    """
    require_permission(by, ADD)
    path = file_of(transfer)
    if path is None or DRAFT not in transfer.options:
        raise TransferNotPossible("This import has begun already, or its file is not kept any more.")
    reading = reading or reading_of(transfer.options, transfer.format)
    rules = (rules or ValueRules.from_dict(transfer.options.get("values", {}))).checked()
    strings = {name: column for name, column in columns.items() if isinstance(column, str) and column}
    preset = transfer.options.get(PRESET, "")
    preview = import_preview(path, reading=reading, columns=strings, rules=rules, preset=preset)
    chosen = _check_start(source, preview.columns if preset else columns, preview, by)
    options = {key: value for key, value in transfer.options.items() if key != DRAFT}
    options |= {"source": source, "columns": chosen, **_as_read(preview)}
    with transaction.atomic():
        waiting = Transfer.objects.filter(pk=transfer.pk, options__has_key=DRAFT)
        if not waiting.update(options=options, format=transfer.format if preset else preview.layout.format):
            raise TransferNotPossible("This import has begun already.")
        transfer.options = options
        _announce(transfer, by, None)


def _check_start(
    source: Any, columns: Mapping[str, Any], preview: ImportPreview, by: User | None
) -> dict[str, str]:
    problems = source_problems(source, by)
    chosen: dict[str, str] = {}
    try:
        chosen = columns_checked(columns, header_shown(preview.layout))
    except InvalidInput as error:
        problems += error.problems
    for name in missing_columns(chosen, preview.names, preview.layout):
        message = f"This file has no column {chosen[name]!r} for the {FIELDS[name].lower()}."
        problems.append(ValidationProblem(f"columns.{name}", message, "unknown"))
    if problems:
        raise InvalidInput(problems)
    return chosen


def _as_read(preview: ImportPreview) -> dict[str, Any]:
    """Return the options that say how the file is read: what was chosen, and what was found out."""
    return {"reading": preview.layout.to_reading().to_dict(), "values": preview.rules.to_dict()}


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
