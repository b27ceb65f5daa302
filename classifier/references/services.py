"""Reference services: adding, changing, switching, removing and testing one, and letting an API key use it.

Services concern the whole site, so only people who see every source change them. A service's own key is stored
encrypted and never shown again; it is not sent to another host if the URL changes.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from django.db import transaction
from django.utils import timezone

from classifier.api_keys.rules import audit_name
from classifier.core.audit import audit_record
from classifier.core.errors import NotPossibleNow
from classifier.core.outbound_addresses import PLAIN, url_problem
from classifier.core.permissions import require_permission
from classifier.core.source_access import require_scope
from classifier.core.validation import InvalidInput, ValidationProblem, text_problem, words_problem
from classifier.models import ApiKey, ReferenceMode, ReferenceService, User, Wire
from classifier.references.pace import forget, note
from classifier.references.selectors import ENDED, REMOVED, why_over
from classifier.references.wire import Reply, ask, openai_body, perspective_body
from toxicsite.lib.encryption import encrypt

ADD, CHANGE, VIEW = (
    "classifier.add_referenceservice",
    "classifier.change_referenceservice",
    "classifier.view_referenceservice",
)
CHANGE_KEY = "classifier.change_apikey"
NAME_CHARACTERS = 100
KEY_CHARACTERS = 500
SECONDS_MOST = 30.0
CALLS_MOST = 1_000.0
ATTRIBUTES = ("TOXICITY", "SEVERE_TOXICITY", "IDENTITY_ATTACK", "INSULT", "PROFANITY", "THREAT")
SAMPLE = "You are all idiots, and this is nonsense."


@dataclass(frozen=True)
class ReferenceFields:
    """The settings of a service, as an admin enters them."""

    name: str
    wire: str
    url: str
    model: str = ""
    timeout_seconds: float = 2.0
    calls_per_second: float = 1.0
    share: float = 1.0
    keeps_texts: bool = True
    ends_on: date | None = None


PRESETS: Mapping[str, ReferenceFields] = {
    "perspective": ReferenceFields(
        "Perspective", Wire.PERSPECTIVE, "https://commentanalyzer.googleapis.com", ends_on=date(2026, 12, 31)
    ),
    "openai": ReferenceFields(
        "OpenAI Moderation",
        Wire.OPENAI,
        "https://api.openai.com/v1",
        model="omni-moderation-latest",
        timeout_seconds=5.0,
    ),
}


def reference_create(*, fields: ReferenceFields, key: str, by: User | None) -> ReferenceService:
    """Add a service. Raises InvalidInput and PermissionDenied."""
    require_permission(by, ADD)
    require_scope(by, None)
    values = _checked(fields, key)
    with transaction.atomic():
        encrypted = encrypt(key.strip()) if key.strip() else None
        service = ReferenceService.objects.create(**values, sealed_key=encrypted, created_by=by)
        _record("reference.create", service, by, {**values, "key": encrypted is not None})
    return service


def reference_update(
    *,
    service: ReferenceService,
    fields: ReferenceFields,
    key: str = "",
    no_key: bool = False,
    by: User | None,
) -> ReferenceService:
    """Change a service; an empty `key` keeps the stored one, `no_key` deletes it.

    Raises InvalidInput, PermissionDenied, and NotPossibleNow where it was removed.
    """
    _require_change(by)
    with transaction.atomic():
        row = _locked(service)
        problems = []
        moved = _origin(row.url) != _origin(fields.url.strip())
        if moved and row.sealed_key is not None and not key.strip() and not no_key:
            message = (
                "Enter the key again: the URL leads to another host, and the stored key is not sent there."
            )
            problems.append(ValidationProblem("key", message, "required"))
        values = _checked(fields, key, problems)
        changed = {name: value for name, value in values.items() if getattr(row, name) != value}
        ReferenceService.objects.filter(pk=row.pk).update(**values)
        if key.strip() or no_key:
            encrypted = encrypt(key.strip()) if key.strip() else None
            ReferenceService.objects.filter(pk=row.pk).update(sealed_key=encrypted)
            changed["key"] = encrypted is not None
        if changed:
            _record("reference.update", row, by, changed)
            transaction.on_commit(lambda: forget(row))
    service.refresh_from_db()
    return service


def reference_enable(*, service: ReferenceService, by: User | None) -> None:
    _switch(service, True, by)


def reference_disable(*, service: ReferenceService, by: User | None) -> None:
    """Stop asking a service; keys that follow it are answered by this site's model."""
    _switch(service, False, by)


def reference_remove(*, service: ReferenceService, by: User | None) -> None:
    """Remove a service for good, with its key; compared calls stay until they expire."""
    _require_change(by)
    with transaction.atomic():
        row = _locked(service)
        ReferenceService.objects.filter(pk=row.pk).update(
            deleted_at=timezone.now(), is_enabled=False, sealed_key=None
        )
        _record("reference.remove", row, by)
    service.refresh_from_db()


def reference_ask_once(*, service: ReferenceService, text: str, by: User | None) -> Reply:
    """Ask about one text as a test, whatever its rate; an answer ends a pause. Nothing is stored.

    Raises InvalidInput, PermissionDenied, and NotPossibleNow where the service was removed.
    """
    _require_change(by)
    if service.deleted_at is not None:
        raise NotPossibleNow("This service was removed.")
    if problem := text_problem(text):
        raise InvalidInput([problem])
    asked = (
        perspective_body(comment={"text": text}, attributes=ATTRIBUTES, languages=["en"], do_not_store=True)
        if service.wire == Wire.PERSPECTIVE
        else openai_body(texts=[text], model=service.model)
    )
    reply = ask(service, json.dumps(asked).encode(), texts=1)
    note(service, reply)
    return reply


def reference_mode_set(
    *, api_key: ApiKey, mode: ReferenceMode, service: ReferenceService | None, by: User | None
) -> ApiKey:
    """Let a key observe or follow `service`, or use none (OFF remembers which one it used).

    Raises PermissionDenied, also where `by` does not see all that the key reaches, and NotPossibleNow where the service
    is not asked any more or the key is not usable.
    """
    require_permission(by, CHANGE_KEY)
    require_permission(by, VIEW)
    now = timezone.now()
    with transaction.atomic():
        key = ApiKey.objects.select_for_update(of=("self",)).select_related("reference").get(pk=api_key.pk)
        for source in key.sources.all() or (None,):
            require_scope(by, source)
        if mode != ReferenceMode.OFF:
            if service is None:
                raise NotPossibleNow("Choose a reference service first.")
            if not key.is_usable(now):
                raise NotPossibleNow("This key is revoked or expired.")
            if over := why_over(service, now):
                raise NotPossibleNow(_over(service, over))
        chosen = key.reference if mode == ReferenceMode.OFF else service
        if (key.reference_mode, key.reference_id) == (mode, chosen.pk if chosen else None):
            return key
        before = {"mode": key.reference_mode, "service": str(key.reference or "")}
        key.reference, key.reference_mode, key.reference_since = chosen, mode, now
        key.save(update_fields=["reference", "reference_mode", "reference_since"])
        data = {"before": before, "after": {"mode": mode.value, "service": str(chosen or "")}}
        audit_record(verb="key.reference", by=by, subject=audit_name(key), data=data)
    return key


def _require_change(by: User | None) -> None:
    require_permission(by, CHANGE)
    require_scope(by, None)


def _switch(service: ReferenceService, enabled: bool, by: User | None) -> None:
    _require_change(by)
    with transaction.atomic():
        row = _locked(service)
        if row.is_enabled == enabled:
            return
        ReferenceService.objects.filter(pk=row.pk).update(is_enabled=enabled)
        _record("reference.enable" if enabled else "reference.disable", row, by)
        transaction.on_commit(lambda: forget(row))
    service.refresh_from_db()


def _locked(service: ReferenceService) -> ReferenceService:
    row = ReferenceService.objects.select_for_update(no_key=True).get(pk=service.pk)
    if row.deleted_at is not None:
        raise NotPossibleNow("This service was removed.")
    return row


def _checked(
    fields: ReferenceFields, key: str, known: "list[ValidationProblem] | None" = None
) -> dict[str, Any]:
    name, url, model = fields.name.strip(), fields.url.strip(), fields.model.strip()
    problems = [
        *(known or []),
        words_problem(name, "name", NAME_CHARACTERS),
        words_problem(model, "model", NAME_CHARACTERS),
        None if name else ValidationProblem("name", "Give it a name.", "required"),
        None if fields.wire in Wire.values else ValidationProblem("wire", "Choose one.", "invalid_choice"),
        _url_problem(url),
        _key_problem(key.strip()),
        _number_problem("timeout_seconds", fields.timeout_seconds, 0.05, SECONDS_MOST),
        _number_problem("calls_per_second", fields.calls_per_second, 0.01, CALLS_MOST),
        _number_problem("share", fields.share, 0, 1),
    ]
    if wrong := [problem for problem in problems if problem is not None]:
        raise InvalidInput(wrong)
    return {
        "name": name,
        "wire": fields.wire,
        "url": url,
        "model": model,
        "timeout_seconds": fields.timeout_seconds,
        "calls_per_second": fields.calls_per_second,
        "share": fields.share,
        "keeps_texts": fields.keeps_texts,
        "ends_on": fields.ends_on,
    }


def _url_problem(url: str) -> ValidationProblem | None:
    refused = url_problem(url)
    if refused is None and "?" in url:
        refused = "Leave out the question mark and what follows; the key has a field of its own."
    return None if refused is None else ValidationProblem("url", refused, "invalid")


def _key_problem(key: str) -> ValidationProblem | None:
    if not key or (PLAIN.match(key) and len(key) <= KEY_CHARACTERS):
        return None
    message = f"A key has up to {KEY_CHARACTERS} ASCII characters without spaces."
    return ValidationProblem("key", message, "invalid")


def _number_problem(name: str, value: float, least: float, most: float) -> ValidationProblem | None:
    if least <= value <= most:  # a comparison with NaN is false, so NaN is refused too
        return None
    return ValidationProblem(name, f"This must be from {least:g} to {most:g}.", "out_of_range")


def _origin(url: str) -> tuple[str, str, int | None]:
    try:
        parts = urlsplit(url)
        return parts.scheme, (parts.hostname or "").lower(), parts.port
    except ValueError:
        return "", "", None


def _record(
    verb: str, service: ReferenceService, by: User | None, data: Mapping[str, Any] | None = None
) -> None:
    facts = {"reference": service.pk, **(data or {})}
    if "url" in facts:  # the path of an address is often a secret itself
        parts = urlsplit(facts["url"])
        facts["url"] = f"{parts.scheme}://{parts.netloc}"
    if facts.get("ends_on") is not None:
        facts["ends_on"] = facts["ends_on"].isoformat()
    audit_record(verb=verb, by=by, subject=service.name, data=facts)


def _over(service: ReferenceService, why: str) -> str:
    if why == ENDED and service.ends_on is not None:
        return f"{service.name} ended on {service.ends_on:%-d %B %Y}."
    return f"{service.name} was removed." if why == REMOVED else f"{service.name} is switched off."
