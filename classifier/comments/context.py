"""The context of a comment, that is, the texts it answers to: kept for moderators, erased with it or its authors."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from classifier.inference.sketch import folded, text_hash
from classifier.models import Comment, CommentContext, ContextKind

BATCH = 500


@dataclass(frozen=True)
class Context:
    """Texts with their kinds, in order, and the sender's own name for a session; both may be empty."""

    entries: tuple[tuple[ContextKind, str], ...] = ()
    session_ref: str = ""

    def __bool__(self) -> bool:
        return bool(self.entries or self.session_ref)


NO_CONTEXT = Context()


def context_of_texts(texts: Sequence[str]) -> Context:
    """Make the context from a valid list of texts: the comment answers the last one; the others came before that."""
    written = [text for text in texts if text.strip()]
    kinds = [ContextKind.BEFORE] * (len(written) - 1) + [ContextKind.PARENT] * bool(written)
    return Context(tuple(zip(kinds, written, strict=True)))


def contexts_store(given: Iterable[tuple[Comment, Context]], *, keep: bool = False) -> None:
    """Store the contexts of comments in the caller's transaction; with `keep`, one that is there already stays."""
    rows = [_row(comment, context) for comment, context in given if context]
    if rows:
        CommentContext.objects.bulk_create(rows, ignore_conflicts=keep)


def contexts_forget(comment_ids: Sequence[int]) -> None:
    """Delete the context and the session of comments whose own text is erased."""
    CommentContext.objects.filter(comment__in=comment_ids).delete()


def answered_forget(comments: Sequence[Comment]) -> None:
    """Remove the texts of these comments from the contexts of others in the same source; call this before they go."""
    hashes: dict[int, set[int]] = {}
    for comment in comments:
        if comment.text:
            hashes.setdefault(comment.source_id, set()).add(text_hash(folded(comment.text)))
    for source_id, gone in hashes.items():
        quoting = CommentContext.objects.filter(
            comment__source=source_id, text_hashes__overlap=sorted(gone)
        ).select_for_update(of=("self",))
        changed = []
        for row in quoting:
            row.entries = [entry for entry in row.entries if text_hash(folded(entry["text"])) not in gone]
            row.text_hashes = [digest for digest in row.text_hashes if digest not in gone]
            changed.append(row)
        CommentContext.objects.bulk_update(changed, ["entries", "text_hashes"], batch_size=BATCH)


def _row(comment: Comment, context: Context) -> CommentContext:
    return CommentContext(
        comment=comment,
        entries=[{"kind": kind.value, "text": text} for kind, text in context.entries],
        session_ref=context.session_ref,
        text_hashes=sorted({text_hash(folded(text)) for _, text in context.entries}),
    )
