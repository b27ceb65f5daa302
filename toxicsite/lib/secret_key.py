"""The secret key of an installation that was given none: made once, kept readable by its owner only."""

import secrets
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from toxicsite.lib.files import create_private

LEAST_CHARACTERS = 50
REMEDY = (
    "restore it from a backup, or delete it and start again: a new key is made, everybody signs in again, "
    "secrets of webhooks have to be rolled, and API keys of reference services have to be entered again."
)


def read_or_create_secret_key(path: Path) -> str:
    """Return the key in `path`, making it first when absent; safe when several processes start at once.

    Raises ImproperlyConfigured, with a sentence, for a file that holds no whole key or cannot be read or written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            create_private(path, secrets.token_urlsafe(LEAST_CHARACTERS))
    except OSError as error:
        raise ImproperlyConfigured(
            f"The secret key cannot be kept in {path}: {error.strerror}; make room or give this account the right "
            "to write there, or set SECRET_KEY."
        ) from None
    return _read(path)


def read_earlier_secret_keys(path: Path) -> list[str]:
    """Return the keys in `path`, one a line, that were the secret key before; none without the file.

    Raises ImproperlyConfigured, with a sentence, for a file that cannot be read.
    """
    try:
        text = path.read_bytes().decode()
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(
            f"The earlier secret keys in {path} cannot be read ({error}): give the file to the account that toxicsite "
            "runs under (chown), restore it from a backup, or delete it; without it, what was encrypted with an "
            "earlier key and not renewed is lost."
        ) from None
    return [line.strip() for line in text.splitlines() if line.strip()]


def _read(path: Path) -> str:
    try:
        key = path.read_bytes().decode().strip()
    except OSError as error:
        raise ImproperlyConfigured(
            f"The secret key in {path} cannot be read: {error.strerror}; give the file to the account that toxicsite "
            "runs under (chown), or set SECRET_KEY."
        ) from None
    except UnicodeDecodeError:
        key = "\0"
    if not key:
        raise ImproperlyConfigured(f"The secret key in {path} is empty: {REMEDY}")
    if not key.isprintable():  # a disk that lost its power gives back zeros
        raise ImproperlyConfigured(f"The secret key in {path} is damaged: {REMEDY}")
    if len(key) < LEAST_CHARACTERS:
        raise ImproperlyConfigured(
            f"The secret key in {path} has {len(key)} characters, not {LEAST_CHARACTERS} or more: {REMEDY}"
        )
    return key
