"""`manage.py create_accounts`: the first admin and the first moderator, with random passwords shown once."""

import secrets
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from toxicsite.lib.upsert import get_or_insert

PASSWORD_BYTES = 12


class Command(BaseCommand):
    help = "Make the accounts `admin` and `moderator` where there are none, and print their passwords."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--if-none", action="store_true", help="do nothing, quietly, when accounts exist")

    def handle(self, *args: Any, if_none: bool = False, **options: Any) -> None:
        user_model = get_user_model()
        with transaction.atomic():
            # Two starts at the same time: the second waits here, and then sees the accounts of the first.
            list(Group.objects.select_for_update().order_by("pk"))
            if user_model.objects.exists():
                if if_none:
                    return
                raise CommandError(
                    "there are accounts already; change a password with `manage.py changepassword NAME`"
                )
            logins = {name: secrets.token_urlsafe(PASSWORD_BYTES) for name in ("admin", "moderator")}
            admin = user_model.objects.create_superuser(username="admin", password=logins["admin"])
            moderator = user_model.objects.create_user(username="moderator", password=logins["moderator"])
            for user, role in ((admin, "Admin"), (moderator, "Moderator")):
                user.groups.add(get_or_insert(Group.objects.all(), name=role)[0])
        self.stdout.write("The accounts; the passwords are shown only once:")
        for name, password in logins.items():
            self.stdout.write(f"    {name:<10} {password}")
