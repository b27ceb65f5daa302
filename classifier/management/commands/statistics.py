"""`manage.py statistics`: count the days that are over for the dashboard; the worker does the same on its own."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from classifier.statistics.daily_counts import statistics_run


class Command(BaseCommand):
    help = "Count every day that is due, or the last days anew; may be stopped and started again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--days", type=int, help="count this number of the last days that are over, due or not"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        days = options["days"]
        if days is not None and days < 1:
            raise CommandError("--days must be at least 1.")
        counted = statistics_run(days=days)
        self.stdout.write(f"{len(counted):,} days counted")
