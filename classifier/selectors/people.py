"""The accounts, with what a list of them shows."""

from django.db.models import Prefetch, QuerySet

from classifier.models import SourceAccess, User


def people_list() -> QuerySet[User]:
    """Everybody, those who may sign in first, with roles and sources in three queries."""
    access = SourceAccess.objects.select_related("source").order_by("source__slug")
    return User.objects.order_by("-is_active", "username").prefetch_related(
        "groups", Prefetch("source_access", access)
    )
