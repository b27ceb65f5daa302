"""`manage.py train_starter_multilingual`: make the multilingual starter from public data: rows, vocabulary, teacher,
student, numbers by language."""

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from training.management.commands._runs import plain_errors
from training.management.commands._starter_data import add_judged, require_parts
from training.ml.config import load_preset

BASE = "intfloat/multilingual-e5-small"


class Command(BaseCommand):
    help = (
        "Choose labelled rows of many languages, cut the base encoder's vocabulary to what they use, fine-tune a "
        "twelve-layer teacher, teach the six even layers by its logits, store the model in 8-bit rows, and measure it "
        "by language and set. Each part is resumed or skipped when it was done before."
    )
    requires_system_checks: Any = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--data", type=Path, required=True, help="folder with wiki_toxic/ and mix/mix.parquet"
        )
        parser.add_argument(
            "--base", default=BASE, help="hub name or folder of the base encoder [%(default)s]"
        )
        parser.add_argument(
            "--choices", help="JSON of rows and vocabulary [training/ml/presets/mixtures/multilingual.json]"
        )
        parser.add_argument("--rows", type=int, help="rows of the mixture [100,000]")
        parser.add_argument("--teacher-rows", type=int, help="of them that the teacher learns from [60,000]")
        parser.add_argument("--student-rows", type=int, help="of them that the student learns from [100,000]")
        parser.add_argument("--max-length", type=int, help="wordpieces a row, longer ones are cut [96]")
        parser.add_argument("--pieces", type=int, help="pieces of the vocabulary that are kept [89,000]")
        parser.add_argument(
            "--hold-out",
            nargs="+",
            default=[],
            metavar="SET",
            help="sets that nobody trains on; else the smallest of every language that has two labelled ones",
        )
        parser.add_argument(
            "--any-licence",
            action="store_true",
            help="train on sets of every licence; such a model is not to be passed on",
        )
        parser.add_argument(
            "--previous",
            type=Path,
            default=settings.EARLIER_STARTER_DIR,
            help="English model that takes the second look at English negatives [the starter of wiki_toxic alone]",
        )
        add_judged(parser)
        parser.add_argument(
            "--work",
            type=Path,
            default=settings.VAR_DIR / "starter-multilingual",
            help="folder for mixture, base and runs",
        )
        parser.add_argument("--output", type=Path, help="folder of the model [WORK/model]")
        parser.add_argument("--threads", type=int, help="CPU threads; default: all")

    def handle(self, *args: Any, **options: Any) -> None:
        require_parts(options["data"])
        with plain_errors():
            manifest = _made(options)
        self.stdout.write(
            json.dumps(
                {
                    "version": manifest["version"],
                    "languages": manifest["languages"],
                    "experimental_languages": manifest["experimental_languages"],
                    "threshold": manifest["thresholds"][manifest["primary_label"]],
                    "bytes": sum(entry["bytes"] for entry in manifest["files"].values()),
                }
            )
        )


def _made(options: dict[str, Any]) -> dict[str, Any]:
    from training.ml.progress import ConsoleListener
    from training.ml.recipes.multilingual import (
        CHOICES,
        MultilingualChoices,
        MultilingualPlan,
        make_multilingual,
    )

    choices = load_preset(MultilingualChoices, options["choices"] or str(CHOICES))
    mixture = replace(
        choices.mixture,
        rows=options["rows"] or choices.mixture.rows,
        hold_out=tuple(options["hold_out"]) or choices.mixture.hold_out,
        any_licence=options["any_licence"] or choices.mixture.any_licence,
    )
    vocabulary = replace(choices.vocabulary, pieces=options["pieces"] or choices.vocabulary.pieces)
    work: Path = options["work"]
    plan = MultilingualPlan(
        data=options["data"],
        base=options["base"],
        previous=options["previous"],
        work=work,
        output=options["output"] or work / "model",
        english=settings.STARTER_MODEL_DIR,
        judged=tuple(options["judged"]),
        choices=MultilingualChoices(mixture, vocabulary),
        teacher_rows=options["teacher_rows"],
        student_rows=options["student_rows"],
        max_length=options["max_length"],
        threads=options["threads"],
    )
    return make_multilingual(plan, ConsoleListener())
