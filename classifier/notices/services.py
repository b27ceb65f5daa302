"""Channels and preferences: create, change, switch, test and delete channels; choose what comes by e-mail.

The address of a channel is a secret: it is stored encrypted, and nothing shows more of it than the host.
"""

import re
import zoneinfo
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from classifier.core.audit import audit_record
from classifier.core.errors import NotPossibleNow
from classifier.core.outbound_addresses import url_problem
from classifier.core.permissions import require_permission
from classifier.core.source_access import require_scope
from classifier.core.validation import InvalidInput, ValidationProblem, words_problem
from classifier.core.visibility import sources_of
from classifier.models import (
    ChannelKind,
    NoticeAlert,
    NoticeChannel,
    NoticeDelivery,
    NoticeKind,
    NoticePreference,
    Source,
    User,
)
from classifier.notices.checks import DIGEST_PERMISSION
from classifier.notices.recording import CHOOSABLE, NOTIFY_TASK, kinds_for, notice_write
from toxicsite.lib.encryption import encrypt
from toxicsite.lib.jobs import enqueue_on_commit

ADD, CHANGE = "classifier.add_noticechannel", "classifier.change_noticechannel"
NAME_CHARACTERS = 100
PATHS = {
    ChannelKind.SLACK: (
        re.compile(r"^/services/[^/]+/[^/]+/[^/]+$"),
        "https://hooks.slack.com/services/T…/B…/…",
    ),
    ChannelKind.DISCORD: (
        re.compile(r"^/api(/v\d+)?/webhooks/\d+/[^/]+$"),
        "https://discord.com/api/webhooks/…/…",
    ),
    ChannelKind.TEAMS: (re.compile(r"^/.+"), "the URL that the workflow in Teams shows"),
    ChannelKind.MATRIX: (re.compile(r"^/?$"), "https://matrix.example.org, without a path"),
}
ROOM = re.compile(r"^![^\s]{1,254}$")
TOKEN = re.compile(r"^[!-~]{1,1000}$")


def channels_of(user: User | None) -> QuerySet[NoticeChannel]:
    """List channels by name; a user who does not see every source sees only those limited to their own sources."""
    waiting = Count("deliveries", filter=Q(deliveries__status=NoticeDelivery.Status.WAITING), distinct=True)
    rows = NoticeChannel.objects.filter(deleted_at__isnull=True).annotate(waiting=waiting)
    rows = rows.prefetch_related("sources")
    seen = sources_of(user)
    if seen is None:
        return rows
    through = NoticeChannel.sources.through.objects.filter(noticechannel=OuterRef("pk"))
    return rows.filter(Exists(through), ~Exists(through.exclude(source__in=seen)))


def channel_create(
    *,
    name: str,
    kind: str,
    address: Mapping[str, str],
    notices: Sequence[str],
    sources: Iterable[Source] = (),
    by: User | None,
) -> NoticeChannel:
    """Create a channel (no source: for all of them). `address` holds `url`, and for Matrix `room` and `token`.

    Raises InvalidInput and PermissionDenied.
    """
    require_permission(by, ADD)
    chosen = list(sources)
    _require_sources(by, chosen)
    if kind not in ChannelKind.values:
        raise InvalidInput([ValidationProblem("kind", "Choose a kind of channel.", "invalid_choice")])
    problems = [*_field_problems(name, notices), *_address_problems(kind, address)]
    if problems:
        raise InvalidInput(problems)
    with transaction.atomic():
        channel = NoticeChannel.objects.create(
            name=name.strip(),
            kind=kind,
            notices=_known(notices),
            created_by=by,
            **_sealed(kind, address),
        )
        channel.sources.set(chosen)
        facts = {"kind": kind, "host": channel.host, "notices": channel.notices, "sources": _slugs(chosen)}
        _note("channel.create", channel, by, facts)
    return channel


def channel_update(
    *,
    channel: NoticeChannel,
    name: str,
    notices: Sequence[str],
    sources: Iterable[Source],
    address: Mapping[str, str] | None = None,
    by: User | None,
) -> NoticeChannel:
    """Change a channel; `address` None keeps the one it has. Raises InvalidInput, PermissionDenied, NotPossibleNow."""
    require_permission(by, CHANGE)
    after = list(sources)
    _require_sources(by, after)
    with transaction.atomic():
        locked = _locked(channel, by)
        problems = _field_problems(name, notices)
        if address is not None:
            problems += _address_problems(locked.kind, address)
        if problems:
            raise InvalidInput(problems)
        fields: dict[str, Any] = {"name": name.strip(), "notices": _known(notices)}
        shown = {key: value for key, value in fields.items() if getattr(locked, key) != value}
        if address is not None:
            fields |= _sealed(locked.kind, address)
            shown |= {"host": fields["host"], "address": "changed"}
        if _slugs(locked.sources.all()) != _slugs(after):
            shown["sources"] = _slugs(after)
        NoticeChannel.objects.filter(pk=locked.pk).update(**fields)
        locked.sources.set(after)
        if shown:
            _note("channel.update", locked, by, shown)
    channel.refresh_from_db()
    return channel


def channel_switch(*, channel: NoticeChannel, enabled: bool, by: User | None) -> None:
    """Turn a channel on, so that what waits is sent, or off: nothing new is kept for it."""
    require_permission(by, CHANGE)
    with transaction.atomic():
        locked = _locked(channel, by)
        if locked.is_enabled == enabled:
            return
        NoticeChannel.objects.filter(pk=locked.pk).update(
            is_enabled=enabled, disabled_reason="", failing_since=None
        )
        NoticeAlert.objects.filter(key=f"channel:{locked.pk}").delete()
        _note("channel.enable" if enabled else "channel.disable", locked, by)
        if enabled:
            enqueue_on_commit(NOTIFY_TASK)
    channel.refresh_from_db()


def channel_delete(*, channel: NoticeChannel, by: User | None) -> None:
    """Delete a channel for good, with its address; what waits for it is dropped."""
    require_permission(by, CHANGE)
    with transaction.atomic():
        locked = _locked(channel, by)
        now = timezone.now()
        NoticeChannel.objects.filter(pk=locked.pk).update(
            deleted_at=now, is_enabled=False, sealed_address=encrypt({})
        )
        locked.deliveries.filter(status=NoticeDelivery.Status.WAITING).update(
            status=NoticeDelivery.Status.DEAD, finished_at=now, next_at=None, error="The channel was deleted."
        )
        NoticeAlert.objects.filter(key=f"channel:{locked.pk}").delete()
        _note("channel.delete", locked, by)


def channel_test(*, channel: NoticeChannel, by: User | None) -> None:
    """Send a test notice, once. Raises NotPossibleNow while the channel is off."""
    require_permission(by, CHANGE)
    with transaction.atomic():
        locked = _locked(channel, by)
        if not locked.is_enabled:
            raise NotPossibleNow("This channel is off. Turn it on first.")
        notice_write(
            kind=NoticeKind.TEST,
            title="A test from toxicsite",
            text="Nothing has happened. This channel gets notices.",
            only=locked,
        )


def preference_of(user: User) -> NoticePreference:
    """Return what a person wants by e-mail; not stored yet: nothing."""
    return NoticePreference.objects.filter(user=user).first() or NoticePreference(user=user)


def preference_set(
    *, user: User, kinds: Sequence[str], digest_hour: int | None, time_zone: str
) -> NoticePreference:
    """Store what a person wants by e-mail. The first digest comes when its hour comes next. Raises InvalidInput."""
    allowed = [kind.value for kind in kinds_for(user)]
    problems = []
    if unknown := [kind for kind in kinds if kind not in allowed]:
        problems.append(
            ValidationProblem("kinds", f"You cannot choose {', '.join(unknown)}.", "invalid_choice")
        )
    if digest_hour is not None and not 0 <= digest_hour <= 23:
        problems.append(ValidationProblem("digest_hour", "Choose an hour from 0 to 23.", "invalid"))
    if digest_hour is not None and not user.has_perm(DIGEST_PERMISSION):
        problems.append(ValidationProblem("digest_hour", "The digest is for people who moderate.", "invalid"))
    if time_zone not in time_zones():
        problems.append(
            ValidationProblem("time_zone", "Choose a time zone such as Europe/Berlin.", "invalid")
        )
    if (kinds or digest_hour is not None) and not user.email:
        problems.append(ValidationProblem("", "Your account has no e-mail address.", "required"))
    if problems:
        raise InvalidInput(problems)
    with transaction.atomic():
        before = NoticePreference.objects.select_for_update().filter(user=user).first()
        local = timezone.now().astimezone(zoneinfo.ZoneInfo(time_zone))
        was = (before.digest_hour, before.time_zone) if before is not None else (None, "")
        digest_on = before.digest_on if before is not None else None
        if digest_hour is not None and was != (digest_hour, time_zone) and local.hour >= digest_hour:
            digest_on = local.date()
        preference, _ = NoticePreference.objects.update_or_create(
            user=user,
            defaults={
                "kinds": [kind for kind in allowed if kind in kinds],
                "digest_hour": digest_hour,
                "time_zone": time_zone,
                "digest_on": digest_on,
            },
        )
    return preference


@cache
def time_zones() -> list[str]:
    """List the time zones that people may choose."""
    names = zoneinfo.available_timezones()
    return sorted(name for name in names if name == "UTC" or ("/" in name and not name.startswith("Etc/")))


def _field_problems(name: str, notices: Sequence[str]) -> list[ValidationProblem]:
    problems = [words_problem(name, "name", NAME_CHARACTERS)]
    if problems[0] is None and not name.strip():
        problems.append(ValidationProblem("name", "Give it a name.", "required"))
    if not notices or any(kind not in CHOOSABLE for kind in notices):
        problems.append(ValidationProblem("notices", "Choose at least one kind of notice.", "invalid_choice"))
    return [problem for problem in problems if problem is not None]


def _address_problems(kind: str, address: Mapping[str, str]) -> list[ValidationProblem]:
    url = address.get("url", "")
    pattern, example = PATHS[ChannelKind(kind)]
    problems = []
    if refused := url_problem(url):
        problems.append(ValidationProblem("url", refused, "invalid"))
    elif not url.startswith("https://"):
        problems.append(ValidationProblem("url", "The address of a channel starts with https://.", "invalid"))
    elif not pattern.match(urlsplit(url).path):
        label = ChannelKind(kind).label
        problems.append(
            ValidationProblem("url", f"An address of {label} looks otherwise: {example}.", "invalid")
        )
    if kind == ChannelKind.MATRIX:
        if not ROOM.match(address.get("room", "")):
            message = "Give the room's internal id, which starts with an exclamation mark."
            problems.append(ValidationProblem("room", message, "invalid"))
        if not TOKEN.match(address.get("token", "")):
            problems.append(ValidationProblem("token", "Give the access token of the sender.", "invalid"))
    return problems


def _sealed(kind: str, address: Mapping[str, str]) -> dict[str, Any]:
    names = ("url", "room", "token") if kind == ChannelKind.MATRIX else ("url",)
    return {
        "sealed_address": encrypt({name: address[name] for name in names}),
        "host": urlsplit(address["url"]).hostname or "",
    }


def _locked(channel: NoticeChannel, by: User | None) -> NoticeChannel:
    locked = NoticeChannel.objects.select_for_update(no_key=True).get(pk=channel.pk)
    if locked.deleted_at is not None:
        raise NotPossibleNow("This channel was deleted.")
    _require_sources(by, list(locked.sources.all()))
    return locked


def _require_sources(by: User | None, sources: Sequence[Source]) -> None:
    for source in sources or (None,):
        require_scope(by, source)


def _known(notices: Sequence[str]) -> list[str]:
    return [kind.value for kind in CHOOSABLE if kind in notices]


def _slugs(sources: Iterable[Source]) -> list[str]:
    return sorted(source.slug for source in sources)


def _note(verb: str, channel: NoticeChannel, by: User | None, data: Mapping[str, Any] | None = None) -> None:
    audit_record(verb=verb, by=by, subject=channel.name, data={"channel": channel.pk, **(data or {})})
