"""Encryption of what passes through Redis, so that text which must not be stored is not readable at rest there."""

import base64
import json
from functools import cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


class DecryptionFailed(Exception):
    """The bytes were not encrypted with this installation's secret key, or were changed."""


def encrypt(value: Any) -> bytes:
    """Encrypt a JSON value with the secret key."""
    return _fernet(settings.SECRET_KEY).encrypt(json.dumps(value).encode())


def decrypt(encrypted: bytes) -> Any:
    """Decrypt what `encrypt` made, with the secret key or an earlier one. Raises DecryptionFailed."""
    try:
        return json.loads(_keys().decrypt(encrypted))
    except InvalidToken:
        raise DecryptionFailed("encrypted with another secret key, or changed") from None


def renew(encrypted: bytes) -> bytes:
    """Encrypt again with the secret key what may have been encrypted with an earlier one. Raises DecryptionFailed."""
    try:
        return _keys().rotate(encrypted)
    except InvalidToken:
        raise DecryptionFailed("encrypted with another secret key, or changed") from None


def is_current(encrypted: bytes) -> bool:
    """Return whether the secret key alone, without earlier ones, decrypts it."""
    try:
        _fernet(settings.SECRET_KEY).decrypt(encrypted)
    except InvalidToken:
        return False
    return True


def _keys() -> MultiFernet:
    return MultiFernet([_fernet(secret) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


@cache
def _fernet(secret: str) -> Fernet:
    derived = HKDF(SHA256(), length=32, salt=None, info=b"toxicsite transport").derive(secret.encode())
    return Fernet(base64.urlsafe_b64encode(derived))
