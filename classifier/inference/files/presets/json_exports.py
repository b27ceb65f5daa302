"""Exports in JSON: Coral, Isso, Remark42 and Commento.

Formats: Coral `server/src/core/server/models/comment` (as MongoDB's mongoexport writes the collection), Isso
`isso/db/comments.py` and `isso/migrate.py`, Remark42 `backend/app/migrator/native.go` and
`backend/app/store/comment.go`, Commento `api/domain_export.go` and `api/comment.go`.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from classifier.inference.files.layout import GUESSED, layout_of
from classifier.inference.files.lines import FileUnreadable
from classifier.inference.files.presets.rows import PresetRow, row
from classifier.inference.files.rows import FileRow, JsonItems, rows_of

_CORAL = {"APPROVED": "approve", "REJECTED": "remove", "SYSTEM_WITHHELD": None, "PREMOD": None, "NONE": None}
_REPORTED = "FLAG__COMMENT_REPORTED_"
_ISSO = {"1": "approve", "2": None, "4": None}


def table_rows(path: Path, names: frozenset[str] = frozenset()) -> Iterator[FileRow]:
    """Yield the rows of a file of CSV or JSON."""
    yield from rows_of(path, layout_of(path, GUESSED, names=names))


def coral_rows(path: Path) -> Iterator[PresetRow]:
    """Yield the comments with their last revision; its reports are those of readers, not of Coral's own checks."""
    for entry in table_rows(path):
        values = entry.values
        if values is None:
            yield PresetRow(entry.line, {}, entry.problem)
            continue
        revisions = values.get("revisions")
        last = revisions[-1] if isinstance(revisions, list) and revisions else {}
        counts = values.get("actionCounts")
        counts = counts if isinstance(counts, Mapping) else {}
        reports = sum(_whole(count) for name, count in counts.items() if str(name).startswith(_REPORTED))
        yield row(
            entry.line,
            text=last.get("body") if isinstance(last, Mapping) else None,
            external_id=values.get("id"),
            parent=values.get("parentID"),
            author=values.get("authorID"),
            created_at=_mongo_time(values.get("createdAt")),
            action=_CORAL.get(str(values.get("status"))),
            reports=reports or None,
            text_format="html",
        )


def isso_rows(path: Path) -> Iterator[PresetRow]:
    """Yield the comments of the table, or those of the threads of its generic format, whose ids repeat by thread."""
    for entry in table_rows(path, frozenset({"text"})):
        values = entry.values
        if values is None:
            yield PresetRow(entry.line, {}, entry.problem)
        elif isinstance(values.get("comments"), list):
            thread = values.get("id")
            for comment in values["comments"]:
                if isinstance(comment, Mapping):
                    yield _isso_row(entry.line, comment, external_id=f"{thread}#{comment.get('id')}")
                else:
                    yield PresetRow(entry.line, {}, "This comment is not a JSON object.")
        else:
            yield _isso_row(entry.line, values, external_id=values.get("id"))


def _isso_row(line: int, values: Mapping[str, Any], external_id: Any) -> PresetRow:
    return row(
        line,
        text=values.get("text"),
        external_id=external_id,
        parent=values.get("parent"),
        author=values.get("author"),
        created_at=values.get("created"),
        action=_ISSO.get(str(values.get("mode"))),
        text_format="markdown",
    )


def remark42_rows(path: Path) -> Iterator[PresetRow]:
    """Yield the comments of a backup, behind the line about users and posts; as they were typed where that is kept."""
    for position, entry in enumerate(table_rows(path)):
        values = entry.values
        if values is None:
            yield PresetRow(entry.line, {}, entry.problem)
            continue
        if position == 0 and "version" in values:
            continue
        user = values.get("user")
        typed = values.get("orig")
        yield row(
            entry.line,
            text=typed or values.get("text"),
            external_id=values.get("id"),
            parent=values.get("pid"),
            author=user.get("id") if isinstance(user, Mapping) else None,
            created_at=values.get("time"),
            text_format="markdown" if typed else "html",
        )


def commento_rows(path: Path) -> Iterator[PresetRow]:
    """Yield the comments of an export: one object with the lists `comments` and `commenters`."""
    with path.open("rb") as stream:
        items = JsonItems(stream)
        if not items.is_next("{"):
            raise FileUnreadable("This is no export of Commento: it is one JSON object.")
        items.take(1)
        while not items.is_next("}"):
            if items.is_next(","):
                items.take(1)
                continue
            name = items.value() if items.is_next('"') else None
            if name is None or not items.is_next(":"):
                raise FileUnreadable(f"Line {items.line:,} is not JSON.")
            items.take(1)
            if not items.is_next("["):
                items.value()
                continue
            for line, value in _listed(items):
                if name == "comments":
                    yield _commento_row(line, value)


def _listed(items: JsonItems) -> Iterator[tuple[int, Any]]:
    items.take(1)
    while not items.is_next("]"):
        if items.is_next(","):
            items.take(1)
            continue
        items.is_next("")
        line = items.line
        yield line, items.value()
    items.take(1)


def _commento_row(line: int, values: Any) -> PresetRow:
    if not isinstance(values, Mapping):
        return PresetRow(line, {}, "This comment is not a JSON object.")
    parent, author = values.get("parentHex"), values.get("commenterHex")
    return row(
        line,
        text=None if values.get("deleted") else values.get("markdown"),
        external_id=values.get("commentHex"),
        parent=None if parent == "root" else parent,
        author=None if author == "anonymous" else author,
        created_at=values.get("creationDate"),
        action="approve" if values.get("state") == "approved" else None,
        text_format="markdown",
    )


def _mongo_time(value: Any) -> Any:
    """Return a time of MongoDB's extended JSON: {"$date": text}, or {"$date": {"$numberLong": milliseconds}}."""
    if isinstance(value, Mapping):
        value = value.get("$date")
    if isinstance(value, Mapping):
        value = value.get("$numberLong")
    return value


def _whole(value: Any) -> int:
    if isinstance(value, Mapping):
        value = value.get("$numberLong") or value.get("$numberInt")
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
