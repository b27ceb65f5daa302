"""Encryption of what passes through Redis, so that text which must not be stored is not readable at rest there."""

import base64
import json
from functools import cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


class DecryptionFailed(Exception):
    """The bytes were not encrypted with this installation's secret key, or were changed."""


def encrypt(value: Any) -> bytes:
    """Encrypt a JSON value."""
    return _fernet(settings.SECRET_KEY).encrypt(json.dumps(value).encode())


def decrypt(encrypted: bytes) -> Any:
    """Decrypt what `encrypt` made. Raises DecryptionFailed."""
    try:
        return json.loads(_fernet(settings.SECRET_KEY).decrypt(encrypted))
    except InvalidToken:
        raise DecryptionFailed("encrypted with another secret key, or changed") from None


@cache
def _fernet(secret: str) -> Fernet:
    derived = HKDF(SHA256(), length=32, salt=None, info=b"toxicsite transport").derive(secret.encode())
    return Fernet(base64.urlsafe_b64encode(derived))
