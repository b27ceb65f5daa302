"""Where else words and names lie when comments are forgotten: in reports, histories, filters and files here."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.db import connection
from django.db.models import Q

from classifier.core.pseudonyms import author_pseudonym
from classifier.models import BulkAction, Comment, CommentEvent, Report, SavedQueue, Suggestion, Transfer
from classifier.transfers.services import DRAFT, errors_file_of, file_of, file_remove

GONE = "The text was erased."
READ_BYTES = 1024 * 1024


def erasing(sql: str, *values: Any) -> None:
    """Change rows of an append-only table: only here the database is told that this transaction erases."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL toxicsite.allow_erasure = 'on'")
        cursor.execute(sql, values)
        cursor.execute("SET LOCAL toxicsite.allow_erasure = 'off'")


def remarks_forget(comments: Sequence[int]) -> None:
    """Forget what others wrote about these comments and errors said of them: both may quote the text."""
    reports, events = Report._meta.db_table, CommentEvent._meta.db_table
    erasing(f"UPDATE {reports} SET reason = '' WHERE comment_id = ANY(%s) AND reason <> ''", list(comments))  # noqa: S608
    erasing(
        f"UPDATE {events} SET reason = %s WHERE comment_id = ANY(%s) AND new = 'failed'",  # noqa: S608
        GONE,
        list(comments),
    )


def name_forget(author: str) -> None:
    """Call an author of whom nothing is left by the audit's name in what was filtered by the name."""
    suggested = Suggestion.objects.filter(author_ref=author)
    reported = Report.objects.filter(reporter_ref=author)
    if any(rows.exists() for rows in (Comment.objects.filter(author_ref=author), suggested, reported)):
        return
    named = author_pseudonym(author)
    for kind in (BulkAction, SavedQueue):
        for row in kind._default_manager.filter(filters__author=author).select_for_update():
            row.filters["author"] = named
            row.save(update_fields=["filters"])
    for transfer in _over().filter(options__filters__author=author).select_for_update():
        transfer.options["filters"]["author"] = named
        transfer.save(update_fields=["options"])


def files_forget(author: str) -> int:
    """Delete the uploads, exports and files of errors of this machine that name an author; how many there were.

    One that is being read or written at this moment is left alone: its worker needs it.
    """
    said = json.dumps(author)[1:-1], json.dumps(author, ensure_ascii=False)[1:-1]
    names = {one.encode() for plain in (author, *said) for one in (plain, plain.replace('"', '""'))}
    gone = 0
    for transfer in _over():
        for field, path in (("file", file_of(transfer)), ("errors_file", errors_file_of(transfer))):
            if path is not None and _holds(path, names):
                file_remove(path.name)
                Transfer.objects.filter(pk=transfer.pk).update(**{field: ""})
                gone += 1
    return gone


def _over() -> Any:
    ended = Q(status__in=[Transfer.Status.SUCCEEDED, Transfer.Status.FAILED])
    return Transfer.objects.filter(ended | Q(options__has_key=DRAFT))


def _holds(path: Path, names: set[bytes]) -> bool:
    longest = max(len(name) for name in names)
    kept = b""
    with path.open("rb") as stream:
        while piece := stream.read(READ_BYTES):
            held = kept + piece
            if any(name in held for name in names):
                return True
            kept = held[-longest:]
    return False
