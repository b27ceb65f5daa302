"""`manage.py rules`: rules beside the model in bulk: look at a file, import it, switch a list, export."""

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from classifier.core.validation import InvalidInput
from classifier.inference.files.encodings import ENCODINGS
from classifier.inference.rule_files import FORMATS
from classifier.models import Rule, RuleList, RuleState, Source
from classifier.policies.rule_lists import (
    EXPORT_COLUMNS,
    ImportChoice,
    ImportOutcome,
    export_rows,
    rule_list_create,
    rule_list_set_state,
    rules_import,
    rules_import_check,
    rules_preview_recent,
)
from classifier.policies.starter_rules import STARTERS
from toxicsite.lib.spreadsheets import csv_lines

PROBLEMS_SHOWN = 20
RULES_SHOWN = 20


class Command(BaseCommand):
    help = "Import, check, switch and export rules beside the model."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        for name, told in (
            ("check", "say what a file holds and what it would have hit in the last weeks; nothing is made"),
            ("import", "add the rules of a file to a list, which is made if it is not there"),
        ):
            action = actions.add_parser(name, help=told)
            action.add_argument("file", nargs="?", default="", help="- reads standard input")
            action.add_argument(
                "--starter", choices=sorted(STARTERS), default="", help="a list that comes with toxicsite"
            )
            action.add_argument("--format", choices=sorted(FORMATS), default="", help="found out if left out")
            action.add_argument(
                "--encoding", choices=sorted(ENCODINGS), default="", help="found out if left out"
            )
            action.add_argument("--source", default="", help="slug of the source; every source if left out")
            action.add_argument("--band", choices=Rule.RuleBand.values, default="review")
            action.add_argument("--as-written", action="store_true", help="catch no disguised spellings")
            action.add_argument("--ignore-accents", action="store_true")
            action.add_argument("--regexes", action="store_true", help="the lines are regular expressions")
            action.add_argument("--tag", action="append", default=[], help="may be given several times")
            action.add_argument("--json", action="store_true")
            if name == "import":
                action.add_argument("--list", required=True, help="name of the list")
                action.add_argument("--state", choices=RuleState.values, default="shadow")
        state = actions.add_parser("state", help="switch all rules of a list")
        state.add_argument("list", help="name of the list")
        state.add_argument("state", choices=RuleState.values)
        state.add_argument("--source", default="", help="slug of the list's source, if lists share a name")
        export = actions.add_parser("export", help="write rules as CSV, which import reads")
        export.add_argument("--list", default="", help="only those of the list of this name")
        export.add_argument("--source", default="", help="slug of the list's source, if lists share a name")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            getattr(self, f"_{options['action']}")(options)
        except InvalidInput as error:
            raise CommandError(str(error)) from None

    def _check(self, options: dict[str, Any]) -> None:
        source = _source(options["source"])
        outcome = rules_import_check(source=source, choice=_choice(options), by=None)
        preview = rules_preview_recent(rules=outcome.rules, source=source, by=None)
        if options["json"]:
            counts = [
                {"pattern": row.rule.pattern, "matched": row.matched, "newly": row.newly}
                for row in preview.rules
            ]
            shown = {
                "days": preview.days,
                "looked_at": preview.looked_at,
                "matched": preview.matched,
                "newly": preview.newly,
                "rules": counts,
            }
            self.stdout.write(json.dumps({**_counts(outcome), "preview": shown}, ensure_ascii=False))
            return
        self._tell(outcome, "new rules")
        self.stdout.write(
            f"Last {preview.days} days: would have hit {preview.matched:,} of {preview.looked_at:,} comments, "
            f"{preview.newly:,} of them into a worse band"
        )
        for row in preview.rules[:RULES_SHOWN]:
            self.stdout.write(f"  {row.matched:>7,}  {row.rule.pattern}")

    def _import(self, options: dict[str, Any]) -> None:
        source, choice = _source(options["source"]), _choice(options)
        rule_list = _list_of(options["list"], source)
        if rule_list is None:
            choice.read()
            rule_list = rule_list_create(name=options["list"], source=source, by=None)
        outcome = rules_import(rule_list=rule_list, choice=choice, state=options["state"], by=None)
        if options["json"]:
            self.stdout.write(json.dumps({**_counts(outcome), "list": rule_list.pk}, ensure_ascii=False))
        else:
            self._tell(outcome, f"rules imported into {rule_list.name}, {options['state']}")

    def _state(self, options: dict[str, Any]) -> None:
        rule_list = _list(options["list"], options["source"])
        changed = rule_list_set_state(rule_list=rule_list, state=options["state"], by=None)
        self.stdout.write(f"{changed:,} rules of {rule_list.name} switched: {options['state']}")

    def _export(self, options: dict[str, Any]) -> None:
        rows = Rule.objects.select_related("source", "rule_list").order_by("id")
        if options["list"]:
            rows = rows.filter(rule_list=_list(options["list"], options["source"]))
        for line in csv_lines(EXPORT_COLUMNS, export_rows(rows.iterator(chunk_size=1_000))):
            self.stdout.write(line, ending="")

    def _tell(self, outcome: ImportOutcome, made: str) -> None:
        if outcome.encoding.guessed:
            self.stderr.write(f"read as {outcome.encoding.name}, which is a guess; --encoding says another")
        self.stdout.write(f"{outcome.created:,} {made}; {outcome.repeated:,} were there already")
        for problem in outcome.problems[:PROBLEMS_SHOWN]:
            self.stderr.write(f"line {problem.line}: {problem.message}")
        if len(outcome.problems) > PROBLEMS_SHOWN:
            self.stderr.write(f"and {len(outcome.problems) - PROBLEMS_SHOWN:,} more lines that are no rule")


def _choice(options: dict[str, Any]) -> ImportChoice:
    if bool(options["file"]) == bool(options["starter"]):
        raise CommandError("Name a file, or a list that comes with toxicsite by --starter.")
    if options["starter"]:
        starter = STARTERS[options["starter"]]
        data, name = starter.read().encode(), starter.file
    elif options["file"] == "-":
        data, name = sys.stdin.buffer.read(), ""
    else:
        try:
            data, name = Path(options["file"]).read_bytes(), Path(options["file"]).name
        except OSError as error:
            raise CommandError(f"{options['file']} cannot be read: {error.strerror}") from None
    return ImportChoice(
        data=data,
        file_name=name,
        format=options["format"],
        encoding=options["encoding"],
        band=options["band"],
        folds=not options["as_written"],
        ignore_accents=options["ignore_accents"],
        regexes=options["regexes"],
        tags=options["tag"],
    )


def _counts(outcome: ImportOutcome) -> dict[str, Any]:
    return {
        "format": outcome.format,
        "encoding": outcome.encoding.name,
        "created": outcome.created,
        "repeated": outcome.repeated,
        "problems": [
            {"line": problem.line, "text": problem.text, "message": problem.message}
            for problem in outcome.problems
        ],
    }


def _source(slug: str) -> Source | None:
    if not slug:
        return None
    source = Source.objects.filter(slug=slug).first()
    if source is None:
        raise CommandError(f"There is no source {slug}.")
    return source


def _list(name: str, slug: str) -> RuleList:
    rule_list = _list_of(name, _source(slug))
    if rule_list is None:
        raise CommandError(f"There is no list {name}{f' of {slug}' if slug else ''}.")
    return rule_list


def _list_of(name: str, source: Source | None) -> RuleList | None:
    """Return the list of this name and source; without a source, the only one of this name."""
    found = RuleList.objects.filter(name=name.strip())
    if source is not None:
        return found.filter(source=source).first()
    lists = list(found.select_related("source")[:20])
    if len(lists) > 1:
        sources = ", ".join(sorted(row.source.slug if row.source else "every source" for row in lists))
        raise CommandError(f"There are several lists {name}: of {sources}. Name one by --source.")
    return lists[0] if lists else None
