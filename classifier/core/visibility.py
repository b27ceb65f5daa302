"""Which sources a person sees; what is read about comments, decisions or numbers narrows itself by this.

A person who is there by an API key for some sources sees what both may see.
"""

from typing import Any, TypeVar

from django.db.models import Model, Q, QuerySet

from classifier.models import Source, SourceAccess, User

Row = TypeVar("Row", bound=Model)


def sources_of(user: User | None) -> QuerySet[Source] | None:
    """The sources that `user` sees; None means all of them. `user` None is the system itself, which sees all."""
    if user is None or user.sees_all_sources:
        return None
    return Source.objects.filter(seen_by(user, "pk"))


def visible_sources(user: User | None) -> QuerySet[Source]:
    """List the sources that `user` sees."""
    return Source.objects.filter(seen_by(user, "pk"))


def seen_by(user: User | None, path: str = "source") -> Q:
    """The condition that a row's source, reached by `path`, is one that `user` sees. Rows of no source are left out."""
    if user is None or user.sees_all_sources:
        return Q()
    condition = Q() if user.all_sources else Q(**{f"{path}__in": _given(user)})
    if user.only_sources is not None:
        condition &= Q(**{f"{path}__in": user.only_sources})
    return condition


def unlooked(user: User | None, path: str = "pk") -> Q:
    """Leaves out the comment that `user` is to judge blindly just now: its story would tell the answer."""
    return Q() if user is None or user.looks_at is None else ~Q(**{path: user.looks_at})


def narrow(rows: QuerySet[Row], user: User | None, path: str = "source") -> QuerySet[Row]:
    """`rows` of the sources that `user` sees; untouched where that is all."""
    condition = seen_by(user, path)
    return rows.filter(condition) if condition else rows


def sees_source(user: User | None, source: Source | str) -> bool:
    """Whether `user` sees this source (or the one with this slug, which need not exist yet)."""
    if user is None or user.sees_all_sources:
        return True
    slug = source.slug if isinstance(source, Source) else source
    return Source.objects.filter(seen_by(user, "pk"), slug=slug).exists()


def sees_all_of(user: User, other: User) -> bool:
    """Whether `user` sees every source that `other` sees."""
    if user.sees_all_sources:
        return True
    if other.all_sources:
        return False
    return not SourceAccess.objects.filter(user=other).exclude(seen_by(user)).exists()


def _given(user: User) -> QuerySet[SourceAccess, Any]:
    return SourceAccess.objects.filter(user=user).values("source")
