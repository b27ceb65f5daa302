"""`manage.py privacy retention|set|erase|export`: counts first; only --yes purges or erases anything."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.management.base import BaseCommand, CommandError

from classifier.core.audit import author_pseudonym
from classifier.core.validation import whole_number
from classifier.models import Source, User
from classifier.privacy.selectors import AuthorCount, author_count, retention_count
from classifier.privacy.services import author_erase, retention_run, retention_set
from classifier.privacy.subject_export import author_export

NOTHING_DONE = "Nothing was changed. Say --yes to do it."


class Command(BaseCommand):
    help = "Purge texts that outlived their source's retention; erase or export everything about an author."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        retention = verbs.add_parser("retention", help="what the retention of each source would purge now")
        retention.add_argument("--source", metavar="SLUG", help="this source only")
        retention.add_argument("--days", type=int, help="count as if texts were kept so long; only counts")
        length = verbs.add_parser("set", help="how long a source keeps its texts")
        length.add_argument("source", metavar="SLUG")
        length.add_argument("days", help="days, or `forever`")
        erase = verbs.add_parser("erase", help="forget an author: texts and names, never decisions")
        export = verbs.add_parser("export", help="everything that is held about an author, as JSON")
        for verb in (erase, export):
            verb.add_argument("author", help="the author as the sources name them")
            verb.add_argument("--source", metavar="SLUG", help="in this source only")
        export.add_argument("--output", type=Path, metavar="FILE", help="a new file; else standard output")
        export.add_argument("--count", action="store_true", help="only say how much it would be")
        for verb in (retention, length, erase):
            verb.add_argument("--yes", action="store_true", help="do it; without this it only counts")
        for verb in (retention, length, erase, export):
            verb.add_argument(
                "--by", metavar="USERNAME", help="who does this, for the audit; else the system"
            )

    def handle(self, *args: Any, verb: str, **options: Any) -> None:
        by = self._person(options["by"])
        source = self._source(options.get("source"))
        try:
            getattr(self, verb)(options, source, by)
        except (PermissionDenied, ValueError) as error:
            raise CommandError(str(error)) from error

    def retention(self, options: dict[str, Any], source: Source | None, by: User | None) -> None:
        if options["yes"] and options["days"] is not None:
            raise CommandError("--days only counts. Set the retention first: privacy set SLUG DAYS --yes")
        total = 0
        for row in [source] if source else Source.objects.order_by("slug"):
            count = retention_count(source=row, days=options["days"])
            days = row.retention_days if options["days"] is None else options["days"]
            kept = f"{days:,} days" if days is not None else "kept forever"
            self.stdout.write(f"{row.slug}: {kept}, {count.due:,} due, {count.spared:,} spared")
            if options["yes"] and count.due:
                purged = retention_run(source=row, by=by)
                self.stdout.write(f"{row.slug}: {purged:,} texts purged")
            total += count.due
        if total and not options["yes"]:
            self.stdout.write(NOTHING_DONE)

    def set(self, options: dict[str, Any], source: Source | None, by: User | None) -> None:
        assert source is not None
        written = options["days"]
        days = whole_number(written, most=999_999)
        if days is None and written != "forever":
            raise CommandError("Write a number of days, or forever.")
        count = retention_count(source=source, days=days)
        self.stdout.write(f"{source.slug}: {count.due:,} texts would be due, {count.spared:,} spared")
        if not options["yes"]:
            self.stdout.write(NOTHING_DONE)
            return
        retention_set(source=source, days=days, by=by)
        self.stdout.write(f"{source.slug}: texts are {'kept' if days is None else f'kept {days:,} days'}")

    def erase(self, options: dict[str, Any], source: Source | None, by: User | None) -> None:
        author = options["author"]
        self._write_count(author, author_count(user=by, author=author, source=source))
        if not options["yes"]:
            self.stdout.write(NOTHING_DONE)
            return
        erased = author_erase(author=author, source=source, by=by)
        self.stdout.write(f"{author_pseudonym(author)}: erased from {erased.comments:,} comments")

    def export(self, options: dict[str, Any], source: Source | None, by: User | None) -> None:
        author, file = options["author"], options["output"]
        if options["count"]:
            self._write_count(author, author_count(user=by, author=author, source=source))
            return
        pieces = author_export(author=author, source=source, by=by)
        if file is None:
            for piece in pieces:
                self.stdout.write(piece, ending="")
            return
        try:
            with file.open("x", encoding="utf-8") as out:
                file.chmod(0o600)
                out.writelines(pieces)
        except OSError as error:
            raise CommandError(f"{file} cannot be written: {error.strerror}") from error
        self.stderr.write(f"Written to {file}")

    def _write_count(self, author: str, count: AuthorCount) -> None:
        amounts = ", ".join(
            f"{number:,} {name.replace('_', ' ')}" for name, number in count.to_data().items()
        )
        self.stdout.write(f"{author_pseudonym(author)}: {amounts}")

    def _source(self, slug: str | None) -> Source | None:
        if slug is None:
            return None
        source = Source.objects.filter(slug=slug).first()
        if source is None:
            raise CommandError(f"There is no source {slug}.")
        return source

    def _person(self, username: str | None) -> User | None:
        if username is None:
            return None
        person = User.objects.filter(username=username, is_active=True).first()
        if person is None:
            raise CommandError(f"There is no active person with the username {username}.")
        return person
