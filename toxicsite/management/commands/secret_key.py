"""`manage.py secret_key [change | renew | forget]`: replace the secret key without losing what it encrypted."""

import secrets
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from toxicsite.lib.files import replace_private
from toxicsite.lib.secret_key import LEAST_CHARACTERS, read_earlier_secret_keys
from toxicsite.sealed_secrets import sealed_secrets, secrets_renew


class Command(BaseCommand):
    help = "Show or change the secret key: change it, restart, renew stored secrets, and later forget the old key."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("action", nargs="?", choices=["change", "renew", "forget"], help="default: show")

    def handle(self, *args: Any, action: str | None, **options: Any) -> None:
        if action is None:
            self._show()
        else:
            {"change": self._change, "renew": self._renew, "forget": self._forget}[action]()

    def _show(self) -> None:
        place = "SECRET_KEY" if settings.SECRET_KEY_GIVEN else _key_file()
        self.stdout.write(
            f"The secret key is that of {place}; earlier keys: {len(settings.SECRET_KEY_FALLBACKS)}."
        )
        stored = list(sealed_secrets())
        current = sum(secret.is_current for secret in stored)
        self.stdout.write(f"{current} of {len(stored)} stored secrets are encrypted with it.")
        for secret in stored:
            if not secret.is_readable:
                self.stdout.write(f"No key opens that of the {secret}.")

    def _change(self) -> None:
        if settings.SECRET_KEY_GIVEN:
            raise CommandError(
                "SECRET_KEY is set, so this command cannot change it. Set SECRET_KEY_FALLBACKS to the present key and "
                "SECRET_KEY to a new one (openssl rand -base64 48), restart, then: manage.py secret_key renew"
            )
        earlier = [settings.SECRET_KEY, *read_earlier_secret_keys(_earlier_file())]
        replace_private(_earlier_file(), "\n".join(earlier) + "\n")  # first: no moment without the old key
        replace_private(_key_file(), secrets.token_urlsafe(LEAST_CHARACTERS))
        self.stdout.write("There is a new secret key. Restart everything, then: manage.py secret_key renew")

    def _renew(self) -> None:
        renewed, unreadable = secrets_renew()
        self.stdout.write(f"{renewed} stored secrets are encrypted with the present key now.")
        if unreadable:
            raise CommandError(
                f"No key opens the secrets of the {', the '.join(unreadable)}: put the key that they were encrypted "
                "with into SECRET_KEY_FALLBACKS, or roll a webhook's secret and enter a reference service's key again."
            )

    def _forget(self) -> None:
        left = sum(not secret.is_current for secret in sealed_secrets())
        if left:
            raise CommandError(f"{left} stored secrets still need an earlier key: manage.py secret_key renew")
        if settings.SECRET_KEY_GIVEN:
            self.stdout.write("Nothing needs an earlier key: unset SECRET_KEY_FALLBACKS, and restart.")
            return
        _earlier_file().unlink(missing_ok=True)
        self.stdout.write(
            "The earlier keys are deleted. Restart everything; whoever signed in before the change signs in again."
        )


def _key_file() -> Path:
    return Path(settings.VAR_DIR) / "secret_key"


def _earlier_file() -> Path:
    return Path(settings.VAR_DIR) / "secret_key.earlier"
