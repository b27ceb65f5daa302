"""The accounts, with what a list of them shows."""

from django.db.models import Count, Prefetch, QuerySet

from classifier.core.visibility import seen_by
from classifier.models import Source, SourceAccess, User


def people_list(*, user: User) -> QuerySet[User]:
    """Everybody, those who may sign in first, with roles and sources in three queries.

    `source_access` has only sources that `user` sees; `sources_given` counts them all.
    """
    access = SourceAccess.objects.filter(seen_by(user)).select_related("source").order_by("source__slug")
    people = User.objects.annotate(sources_given=Count("source_access"))
    return people.order_by("-is_active", "username").prefetch_related(
        "groups", Prefetch("source_access", access)
    )


def sources_to_give(*, user: User) -> QuerySet[Source]:
    """The sources that `user` may let others see: their own."""
    return Source.objects.filter(seen_by(user, "pk"))
