"""`manage.py export_comments`: comments with verdicts and decisions, to standard output or a file.

./manage.py export_comments --filter source=forum --filter status=decided -o decided.jsonl --format jsonl
"""

import time
from argparse import ArgumentParser
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from django.core.management.base import BaseCommand, CommandError

from classifier.core.errors import WrongFilter
from classifier.review.filters import FILTERS
from classifier.transfers.exports import FORMATS, export_stream, filters_of
from toxicsite.lib.files import replacing

REPORT_SECONDS = 1.0
LISTS = ("source", "ids")


class Command(BaseCommand):
    help = "Export comments. Filters are those of the review queue; every export leaves a row in the audit."

    def add_arguments(self, parser: ArgumentParser) -> None:
        names = ", ".join(FILTERS)
        parser.add_argument(
            "--filter",
            action="append",
            default=[],
            metavar="NAME=VALUE",
            help=f"narrow by {names}; source and ids may be given again",
        )
        parser.add_argument("--format", choices=list(FORMATS), default="csv", help="[%(default)s]")
        parser.add_argument(
            "--bom", action="store_true", help="begin a CSV file with a byte order mark, for spreadsheets"
        )
        parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="[standard output]")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            filters = filters_of(_data(options["filter"]))
        except WrongFilter as error:
            raise CommandError(f"--filter {error.field}: {error}") from None
        self.reported_at = time.monotonic()
        self.rows = 0
        text = export_stream(
            filters=filters,
            file_format=options["format"],
            by=None,
            report=self._progress,
            bom=options["bom"],
        )
        with self._opened(options["output"]) as stream:
            for piece in text:
                stream.write(piece)
        self.stderr.write(f"{self.rows:,} comments exported", self.style.NOTICE)

    def _progress(self, rows: int) -> None:
        self.rows = rows
        if time.monotonic() - self.reported_at >= REPORT_SECONDS:
            self.reported_at = time.monotonic()
            self.stderr.write(f"{rows:,} comments …", self.style.NOTICE)

    @contextmanager
    def _opened(self, output: Path | None) -> Iterator[Any]:
        """Open standard output, or a file that takes its name only when it is complete."""
        if output is None:
            yield _WithoutNewlines(self.stdout)
            return
        try:
            with replacing(output) as aside, aside.open("x", encoding="utf-8", newline="") as stream:
                yield stream
        except OSError as error:
            raise CommandError(f"--output: cannot write {output} ({error.strerror})") from None


class _WithoutNewlines:
    """A stream that writes pieces as they are; Django's own ends each with a newline."""

    def __init__(self, stream: Any) -> None:
        self.stream: IO[str] = stream

    def write(self, piece: str) -> None:
        self.stream.write(piece, ending="")  # type: ignore[call-arg]


def _data(given: list[str]) -> dict[str, Any]:
    values_of: dict[str, list[str]] = defaultdict(list)
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise CommandError(f"--filter {text}: write NAME=VALUE")
        values_of[name].append(value)
    return {name: values if name in LISTS else values[-1] for name, values in values_of.items()}
