"""Making, checking and revoking API keys."""

from collections.abc import Sequence
from datetime import datetime

from classifier.models import ApiKey, User


def api_key_create(
    *, name: str, owner: User, scopes: Sequence[str], expires_at: datetime | None = None
) -> tuple[ApiKey, str]:
    """Make a key; the second value is its plain text, which exists nowhere else. Raises InvalidInput."""
    raise NotImplementedError


def api_key_authenticate(*, plaintext: str) -> ApiKey:
    """Return the usable key with this plain text (owner loaded), noting its use. Raises ApiKeyInvalid."""
    raise NotImplementedError


def api_key_revoke(*, api_key: ApiKey, by: User | None) -> None:
    """Make the key useless from now on; revoking twice changes nothing."""
    raise NotImplementedError
