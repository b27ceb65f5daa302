"""Suggestions: labels that others propose for a text. Training can use them; moderators may reject them."""

import math
import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from classifier.comments.submission import source_get_or_create
from classifier.core.audit import audit_record
from classifier.core.permissions import require_permission
from classifier.core.source_access import require_source
from classifier.core.validation import InvalidInput, ValidationProblem, text_problem, words_problem
from classifier.core.visibility import narrow, seen_by
from classifier.inference.labels import JIGSAW_LABELS
from classifier.models import ApiKey, Comment, ModelVersion, Source, Suggestion, User

SUGGEST = "classifier.add_comment"
REJECT = "classifier.change_suggestion"
AUTHOR_CHARACTERS = 200
BATCH = 500
# An erased suggestion keeps its labels and where it came from.
ERASED_FIELDS: dict[str, Any] = {"text": "", "author_ref": "", "context": {}}


def suggestion_create(
    *,
    labels: Mapping[str, Any],
    text: Any = None,
    source: Source | str = "",
    comment: Comment | None = None,
    author_ref: Any = "",
    languages: Sequence[str] = (),
    context: Mapping[str, Any] | None = None,
    by: User | None,
    api_key: ApiKey | None = None,
) -> Suggestion:
    """Store what the labels of a text should be, each from 0 (does not apply) to 1 (applies).

    The text is that of `comment`, or `text` with the `source` it comes from. `labels` has the model's names. Raises
    InvalidInput, and PermissionDenied where `by` may not submit, or not to this source.
    """
    require_permission(by, SUGGEST)
    if comment is not None:
        text, source, author_ref = comment.text, comment.source, comment.author_ref
    problems = [_text(text, comment), words_problem(author_ref, "author_ref", AUTHOR_CHARACTERS)]
    problems += labels_problems(labels)
    if any(problems):
        raise InvalidInput([problem for problem in problems if problem is not None])
    require_source(by, source)
    with transaction.atomic():
        return Suggestion.objects.create(
            text=text,
            labels={name: float(value) for name, value in labels.items()},
            source=source_get_or_create(source),
            comment=comment,
            author_ref=author_ref or "",
            languages=list(languages),
            context=dict(context or {}),
            by=by,
            api_key=api_key,
        )


def suggestion_reject(*, suggestion: Suggestion, by: User | None) -> None:
    """Keep training from using a suggestion; rejecting twice changes nothing. Raises PermissionDenied."""
    require_permission(by, REJECT)
    require_source(by, suggestion.source)
    with transaction.atomic():
        rows = Suggestion.objects.filter(pk=suggestion.pk, rejected_at__isnull=True)
        if rows.update(rejected_at=Now(), rejected_by=by):
            audit_record(
                verb="suggestion.reject",
                by=by,
                source=suggestion.source,
                subject=f"suggestion {suggestion.pk}",
            )
    suggestion.refresh_from_db(fields=["rejected_at", "rejected_by"])


def suggestions_forget(rows: QuerySet[Suggestion]) -> int:
    """Erase the words of these suggestions, within a transaction; return how many had any."""
    return rows.filter(text_purged_at__isnull=True).update(**ERASED_FIELDS, text_purged_at=Now())


def suggestions_purge(*, source: Source, end: float | None = None) -> int:
    """Erase the words of suggestions older than the source's retention, until `end` (monotonic) at most."""
    if source.retention_days is None:
        return 0
    old = Suggestion.objects.filter(
        source=source,
        text_purged_at__isnull=True,
        created_at__lt=Now() - timedelta(days=source.retention_days),
    )
    done = 0
    while (end is None or time.monotonic() < end) and (
        ids := list(old.order_by("pk").values_list("pk", flat=True)[:BATCH])
    ):
        with transaction.atomic():
            done += suggestions_forget(Suggestion.objects.filter(pk__in=ids))
    return done


def known_labels() -> list[str]:
    """List the labels that a suggestion may name: the Jigsaw labels, and those of the active version."""
    version = ModelVersion.objects.only("labels").active()
    return list(dict.fromkeys([*JIGSAW_LABELS, *(version.labels if version is not None else ())]))


def labels_problems(labels: Any) -> list[ValidationProblem]:
    """List the problems of a suggestion's labels."""
    if not isinstance(labels, Mapping):
        return [ValidationProblem("labels", "This must be an object.", "invalid_type")]
    if not labels:
        return [ValidationProblem("labels", "Name at least one label.", "required")]
    known = known_labels()
    problems = []
    for name, value in labels.items():
        if name not in known:
            message = f"This is no label; known are {', '.join(known)}."
            return [ValidationProblem("labels", message, "invalid_choice")]
        if isinstance(value, bool) or not isinstance(value, int | float):
            problems.append(ValidationProblem(f"labels.{name}", "This must be a number.", "invalid_type"))
        elif not (math.isfinite(value) and 0 <= value <= 1):
            problems.append(ValidationProblem(f"labels.{name}", "This must be from 0 to 1.", "out_of_range"))
    return problems


def _text(text: Any, comment: Comment | None) -> ValidationProblem | None:
    if comment is not None and comment.text_purged_at is not None:
        return ValidationProblem("comment", "The text of this comment was erased.", "purged")
    return text_problem(text)


def suggestions_visible_to(*, user: User) -> QuerySet[Suggestion]:
    """List the suggestions in the sources that `user` sees: all with `view_suggestion`, else the user's own."""
    rows = narrow(Suggestion.objects.select_related("source", "by", "rejected_by"), user)
    return rows if user.has_perm("classifier.view_suggestion") else rows.filter(by=user)


def usable_suggestions(
    *,
    sources: Sequence[str] = (),
    since: datetime | None = None,
    until: datetime | None = None,
) -> QuerySet[Suggestion]:
    """List the suggestions that training can use, the oldest first: those with a text that nobody has rejected.

    `sources` are slugs (all where empty); `since` and `until` bound the time of the suggestion. Several suggestions
    about one text are all listed, and the last of them counts.
    """
    rows = Suggestion.objects.filter(rejected_at__isnull=True, text_purged_at__isnull=True).order_by("pk")
    if sources:
        rows = rows.filter(source__slug__in=sources)
    if since is not None:
        rows = rows.filter(created_at__gte=since)
    if until is not None:
        rows = rows.filter(created_at__lt=until)
    return rows


def suggestions_of_author(*, user: User | None, author: str, source: Source | None) -> QuerySet[Suggestion]:
    """List suggestions about texts of an author, in one source or in every source that `user` sees."""
    if not author:
        return Suggestion.objects.none()
    rows = Suggestion.objects.filter(Q(author_ref=author) | Q(comment__author_ref=author), seen_by(user))
    return rows if source is None else rows.filter(source=source)
