"""Accounts: created, given roles and sources, closed, reopened, listed. Nobody is deleted: histories name them."""

from collections.abc import Iterable

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count, Prefetch, QuerySet

from classifier.accounts.roles import user_roles_set
from classifier.core.audit import audit_record
from classifier.core.permissions import require_permission
from classifier.core.source_access import require_reach, source_access_set
from classifier.core.visibility import seen_by
from classifier.models import Source, SourceAccess, User


def person_create(
    *,
    username: str,
    password: str,
    email: str = "",
    roles: Iterable[str] = (),
    all_sources: bool = True,
    sources: Iterable[Source] = (),
    by: User | None,
) -> User:
    """Create an account that may sign in. Raises PermissionDenied."""
    require_permission(by, "classifier.add_user")
    with transaction.atomic():
        user = User.objects.create_user(username=username, email=email, password=password)
        audit_record(verb="person.create", by=by, subject=username)
        _sources_first(user, by)
        user_roles_set(user=user, roles=roles, by=by)
        source_access_set(user=user, all_sources=all_sources, sources=sources, by=by)
    return user


def person_update(
    *,
    user: User,
    roles: Iterable[str],
    all_sources: bool,
    sources: Iterable[Source],
    is_active: bool,
    by: User | None,
) -> None:
    """Set a person's roles, sources and whether they may sign in, all or nothing. Raises PermissionDenied."""
    require_permission(by, "classifier.change_user")
    with transaction.atomic():
        user_roles_set(user=user, roles=roles, by=by)
        source_access_set(user=user, all_sources=all_sources, sources=sources, by=by)
        person_activity_set(user=user, is_active=is_active, by=by)


def person_activity_set(*, user: User, is_active: bool, by: User | None) -> None:
    """Close an account (its sessions and API keys end with it) or open it again. Raises PermissionDenied."""
    require_permission(by, "classifier.change_user")
    require_reach(by, user)
    if by is not None and user.pk == by.pk and not is_active:
        raise PermissionDenied("You cannot close your own account.")
    with transaction.atomic():
        if User.objects.filter(pk=user.pk).exclude(is_active=is_active).update(is_active=is_active):
            verb = "person.activate" if is_active else "person.deactivate"
            audit_record(verb=verb, by=by, subject=user.get_username())
    user.is_active = is_active


def _sources_first(user: User, by: User | None) -> None:
    """Start a new account with no sources where its creator does not see every source."""
    if by is not None and not by.all_sources:
        User.objects.filter(pk=user.pk).update(all_sources=False)
        user.all_sources = False


def people_list(*, user: User) -> QuerySet[User]:
    """List all users, those who may sign in first, with roles and sources in three queries.

    `source_access` has only sources that `user` sees; `sources_given` counts them all.
    """
    access = SourceAccess.objects.filter(seen_by(user)).select_related("source").order_by("source__slug")
    people = User.objects.annotate(sources_given=Count("source_access"))
    return people.order_by("-is_active", "username").prefetch_related(
        "groups", Prefetch("source_access", access)
    )
