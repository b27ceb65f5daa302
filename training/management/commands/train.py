"""`manage.py train`: run any recipe by name, from a preset and single changes, in a folder."""

import argparse
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from training.management.commands._runs import as_json, plain_errors
from training.ml.config import ConfigError, parse_text, read_preset, to_dict
from training.ml.recipes.registry import RECIPES, build, recipe


class Command(BaseCommand):
    help = (
        "Run a recipe and save the model with its calibration, thresholds, validation metrics and provenance. Killed "
        "or stopped, it resumes when run again. --fields lists what can be set."
    )
    requires_system_checks: Any = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("recipe", choices=list(RECIPES))
        parser.add_argument("--preset", help="training/ml/presets/NAME.json, or a .json file of your own")
        parser.add_argument(
            "--set",
            action="append",
            default=[],
            metavar="FIELD=VALUE",
            dest="changes",
            help="change one field by its dotted name, such as loop.epochs=2 or data.labels=toxic,insult; repeatable",
        )
        parser.add_argument("--output", type=Path, help="folder of the run; an unfinished one is resumed")
        parser.add_argument("--fields", action="store_true", help="list the recipe's fields and stop")
        parser.add_argument("--dry-run", action="store_true", help="print the whole configuration and stop")

    def handle(self, *args: Any, **options: Any) -> None:
        chosen = recipe(options["recipe"])
        if options["fields"]:
            for info in chosen.fields():
                choices = f" One of: {', '.join(info.choices)}." if info.choices else ""
                self.stdout.write(f"{info.name} ({info.kind}, {info.default!r}): {info.doc}{choices}")
            return
        try:
            config = build(chosen.name, self.changes(options), options["preset"])
        except ConfigError as error:
            raise CommandError(str(error)) from None
        if options["dry_run"]:
            self.stdout.write(as_json(to_dict(config)))
            return
        if options["output"] is None:
            raise CommandError("--output FOLDER is needed: where the run is kept, and resumed from")
        with plain_errors():
            from training.ml.progress import ConsoleListener

            result = chosen.run(config, options["output"], ConsoleListener())
        self.stdout.write(as_json({"folder": str(result.folder), "validation": result.validation}))

    def changes(self, options: dict[str, Any]) -> dict[str, Any]:
        """Read FIELD=VALUE pairs; rows to validate on are those to train on unless said otherwise."""
        kind = recipe(options["recipe"]).config_class
        changes: dict[str, Any] = {}
        for pair in options["changes"]:
            name, equals, text = pair.partition("=")
            if not equals:
                raise ConfigError(f"{pair!r} is not FIELD=VALUE")
            changes[name.strip()] = parse_text(kind, name.strip(), text)
        preset = read_preset(options["preset"]).config if options["preset"] else {}
        if "data.train" in changes and "validation" not in preset.get("data", {}):
            changes.setdefault("data.validation", changes["data.train"])
        return changes
