"""`manage.py train_starter`: make the shipped starter model again from scratch, teacher and student."""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from training.management.commands._runs import plain_errors
from training.ml.config import load_preset
from training.ml.recipes.distill import DistillConfig
from training.ml.recipes.teacher import TeacherConfig


class Command(BaseCommand):
    help = (
        "Fine-tune the 12-layer teacher, distil its even layers into the 6-layer starter model, calibrate, choose "
        "thresholds, evaluate both on the test rows, and write the model folder. Each part is resumed or skipped when "
        "it was done before."
    )
    requires_system_checks: Any = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--base", default="thenlper/gte-small", help="hub name or folder of the encoder")
        parser.add_argument(
            "--data", default="OxAISH-AL-LLM/wiki_toxic", help="hub name or folder with the splits"
        )
        parser.add_argument(
            "--work", type=Path, default=settings.VAR_DIR / "starter", help="folder for the two runs"
        )
        parser.add_argument("--output", type=Path, default=settings.STARTER_MODEL_DIR)
        parser.add_argument("--threads", type=int, help="CPU threads; default: all")

    def handle(self, *args: Any, **options: Any) -> None:
        work, data = options["work"], options["data"]
        with plain_errors():
            from training.ml.progress import ConsoleListener
            from training.ml.recipes.starter import make_starter

            teacher = load_preset(TeacherConfig, "starter-teacher")
            student = load_preset(DistillConfig, "starter-student")
            teacher = replace(
                teacher,
                base=options["base"],
                data=replace(teacher.data, train=data, validation=data),
                loop=replace(teacher.loop, threads=options["threads"]),
            )
            student = replace(
                student,
                teacher=str(work / "teacher"),
                data=replace(student.data, train=data, validation=data),
                loop=replace(student.loop, threads=options["threads"]),
            )
            manifest = make_starter(
                teacher, student, data=data, work=work, output=options["output"], listener=ConsoleListener()
            )
        self.stdout.write(manifest["version"])
