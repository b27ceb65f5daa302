"""`manage.py distill`: make a smaller student of a fine-tuned teacher's layers, or of a small model, and teach it."""

import argparse
from dataclasses import replace
from typing import Any

from training.management.commands._runs import RunCommand, as_json, build_config, plain_errors
from training.ml.encoders.layers import SELECTIONS
from training.ml.recipes.distill import DistillConfig


class Command(RunCommand):
    help = (
        "Copy embeddings, the chosen layers, pooler and head of a teacher into a student, or start from a model that "
        "is small already, and train it on labels and on the mean logits of one or more teachers (cross-entropy, "
        "temperature KL, cosine). Killed or stopped, it resumes."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--teacher", required=True, help="folder that train_teacher wrote")
        parser.add_argument(
            "--layers", help=f"{', '.join(SELECTIONS)}, or a list counted from 1 such as 2,4,6; default even"
        )
        parser.add_argument(
            "--also-teacher",
            action="append",
            metavar="FOLDER",
            help="a further teacher, of any architecture and tokenizer, that knows the same labels; repeatable",
        )
        parser.add_argument(
            "--teacher-weights", help="weights in the mean of the logits, such as 1,0.5; default: alike"
        )
        parser.add_argument(
            "--teacher-max-lengths",
            help="wordpieces of a row for each teacher, such as 256,192, or one number; default: --max-length",
        )
        parser.add_argument(
            "--student", help="start the student from this folder or hub name instead of copying layers"
        )
        loss = parser.add_argument_group("loss")
        loss.add_argument("--cross-entropy", type=float, help="weight; default a third")
        loss.add_argument("--kl", type=float, help="weight; default a third")
        loss.add_argument("--cosine", type=float, help="weight; default a third")
        loss.add_argument("--temperature", type=float, help="softens both sides' logits; default 2")

    def handle(self, *args: Any, **options: Any) -> None:
        config = replace(build_config(DistillConfig, options), teacher=options["teacher"])
        texts = ("layers", "teacher_weights", "teacher_max_lengths", "student")
        config = replace(config, **{name: options[name] for name in texts if options[name]})
        if options["also_teacher"]:
            config = replace(config, also_teachers=tuple(options["also_teacher"]))
        parts = ("cross_entropy", "kl", "cosine", "temperature")
        config = replace(
            config, loss=replace(config.loss, **{n: options[n] for n in parts if options[n] is not None})
        )
        with plain_errors():
            from training.ml.progress import ConsoleListener
            from training.ml.recipes.distill import distill

            result = distill(config, options["output"], ConsoleListener())
        self.stdout.write(as_json({"folder": str(result.folder), "validation": result.validation}))
