"""Erase words and names beside the comments themselves: in reports, histories, saved filters and files."""

import html
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.db.models import Q, QuerySet

from classifier.core.audit import author_pseudonym
from classifier.inference.files.encodings import ENCODINGS
from classifier.models import (
    BulkAction,
    Comment,
    CommentEvent,
    Report,
    Rule,
    SavedQueue,
    Suggestion,
    Transfer,
)
from classifier.policies import active_policies
from classifier.privacy.selectors import rules_naming
from classifier.transfers.services import DRAFT, errors_file_of, file_of, file_remove

GONE = "The text was erased."
READ_BYTES = 1024 * 1024


def erasing(sql: str, *values: Any) -> None:
    """Change rows of an append-only table; only here the transaction tells the database that it erases."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL toxicsite.allow_erasure = 'on'")
        cursor.execute(sql, values)
        cursor.execute("SET LOCAL toxicsite.allow_erasure = 'off'")


def remarks_forget(comments: Sequence[int]) -> None:
    """Erase what others wrote about these comments and what errors say about them: both may quote the text."""
    reports, events = Report._meta.db_table, CommentEvent._meta.db_table
    erasing(f"UPDATE {reports} SET reason = '' WHERE comment_id = ANY(%s) AND reason <> ''", list(comments))  # noqa: S608
    erasing(
        f"UPDATE {events} SET reason = %s WHERE comment_id = ANY(%s) AND new = 'failed'",  # noqa: S608
        GONE,
        list(comments),
    )


def name_forget(author: str) -> None:
    """Replace the name of an author of whom nothing is left by the audit's pseudonym in saved filters."""
    suggested = Suggestion.objects.filter(author_ref=author)
    reported = Report.objects.filter(reporter_ref=author)
    if any(rows.exists() for rows in (Comment.objects.filter(author_ref=author), suggested, reported)):
        return
    pseudonym = author_pseudonym(author)
    rules_forget(author, rules_naming(author=author, source=None))
    for kind in (BulkAction, SavedQueue):
        for row in kind._default_manager.filter(filters__author=author).select_for_update():
            row.filters["author"] = pseudonym
            row.save(update_fields=["filters"])
    for transfer in _ended().filter(options__filters__author=author).select_for_update():
        transfer.options["filters"]["author"] = pseudonym
        transfer.save(update_fields=["options"])


def rules_forget(author: str, rules: QuerySet[Rule]) -> None:
    """Replace the name of an author in the conditions of rules by the audit's pseudonym.

    It is not taken out: without its last author a rule would hit everybody.
    """
    for rule in rules.select_for_update():
        names = [author_pseudonym(author) if name == author else name for name in rule.conditions["authors"]]
        rule.conditions = {**rule.conditions, "authors": list(dict.fromkeys(names))}
        rule.save(update_fields=["conditions", "updated_at"])
    transaction.on_commit(active_policies.forget)


def files_forget(author: str) -> int:
    """Delete the uploads, exports and files of errors on this machine that name an author; return how many.

    Files of transfers that are running stay: their worker needs them.
    """
    as_json = json.dumps(author)[1:-1], json.dumps(author, ensure_ascii=False)[1:-1]
    written = {author, *as_json, html.escape(author)}
    names = {
        spelling.encode(encoding)
        for name in written
        for spelling in (name, name.replace('"', '""'))
        for encoding in ENCODINGS
        if _encodes(spelling, encoding)
    }
    count = 0
    for transfer in _ended():
        for field, path in (("file", file_of(transfer)), ("errors_file", errors_file_of(transfer))):
            if path is not None and _holds(path, names):
                file_remove(path.name)
                Transfer.objects.filter(pk=transfer.pk).update(**{field: ""})
                count += 1
    return count


def _ended() -> Any:
    ended = Q(status__in=[Transfer.Status.SUCCEEDED, Transfer.Status.FAILED])
    return Transfer.objects.filter(ended | Q(options__has_key=DRAFT))


def _encodes(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _holds(path: Path, names: set[bytes]) -> bool:
    longest = max(len(name) for name in names)
    overlap = b""
    with path.open("rb") as stream:
        while piece := stream.read(READ_BYTES):
            window = overlap + piece
            if any(name in window for name in names):
                return True
            overlap = window[-longest:]
    return False
