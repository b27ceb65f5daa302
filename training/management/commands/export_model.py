"""`manage.py export_model`: turn a training run into a model folder that can be scored with and loaded."""

import argparse
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from training.management.commands._runs import plain_errors


class Command(BaseCommand):
    help = "Write a run (of train_teacher or distill) as a model folder: fp16 safetensors, tokenizer, manifest, card."
    requires_system_checks: Any = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("run", type=Path, help="folder that train_teacher or distill wrote")
        parser.add_argument(
            "folder", type=Path, help="where the model folder goes; replaced when it is there"
        )
        parser.add_argument(
            "--name", required=True, help="the version is this name and eight digits of the weights' hash"
        )
        parser.add_argument(
            "--languages",
            type=lambda tags: tags.replace(",", " ").split(),
            default=(),
            help="languages that the model knows, such as en,de; without it the site's MODEL_LANGUAGES count",
        )
        parser.add_argument("--license", default="Apache-2.0", dest="license_name")

    def handle(self, *args: Any, **options: Any) -> None:
        with plain_errors():
            from training.ml.artifact.export import export_artifact

            manifest = export_artifact(
                options["run"],
                options["folder"],
                name=options["name"],
                license_name=options["license_name"],
                languages=options["languages"],
            )
        self.stdout.write(manifest["version"])
