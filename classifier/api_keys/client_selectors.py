"""Which programs called the dialects with which keys, for people who may see the keys."""

from django.db.models import Exists, OuterRef, Q, QuerySet

from classifier.core.visibility import sources_of
from classifier.models import ApiKey, ClientSeen, SourceAccess, User


def keys_seen_by(user: User | None) -> QuerySet[ApiKey]:
    """The keys that reach no source which `user` does not see: all keys for a person of every source."""
    seen = sources_of(user)
    if seen is None:
        return ApiKey.objects.all()
    own = ApiKey.sources.through.objects.filter(apikey=OuterRef("pk"))
    of_owner = SourceAccess.objects.filter(user=OuterRef("owner"))
    within = Exists(own) & ~Exists(own.exclude(source__in=seen))
    of_who_sees_less = Q(owner__all_sources=False) & ~Exists(of_owner.exclude(source__in=seen))
    return ApiKey.objects.filter(within | (~Exists(own) & of_who_sees_less))


def clients_seen_by(user: User | None) -> QuerySet[ClientSeen]:
    """The programs seen with the keys that `user` sees, the latest first."""
    rows = ClientSeen.objects.order_by("-last_seen_at", "-id")
    return rows if sources_of(user) is None else rows.filter(api_key__in=keys_seen_by(user))
