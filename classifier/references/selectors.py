"""Reads of reference services: which may be asked, which keys use them, and what the dashboard tells admins."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from django.db.models import Q, QuerySet

from classifier.models import ApiKey, ReferenceCall, ReferenceMode, ReferenceService
from classifier.references.pace import Health, healths

REMOVED, SWITCHED_OFF, ENDED = "removed", "off", "ended"


@dataclass(frozen=True)
class KeyUse:
    """The usable keys of one service, by whether they observe or follow it."""

    service: ReferenceService
    observing: list[ApiKey] = field(default_factory=list)
    following: list[ApiKey] = field(default_factory=list)

    @property
    def keys(self) -> list[ApiKey]:
        return [*self.following, *self.observing]


def why_over(service: ReferenceService, now: datetime) -> str:
    """Say why `service` is not asked any more; "" if it is. Its last day ends at midnight UTC."""
    if service.deleted_at is not None:
        return REMOVED
    if not service.is_enabled:
        return SWITCHED_OFF
    if service.ends_on is not None and now.astimezone(UTC).date() > service.ends_on:
        return ENDED
    return ""


def services_there() -> QuerySet[ReferenceService]:
    """Return the services that were not removed."""
    return ReferenceService.objects.filter(deleted_at__isnull=True)


def usable_keys(now: datetime) -> QuerySet[ApiKey]:
    """Return the keys that programs can use now and that observe or follow a service."""
    lives = Q(expires_at__isnull=True) | Q(expires_at__gt=now)
    return (
        ApiKey.objects.filter(lives, revoked_at__isnull=True, owner__is_active=True)
        .exclude(reference_mode=ReferenceMode.OFF)
        .select_related("owner", "reference")
        .order_by("name", "pk")
    )


def uses(now: datetime) -> list[KeyUse]:
    """List every service that a usable key observes or follows, removed ones too."""
    by_service: dict[int, KeyUse] = {}
    for api_key in usable_keys(now):
        assert api_key.reference is not None
        use = by_service.setdefault(api_key.reference.pk, KeyUse(api_key.reference))
        follows = api_key.reference_mode == ReferenceMode.FOLLOW
        (use.following if follows else use.observing).append(api_key)
    return list(by_service.values())


def latest_calls(service: ReferenceService, most: int) -> list[ReferenceCall]:
    """Return the newest calls of a service, with their keys."""
    rows = ReferenceCall.objects.filter(service=service).select_related("api_key")
    return list(rows.order_by("-created_at", "-pk")[:most])


@dataclass(frozen=True)
class ReferenceNotice:
    """A notice of the dashboard; `keys` are the names of the keys that it concerns."""

    service: ReferenceService
    message: str
    keys: list[str] = field(default_factory=list)
    is_error: bool = False


def reference_notices(now: datetime) -> list[ReferenceNotice]:
    """Return a notice for each service that keys follow although it has ended, or use while it fails."""
    used = uses(now)
    states = healths([use.service.pk for use in used])
    notices = []
    for use in used:
        over = why_over(use.service, now)
        if over and use.following:
            notices.append(_over(use, over))
        elif not over and (state := states[use.service.pk]).failing:
            notices.append(_failing(use, state))
    return notices


def _over(use: KeyUse, why: str) -> ReferenceNotice:
    service = use.service
    if why == ENDED and service.ends_on is not None:
        what = f"{service.name} ended on {service.ends_on:%-d %B %Y}"
    else:
        what = f"{service.name} was removed" if why == REMOVED else f"{service.name} is switched off"
    message = f"{what}: {_answered_here(len(use.following), 'still follow')}"
    return ReferenceNotice(service, message, [str(key.name) for key in use.following])


def _failing(use: KeyUse, state: Health) -> ReferenceNotice:
    since = f" since {state.since:%-d %B, %H:%M} UTC" if state.since is not None else ""
    why = (
        f" {state.failure_label}: {state.detail.rstrip('.')}." if state.detail else f" {state.failure_label}."
    )
    parts = [f"{use.service.name} has been failing{since}.{why}"]
    if use.following:
        parts.append(_answered_here(len(use.following), "follow"))
    if use.observing:
        parts.append(f"{_keys(len(use.observing), 'observe')} it; their calls are compared with nothing.")
    return ReferenceNotice(use.service, " ".join(parts), [str(key.name) for key in use.keys], is_error=True)


def _answered_here(count: int, verb: str) -> str:
    return f"{_keys(count, verb)} it and {'is' if count == 1 else 'are'} answered by this site's model."


def _keys(count: int, verb: str) -> str:
    word, _, rest = verb.rpartition(" ")
    ending = f"{rest}s" if count == 1 else rest
    return f"{count} key{'' if count == 1 else 's'} {f'{word} ' if word else ''}{ending}"
