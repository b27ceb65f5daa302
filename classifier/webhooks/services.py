"""Webhooks: create, change, enable, disable and delete them, roll secrets, send tests, replay deliveries.

A secret is shown once, when it is made or rolled; it is kept encrypted, not hashed, because it has to sign.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.db import transaction
from django.utils import timezone

from classifier.core.audit import audit_record
from classifier.core.errors import NotPossibleNow
from classifier.core.events import WEBHOOK_GIVEN_UP, emit
from classifier.core.outbound_addresses import url_problem
from classifier.core.permissions import require_permission
from classifier.core.source_access import require_scope
from classifier.core.validation import InvalidInput, ValidationProblem, words_problem
from classifier.models import Source, User, Webhook, WebhookDelivery, WebhookEventType
from classifier.webhooks import outbox
from classifier.webhooks.selectors import failed_since
from classifier.webhooks.signing import encrypt_secret, new_secret
from toxicsite.lib.jobs import enqueue_on_commit

ADD, CHANGE = "classifier.add_webhook", "classifier.change_webhook"
NAME_CHARACTERS = 100
OVERLAP_HOURS_MOST = 7 * 24
CHOOSABLE = tuple(kind for kind in WebhookEventType if kind != WebhookEventType.TEST)
TEST_DATA = {"message": "A test from toxicsite. Nothing has happened."}


def webhook_create(
    *,
    name: str,
    url: str,
    events: Sequence[str],
    sources: Iterable[Source] = (),
    by: User | None,
) -> tuple[Webhook, str]:
    """Create a webhook (no source: for all of them); the second value is its secret, which is shown only now.

    Raises InvalidInput and PermissionDenied.
    """
    require_permission(by, ADD)
    chosen = list(sources)
    fields = _checked(name, url, events)
    _require_sources(by, chosen)
    secret = new_secret()
    with transaction.atomic():
        webhook = Webhook.objects.create(**fields, sealed_secret=encrypt_secret(secret), created_by=by)
        webhook.sources.set(chosen)
        _note("webhook.create", webhook, by, {**fields, "sources": _slugs(chosen)})
    outbox.forget()
    return webhook, secret


def webhook_update(
    *,
    webhook: Webhook,
    name: str | None = None,
    url: str | None = None,
    events: Sequence[str] | None = None,
    sources: Iterable[Source] | None = None,
    by: User | None,
) -> Webhook:
    """Change the given fields. Raises InvalidInput, PermissionDenied, and NotPossibleNow if it was deleted."""
    require_permission(by, CHANGE)
    with transaction.atomic():
        locked = _locked(webhook, by)
        before = list(locked.sources.all())
        after = before if sources is None else list(sources)
        _require_sources(by, after)
        fields = _checked(
            locked.name if name is None else name,
            locked.url if url is None else url,
            locked.events if events is None else events,
        )
        changed = {key: value for key, value in fields.items() if getattr(locked, key) != value}
        Webhook.objects.filter(pk=locked.pk).update(**fields)
        if {source.pk for source in before} != {source.pk for source in after}:
            locked.sources.set(after)
            changed["sources"] = _slugs(after)
        if changed:
            _note("webhook.update", locked, by, changed)
    outbox.forget()
    webhook.refresh_from_db()
    return webhook


def webhook_enable(*, webhook: Webhook, by: User | None) -> None:
    """Enable a webhook; deliveries that still wait are sent too."""
    _switch(webhook, True, by)


def webhook_disable(*, webhook: Webhook, by: User | None, reason: str = "") -> None:
    """Disable a webhook: new events are not kept for it; what waits already is sent when it is enabled again."""
    _switch(webhook, False, by, reason)


def webhook_delete(*, webhook: Webhook, by: User | None) -> None:
    """Delete a webhook for good; its log is kept for WEBHOOK_LOG_DAYS."""
    require_permission(by, CHANGE)
    with transaction.atomic():
        locked = _locked(webhook, by)
        now = timezone.now()
        Webhook.objects.filter(pk=locked.pk).update(
            deleted_at=now, is_enabled=False, sealed_old_secret=None, old_secret_until=None
        )
        give_up_waiting(locked, now)
        emit(WEBHOOK_GIVEN_UP, {"webhook": locked.pk, "name": locked.name, "state": "deleted"})
        _note("webhook.delete", locked, by)
    outbox.forget()


def webhook_secret_roll(*, webhook: Webhook, overlap_hours: int = 24, by: User | None) -> str:
    """Make and return a new secret, shown only now; the old one also signs for `overlap_hours` (0: not at all).

    Raises InvalidInput and PermissionDenied.
    """
    require_permission(by, CHANGE)
    if not 0 <= overlap_hours <= OVERLAP_HOURS_MOST:
        message = f"Give 0 to {OVERLAP_HOURS_MOST} hours."
        raise InvalidInput([ValidationProblem("overlap_hours", message, "invalid")])
    secret = new_secret()
    with transaction.atomic():
        locked = _locked(webhook, by)
        until = timezone.now() + timedelta(hours=overlap_hours) if overlap_hours else None
        Webhook.objects.filter(pk=locked.pk).update(
            sealed_secret=encrypt_secret(secret),
            sealed_old_secret=locked.sealed_secret if until else None,
            old_secret_until=until,
        )
        _note("webhook.secret", locked, by, {"overlap_hours": overlap_hours})
    webhook.refresh_from_db()
    return secret


def webhook_test(*, webhook: Webhook, by: User | None) -> WebhookDelivery:
    """Send a test, once; its log shows the result. Raises NotPossibleNow while the webhook is disabled."""
    require_permission(by, CHANGE)
    with transaction.atomic():
        locked = _locked(webhook, by)
        _require_enabled(locked)
        return outbox.write_test(locked, TEST_DATA)


def delivery_replay(*, delivery: WebhookDelivery, by: User | None) -> None:
    """Send a delivery again, with the same id and a new series of attempts. Raises NotPossibleNow."""
    require_permission(by, CHANGE)
    with transaction.atomic():
        locked = _locked(delivery.webhook, by)
        _require_enabled(locked)
        over = locked.deliveries.filter(pk=delivery.pk).exclude(status=WebhookDelivery.Status.WAITING)
        if not over.update(**_afresh()):
            raise NotPossibleNow("This delivery is already waiting to be sent.")
        _note("webhook.replay", locked, by, {"event": str(delivery.event_id)}, count=1)
        enqueue_on_commit(outbox.DELIVER_TASK)
    delivery.refresh_from_db()


def deliveries_replay(*, webhook: Webhook, since: datetime, by: User | None) -> int:
    """Send again all deliveries given up since then; return their number. Raises NotPossibleNow."""
    require_permission(by, CHANGE)
    with transaction.atomic():
        locked = _locked(webhook, by)
        _require_enabled(locked)
        count = failed_since(locked, since).update(**_afresh())
        if count:
            _note("webhook.replay", locked, by, {"since": since.isoformat()}, count=count)
            enqueue_on_commit(outbox.DELIVER_TASK)
    return count


def give_up_waiting(webhook: Webhook, now: datetime) -> int:
    """Give up what waits for this webhook, in the caller's transaction, until somebody replays it; return how many."""
    waiting = webhook.deliveries.filter(status=WebhookDelivery.Status.WAITING)
    return waiting.update(
        status=WebhookDelivery.Status.DEAD, finished_at=now, next_at=None, claimed_until=None
    )


def _switch(webhook: Webhook, enabled: bool, by: User | None, reason: str = "") -> None:
    require_permission(by, CHANGE)
    with transaction.atomic():
        locked = _locked(webhook, by)
        if locked.is_enabled == enabled:
            return
        Webhook.objects.filter(pk=locked.pk).update(
            is_enabled=enabled, disabled_reason=reason[:200], failing_since=None
        )
        _note("webhook.enable" if enabled else "webhook.disable", locked, by, {"reason": reason})
        if enabled:
            emit(WEBHOOK_GIVEN_UP, {"webhook": locked.pk, "name": locked.name, "state": "on"})
            enqueue_on_commit(outbox.DELIVER_TASK)
    outbox.forget()
    webhook.refresh_from_db()


def _locked(webhook: Webhook, by: User | None) -> Webhook:
    locked = Webhook.objects.select_for_update(no_key=True).get(pk=webhook.pk)
    if locked.deleted_at is not None:
        raise NotPossibleNow("This webhook was deleted.")
    _require_sources(by, list(locked.sources.all()))
    return locked


def _require_sources(by: User | None, sources: Sequence[Source]) -> None:
    for source in sources or (None,):
        require_scope(by, source)


def _require_enabled(webhook: Webhook) -> None:
    if not webhook.is_enabled:
        raise NotPossibleNow("This webhook is disabled. Enable it first.")


def _afresh() -> dict[str, Any]:
    return {
        "status": WebhookDelivery.Status.WAITING,
        "attempts": 0,
        "next_at": timezone.now(),
        "claimed_until": None,
        "finished_at": None,
    }


def _checked(name: Any, url: Any, events: Any) -> dict[str, Any]:
    problems = [words_problem(name, "name", NAME_CHARACTERS), words_problem(url, "url", 500)]
    if problems[0] is None and not name.strip():
        problems.append(ValidationProblem("name", "Give it a name.", "required"))
    if problems[1] is None and (refused := url_problem(url.strip())):
        problems.append(ValidationProblem("url", refused, "invalid"))
    known = [kind.value for kind in CHOOSABLE]
    if not events or isinstance(events, str) or any(event not in known for event in events):
        message = f"Choose one or more of {', '.join(known)}."
        problems.append(ValidationProblem("events", message, "invalid_choice"))
    if refusals := [problem for problem in problems if problem is not None]:
        raise InvalidInput(refusals)
    return {"name": name.strip(), "url": url.strip(), "events": [event for event in known if event in events]}


def _slugs(sources: Iterable[Source]) -> list[str]:
    return sorted(source.slug for source in sources)


def _note(
    verb: str,
    webhook: Webhook,
    by: User | None,
    data: Mapping[str, Any] | None = None,
    count: int | None = None,
) -> None:
    facts = {"webhook": webhook.pk, **(data or {})}
    if "url" in facts:  # the path of a webhook URL is often itself a secret
        parts = urlsplit(facts["url"])
        facts["url"] = f"{parts.scheme}://{parts.netloc}"
    audit_record(verb=verb, by=by, subject=webhook.name, count=count, data=facts)
