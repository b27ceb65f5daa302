"""The sources that a user may see: asked by everything that reads comments, and set by those who manage users."""

from collections.abc import Iterable

from django.core.exceptions import PermissionDenied
from django.db import transaction

from classifier.core.audit import audit_record
from classifier.core.permissions import require_permission
from classifier.core.visibility import narrow, seen_by, sees_all_of, sees_source, sources_of
from classifier.models import Source, SourceAccess, User

__all__ = [
    "narrow",
    "require_reach",
    "require_scope",
    "require_source",
    "seen_by",
    "sees_source",
    "source_access_set",
    "sources_of",
]


def require_source(by: User | None, source: Source | str) -> None:
    """Raise PermissionDenied unless `by` sees `source` (a slug may stand for one that does not exist yet)."""
    if not sees_source(by, source):
        raise PermissionDenied(f"{by} does not see the source {source}")


def require_scope(by: User | None, source: Source | None) -> None:
    """Raise PermissionDenied unless `by` sees all that something of `source` reaches: None reaches every source."""
    if source is not None:
        require_source(by, source)
    elif by is not None and not by.sees_all_sources:
        raise PermissionDenied(f"{by} does not see every source")


def require_reach(by: User | None, user: User) -> None:
    """Raise PermissionDenied unless `by` may change the account `user`: what it sees they see as well."""
    if by is None or by.is_superuser:
        return
    if user.is_superuser:
        raise PermissionDenied("Only a superuser changes a superuser.")
    if not sees_all_of(by, user):
        raise PermissionDenied(
            "This account sees sources that you do not see. Somebody who sees them must change it."
        )


def source_access_set(
    *, user: User, all_sources: bool, sources: Iterable[Source] = (), by: User | None
) -> None:
    """Let a user see every source, or exactly `sources`; write one row of the audit where that changes anything.

    Raises PermissionDenied when `by` may not manage people, or not this account, or would give what they do not see
    themselves.
    """
    require_permission(by, "classifier.change_user")
    require_reach(by, user)
    wanted = {} if all_sources else {source.pk: source for source in sources}
    with transaction.atomic():
        locked = User.objects.select_for_update(of=("self",)).get(pk=user.pk)
        before = set(SourceAccess.objects.filter(user=locked).values_list("source_id", flat=True))
        if locked.all_sources == all_sources and before == set(wanted):
            return
        own = sources_of(by)
        if own is not None:
            seen = set(own.values_list("pk", flat=True))
            if all_sources or set(wanted) - before - seen:
                raise PermissionDenied("You can only give sources that you see yourself.")
        User.objects.filter(pk=locked.pk).update(all_sources=all_sources)
        SourceAccess.objects.filter(user=locked).exclude(source__in=wanted).delete()
        SourceAccess.objects.bulk_create(
            SourceAccess(user=locked, source=source) for pk, source in wanted.items() if pk not in before
        )
        audit_record(
            verb="person.sources",
            by=by,
            subject=locked.get_username(),
            count=None if all_sources else len(wanted),
            data={"all": all_sources, "sources": sorted(source.slug for source in wanted.values())},
        )
    user.refresh_from_db(fields=["all_sources"])
