"""The state of keys whose programs move here from Perspective, for the checklist of the migration page."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, Q, QuerySet
from django.utils import timezone

from classifier.api_keys.clients_seen import clients_seen_by, keys_seen_by
from classifier.core.visibility import narrow, seen_by
from classifier.models import (
    ApiKey,
    ClientSeen,
    ModelVersion,
    Policy,
    ReferenceCall,
    ReferenceMode,
    Rule,
    ScoreMap,
    Source,
    User,
)

PERSPECTIVE = "perspective"
LISTED = 20
COUNTED = 10_000  # pairs are counted no further


@dataclass(frozen=True)
class SourceRules:
    """The rules and policies that hold for a source. `slug` may name a source that does not exist yet."""

    slug: str
    name: str
    rules: int
    site_rules: int
    policies: int


@dataclass(frozen=True)
class Moving:
    """The state of one key: `clients` of Perspective's format, the latest first; `pairs` counted up to COUNTED."""

    key: ApiKey
    usable: bool
    clients: list[ClientSeen]
    sources: list[SourceRules]
    pairs: int
    map_made: ScoreMap | None  # fitted on calls of this key or its service, and not switched on

    @property
    def attributes(self) -> list[str]:
        return list(dict.fromkeys(name for client in self.clients for name in client.attributes))

    @property
    def languages(self) -> list[str]:
        return list(dict.fromkeys(name for client in self.clients for name in client.languages))


def keys_moving(user: User | None, chosen: Collection[int] = ()) -> list[ApiKey]:
    """List the keys that called in Perspective's format or have a reference service, and those in `chosen` (ids)."""
    called = clients_seen_by(user).filter(dialect=PERSPECTIVE).values("api_key")
    concerned = Q(pk__in=called) | ~Q(reference_mode=ReferenceMode.OFF) | Q(reference__isnull=False)
    rows = _keys(user).filter(concerned, revoked_at__isnull=True).exclude(pk__in=chosen)
    last_used = F("last_used_at").desc(nulls_last=True)
    now = timezone.now()
    return [
        *_keys(user).filter(pk__in=chosen).order_by("-id")[:LISTED],
        *sorted(rows.order_by(last_used, "-id")[:LISTED], key=lambda key: not key.is_usable(now)),
    ]


def other_keys(user: User | None, listed: Collection[ApiKey]) -> list[ApiKey]:
    """List the usable keys that the checklist does not show."""
    now = timezone.now()
    rows = keys_seen_by(user).filter(revoked_at__isnull=True).exclude(pk__in=[key.pk for key in listed])
    return [key for key in rows.order_by("name", "pk")[:200] if key.is_usable(now)]


def moving_of(keys: Collection[ApiKey], user: User | None) -> list[Moving]:
    """Return the state of each of `keys`, in their order; sources that `user` does not see are left out."""
    clients: dict[int, list[ClientSeen]] = {}
    rows = ClientSeen.objects.filter(api_key__in=keys, dialect=PERSPECTIVE).order_by("-last_seen_at", "-id")
    for client in rows:
        clients.setdefault(client.api_key_id, []).append(client)
    rules = _rules(user)
    now = timezone.now()
    return [
        Moving(
            key=key,
            usable=key.is_usable(now) and key.owner.is_active,
            clients=clients.get(key.pk, []),
            sources=_sources(key, rules),
            pairs=pairs_of_key(key, user)[:COUNTED].count(),
            map_made=None if key.score_map_id else _map_made(key),
        )
        for key in keys
    ]


def pairs_of_key(key: ApiKey, user: User | None) -> "QuerySet[ReferenceCall]":
    """Return the calls of a key that both services answered, in the sources that `user` sees."""
    rows = ReferenceCall.objects.filter(api_key=key, failure=ReferenceCall.Failure.NONE).order_by()
    return narrow(rows.exclude(ours={}).exclude(theirs={}), user)


def model_in_production() -> ModelVersion | None:
    return ModelVersion.objects.only("version", "labels", "manifest").active()


def _keys(user: User | None) -> "QuerySet[ApiKey]":
    related = ("owner", "reference", "score_map__model_version", "replaces")
    return keys_seen_by(user).select_related(*related).prefetch_related("sources")


def _rules(user: User | None) -> dict[str, SourceRules]:
    """Return the rules and policies of every source that `user` sees, by slug; "" is the site itself."""
    counted: Any = Count("pk")
    rules = dict(Rule.objects.filter(enabled=True).order_by().values_list("source").annotate(number=counted))
    policies = dict(Policy.objects.order_by().values_list("source").annotate(number=counted))
    site = rules.get(None, 0)
    by_slug = {"": SourceRules("", "", site, site, policies.get(None, 0))}
    for pk, slug, name in Source.objects.filter(seen_by(user, "pk")).values_list("pk", "slug", "name"):
        by_slug[slug] = SourceRules(slug, name, rules.get(pk, 0), site, policies.get(pk, 0))
    return by_slug


def _sources(key: ApiKey, rules: dict[str, SourceRules]) -> list[SourceRules]:
    """List the sources of the comments of this key whose calls name no community."""
    slugs = [source.slug for source in key.sources.all()]
    if slugs:
        return [rules[slug] for slug in slugs if slug in rules]
    site = rules[""]
    return [rules.get(PERSPECTIVE) or SourceRules(PERSPECTIVE, "", 0, site.site_rules, 0)]


def _map_made(key: ApiKey) -> ScoreMap | None:
    fitted_on = Q(origin__key__id=key.pk)
    if key.reference_id is not None:
        fitted_on |= Q(origin__service__id=key.reference_id)
    return ScoreMap.objects.filter(fitted_on, wire=PERSPECTIVE).order_by("-id").first()
