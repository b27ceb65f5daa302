"""`manage.py train_teacher`: fine-tune a pretrained BERT-like encoder on labelled comments."""

import argparse
from dataclasses import replace
from typing import Any

from training.management.commands._runs import RunCommand, as_json, build_config, plain_errors
from training.ml.recipes.teacher import TeacherConfig


class Command(RunCommand):
    help = (
        "Fine-tune every weight of a BERT-like encoder (BERT, MPNet, RoBERTa, ELECTRA, …) and save it with its "
        "calibration, thresholds, validation metrics and provenance. Killed or stopped, it resumes when run again."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--base", help="hub name or folder of the pretrained encoder; default bert-base-uncased"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        config = build_config(TeacherConfig, options)
        if options["base"]:
            config = replace(config, base=options["base"])
        with plain_errors():
            from training.ml.progress import ConsoleListener
            from training.ml.recipes.teacher import train_teacher

            result = train_teacher(config, options["output"], ConsoleListener())
        self.stdout.write(as_json({"folder": str(result.folder), "validation": result.validation}))
