"""`manage.py restore FOLDER`: bring a backup back into an installation that does not run; sending stays on hold."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from toxicsite.backup.errors import BackupError
from toxicsite.backup.own_database import run_on_own_database
from toxicsite.backup.restore import restore


class Command(BaseCommand):
    help = "Restore a backup, whole or not at all; webhooks and reference calls wait for `sending resume`."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, help="what `manage.py backup` has made")
        parser.add_argument("--replace", action="store_true", help="delete what this installation holds now")

    def handle(self, *args: Any, folder: Path, replace: bool, **options: Any) -> None:
        code = run_on_own_database(sys.argv[1:], must_exist=False)
        if code is not None:
            sys.exit(code)
        try:
            restored = restore(folder, replace=replace)
        except (BackupError, DatabaseError) as error:
            raise CommandError(str(error).strip()) from error
        manifest = restored.manifest
        self.stdout.write(
            f"Restored the backup of {manifest.made_at}: {len(manifest.files):,} files, "
            f"{sum(manifest.rows.values()):,} rows; all are as they were backed up."
        )
        for version in restored.made_again:
            self.stdout.write(f"{version} was made again from the model that ships with this release.")
        for sentence in restored.missing:
            self.stdout.write(f"Missing: {sentence}")
        for sentence in restored.warnings:
            self.stdout.write(f"Mind: {sentence}")
        self.stdout.write(
            "Webhooks and reference services wait. Once this is the site that should send: manage.py sending resume"
        )
