"""`manage.py export_model`: turn a training run into a model folder that can be scored with and loaded."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError

from training.management.commands._runs import plain_errors

if TYPE_CHECKING:
    from training.ml.mixture.licences import Ingredient


def sources_for(run: Path, file: Path | None) -> "list[Ingredient]":
    """Return what `file` says that the model learned from, else what the job of the run says.

    Raises CommandError when the file is no such list.
    """
    from training.ml.mixture.licences import Ingredient, licence_class_of

    try:
        if file is not None:
            listed = json.loads(file.read_text(encoding="utf-8"))
        else:
            job = run / "job.json"
            listed = json.loads(job.read_text())["artifact"].get("sources", []) if job.is_file() else []
        if not isinstance(listed, list) or not all(
            isinstance(entry, dict) and entry.get("name") for entry in listed
        ):
            raise CommandError(f"{file or job} must be a JSON list of objects, each with a name.")
        return [
            Ingredient.from_dict({"licence_class": licence_class_of(str(entry.get("licence", ""))), **entry})
            for entry in listed
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise CommandError(f"{file or run} does not say what the model learned from: {error}") from error


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
        parser.add_argument(
            "--sources",
            type=Path,
            metavar="FILE",
            help='JSON list of what it learned from: {"name", "licence", "attribution", "rows", "weight", '
            '"licence_class"}; default: what the run says',
        )
        purpose = parser.add_mutually_exclusive_group()
        purpose.add_argument(
            "--to-pass-on",
            action="store_true",
            help="the model goes to others: refuse what a licence among its sources forbids",
        )
        purpose.add_argument("--own-use", action="store_true", help="the model stays here (default)")

    def handle(self, *args: Any, **options: Any) -> None:
        with plain_errors():
            from training.ml.artifact.export import export_artifact

            sources = sources_for(options["run"], options["sources"])
            about = {"license_name": options["license_name"]}
            if sources:
                about["attribution"] = " ".join(
                    dict.fromkeys(s.attribution for s in sources if s.attribution)
                )
            manifest = export_artifact(
                options["run"],
                options["folder"],
                name=options["name"],
                languages=options["languages"],
                sources=sources,
                to_pass_on=options["to_pass_on"],
                **about,
            )
        self.stdout.write(manifest["version"])
