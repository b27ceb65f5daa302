"""`manage.py evaluate_model`: measure a model folder on labelled rows, as it is served."""

import argparse
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from training.management.commands._runs import as_json, plain_errors
from training.ml.config import JIGSAW_LABELS


class Command(BaseCommand):
    help = (
        "Score labelled rows with a model folder, through the same engine that serves it, and print ROC-AUC, PR-AUC, "
        "accuracy, F1, precision, recall, Brier and ECE for every label that the rows have. Row weights are honoured."
    )
    requires_system_checks: Any = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("model", type=Path, help="a model folder, for example models/starter")
        parser.add_argument(
            "--data", required=True, help="hub name, folder, or .parquet / .csv / .jsonl file"
        )
        parser.add_argument("--split", default="test", help="of a hub name or folder; default test")
        parser.add_argument("--text-column", default="comment_text")
        parser.add_argument(
            "--labels", default=",".join(JIGSAW_LABELS), help="label columns; the first may be `label`"
        )
        parser.add_argument("--max-rows", type=int, help="only the first rows")
        parser.add_argument("--backend", default="auto", help="auto, fp32, bf16, int8, generic or cuda")
        parser.add_argument("--output", type=Path, help="also write the JSON here")

    def handle(self, *args: Any, **options: Any) -> None:
        with plain_errors():
            from training.ml.data import load_table
            from training.ml.evaluate import evaluate_artifact
            from training.ml.progress import ConsoleListener

            table = load_table(
                options["data"],
                options["split"],
                text_column=options["text_column"],
                labels=tuple(part.strip() for part in options["labels"].split(",")),
            )
            if options["max_rows"]:
                table = table.take(range(min(options["max_rows"], len(table))))
            result = evaluate_artifact(
                options["model"], table, backend=options["backend"], listener=ConsoleListener()
            )
            text = as_json({**result.to_dict(), "data": options["data"], "fingerprint": table.fingerprint()})
            if options["output"]:
                options["output"].write_text(text + "\n")
        self.stdout.write(text)
