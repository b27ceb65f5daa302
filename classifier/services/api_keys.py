"""Making, checking and revoking API keys."""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.utils import timezone

from classifier.models import ApiKey, ApiScope, User
from classifier.services.errors import ApiKeyInvalid
from classifier.services.permissions import require_permission
from classifier.services.validation import InvalidInput, ValidationProblem

MARK = "tox_"
HANDLE_CHARACTERS = 8
SECRET_BYTES = 32
USE_NOTED_EVERY = timedelta(minutes=1)


def api_key_create(
    *,
    name: str,
    owner: User,
    scopes: Sequence[str],
    expires_at: datetime | None = None,
    by: User | None = None,
) -> tuple[ApiKey, str]:
    """Make a key; the second value is its plain text, which exists nowhere else. Raises InvalidInput."""
    require_permission(by, "classifier.add_apikey")
    problems = _problems(name, owner, scopes, expires_at)
    if problems:
        raise InvalidInput(problems)
    prefix = MARK + secrets.token_hex(HANDLE_CHARACTERS // 2)
    plaintext = f"{prefix}_{secrets.token_urlsafe(SECRET_BYTES)}"
    key = ApiKey.objects.create(
        name=name.strip(),
        prefix=prefix,
        digest=_digest(plaintext),
        owner=owner,
        scopes=sorted(set(scopes)),
        expires_at=expires_at,
    )
    return key, plaintext


def api_key_authenticate(*, plaintext: str) -> ApiKey:
    """Return the usable key with this plain text (owner loaded), noting its use. Raises ApiKeyInvalid."""
    prefix = plaintext[: len(MARK) + HANDLE_CHARACTERS]
    if not plaintext.startswith(MARK) or not plaintext.isascii():
        raise ApiKeyInvalid("This API key is not valid.")
    key = ApiKey.objects.select_related("owner").filter(prefix=prefix).first()
    digest = key.digest if key else "0" * 64
    matches = hmac.compare_digest(digest, _digest(plaintext))
    now = timezone.now()
    if key is None or not matches or not key.is_usable(now) or not key.owner.is_active:
        raise ApiKeyInvalid("This API key is not valid.")
    if key.last_used_at is None or now - key.last_used_at > USE_NOTED_EVERY:
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=now)
    return key


def api_key_revoke(*, api_key: ApiKey, by: User | None) -> None:
    """Make the key useless from now on; revoking twice changes nothing."""
    require_permission(by, "classifier.change_apikey")
    now = timezone.now()
    ApiKey.objects.filter(pk=api_key.pk, revoked_at__isnull=True).update(revoked_at=now)
    api_key.refresh_from_db(fields=["revoked_at"])


def _digest(plaintext: str) -> str:
    # A fast hash is right here: the secret is 256 random bits, not a password that somebody could guess.
    return hashlib.sha256(plaintext.encode()).hexdigest()


def _problems(
    name: str, owner: User, scopes: Sequence[str], expires_at: datetime | None
) -> list[ValidationProblem]:
    problems = []
    if not name.strip() or len(name) > 100:
        problems.append(ValidationProblem("name", "A name of 1 to 100 characters is needed.", "invalid"))
    if not owner.is_active:
        problems.append(ValidationProblem("owner", "This person is deactivated.", "invalid"))
    unknown = sorted(set(scopes) - set(ApiScope.values))
    if unknown or not scopes:
        known = ", ".join(ApiScope.values)
        problems.append(ValidationProblem("scopes", f"Give one or more of {known}.", "invalid_choice"))
    if expires_at is not None and expires_at <= timezone.now():
        problems.append(ValidationProblem("expires_at", "This moment has passed.", "invalid"))
    return problems
