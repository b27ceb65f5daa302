"""What commands with verbs share: parsing, JSON or plain lines, looking things up, errors in one sentence."""

import json
from argparse import ArgumentParser
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from django.core.management.base import BaseCommand, CommandError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

from classifier.core.validation import row_id
from classifier.management.errors import command_errors
from classifier.models import User

Row = TypeVar("Row", bound=models.Model)


class Said:
    """Where a verb's answer goes: one JSON value with --json, lines otherwise."""

    def __init__(self, command: BaseCommand, *, as_json: bool) -> None:
        self.command, self.as_json = command, as_json

    def answer(self, value: Any, *lines: str) -> None:
        """`value` for programs; `lines` for people, or the value's fields where there are none."""
        if self.as_json:
            self.command.stdout.write(json.dumps(value, indent=2, cls=DjangoJSONEncoder))
        elif lines or not isinstance(value, Mapping):
            for line in lines:
                self.command.stdout.write(line)
        else:
            for name, field in value.items():
                shown = json.dumps(field, cls=DjangoJSONEncoder) if isinstance(field, dict | list) else field
                self.command.stdout.write(f"{name}: {shown}")

    def aside(self, line: str, *, ending: str = "\n") -> None:
        """Progress and remarks, which are no part of the answer."""
        self.command.stderr.write(line, ending=ending)


@dataclass(frozen=True)
class Verb:
    """`run` gets the options by name, with `by` (a person or None, the system itself)."""

    name: str
    help: str
    arguments: Callable[[ArgumentParser], None]
    run: Callable[[Said, dict[str, Any]], None]


class VerbCommand(BaseCommand):
    verbs: ClassVar[Sequence[Verb]] = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parsers = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
        for verb in self.verbs:
            sub = parsers.add_parser(verb.name, help=verb.help, description=verb.help)
            verb.arguments(sub)
            sub.add_argument("--json", action="store_true", dest="as_json", help="answer with JSON")
            sub.add_argument("--by", metavar="USERNAME", help="who does it; left out: the system itself")

    def handle(self, *args: Any, verb: str, **options: Any) -> None:
        chosen = next(each for each in self.verbs if each.name == verb)
        options["by"] = _person(options.get("by"))
        with command_errors():
            chosen.run(Said(self, as_json=bool(options.get("as_json"))), options)


def no_arguments(parser: ArgumentParser) -> None:
    """For verbs that need nothing further."""


def one(rows: "models.QuerySet[Row]", what: str, named: str, *fields: str) -> Row:
    """The row with this id, or with this value of one of `fields`. Raises CommandError."""
    found = rows.filter(pk=row_id(named) or 0).first()
    for field in fields:
        found = found or rows.filter(**{field: named}).order_by("-pk").first()
    if found is None:
        raise CommandError(f"There is no {what} {named}.")
    return found


def object_of(text: str | None) -> dict[str, Any]:
    """A JSON object, given as such or as the name of a .json file. Raises CommandError."""
    if not text:
        return {}
    try:
        value = json.loads(text if text.lstrip().startswith("{") else Path(text).read_text())
    except ValueError as error:
        raise CommandError(f"This is not JSON: {error}.") from None
    if not isinstance(value, dict):
        raise CommandError("This must be one JSON object.")
    return value


def _person(username: str | None) -> User | None:
    if not username:
        return None
    user = User.objects.filter(username=username).first()
    if user is None:
        raise CommandError(f"There is no person with the username {username}.")
    return user
