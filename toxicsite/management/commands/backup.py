"""`manage.py backup FOLDER`: a backup of this installation, while it runs or not."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from toxicsite.backup.errors import BackupError
from toxicsite.backup.make import backup_make
from toxicsite.backup.manifest import FOLDERS
from toxicsite.backup.own_database import run_on_own_database


class Command(BaseCommand):
    help = "Back up the database, models, datasets, runs and transfers into a new folder, while traffic runs."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "folder", type=Path, help="a new or empty folder, not below those that are copied"
        )
        parser.add_argument(
            "--with-secret-key",
            action="store_true",
            help="put the secret key in, too: whoever has the backup can then read encrypted secrets",
        )
        parser.add_argument(
            "--leave-out", nargs="+", choices=FOLDERS, default=[], metavar="NAME", help=", ".join(FOLDERS)
        )

    def handle(
        self, *args: Any, folder: Path, with_secret_key: bool, leave_out: list[str], **options: Any
    ) -> None:
        code = run_on_own_database(sys.argv[1:], must_exist=True)
        if code is not None:
            sys.exit(code)
        try:
            manifest = backup_make(folder, with_secret_key=with_secret_key, leave_out=leave_out)
        except (BackupError, DatabaseError) as error:
            raise CommandError(str(error).strip()) from error
        size = manifest.bytes / 2**20
        self.stdout.write(
            f"{folder}: {len(manifest.files):,} files, {size:,.1f} MiB, {sum(manifest.rows.values()):,} rows."
        )
        for sentence in manifest.missing:
            self.stdout.write(f"Missing here already: {sentence}")
        if not with_secret_key:
            self.stdout.write("The secret key is not in it: keep a copy of it elsewhere.")
