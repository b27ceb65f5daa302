"""The toolkit of commands with verbs: declaring them, answering in JSON or plain lines, finding rows by name."""

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
Run = TypeVar("Run", bound=Callable[..., None])


class CommandOutput:
    """Where a verb's answer goes: one JSON value with --json, lines otherwise."""

    def __init__(self, command: BaseCommand, *, as_json: bool) -> None:
        self.command, self.as_json = command, as_json

    def answer(self, value: Any, *lines: str) -> None:
        """Write `value` for programs; for people `lines`, or the value's fields where there are none."""
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
        """Write progress and remarks, which are no part of the answer, to standard error."""
        self.command.stderr.write(line, ending=ending)


@dataclass(frozen=True)
class Argument:
    """An argument or option of a verb, as argparse's `add_argument` takes it."""

    names: tuple[str, ...]
    options: Mapping[str, Any]

    @property
    def parameter(self) -> str:
        """The name under which the verb's function gets the value."""
        return str(self.options.get("dest") or self.names[0].lstrip("-").replace("-", "_"))


def argument(*names: str, **options: Any) -> Argument:
    """Declare an argument or option."""
    return Argument(names, options)


@dataclass(frozen=True)
class Verb:
    """One verb of a command; of the arguments in a list only one may be given."""

    name: str
    help: str
    arguments: tuple[Argument | list[Argument], ...]
    run: Callable[..., None]

    def add_to(self, parser: ArgumentParser) -> None:
        """Declare the arguments to argparse."""
        for entry in self.arguments:
            if isinstance(entry, list):
                group = parser.add_mutually_exclusive_group()
                for option in entry:
                    group.add_argument(*option.names, **option.options)
            else:
                parser.add_argument(*entry.names, **entry.options)
        parser.add_argument("--json", action="store_true", dest="as_json", help="answer with JSON")
        parser.add_argument("--by", metavar="USERNAME", help="who does it; left out: the system itself")

    def parameters(self) -> set[str]:
        """Name what `run` gets besides the output and `by`."""
        entries = (entry if isinstance(entry, list) else [entry] for entry in self.arguments)
        return {declared.parameter for entry in entries for declared in entry}


class Verbs(list[Verb]):
    """The verbs of a module, each declared above the function that does it."""

    def verb(self, name: str, help: str, *arguments: Argument | list[Argument]) -> Callable[[Run], Run]:
        """Add the decorated function as a verb.

        It gets a CommandOutput, `by` (a person, or None for the system itself) and every argument by its name.
        """

        def add(run: Run) -> Run:
            self.append(Verb(name, help, arguments, run))
            return run

        return add


class VerbCommand(BaseCommand):
    """A command that consists of verbs."""

    verbs: ClassVar[Sequence[Verb]] = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parsers = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
        for verb in self.verbs:
            verb.add_to(parsers.add_parser(verb.name, help=verb.help, description=verb.help))

    def handle(self, *args: Any, verb: str, **options: Any) -> None:
        chosen = next(declared for declared in self.verbs if declared.name == verb)
        output = CommandOutput(self, as_json=bool(options.get("as_json")))
        by = _person(options.get("by"))
        with command_errors():
            chosen.run(output, by=by, **{name: options[name] for name in chosen.parameters()})


def row_named(rows: "models.QuerySet[Row]", what: str, named: str, *fields: str) -> Row:
    """Return the row with this id, or with this value of one of `fields`. Raises CommandError."""
    row = rows.filter(pk=row_id(named) or 0).first()
    for field in fields:
        row = row or rows.filter(**{field: named}).order_by("-pk").first()
    if row is None:
        raise CommandError(f"There is no {what} {named}.")
    return row


def object_of(text: str | None) -> dict[str, Any]:
    """Read a JSON object, given as such or as the name of a .json file. Raises CommandError."""
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
