"""Create, check, change, rotate and revoke API keys. A person who manages keys manages all of them."""

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.db import transaction
from django.db.models import BigIntegerField, OuterRef, QuerySet
from django.db.models.expressions import RawSQL
from django.utils import timezone

from classifier.api_keys.rules import (
    audit_data,
    audit_name,
    key_problems,
    missing_problems,
    quota_problems,
    source_problems,
)
from classifier.core.audit import audit_record
from classifier.core.errors import ApiKeyInvalid, NotPossibleNow
from classifier.core.permissions import require_permission
from classifier.core.validation import InvalidInput, ValidationProblem
from classifier.models import ApiKey, MissingAttributes, Source, User

MARK = "tox_"
HANDLE_CHARACTERS = 8
SECRET_BYTES = 32
USE_NOTED_EVERY = timedelta(minutes=1)
OVERLAP_MAX = timedelta(days=365)
CHANGEABLE = (
    *("name", "expires_at", "requests_per_minute", "texts_per_day"),
    *("missing_attributes", "missing_constant", "lifts_scores"),
)
# What a program is answered with stays the same when its key is rotated.
CARRIED_OVER = (
    *("missing_attributes", "missing_constant", "lifts_scores"),
    *("reference", "reference_mode", "reference_since", "score_map", "score_map_since"),
)
# The ids of the keys that came before this one by rotation and of those that followed it, and its own.
LINE = """ARRAY(
    WITH RECURSIVE line AS (
        SELECT one.id, one.replaces_id FROM classifier_apikey one WHERE one.id = classifier_apikey.id
        UNION
        SELECT other.id, other.replaces_id
        FROM classifier_apikey other JOIN line ON other.id = line.replaces_id OR other.replaces_id = line.id
    ) SELECT id FROM line ORDER BY id
)"""


def api_key_create(
    *,
    name: str,
    owner: User,
    scopes: Sequence[str],
    sources: Iterable[Source] = (),
    requests_per_minute: int | None = None,
    texts_per_day: int | None = None,
    expires_at: datetime | None = None,
    missing_attributes: str = MissingAttributes.LEAVE_OUT,
    missing_constant: float | None = None,
    lifts_scores: bool = False,
    by: User | None = None,
) -> tuple[ApiKey, str]:
    """Create a key; the second value is its plain text, which exists nowhere else.

    Without `sources` it reaches every source that its owner sees. `missing_attributes` says what stands for attributes
    of Perspective without a label here (`missing_constant` goes with a constant and with nothing else), `lifts_scores`
    that scores of what the policy does not approve reach its threshold. Raises InvalidInput or PermissionDenied.
    """
    require_permission(by, "classifier.add_apikey")
    chosen = list(sources)
    problems = [
        *key_problems(name, owner, scopes, expires_at, by),
        *quota_problems(requests_per_minute, texts_per_day),
        *source_problems(chosen, by),
        *missing_problems(missing_attributes, missing_constant),
    ]
    if problems:
        raise InvalidInput(problems)
    key = ApiKey(
        name=name.strip(),
        owner=owner,
        scopes=sorted(set(scopes)),
        requests_per_minute=requests_per_minute,
        texts_per_day=texts_per_day,
        expires_at=expires_at,
        missing_attributes=missing_attributes,
        missing_constant=missing_constant,
        lifts_scores=lifts_scores,
    )
    with transaction.atomic():
        plaintext = _store(key, chosen)
        audit_record(verb="key.create", by=by, subject=audit_name(key), data=audit_data(key, chosen))
    return key, plaintext


def api_key_update(
    *,
    api_key: ApiKey,
    name: str,
    sources: Iterable[Source],
    requests_per_minute: int | None,
    texts_per_day: int | None,
    expires_at: datetime | None,
    missing_attributes: str | None = None,
    missing_constant: float | None = None,
    lifts_scores: bool | None = None,
    by: User | None,
) -> ApiKey:
    """Change what may change about a key (never its scopes or owner: that is another key). Raises InvalidInput.

    Without `missing_attributes` what stands for missing attributes stays as it is; `lifts_scores` likewise.
    """
    require_permission(by, "classifier.change_apikey")
    chosen = list(sources)
    with transaction.atomic():
        key = ApiKey.objects.select_for_update(of=("self",)).select_related("owner").get(pk=api_key.pk)
        sources_before = list(key.sources.all())
        problems = [
            *key_problems(
                name, key.owner, key.scopes, None if expires_at == key.expires_at else expires_at, by
            ),
            *quota_problems(requests_per_minute, texts_per_day),
            *source_problems(chosen, by, sources_before),
        ]
        if missing_attributes is not None or missing_constant is not None:
            choice = key.missing_attributes if missing_attributes is None else missing_attributes
            problems += missing_problems(choice, missing_constant)
        if problems:
            raise InvalidInput(problems)
        before = audit_data(key, sources_before)
        key.name, key.expires_at = name.strip(), expires_at
        key.requests_per_minute, key.texts_per_day = requests_per_minute, texts_per_day
        if missing_attributes is not None or missing_constant is not None:
            key.missing_attributes = missing_attributes or key.missing_attributes
            key.missing_constant = missing_constant
        key.lifts_scores = key.lifts_scores if lifts_scores is None else lifts_scores
        key.save(update_fields=CHANGEABLE)
        key.sources.set(chosen)
        after = audit_data(key, chosen)
        if before != after:
            data = {"before": before, "after": after}
            audit_record(verb="key.change", by=by, subject=audit_name(key), data=data)
    return key


def api_key_rotate(*, api_key: ApiKey, overlap: timedelta, by: User | None) -> tuple[ApiKey, str]:
    """Create the key that follows this one, with the same rights; the old one works on for `overlap`, and both
    together have the quotas of one.

    The new key lives as long as the old one was meant to. Raises NotPossibleNow where the key is not usable any more
    or was rotated before, InvalidInput for an overlap below zero or above a year.
    """
    require_permission(by, "classifier.change_apikey")
    require_permission(by, "classifier.add_apikey")
    if not timedelta(0) <= overlap <= OVERLAP_MAX:
        message = f"From 0 to {OVERLAP_MAX.days} days."
        raise InvalidInput([ValidationProblem("overlap", message, "invalid")])
    now = timezone.now()
    with transaction.atomic():
        old = ApiKey.objects.select_for_update(of=("self",)).select_related("owner").get(pk=api_key.pk)
        if not old.is_usable(now):
            raise NotPossibleNow("This key is revoked or expired; make a new one instead.")
        if ApiKey.objects.filter(replaces=old).exists():
            raise NotPossibleNow("This key was rotated already; rotate the one that follows it.")
        chosen = list(old.sources.all())
        problems = [*key_problems(old.name, old.owner, old.scopes, None, by), *source_problems(chosen, by)]
        if problems:
            raise InvalidInput(problems)
        new = ApiKey(
            name=old.name,
            owner=old.owner,
            scopes=old.scopes,
            requests_per_minute=old.requests_per_minute,
            texts_per_day=old.texts_per_day,
            expires_at=now + (old.expires_at - old.created_at) if old.expires_at else None,
            replaces=old,
            **{field: getattr(old, field) for field in CARRIED_OVER},
        )
        plaintext = _store(new, chosen)
        ends = now + overlap
        ApiKey.objects.filter(pk=old.pk).update(expires_at=min(old.expires_at or ends, ends))
        data = {"new": new.prefix, "old_expires_at": ends.isoformat()}
        audit_record(verb="key.rotate", by=by, subject=audit_name(old), data=data)
    api_key.refresh_from_db(fields=["expires_at"])
    return new, plaintext


def api_key_authenticate(*, plaintext: str) -> ApiKey:
    """Return the usable key with this plain text (owner loaded), noting its use. Raises ApiKeyInvalid.

    While the key acts for its owner, the owner sees no more than the key's sources.
    """
    prefix = plaintext[: len(MARK) + HANDLE_CHARACTERS]
    if not plaintext.startswith(MARK) or not plaintext.isascii():
        raise ApiKeyInvalid("This API key is not valid.")
    key = api_keys_with_reach().filter(prefix=prefix).first()
    digest = key.digest if key else "0" * 64
    matches = hmac.compare_digest(digest, _digest(plaintext))
    return api_key_admitted(key if matches else None)


def api_keys_with_reach() -> QuerySet[Any]:
    """Select keys with all that `api_key_admitted` reads of them."""
    of_key = ApiKey.sources.through.objects.filter(apikey=OuterRef("pk")).values("source")
    return ApiKey.objects.select_related("owner", "reference").annotate(
        source_ids=ArraySubquery(of_key),
        line_found=RawSQL(LINE, [], ArrayField(BigIntegerField())),  # noqa: S611 (a constant)
    )


def api_key_admitted(key: Any) -> ApiKey:
    """Return a key of `api_keys_with_reach` ready to act for its owner, and note its use.

    Raises ApiKeyInvalid for None and for a key that is not usable.
    """
    now = timezone.now()
    if key is None or not key.is_usable(now) or not key.owner.is_active:
        raise ApiKeyInvalid("This API key is not valid.")
    admitted: ApiKey = key
    admitted.line_ids = list(key.line_found)
    if key.source_ids:
        admitted.owner.only_sources = frozenset(key.source_ids)
    if admitted.last_used_at is None or now - admitted.last_used_at > USE_NOTED_EVERY:
        ApiKey.objects.filter(pk=admitted.pk).update(last_used_at=now)
    return admitted


def api_key_revoke(*, api_key: ApiKey, by: User | None) -> None:
    """Make the key useless from now on; revoking twice changes nothing."""
    require_permission(by, "classifier.change_apikey")
    with transaction.atomic():
        rows = ApiKey.objects.filter(pk=api_key.pk, revoked_at__isnull=True)
        if rows.update(revoked_at=timezone.now()):
            audit_record(verb="key.revoke", by=by, subject=audit_name(api_key))
    api_key.refresh_from_db(fields=["revoked_at"])


def _store(key: ApiKey, sources: Iterable[Source]) -> str:
    """Give the key its secret and store it; return the plain text."""
    key.prefix = MARK + secrets.token_hex(HANDLE_CHARACTERS // 2)
    plaintext = f"{key.prefix}_{secrets.token_urlsafe(SECRET_BYTES)}"
    key.digest = _digest(plaintext)
    key.save(force_insert=True)
    key.sources.set(sources)
    return plaintext


def _digest(plaintext: str) -> str:
    # A fast hash is right here: the secret is 256 random bits, not a password that somebody could guess.
    return hashlib.sha256(plaintext.encode()).hexdigest()
