"""Signatures by https://www.standardwebhooks.com: HMAC-SHA256 over `id.timestamp.body`, in base64.

A secret is `whsec_` and the base64 of its bytes; the bytes are the key. While a secret is being replaced, the old one
and the new one both sign.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime

from classifier.models import Webhook
from toxicsite.lib.encryption import decrypt, encrypt

MARK = "whsec_"
SECRET_BYTES = 32


def new_secret() -> str:
    """Make a secret in the form that receivers are given."""
    return MARK + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def encrypt_secret(secret: str) -> bytes:
    """Encrypt a secret for storage."""
    return encrypt(secret)


def secrets_of(webhook: Webhook, now: datetime) -> list[str]:
    """Return the secrets that sign now, newest first. Raises DecryptionFailed after a change of SECRET_KEY."""
    keys = [str(decrypt(bytes(webhook.sealed_secret)))]
    until = webhook.old_secret_until
    if webhook.sealed_old_secret is not None and until is not None and now < until:
        keys.append(str(decrypt(bytes(webhook.sealed_old_secret))))
    return keys


def signature(secret: str, *, message: str, timestamp: int, body: bytes) -> str:
    """Sign a message; return `v1,` and the base64 of the MAC."""
    key = base64.b64decode(secret.removeprefix(MARK))
    signed = f"{message}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def signed_headers(keys: Sequence[str], *, message: str, now: datetime, body: bytes) -> dict[str, str]:
    """Return the three headers of an attempt made `now`."""
    timestamp = int(now.timestamp())
    signatures = [signature(key, message=message, timestamp=timestamp, body=body) for key in keys]
    return {
        "webhook-id": message,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
    }
