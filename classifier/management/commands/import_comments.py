"""`manage.py import_comments`: import a file of comments, as the page and the API do.

./manage.py import_comments forum.csv --source forum
./manage.py import_comments old.jsonl --source forum --column text=body --column external_id=id --errors bad.csv
"""

import shutil
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from classifier.management.errors import command_errors
from classifier.models import Transfer
from classifier.transfers.import_files import FORMATS
from classifier.transfers.import_run import import_run
from classifier.transfers.imports import import_command
from classifier.transfers.selectors import progress_of
from classifier.transfers.services import TransferLost, errors_file_of, transfer_finish

REPORT_SECONDS = 1.0


class Command(BaseCommand):
    help = (
        "Import comments from a CSV or JSONL file (UTF-8). The exit code is 1 when the file cannot be read, and 3 "
        "when some of its rows could not be taken. Started again, it skips the external IDs that are there."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument(
            "--source",
            default="import",
            metavar="SLUG",
            help="where rows come from that do not say so [%(default)s]",
        )
        parser.add_argument("--format", choices=FORMATS, default="", help="[found by the first character]")
        parser.add_argument(
            "--column",
            action="append",
            default=[],
            metavar="FIELD=COLUMN",
            help="which column holds a field [found by its name]",
        )
        parser.add_argument(
            "--errors", type=Path, metavar="FILE", help="write the rows that could not be taken there (CSV)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        file: Path = options["file"]
        if not file.is_file():
            raise CommandError(f"{file}: there is no such file")
        columns = dict(pair.partition("=")[::2] for pair in options["column"])
        with command_errors():
            transfer = import_command(
                path=file, source=options["source"], file_format=options["format"], columns=columns
            )
        self.reported_at = 0.0
        try:
            import_run(transfer=transfer, path=file, report=self._progress)
        except KeyboardInterrupt:
            transfer_finish(transfer=transfer, failure="The command was stopped.")
            raise CommandError("stopped; what was stored stays, and is skipped next time") from None
        except TransferLost:
            raise CommandError("cancelled; what was stored stays, and is skipped next time") from None
        self._write_result(transfer)
        self._keep_errors(transfer, options["errors"])

    def _progress(self, transfer: Transfer) -> None:
        if time.monotonic() - self.reported_at >= REPORT_SECONDS:
            self.reported_at = time.monotonic()
            self.stderr.write(progress_of(transfer).sentence, self.style.NOTICE)

    def _write_result(self, transfer: Transfer) -> None:
        if transfer.status == Transfer.Status.FAILED:
            raise CommandError(transfer.failure_reason)
        stored, skipped = transfer.options.get("stored", 0), transfer.options.get("skipped", 0)
        self.stdout.write(
            f"{stored:,} comments stored, {skipped:,} were there already, {transfer.error_rows:,} rows not taken"
        )

    def _keep_errors(self, transfer: Transfer, target: Path | None) -> None:
        file = errors_file_of(transfer)
        if file is None:
            return
        if target is not None:
            shutil.copyfile(file, target)
        raise CommandError(f"rows not taken: see {target or file}", returncode=3)
