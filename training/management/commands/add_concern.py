"""`manage.py add_concern`: let a finished run or model recognise people who tell of their own hurt."""

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from training.management.commands._runs import as_json, plain_errors
from training.ml.recipes.concern import LABELS, MOST_ALARMS


class Command(BaseCommand):
    help = (
        "Add an output for concerns (self-harm, suicide, violence suffered) to a run or model folder; its labels stay "
        "as they are. Ends with what was measured, as JSON."
    )
    requires_system_checks: Any = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("model", type=Path, help="folder of a run or of a model")
        parser.add_argument("output", type=Path, help="where the result goes; replaced when it is there")
        parser.add_argument(
            "--data",
            required=True,
            help="labelled comments, whose harmless ones are taken as everyday: hub name, folder, or .parquet / .csv / "
            ".jsonl file",
        )
        parser.add_argument("--split", default="train", help="of a data set that has several; default: train")
        parser.add_argument("--text-column", default="comment_text")
        parser.add_argument(
            "--labels",
            default=LABELS,
            type=lambda names: tuple(name.strip() for name in names.split(",")),
            help="columns of the data, comma-separated; the first says what is harmless. Default: those of the model",
        )
        parser.add_argument("--max-rows", type=int, default=20_000, help="of the data, drawn; default 20,000")
        parser.add_argument(
            "--most-alarms",
            type=float,
            default=MOST_ALARMS,
            help=f"share of everyday comments that may be taken for a concern; default {MOST_ALARMS}",
        )
        parser.add_argument("--max-length", type=int, default=128, help="wordpieces of a text; default 128")
        parser.add_argument("--seed", type=int, default=13)

    def handle(self, *args: Any, **options: Any) -> None:
        from training.ml.progress import ConsoleListener
        from training.ml.recipes.concern import add_concern, rows_of_table

        with plain_errors():
            everyday, rows = rows_of_table(
                options["model"],
                options["data"],
                split=options["split"],
                text_column=options["text_column"],
                labels=options["labels"],
                most=options["max_rows"],
                seed=options["seed"],
            )
            report = add_concern(
                options["model"],
                options["output"],
                everyday=everyday,
                rows=rows,
                max_length=options["max_length"],
                most_alarms=options["most_alarms"],
                seed=options["seed"],
                listener=ConsoleListener(),
            )
        self.stdout.write(as_json(asdict(report)))
