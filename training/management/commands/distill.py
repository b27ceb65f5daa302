"""`manage.py distill`: make a smaller student of a fine-tuned teacher's layers and teach it."""

import argparse
from dataclasses import replace
from typing import Any

from training.management.commands._runs import RunCommand, as_json, build_config, plain_errors
from training.ml.encoders.layers import SELECTIONS
from training.ml.recipes.distill import DistillConfig


class Command(RunCommand):
    help = (
        "Copy embeddings, the chosen layers, pooler and head of a teacher into a student, and train it on labels and "
        "on the teacher's logits (cross-entropy, temperature KL, cosine). Killed or stopped, it resumes."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--teacher", required=True, help="folder that train_teacher wrote")
        parser.add_argument(
            "--layers", help=f"{', '.join(SELECTIONS)}, or a list counted from 1 such as 2,4,6; default even"
        )
        loss = parser.add_argument_group("loss")
        loss.add_argument("--cross-entropy", type=float, help="weight; default a third")
        loss.add_argument("--kl", type=float, help="weight; default a third")
        loss.add_argument("--cosine", type=float, help="weight; default a third")
        loss.add_argument("--temperature", type=float, help="softens both sides' logits; default 2")

    def handle(self, *args: Any, **options: Any) -> None:
        config = replace(build_config(DistillConfig, options), teacher=options["teacher"])
        if options["layers"]:
            config = replace(config, layers=options["layers"])
        parts = ("cross_entropy", "kl", "cosine", "temperature")
        config = replace(
            config, loss=replace(config.loss, **{n: options[n] for n in parts if options[n] is not None})
        )
        with plain_errors():
            from training.ml.progress import ConsoleListener
            from training.ml.recipes.distill import distill

            result = distill(config, options["output"], ConsoleListener())
        self.stdout.write(as_json({"folder": str(result.folder), "validation": result.validation}))
