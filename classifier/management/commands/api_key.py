"""`manage.py api_key create NAME --scope SCOPE … --owner USERNAME`, `api_key list`, `api_key revoke PREFIX`."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from classifier.models import ApiKey, ApiScope, User
from classifier.services import InvalidInput, api_key_create, api_key_revoke


class Command(BaseCommand):
    help = "Make, list and revoke API keys. A key is printed once, when it is made."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        create = verbs.add_parser("create", help="make a key and print it")
        create.add_argument("name", help="what the key is for")
        create.add_argument("--owner", required=True, metavar="USERNAME", help="who answers for its use")
        create.add_argument(
            "--scope",
            required=True,
            action="append",
            choices=ApiScope.values,
            help="may be given several times",
        )
        create.add_argument("--days", type=int, help="days until it expires; never when left out")
        verbs.add_parser("list", help="show every key without its secret")
        revoke = verbs.add_parser("revoke", help="make a key useless")
        revoke.add_argument("prefix", help="the readable beginning, such as tox_1a2b3c4d")

    def handle(self, *args: Any, verb: str, **options: Any) -> None:
        getattr(self, verb)(options)

    def create(self, options: dict[str, Any]) -> None:
        owner = User.objects.filter(username=options["owner"]).first()
        if owner is None:
            raise CommandError(f"There is no person with the username {options['owner']}.")
        days = options["days"]
        try:
            _, plaintext = api_key_create(
                name=options["name"],
                owner=owner,
                scopes=options["scope"],
                expires_at=timezone.now() + timedelta(days=days) if days is not None else None,
            )
        except InvalidInput as error:
            raise CommandError(str(error)) from error
        self.stderr.write("The key, shown this once:")
        self.stdout.write(plaintext)

    def list(self, options: dict[str, Any]) -> None:
        now = timezone.now()
        for key in ApiKey.objects.select_related("owner"):
            state = "usable" if key.is_usable(now) else "revoked" if key.revoked_at else "expired"
            self.stdout.write(
                f"{key.prefix}  {state:<8} {key.owner.username}  {','.join(key.scopes)}  {key.name}"
            )

    def revoke(self, options: dict[str, Any]) -> None:
        key = ApiKey.objects.filter(prefix=options["prefix"]).first()
        if key is None:
            raise CommandError(f"No key starts with {options['prefix']}.")
        api_key_revoke(api_key=key, by=None)
        self.stdout.write(f"{key} is revoked")
