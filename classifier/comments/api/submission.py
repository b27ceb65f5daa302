"""The bodies in which comments are submitted, one or many, and waiting for their verdicts."""

import time
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from rest_framework import serializers
from rest_framework.request import Request

from classifier.api.authentication import api_key_of, caller
from classifier.api.base import batch_limit
from classifier.api.field_errors import field_error
from classifier.api.fields import (
    Choice,
    ClosedItems,
    ClosedSerializer,
    SecondsParameter,
    TextAsSent,
    TextsAsSent,
)
from classifier.api.problems import FORBIDDEN, Problem
from classifier.api.reading import checked_body
from classifier.api.throttling import give_texts_back, how_many, take_texts
from classifier.comments.submission import comment_submit, comments_submit
from classifier.core.validation import CONTEXT_CHARACTERS_MAX, CONTEXT_ENTRIES_MAX, InvalidInput
from classifier.core.visibility import sees_source
from classifier.models import (
    AUTHOR_REF_MAX_CHARACTERS,
    EXTERNAL_ID_MAX_CHARACTERS,
    Comment,
    CommentStatus,
    TextFormat,
)
from classifier.scoring.verdict_pubsub import comment_wait

DEFAULT_SOURCE = "api"
FORMAT_HELP = (
    "How the text is written: rules and scores look at what a reader of that format sees. If left out, the policy of "
    "the source says."
)
LANGUAGE_HELP = (
    "The language of the text, such as `de`: a version that knows it judges the text. If left out, the setting of the "
    "source counts, or the language is identified."
)


class ContextAsSent(TextsAsSent):
    def __init__(self, **kwargs: Any) -> None:
        child = serializers.CharField(max_length=CONTEXT_CHARACTERS_MAX, allow_blank=True)
        super().__init__(
            child=child, required=False, allow_null=True, max_length=CONTEXT_ENTRIES_MAX, **kwargs
        )


class CommentInput(ClosedSerializer):
    """One comment to submit."""

    text = TextAsSent(
        max_length=settings.COMMENT_MAX_CHARACTERS, help_text="The whole text is scored; nothing is cut off."
    )
    format = Choice(required=False, choices=TextFormat.values, help_text=FORMAT_HELP)
    language = TextAsSent(required=False, max_length=35, help_text=LANGUAGE_HELP)
    source = TextAsSent(  # type: ignore[assignment]
        required=False,
        max_length=64,
        default=DEFAULT_SOURCE,
        help_text="Slug of the source that it comes from.",
    )
    external_id = TextAsSent(
        required=False,
        allow_null=True,
        max_length=EXTERNAL_ID_MAX_CHARACTERS,
        help_text="Your own id. Resubmitting it from the same source returns the existing comment.",
    )
    author_ref = TextAsSent(
        required=False,
        allow_null=True,
        allow_blank=True,
        max_length=AUTHOR_REF_MAX_CHARACTERS,
        help_text="Your own id of the author.",
    )
    context = ContextAsSent(  # type: ignore[assignment]
        help_text=(
            "The texts that it answers, the nearest last. Moderators see them, models do not, and they are erased with "
            f"the comment. At most {CONTEXT_CHARACTERS_MAX:,} characters together."
        )
    )


class CommentItemInput(ClosedSerializer):
    """One comment of many."""

    text = TextAsSent(max_length=settings.COMMENT_MAX_CHARACTERS)
    format = Choice(required=False, choices=TextFormat.values, help_text=FORMAT_HELP)
    language = TextAsSent(required=False, max_length=35, help_text=LANGUAGE_HELP)
    external_id = TextAsSent(required=False, allow_null=True, max_length=EXTERNAL_ID_MAX_CHARACTERS)
    author_ref = TextAsSent(
        required=False, allow_null=True, allow_blank=True, max_length=AUTHOR_REF_MAX_CHARACTERS
    )
    context = ContextAsSent()  # type: ignore[assignment]


class CommentsInput(ClosedSerializer):
    """Many comments from one source."""

    items = ClosedItems(
        child=CommentItemInput(), limit=batch_limit, help_text="Either all are stored or none."
    )
    source = TextAsSent(  # type: ignore[assignment]
        required=False, max_length=64, default=DEFAULT_SOURCE
    )


class SubmitQuery(ClosedSerializer):
    wait = SecondsParameter(
        most=lambda: float(settings.API_WAIT_MAX_SECONDS),
        default=0.0,
        help_text="Seconds to wait for the verdict, at most.",
    )


def submitted_one(request: Request, data: Mapping[str, Any]) -> Comment:
    item = checked_body(CommentInput, data)
    _check_source(request, item.get("source", DEFAULT_SOURCE))
    take_texts(request, 1)
    try:
        return comment_submit(
            text=item.get("text"),
            source=item.get("source", DEFAULT_SOURCE),
            external_id=item.get("external_id"),
            author_ref=item.get("author_ref", ""),
            context=item.get("context"),
            text_format=item.get("format", ""),
            language=item.get("language", ""),
            by=caller(request),
            api_key=api_key_of(request),
        )
    except InvalidInput:
        give_texts_back(request, 1)
        raise


def submitted_many(request: Request, data: Mapping[str, Any]) -> list[Comment]:
    batch = checked_body(CommentsInput, data)
    _check_source(request, batch.get("source", DEFAULT_SOURCE))
    take_texts(request, how_many(batch["items"]))
    try:
        return comments_submit(
            items=batch["items"],
            source=batch.get("source", DEFAULT_SOURCE),
            by=caller(request),
            api_key=api_key_of(request),
        )
    except InvalidInput:
        give_texts_back(request, how_many(batch["items"]))
        raise


def waited_for(comments: list[Comment], *, seconds: float) -> list[Comment]:
    """Return the comments as they are once none is pending, or after `seconds`.

    Waits for the newest pending one each time: workers claim the oldest first, so it usually comes last.
    """
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        pending = [comment.pk for comment in comments if comment.status == CommentStatus.PENDING]
        if not pending:
            break
        waited = comment_wait(comment_id=max(pending), deadline=left)
        if len(comments) == 1:
            return [waited]
        by_id = Comment.objects.with_verdict().in_bulk([comment.pk for comment in comments])
        comments = [by_id[comment.pk] for comment in comments]
        if waited.status == CommentStatus.PENDING:
            break
    return comments


def _check_source(request: Request, slug: str) -> None:
    """Refuse a source that the caller may not use, before anything is counted or stored."""
    if not sees_source(caller(request), slug):
        what = "this key is" if api_key_of(request) is not None else "you are"
        message = f'Comments from "{slug}" cannot be submitted here: {what} for other sources.'
        raise Problem(FORBIDDEN, message, [field_error(("source",), message, "not_allowed")])
