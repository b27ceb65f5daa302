"""`manage.py import_comments`: import a file of comments, as the page and the API do.

./manage.py import_comments forum.csv --source forum
./manage.py import_comments old.jsonl --source forum --column text=body --column external_id=id --errors bad.jsonl
./manage.py import_comments alt.csv --encoding cp1252 --time-zone Europe/Berlin --decision gesperrt=remove
"""

import shutil
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from classifier.inference.files.layout import DELIMITERS
from classifier.inference.files.presets import PRESETS
from classifier.inference.files.values import DATE_ORDERS
from classifier.management.errors import command_errors
from classifier.models import Transfer
from classifier.transfers.import_rows import ValueRules
from classifier.transfers.import_run import import_run
from classifier.transfers.imports import import_command
from classifier.transfers.presets import TABLE
from classifier.transfers.previews import FORMATS, reading_chosen
from classifier.transfers.selectors import progress_of
from classifier.transfers.services import TransferLost, errors_file_of, local_file, transfer_finish

REPORT_SECONDS = 1.0


class Command(BaseCommand):
    help = (
        "Import comments from a file of CSV, JSON Lines or a JSON list. The exit code is 1 when the file cannot be "
        "read, and 3 when some of its rows could not be taken. Started again, it skips the external IDs that are there."
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
            "--preset",
            default="",
            choices=["", TABLE, *PRESETS],
            help="the system whose export this is, or table [found out]",
        )
        parser.add_argument("--encoding", default="", metavar="NAME", help="such as cp1252 [found out]")
        parser.add_argument(
            "--delimiter",
            default="",
            choices=["", *DELIMITERS.values()],
            help="between columns of CSV [found out]",
        )
        parser.add_argument(
            "--keep-guard",
            action="store_true",
            help="take a quote before =, +, - or @ as text and not as the guard of a spreadsheet export",
        )
        parser.add_argument(
            "--time-zone",
            default="",
            metavar="ZONE",
            help="of times that name none, such as Europe/Berlin [UTC]",
        )
        parser.add_argument(
            "--dates",
            default="",
            choices=["", *DATE_ORDERS],
            help="order of dates such as 03/04/2024 [found out]",
        )
        parser.add_argument(
            "--decision",
            action="append",
            default=[],
            metavar="VALUE=approve|remove|none",
            help="what a value of the decision means [guessed for known words]",
        )
        parser.add_argument(
            "--errors",
            type=Path,
            metavar="FILE",
            help="write the rows that could not be taken there, to be mended",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        file: Path = options["file"]
        if not file.is_file():
            raise CommandError(f"{file}: there is no such file")
        with command_errors(), local_file(file) as unpacked:
            self._import(unpacked, options)

    def _import(self, file: Path, options: dict[str, Any]) -> None:
        columns = dict(pair.partition("=")[::2] for pair in options["column"])
        with command_errors():
            transfer = import_command(
                path=file,
                source=options["source"],
                reading=reading_chosen({**options, "unguard": not options["keep_guard"]}),
                columns=columns,
                preset=options["preset"],
                rules=ValueRules(
                    options["time_zone"],
                    options["dates"],
                    {value: to for value, _, to in (pair.rpartition("=") for pair in options["decision"])},
                ),
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
