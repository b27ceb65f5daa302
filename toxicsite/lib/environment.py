"""Typed reading of environment variables; an error is a sentence that names the variable."""

from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

EMAIL_PROVIDERS = (
    *("", "brevo", "mailersend", "mailgun", "mailjet", "mailtrap", "mandrill", "postal", "postmark"),
    *("resend", "scaleway", "sendgrid", "sparkpost", "unisender_go"),
)
TRUE, FALSE = {"1", "true", "yes", "on", "y", "t"}, {"0", "false", "no", "off", "n", "f", ""}


class Environment:
    """django-environ with `NAME_FILE`, strict truth values and bounds; every complaint names its variable."""

    def __init__(self) -> None:
        self._env = environ.FileAwareEnv()

    def read(self, name: str, default: str = "") -> str:
        """Read a text, stripped; unset and empty both give the default."""
        try:
            return str(self._env.str(name, default)).strip() or default
        except OSError as error:
            raise ImproperlyConfigured(
                f"{name}_FILE names a file that cannot be read: {error.strerror}."
            ) from None

    def flag(self, name: str, default: bool = False) -> bool:
        """Read a truth value; other words than the usual ones are an error rather than False."""
        text = self.read(name, "true" if default else "false").lower()
        if text not in TRUE | FALSE:
            raise ImproperlyConfigured(f"{name} must be true or false, not {text!r}.")
        return text in TRUE

    def whole(self, name: str, default: int, *, at_least: int = 0) -> int:
        """Read a whole number of at least `at_least`."""
        text = self.read(name, str(default))
        try:
            value = int(text)
        except ValueError:
            raise ImproperlyConfigured(f"{name} must be a whole number, not {text!r}.") from None
        if value < at_least:
            raise ImproperlyConfigured(f"{name} must be at least {at_least}, not {value}.")
        return value

    def number(self, name: str, default: float, *, above: float = 0.0) -> float:
        """Read a finite number greater than `above`."""
        text = self.read(name, str(default))
        try:
            value = float(text)
        except ValueError:
            raise ImproperlyConfigured(f"{name} must be a number, not {text!r}.") from None
        if not above < value < float("inf"):
            raise ImproperlyConfigured(f"{name} must be greater than {above:g}, not {text}.")
        return value

    def share(self, name: str, default: float) -> float:
        """Read a number from 0 to 1."""
        value = self.number(name, default, above=-1.0)
        if not 0.0 <= value <= 1.0:
            raise ImproperlyConfigured(f"{name} must be from 0 to 1, not {value:g}.")
        return value

    def words(self, name: str, default: tuple[str, ...] = ()) -> list[str]:
        """Read a list, separated by commas."""
        return [word.strip() for word in self.read(name, ",".join(default)).split(",") if word.strip()]

    def ports(self, name: str, default: tuple[int, ...]) -> list[int]:
        """Read port numbers, separated by commas."""
        words = self.words(name, tuple(map(str, default)))
        if not all(word.isascii() and word.isdigit() and 0 < int(word) < 65_536 for word in words):
            raise ImproperlyConfigured(f"{name} must be ports such as 443,8443, not {','.join(words)}.")
        return [int(word) for word in words]

    def networks(self, name: str, default: tuple[str, ...] = ()) -> list[IPv4Network | IPv6Network]:
        """Read networks such as 10.0.0.0/8, separated by commas."""
        try:
            return [ip_network(word) for word in self.words(name, default)]
        except ValueError as error:
            raise ImproperlyConfigured(f"{name} must be networks such as 10.0.0.0/8: {error}.") from None

    def site(self, name: str) -> str:
        """Read the address of a site without a path, or nothing."""
        text = self.read(name).rstrip("/")
        parts = urlsplit(text)
        if text and (parts.scheme not in ("http", "https") or not parts.netloc or parts.path or parts.query):
            raise ImproperlyConfigured(f"{name} must look like https://moderation.example.org.")
        return text

    def choice(self, name: str, default: str, allowed: tuple[str, ...]) -> str:
        """Read one of `allowed`."""
        value = self.read(name, default)
        if value not in allowed:
            raise ImproperlyConfigured(f"{name} must be one of {', '.join(allowed)}, not {value!r}.")
        return value

    def postgres(self, name: str, default: str) -> dict[str, Any]:
        """Read the Django configuration of a PostgreSQL URL."""
        try:
            config: Mapping[str, Any] = self._env.db_url_config(self.read(name, default))
        except (ValueError, ImproperlyConfigured):
            config = {}
        if config.get("ENGINE") != "django.db.backends.postgresql" or not config.get("NAME"):
            raise ImproperlyConfigured(f"{name} must look like postgres://user:password@host:5432/database.")
        return dict(config)

    def email(self, name: str) -> dict[str, Any]:
        """Read Django's settings of e-mail from a URL such as smtp+tls://user:password@mail.example.org:587."""
        text = self.read(name)
        if not text:
            return {"EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend"}
        try:
            config: Mapping[str, Any] = self._env.email_url_config(text)
        except (ValueError, ImproperlyConfigured):
            config = {}
        is_smtp = str(config.get("EMAIL_BACKEND", "")).endswith("smtp.EmailBackend")
        if not config or (is_smtp and not config.get("EMAIL_HOST")):
            raise ImproperlyConfigured(
                f"{name} must look like smtp+tls://user:password@mail.example.org:587."
            )
        known = {key: value for key, value in config.items() if key.startswith("EMAIL_")}
        if is_smtp and not known.get("EMAIL_PORT"):
            known["EMAIL_PORT"] = (
                465 if known.get("EMAIL_USE_SSL") else 587 if known.get("EMAIL_USE_TLS") else 25
            )
        return {key: "" if value is None else value for key, value in known.items()}

    def pairs(self, name: str) -> dict[str, str]:
        """Read settings such as MAILGUN_API_KEY=abc, separated by commas."""
        words = [word.partition("=") for word in self.words(name)]
        if any(not sign or not key.strip().isidentifier() for key, sign, _ in words):
            raise ImproperlyConfigured(
                f"{name} must look like MAILGUN_API_KEY=abc,MAILGUN_SENDER_DOMAIN=example.org."
            )
        return {key.strip(): value.strip() for key, _, value in words}

    def redis(self, name: str, default: str) -> str:
        """Read a Redis URL."""
        url = self.read(name, default)
        if not url.startswith(("redis://", "rediss://")):
            raise ImproperlyConfigured(f"{name} must look like redis://:password@host:6379/0.")
        return url


def running_server(var_dir: Path, name: str, default: str) -> str:
    """Return the URL that the running launcher has left in `var/run/NAME`; `default` when nothing runs."""
    try:
        url = (var_dir / "run" / name).read_text().strip()
    except (OSError, UnicodeDecodeError):
        return default
    return url if url.isprintable() and url else default  # a power cut may leave zeros
