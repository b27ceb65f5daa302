"""What toxicsite offers, in the form of the snapshots beside this module.

A surface maps a head (an operation, a command, a URL name) to its items (fields, options, patterns). `@Name` heads are
shapes: an item that ends in `@Name` stands for everything inside that shape, so that a shape is written once.

    .venv/bin/python -m toxicsite.tests.contract.surface

writes the snapshots anew. Do that for a release: the next one is then compared with it.
"""

import os
import re
import textwrap
from argparse import ArgumentParser, _SubParsersAction
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django
import yaml

Surface = dict[str, set[str]]

FOLDER = Path(__file__).parent
PROJECT = FOLDER.parents[2]
WITHOUT_NAME = "(without a name)"
DJANGO_OPTIONS = {
    "--help",
    "--version",
    "--verbosity",
    "--settings",
    "--pythonpath",
    "--traceback",
    "--no-color",
}
DJANGO_OPTIONS |= {"--force-color", "--skip-checks"}
USUAL_TYPES = ("application/json", "application/problem+json")


def url_names() -> Surface:
    """Map each URL name, with its namespaces, to its patterns."""
    from django.urls import URLPattern, get_resolver

    def walk(patterns: Any, before: str, space: str) -> Iterator[tuple[str, str]]:
        for pattern in patterns:
            route = before + str(pattern.pattern)
            if isinstance(pattern, URLPattern):
                if pattern.name or space != "admin:":
                    yield f"{space}{pattern.name or WITHOUT_NAME}", f"/{route}"
            else:
                inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
                yield from walk(pattern.url_patterns, route, inner)

    found: Surface = {}
    for name, route in walk(get_resolver().url_patterns, "", ""):
        found.setdefault(name, set()).add(route)
    return found


def api() -> Surface:
    """Map each operation of the OpenAPI file to its id, parameters, replies and the fields of its bodies."""
    document = yaml.load(
        (PROJECT / "classifier/api/openapi.yaml").read_text(), Loader=yaml.CSafeLoader
    )  # fmt: skip
    schemas = document["components"]["schemas"]
    found: Surface = {}

    def fields(schema: dict[str, Any], name: str) -> Iterator[str]:
        """Yield `name` and all below it; a shape that has a name of its own is told of under that."""
        if reference := schema.get("$ref"):
            shape = reference.rpartition("/")[2]
            yield f"{name}@{shape}"
            if f"@{shape}" not in found:
                found[f"@{shape}"] = set()
                found[f"@{shape}"].update(item for item in fields(schemas[shape], "") if item)
            return
        yield name
        yield from (f"{name}={value}" for value in schema.get("enum", ()) if isinstance(value, str))
        for key, inner in schema.get("properties", {}).items():
            yield from fields(inner, f"{name}.{key}")
        for key in ("items", "additionalProperties"):
            if isinstance(inner := schema.get(key), dict):
                yield from fields(inner, f"{name}[]" if key == "items" else f"{name}.*")
        for key in ("oneOf", "anyOf", "allOf"):
            for inner in schema.get(key, ()):
                yield from fields(inner, name)

    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            items = found.setdefault(f"{method.upper()} {path}", set())
            items.add(f"operation={operation['operationId']}")
            for parameter in operation.get("parameters", ()):
                items.update(fields(parameter["schema"], f"{parameter['in']}:{parameter['name']}"))
            bodies = {"body": operation.get("requestBody", {}), **operation["responses"]}
            for name, body in bodies.items():
                items.update([name] if name != "body" and "content" not in body else [])
                for kind, content in body.get("content", {}).items():
                    items.update([f"{name}:{kind}"] if kind not in USUAL_TYPES else [])
                    items.update(fields(content.get("schema", {}), name))
                items.update(f"reply-header:{header}" for header in body.get("headers", ()))
    return {head: {item.replace(" ", "_") for item in items} for head, items in found.items()}


def commands() -> Surface:
    """Map each command of our own, each of its verbs, and each target of `make`, to arguments and options."""
    from django.core.management import get_commands, load_command_class

    found: Surface = {}

    def walk(parser: ArgumentParser, head: str) -> None:
        items: set[str] = set()
        found[head] = items
        for action in parser._actions:
            if isinstance(action, _SubParsersAction):
                for verb, inner in action.choices.items():
                    walk(inner, f"{head} {verb}")
            elif not DJANGO_OPTIONS.intersection(action.option_strings):
                for name in action.option_strings or [f"<{action.dest}>"]:
                    items.update(_argument(name, action))

    for name, app in sorted(get_commands().items()):
        if app in ("toxicsite", "classifier", "training"):
            walk(load_command_class(app, name).create_parser("manage.py", name), name)
    targets = re.findall(r"^([a-z-]+):.*## ", (PROJECT / "Makefile").read_text(), re.M)
    return found | {f"make {target}": set() for target in targets}


def _argument(name: str, action: Any) -> Iterator[str]:
    yield name if name.startswith("<") else f"{name}:{'flag' if action.nargs == 0 else 'value'}"
    if not action.required or action.nargs == "*":
        yield f"{name}:optional"
    if action.nargs in ("*", "+") or "Append" in type(action).__name__:
        yield f"{name}:several"
    for choice in action.choices or () if not isinstance(action.choices, range) else ():
        yield f"{name}:choice={choice}"
    default = action.default
    if isinstance(default, Path) and default.is_absolute():
        default = default.name
    if default not in (None, [], (), "", False):
        yield f"{name}:default={default}".replace(" ", "_")


def names() -> Surface:
    """List the variables of `.env.example`, and the problem types of the API with their status."""
    variables = re.findall(r"^([A-Z][A-Z0-9_]*)=", (PROJECT / ".env.example").read_text(), re.M)
    problems = re.findall(r"^\| `([a-z-]+)` \| (\d+) \|", (PROJECT / "docs/api/errors.md").read_text(), re.M)
    return {
        ".env.example": set(variables),
        "problem types": {f"{name}={status}" for name, status in problems},
    }


SURFACES = {"url_names": url_names, "api": api, "commands": commands, "names": names}


def read(name: str) -> Surface:
    """Read a snapshot."""
    found: Surface = {}
    items: set[str] = set()
    for line in (FOLDER / f"{name}.txt").read_text().splitlines():
        if not line.startswith(" "):
            head, _, line = line.partition("  ")
            items = found[head] = set()
        items.update(line.split())
    return found


def write(name: str, surface: Surface) -> None:
    """Write a snapshot that `read` gives back: a head, two spaces, its items, wrapped and indented."""
    lines: list[str] = []
    for head, items in sorted(surface.items()):
        text = " ".join(sorted(items))
        lines += textwrap.wrap(
            text, 116, initial_indent=f"{head}  ", subsequent_indent="    ",
            break_long_words=False, break_on_hyphens=False,
        ) or [head]  # fmt: skip
    (FOLDER / f"{name}.txt").write_text("".join(f"{line.rstrip()}\n" for line in lines))


def flat(surface: Surface) -> Surface:
    """Put what is inside of shapes in their place, and leave the shapes out: their names may change."""

    def inside(item: str, above: tuple[str, ...]) -> Iterator[str]:
        name, at, shape = item.partition("@")
        yield name
        if at and shape not in above:
            for inner in surface[f"@{shape}"]:
                for below in inside(inner, (*above, shape)):
                    yield name + below

    return {
        head: {below for item in items for below in inside(item, ())}
        for head, items in surface.items()
        if not head.startswith("@")
    }


def lost(name: str, before: Surface, after: Surface) -> list[str]:
    """List what `before` has and `after` lacks, a line each: the snapshot, the head, and the item if the head stays."""
    old, new = flat(before), flat(after)
    gone = [f"{name}  {head}" for head in old if head not in new]
    gone += [f"{name}  {head}  {item}" for head in old if head in new for item in old[head] - new[head]]
    return sorted(gone)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "toxicsite.settings")
    django.setup()
    for kind, take in SURFACES.items():
        write(kind, take())
