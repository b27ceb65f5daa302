"""`manage.py judge_comments`: put comments that were classified before the queue existed into it."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from classifier.scoring.backfill import comments_judge


class Command(BaseCommand):
    help = "Judge comments that were classified before there were policies; may be stopped and started again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--no-queue", action="store_true", help="only bands and hashes: nothing old is put into the queue"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        after: int | None = 0
        total = 0
        while after is not None:
            done, after = comments_judge(after=after, queue=not options["no_queue"])
            total += done
        self.stdout.write(f"{total:,} comments judged")
