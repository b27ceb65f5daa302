"""`manage.py source_language SLUG [--language CODE [--fixed] | --none]`: the language of a source's comments."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from classifier.comments.source_language import source_language_set
from classifier.core.validation import InvalidInput
from classifier.models import Source


class Command(BaseCommand):
    help = "Show or set the language of a source's comments."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("source", metavar="SLUG")
        choice = parser.add_mutually_exclusive_group()
        choice.add_argument(
            "--language", metavar="CODE", help="counts where the language of a text is not clear"
        )
        choice.add_argument("--none", action="store_true", help="no language is usual")
        parser.add_argument(
            "--fixed", action="store_true", help="every comment is in it: identify no language"
        )

    def handle(
        self,
        *args: Any,
        source: str,
        language: str | None = None,
        none: bool = False,
        fixed: bool = False,
        **options: Any,
    ) -> None:
        row = Source.objects.filter(slug=source).first()
        if row is None:
            raise CommandError(f"there is no source {source}")
        if language is not None or none:
            try:
                source_language_set(source=row, language=language or "", fixed=fixed, by=None)
            except InvalidInput as error:
                raise CommandError(str(error)) from None
        kind = "every comment is in it" if row.language_fixed else "where it is not clear"
        self.stdout.write(f"{row.slug}: {row.language or 'no language'}{f', {kind}' if row.language else ''}")
