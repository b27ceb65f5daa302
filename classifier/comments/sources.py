"""Sources as people manage them: made before their first comment, renamed, retired, merged into another one.

A retired source takes no new comments; what it holds stays, is found and decided as before. Merging moves the comments
and suggestions of one source to another, lets keys and webhooks that were for the one be for the other, and retires it.
Histories and the statistics of days that are over stay where they were written.
"""

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from classifier.core.audit import audit_record
from classifier.core.permissions import require_permission
from classifier.core.source_access import require_scope, require_source
from classifier.core.validation import InvalidInput, ValidationProblem, validate_source_slug
from classifier.models import ApiKey, Comment, NoticeChannel, Source, Suggestion, User, Webhook
from toxicsite.lib.upsert import get_or_insert

MAY_CHANGE = "classifier.change_source"
NAME_CHARACTERS = 200


@dataclass(frozen=True)
class MergeCount:
    """What a merge would move; `clashes` are comments whose external_id the other source holds too."""

    comments: int
    suggestions: int
    keys: int
    webhooks: int
    clashes: int


def source_create(*, slug: Any, name: Any, by: User | None) -> Source:
    """Make a source before its first comment. Raises InvalidInput and PermissionDenied."""
    require_permission(by, MAY_CHANGE)
    require_scope(by, None)  # else they would not see what they made
    checked = validate_source_slug(slug, "slug")
    title = _name(name) if str(name or "").strip() else checked
    with transaction.atomic():
        source, made = get_or_insert(Source.objects.all(), slug=checked, defaults={"name": title})
        if not made:
            raise InvalidInput(
                [ValidationProblem("slug", "There is a source with this slug already.", "taken")]
            )
        audit_record(verb="source.create", by=by, source=source, subject=checked, data={"name": title})
    return source


def source_rename(*, source: Source, name: Any, by: User | None) -> None:
    """Give a source another name; its slug, which programs use, stays. Raises InvalidInput and PermissionDenied."""
    row = _checked(source, by)
    title = _name(name)
    if title == row.name:
        return
    with transaction.atomic():
        Source.objects.filter(pk=row.pk).update(name=title)
        audit_record(
            verb="source.rename",
            by=by,
            source=row,
            subject=row.slug,
            data={"before": row.name, "after": title},
        )
    source.name = title


def source_retire(*, source: Source, by: User | None, retired: bool = True) -> None:
    """Let a source take no new comments, or (`retired` False) take them again. Raises PermissionDenied."""
    row = _checked(source, by)
    if (row.retired_at is not None) == retired:
        return
    with transaction.atomic():
        Source.objects.filter(pk=row.pk).update(retired_at=Now() if retired else None)
        audit_record(
            verb="source.retire" if retired else "source.restore", by=by, source=row, subject=row.slug
        )
    source.refresh_from_db(fields=["retired_at"])


def merge_count(*, source: Source, into: Source) -> MergeCount:
    """Count what merging `source` into `into` would move."""
    own = Comment.objects.filter(source=source)
    taken = Comment.objects.filter(source=into, external_id__isnull=False).values("external_id")
    return MergeCount(
        comments=own.count(),
        suggestions=Suggestion.objects.filter(source=source).count(),
        keys=ApiKey.objects.filter(sources=source).count(),
        webhooks=Webhook.objects.filter(sources=source, deleted_at__isnull=True).count(),
        clashes=own.filter(external_id__in=taken).count(),
    )


def source_merge(*, source: Source, into: Source, by: User | None) -> MergeCount:
    """Move everything that is alive in `source` to `into` and retire it; all or nothing.

    Raises PermissionDenied, and InvalidInput where both hold a comment with the same external_id, or `into` is the
    same source or a retired one.
    """
    row, target = _checked(source, by), _checked(into, by)
    if row.pk == target.pk:
        raise InvalidInput([ValidationProblem("into", "Choose another source.", "invalid")])
    if target.retired_at is not None:
        raise InvalidInput(
            [ValidationProblem("into", f"{target} is retired; choose another one.", "retired")]
        )
    with transaction.atomic():
        list(Source.objects.select_for_update().filter(pk__in=[row.pk, target.pk]).order_by("pk"))
        moved = merge_count(source=row, into=target)
        if moved.clashes:
            message = (
                f"{moved.clashes:,} comments have an external_id that {target} holds too; they cannot be told apart "
                f"there. Retire {row} instead."
            )
            raise InvalidInput([ValidationProblem("into", message, "conflict")])
        Source.objects.filter(pk=row.pk, retired_at__isnull=True).update(retired_at=Now())
        Comment.objects.filter(source=row).update(source=target)
        Suggestion.objects.filter(source=row).update(source=target)
        holders: list[ApiKey | NoticeChannel | Webhook] = [*ApiKey.objects.filter(sources=row)]
        holders += Webhook.objects.filter(sources=row)
        holders += NoticeChannel.objects.filter(sources=row)
        for holder in holders:
            holder.sources.add(target)
            holder.sources.remove(row)
        counts = {name: getattr(moved, name) for name in ("comments", "suggestions", "keys", "webhooks")}
        audit_record(
            verb="source.merge",
            by=by,
            source=target,
            subject=row.slug,
            count=moved.comments,
            data={"into": target.slug, **counts},
        )
    source.refresh_from_db(fields=["retired_at"])
    return moved


def _checked(source: Source, by: User | None) -> Source:
    require_permission(by, MAY_CHANGE)
    require_source(by, source)
    return Source.objects.get(pk=source.pk)


def _name(name: Any) -> str:
    title = str(name or "").strip()
    if not title or len(title) > NAME_CHARACTERS or "\x00" in title:
        message = f"A name has 1 to {NAME_CHARACTERS} characters."
        raise InvalidInput([ValidationProblem("name", message, "invalid")])
    return title
