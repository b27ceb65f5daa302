"""`manage.py train_starter`: make the shipped starter model again from public data: teachers, student, blend."""

import argparse
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from training.management.commands._runs import plain_errors

WIKI, MIXTURE = Path("wiki_toxic", "train.parquet"), Path("mix", "mix.parquet")


class Command(BaseCommand):
    help = (
        "Choose the mixture, fine-tune a 12-layer teacher of each base encoder, teach the 6-layer starter by the mean "
        "of their logits, blend it with the previous one, calibrate, evaluate, and write the model folder. "
        "Each part is resumed or skipped when it was done before."
    )
    requires_system_checks: Any = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--data",
            type=Path,
            required=True,
            help="folder with wiki_toxic/ and mix/mix.parquet",
        )
        parser.add_argument(
            "--base",
            action="append",
            dest="bases",
            help="hub name or folder of an encoder that becomes a teacher; several times [thenlper/gte-small, "
            "intfloat/multilingual-e5-small]",
        )
        parser.add_argument(
            "--previous",
            type=Path,
            default=settings.STARTER_MODEL_DIR,
            help="model that the student starts from [the starter]",
        )
        parser.add_argument(
            "--judged",
            type=Path,
            action="append",
            default=[],
            help="file of texts that stay out of training, beside those of the shipped suites; several times",
        )
        parser.add_argument(
            "--work", type=Path, default=settings.VAR_DIR / "starter", help="folder for mixture and runs"
        )
        parser.add_argument("--output", type=Path, default=settings.VAR_DIR / "starter" / "model")
        parser.add_argument("--threads", type=int, help="CPU threads; default: all")

    def handle(self, *args: Any, **options: Any) -> None:
        data: Path = options["data"]
        missing = [str(data / part) for part in (WIKI, MIXTURE) if not (data / part).is_file()]
        if missing:
            raise CommandError(
                f"--data: there is no {' and no '.join(missing)}; put wiki_toxic's Parquet files into "
                f"{data}/wiki_toxic and run: manage.py dataset build-mixture {data / MIXTURE}"
            )
        with plain_errors():
            from training.ml.progress import ConsoleListener
            from training.ml.recipes.starter import StarterPlan, make_starter

            plan = StarterPlan(
                data=data,
                bases=tuple(options["bases"] or ("thenlper/gte-small", "intfloat/multilingual-e5-small")),
                previous=options["previous"],
                work=options["work"],
                output=options["output"],
                judged=tuple(options["judged"]),
                threads=options["threads"],
            )
            manifest = make_starter(plan, ConsoleListener())
        self.stdout.write(manifest["version"])
