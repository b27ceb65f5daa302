"""Replies in a file: each gets the text of the comment that it answers as its context, once all rows are stored."""

from collections.abc import Iterable, Mapping

from django.db import transaction

from classifier.comments.context import context_of_texts, contexts_store
from classifier.models import Comment
from classifier.transfers.import_rows import ImportedRow

REPLIES_AT = "replies_at"  # the option with the byte and the line up to which replies are linked


def replies_link(rows: Iterable[ImportedRow], *, source_ids: Mapping[str | None, int]) -> tuple[int, int]:
    """Store the parents of imported rows as contexts; return how many were found, and how many are not known here.

    Only imported comments that are still as in the file are touched, and a context that is there stays: doing this
    twice changes nothing.
    """
    found = missing = 0
    replies: dict[int, list[ImportedRow]] = {}
    for row in rows:
        if row.parent is not None and row.external_id is not None and row.source in source_ids:
            replies.setdefault(source_ids[row.source], []).append(row)
    for source_id, held in replies.items():
        names = {row.external_id for row in held} | {row.parent for row in held}
        known = {
            comment.external_id: comment
            for comment in Comment.objects.filter(source_id=source_id, external_id__in=names).only(
                "id", "external_id", "text", "is_backlog"
            )
        }
        contexts = []
        for row in held:
            reply, parent = known.get(row.external_id), known.get(row.parent)
            if parent is None or not parent.text:
                missing += 1
            elif reply is not None and reply.is_backlog and reply.text == row.text and reply.pk != parent.pk:
                contexts.append((reply, context_of_texts([parent.text])))
        with transaction.atomic():
            contexts_store(contexts, keep=True)
        found += len(contexts)
    return found, missing
