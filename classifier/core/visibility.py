"""Which sources a user sees; every read of comments, decisions or numbers is narrowed by this.

A user who comes with an API key for some sources sees the sources that both may see.
"""

from collections.abc import Mapping
from typing import Any, TypeVar

from django.db.models import Model, Q, QuerySet

from classifier.models import Source, SourceAccess, User

Row = TypeVar("Row", bound=Model)
SESSION_KEY = "queue"  # where a session keeps the state of work in the queue


def sources_of(user: User | None) -> QuerySet[Source] | None:
    """Return the sources that `user` sees; None means all of them. `user` None is the system itself, which sees all."""
    if user is None or user.sees_all_sources:
        return None
    return Source.objects.filter(seen_by(user, "pk"))


def visible_sources(user: User | None) -> QuerySet[Source]:
    """List the sources that `user` sees."""
    return Source.objects.filter(seen_by(user, "pk"))


def seen_by(user: User | None, path: str = "source") -> Q:
    """Return the condition that `user` sees a row's source, reached by `path`; it leaves out rows without a source."""
    if user is None or user.sees_all_sources:
        return Q()
    condition = Q() if user.all_sources else Q(**{f"{path}__in": _given(user)})
    if user.only_sources is not None:
        condition &= Q(**{f"{path}__in": user.only_sources})
    return condition


def blind_review_of(session: Mapping[str, Any]) -> int | None:
    """Return the comment that a session shows for a blind review just now."""
    look = (session.get(SESSION_KEY) or {}).get("look")
    return look if isinstance(look, int) else None


def unlooked(user: User | None, path: str = "pk") -> Q:
    """Return the condition that leaves out the comment that `user` reviews blindly: its history tells the answer."""
    return Q() if user is None or user.looks_at is None else ~Q(**{path: user.looks_at})


def narrow(rows: QuerySet[Row], user: User | None, path: str = "source") -> QuerySet[Row]:
    """Return those of `rows` whose source `user` sees; all of them where that is every source."""
    condition = seen_by(user, path)
    return rows.filter(condition) if condition else rows


def sees_source(user: User | None, source: Source | str) -> bool:
    """Return whether `user` sees this source (or the one with this slug, which need not exist yet)."""
    if user is None or user.sees_all_sources:
        return True
    slug = source.slug if isinstance(source, Source) else source
    return Source.objects.filter(seen_by(user, "pk"), slug=slug).exists()


def sees_all_of(user: User, other: User) -> bool:
    """Return whether `user` sees every source that `other` sees."""
    if user.sees_all_sources:
        return True
    if other.all_sources:
        return False
    return not SourceAccess.objects.filter(user=other).exclude(seen_by(user)).exists()


def _given(user: User) -> QuerySet[SourceAccess, Any]:
    return SourceAccess.objects.filter(user=user).values("source")
