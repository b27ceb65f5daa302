"""What an admin must hear of: keys that still follow a reference service that is over, and services that fail."""

from dataclasses import dataclass, field
from datetime import datetime

from classifier.models import ReferenceService
from classifier.references.pace import Health, healths
from classifier.references.selectors import ENDED, REMOVED, KeyUse, uses, why_over


@dataclass(frozen=True)
class ReferenceNotice:
    """A notice of the dashboard; `keys` are the names of the keys that it concerns."""

    service: ReferenceService
    message: str
    keys: list[str] = field(default_factory=list)
    is_error: bool = False


def reference_notices(now: datetime) -> list[ReferenceNotice]:
    """One notice for each service that usable keys follow although it is over, or use while it fails."""
    found = uses(now)
    states = healths([use.service.pk for use in found])
    notices = []
    for use in found:
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
