"""Deletion of the texts that were kept with calls to reference services; their scores stay."""

from collections.abc import Sequence

from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from classifier.models import Comment, ReferenceCall


def texts_forget(rows: QuerySet[ReferenceCall]) -> int:
    """Delete the texts of these calls, within a transaction; return how many had one. Scores stay."""
    return rows.exclude(text="").update(text="", text_purged_at=Now())


def comments_forget(comments: Sequence[int]) -> int:
    """Delete the texts of the calls that stored these comments."""
    return texts_forget(ReferenceCall.objects.filter(comment__in=comments))


def same_texts_forget(comments: Sequence[Comment]) -> int:
    """Delete the texts of these comments, which still have them, from calls that stored no comment."""
    gone = 0
    by_source: dict[int, list[str]] = {}
    for comment in comments:
        if comment.text:
            by_source.setdefault(comment.source_id, []).append(comment.text)
    for source, texts in by_source.items():
        where = Q(source=source) | Q(source__isnull=True)
        gone += texts_forget(ReferenceCall.objects.filter(where, comment__isnull=True, text__in=texts))
    return gone
