"""Submission of comments, and of failed ones for another try."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection, transaction

from classifier.comments.context import context_of_texts, contexts_store
from classifier.core.permissions import require_permission
from classifier.core.source_access import require_source
from classifier.core.validation import (
    CommentInput,
    InvalidInput,
    ValidationProblem,
    validate_comment,
    validate_comments,
    validate_source_slug,
)
from classifier.models import (
    COMMENT_TRANSITIONS,
    ApiKey,
    Comment,
    CommentStatus,
    Source,
    User,
)
from toxicsite.lib.jobs import enqueue_on_commit
from toxicsite.lib.lifecycle import IllegalTransition, transition
from toxicsite.lib.upsert import get_or_insert, insert_unless_taken

CLASSIFY_TASK = "classifier.classify"
SUBMIT_LOCK = 0x746F7801  # the first half of the advisory lock's key; the second is the source


def comment_submit(
    *,
    text: Any,
    source: Source | str,
    external_id: Any = None,
    author_ref: Any = "",
    context: Any = None,
    text_format: Any = "",
    language: Any = "",
    by: User | None = None,
    api_key: ApiKey | None = None,
) -> Comment:
    """Store one comment as pending and wake the worker after commit.

    `source` is a Source or a slug; a new slug creates its source. `context`: the texts that it answers to, the nearest
    last. `text_format`: one of TextFormat; empty, the policy of its source says. `language`: the tag of the text's
    language; empty, the source's setting counts, or it is identified. The same external_id from the same source returns
    the existing comment (`newly_submitted` is False then). Raises InvalidInput, also if that id was used for another
    text or by somebody else, and PermissionDenied if `by` may not submit, or not to this source.
    """
    item = validate_comment(
        text=text,
        external_id=external_id,
        author_ref=author_ref,
        context=context,
        text_format=text_format,
        language=language,
    )
    return _store([item], source, by, api_key, lambda index: "")[0]


def comments_submit(
    *,
    items: Sequence[Mapping[str, Any]],
    source: Source | str,
    by: User | None = None,
    api_key: ApiKey | None = None,
) -> list[Comment]:
    """Store many comments, all or none, in the order of `items`.

    Each item is a mapping with `text` and optionally `external_id`, `author_ref`, `context`, `format` and
    `language`. Raises InvalidInput with field paths such as `items[3].text`.
    """
    return _store(validate_comments(items), source, by, api_key, lambda index: f"items[{index}].")


def comment_retry(*, comment: Comment, by: User | None, reason: str = "") -> None:
    """Let the worker score a failed comment again. Raises IllegalTransition (also for a purged text) or LostRace."""
    require_permission(by, "classifier.change_comment")
    if comment.text_purged_at is not None:
        raise IllegalTransition(f"the text of comment {comment.pk} was purged")
    with transaction.atomic():
        transition(
            comment,
            to=CommentStatus.PENDING,
            allowed={"failed": COMMENT_TRANSITIONS["failed"]},
            by=by,
            reason=reason,
            attempts=0,
            failure_reason="",
        )
        enqueue_on_commit(CLASSIFY_TASK)


def source_get_or_create(source: Source | str) -> Source:
    """Return the source; a new slug creates it, with the slug as its name. Raises InvalidInput for a retired one."""
    if isinstance(source, Source):
        row = source
    else:
        slug = validate_source_slug(source)
        row = get_or_insert(Source.objects.all(), slug=slug, defaults={"name": slug})[0]
    if row.retired_at is not None:
        message = f"The source {row.slug} is retired and takes no new comments; name another one."
        raise InvalidInput([ValidationProblem("source", message, "retired")])
    return row


def _store(
    items: list[CommentInput],
    source: Source | str,
    by: User | None,
    api_key: ApiKey | None,
    path: Any,
) -> list[Comment]:
    require_permission(by, "classifier.add_comment")
    require_source(by, source)
    with transaction.atomic():
        row = source_get_or_create(source)
        made = [
            Comment(
                source=row,
                external_id=item.external_id,
                text=item.text,
                text_format=item.text_format,
                languages=list(item.languages),
                author_ref=item.author_ref,
                submitted_by=by,
                api_key=api_key,
            )
            for item in items
        ]
        stored = _insert_or_find(made, row)
        problems = [
            problem
            for index, (comment, item) in enumerate(zip(stored, items, strict=True))
            if (problem := _conflict(comment, item, by, api_key, path(index))) is not None
        ]
        if problems:
            raise InvalidInput(problems)
        contexts_store(
            (comment, context_of_texts(item.context))
            for comment, item in zip(stored, items, strict=True)
            if comment.newly_submitted
        )
        if any(comment.newly_submitted for comment in stored):
            enqueue_on_commit(CLASSIFY_TASK)
    return stored


def _insert_or_find(made: list[Comment], source: Source) -> list[Comment]:
    """Insert the comments; if an external_id is taken, return the comment that has it instead."""
    ids = [comment.external_id for comment in made if comment.external_id is not None]
    if not ids:
        Comment.objects.bulk_create(made)
        for comment in made:
            comment.newly_submitted = True
        return made
    _wait_for_turn(source, alone=len(ids) > 1)
    taken = _by_external_id(source, ids)
    new = {id(row) for row in insert_unless_taken([c for c in made if c.external_id not in taken])}
    if len(new) + len(taken) < len(made):  # somebody inserted one of them between our look and our insert
        taken = _by_external_id(source, [c.external_id for c in made if c.external_id and id(c) not in new])
    for comment in made:
        comment.newly_submitted = id(comment) in new
    return [comment if comment.newly_submitted else taken[comment.external_id] for comment in made]


def _wait_for_turn(source: Source, *, alone: bool) -> None:
    """Lock the source until the transaction ends, so that its batches do not overlap each other or single comments.

    Two batches that insert the same ids in different orders would each wait for the other: a deadlock.
    """
    lock = "pg_advisory_xact_lock" if alone else "pg_advisory_xact_lock_shared"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {lock}(%s, %s)", [SUBMIT_LOCK, source.pk % 2**31])


def _by_external_id(source: Source, ids: list[str]) -> dict[str | None, Comment]:
    comments = Comment.objects.with_verdict().filter(source=source, external_id__in=ids)
    return {comment.external_id: comment for comment in comments}


def _conflict(
    comment: Comment, item: CommentInput, by: User | None, api_key: ApiKey | None, path: str
) -> ValidationProblem | None:
    if comment.newly_submitted:
        return None
    if (
        comment.text != item.text and comment.text_purged_at is None
    ):  # a purged one cannot be compared any more
        message = "This external_id was already used for another text."
    elif not _is_submitter(comment, by, api_key):
        message = "This external_id was already used by another submitter."
    else:
        return None
    return ValidationProblem(f"{path}external_id", message, "conflict")


def _is_submitter(comment: Comment, by: User | None, api_key: ApiKey | None) -> bool:
    """Return whether the caller submitted the comment; its API key, which may change, counts only without a user."""
    if by is not None:
        return comment.submitted_by_id == by.pk
    return comment.submitted_by_id is None and comment.api_key_id == (api_key and api_key.pk)
