"""Reference services as they stand: which may be asked, which keys use them, and what an admin must hear of."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from django.db.models import Q, QuerySet

from classifier.models import ApiKey, ReferenceCall, ReferenceMode, ReferenceService

REMOVED, SWITCHED_OFF, ENDED = "removed", "off", "ended"


@dataclass(frozen=True)
class KeyUse:
    """The usable keys of one service by what they do with it."""

    service: ReferenceService
    observing: list[ApiKey] = field(default_factory=list)
    following: list[ApiKey] = field(default_factory=list)

    @property
    def keys(self) -> list[ApiKey]:
        return [*self.following, *self.observing]


def why_over(service: ReferenceService, now: datetime) -> str:
    """Why `service` is not asked any more, or nothing; its last day ends at midnight UTC."""
    if service.deleted_at is not None:
        return REMOVED
    if not service.is_enabled:
        return SWITCHED_OFF
    if service.ends_on is not None and now.astimezone(UTC).date() > service.ends_on:
        return ENDED
    return ""


def services_there() -> QuerySet[ReferenceService]:
    """Those that were not removed, by name."""
    return ReferenceService.objects.filter(deleted_at__isnull=True)


def usable_keys(now: datetime) -> QuerySet[ApiKey]:
    """Keys that programs can use now and that use a service."""
    lives = Q(expires_at__isnull=True) | Q(expires_at__gt=now)
    return (
        ApiKey.objects.filter(lives, revoked_at__isnull=True, owner__is_active=True)
        .exclude(reference_mode=ReferenceMode.OFF)
        .select_related("owner", "reference")
        .order_by("name", "pk")
    )


def uses(now: datetime) -> list[KeyUse]:
    """Every service that a usable key observes or follows, removed ones too."""
    found: dict[int, KeyUse] = {}
    for api_key in usable_keys(now):
        assert api_key.reference is not None
        use = found.setdefault(api_key.reference.pk, KeyUse(api_key.reference))
        follows = api_key.reference_mode == ReferenceMode.FOLLOW
        (use.following if follows else use.observing).append(api_key)
    return list(found.values())


def latest_calls(service: ReferenceService, most: int) -> list[ReferenceCall]:
    """The newest calls with their keys."""
    rows = ReferenceCall.objects.filter(service=service).select_related("api_key")
    return list(rows.order_by("-created_at", "-pk")[:most])
