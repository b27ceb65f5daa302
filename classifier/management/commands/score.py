"""`manage.py score`: `toxicsite-score` with the defaults of the site's settings; neither database nor queue is asked.

./manage.py score "I hate you"
./manage.py score --input comments.csv --text-column body --output scores.jsonl --version starter-1a2b3c4d
"""

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from classifier.inference.errors import InferenceError
from classifier.inference.score_command import UNREADABLE, Defaults, add_arguments, run, unreadable
from classifier.model_versions.model_files import shipped_folders


class Command(BaseCommand):
    help = (
        "Score texts: one JSON object a line, or parquet, in the order given. Needs no database and no queue."
    )
    requires_system_checks = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        # Django's own --version (of Django) gives way to the model's
        return super().create_parser(prog_name, subcommand, conflict_handler="resolve", **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_arguments(parser, _defaults())

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            unread = run(
                Namespace(**options),
                _defaults(),
                self.stdout.write,
                lambda text: self.stderr.write(text, self.style.NOTICE),
            )
        except InferenceError as error:
            raise CommandError(str(error)) from None
        if unread:
            raise CommandError(unreadable(unread), returncode=UNREADABLE)


def _defaults() -> Defaults:
    return Defaults(
        model=Path(settings.STARTER_MODEL_DIR),
        places=(*shipped_folders(), Path(settings.MODELS_DIR)),
        backend=settings.SCORER_BACKEND,
        token_budget=settings.SCORER_TOKEN_BUDGET,
        max_windows=settings.SCORE_MAX_WINDOWS,
    )
