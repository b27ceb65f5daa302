"""`manage.py evaluate_model`: measure a model folder on labelled rows, as it is served.

manage.py evaluate_model models/starter --data ROWS --full --suite hatecheck.csv --output report.json
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from classifier.inference.labels import JIGSAW_LABELS
from training.management.commands._runs import as_json, plain_errors

if TYPE_CHECKING:
    from training.ml.data.tables import TextTable


class Command(BaseCommand):
    help = (
        "Score labelled rows with a model folder, through the same engine that serves it, and print ROC-AUC, PR-AUC, "
        "accuracy, F1, precision, recall, Brier and ECE for every label that the rows have. Row weights are honoured. "
        "With --full the whole report: bootstrap intervals, curves, slices, the most confident mistakes with their "
        "words, likely label errors, test suites, size and speed."
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
        parser.add_argument(
            "--operating-points",
            action="store_true",
            help="write careful, balanced and strict thresholds, with their precision and recall on these rows, into "
            "the model folder; take validation rows that it did not learn from, before the folder is registered",
        )
        full = parser.add_argument_group("the full report")
        full.add_argument("--full", action="store_true", help="everything that the report of a run holds")
        full.add_argument("--train", help="training rows, in which likely label errors are looked for too")
        full.add_argument(
            "--against", type=Path, help="another model folder, for McNemar's test and differences"
        )
        full.add_argument("--suite", type=Path, action="append", help="CSV of cases; may be given again")
        full.add_argument("--templates", type=Path, action="append", help="CSV of templates with {identity}")
        full.add_argument("--terms", type=Path, help="CSV of identity terms for the templates")
        full.add_argument("--suite-label", default="toxic", help="what suites expect; default toxic")
        full.add_argument("--resamples", type=int, default=1000, help="of the bootstrap; default 1000")
        full.add_argument("--seed", type=int, default=0)

    def handle(self, *args: Any, **options: Any) -> None:
        with plain_errors():
            from training.ml.evaluation.subject import evaluate_artifact
            from training.ml.progress import ConsoleListener

            table = _rows(options, options["data"], options["split"])
            if options["max_rows"]:
                table = table.take(range(min(options["max_rows"], len(table))))
            if options["operating_points"]:
                report = _with_operating_points(options, table)
            elif options["full"]:
                report = _full_report(options, table)
            else:
                report = evaluate_artifact(
                    options["model"], table, backend=options["backend"], listener=ConsoleListener()
                ).to_dict()
            text = as_json({**report, "data": options["data"], "fingerprint": table.fingerprint()})
            if options["output"]:
                options["output"].write_text(text + "\n")
        self.stdout.write(text)


def _rows(options: dict[str, Any], source: str, split: str) -> "TextTable":
    from training.ml.data.tables import load_table

    labels = tuple(part.strip() for part in options["labels"].split(","))
    return load_table(source, split, text_column=options["text_column"], labels=labels)


def _with_operating_points(options: dict[str, Any], table: "TextTable") -> dict[str, Any]:
    from training.ml.evaluation.subject import evaluate_artifact
    from training.ml.progress import ConsoleListener
    from training.ml.recipes.operating_points import points_added

    folder = options["model"]
    measured = evaluate_artifact(folder, table, backend=options["backend"], listener=ConsoleListener())
    path = Path(options["data"])
    name = options["data"] if path.is_file() else f"{options['data']}:{options['split']}"
    manifest = points_added(folder, table, measured, name)
    return {**measured.to_dict(), "operating_points": manifest["operating_points"]}


def _full_report(options: dict[str, Any], table: "TextTable") -> dict[str, Any]:
    from training.ml.evaluation import answers_of, evaluate
    from training.ml.progress import ConsoleListener

    suites = _suites(options)
    listener = ConsoleListener()
    against, backend = options["against"], options["backend"]
    report = evaluate(
        options["model"],
        table,
        train_table=_rows(options, options["train"], "train") if options["train"] else None,
        active_scores=answers_of(against, table, backend=backend, listener=listener) if against else None,
        suites=suites,
        seed=options["seed"],
        listener=listener,
        backend=backend,
        languages=settings.MODEL_LANGUAGES,
        resamples=options["resamples"],
    )
    return report.to_dict()


def _suites(options: dict[str, Any]) -> list[dict[str, Any]]:
    """Read the suites' files before anything is scored. Raises CommandError naming the file."""
    from training.ml.evaluation.suites import CASES, TEMPLATES, SuiteError, parse_suite

    terms = options["terms"].read_bytes() if options["terms"] else None
    suites = []
    for kind, files in ((CASES, options["suite"]), (TEMPLATES, options["templates"])):
        for file in files or []:
            try:
                cases = parse_suite(kind, file.read_bytes(), terms if kind == TEMPLATES else None)
            except SuiteError as error:
                raise CommandError(f"{file}: {error}") from None
            suites.append(
                {
                    "id": None,
                    "name": file.stem,
                    "kind": kind,
                    "label": options["suite_label"],
                    "cases": [case.to_dict() for case in cases],
                }
            )
    return suites
