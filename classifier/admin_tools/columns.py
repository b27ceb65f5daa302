"""Columns of admin lists, declared in one line: values by path or function, badges of statuses, texts of people."""

import json
from collections.abc import Callable
from functools import cache
from typing import Any

from django.db.models import JSONField, Model, TextChoices
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

BADGES = {"green": "calm", "blue": "info", "red": "toxic", "grey": "wait", "amber": "warn"}
EXCERPT_CHARACTERS = 90
NOTHING = "-"

Column = Callable[[Any, Any], Any]  # (admin, row) -> what the cell shows


def column(
    label: str,
    value: str | Callable[[Any], Any],
    *,
    spec: str = "",
    ordering: str | None = None,
    boolean: bool | None = None,
) -> Column:
    """Show what `value` (a path such as "prediction__score", or a function of the row) gives, or a dash for nothing.

    `spec` formats it (".3f"). A path also orders the list, and so does the path `ordering`.
    """
    path = value if isinstance(value, str) else None

    def cell(admin: Any, row: Any) -> Any:
        content = value(row) if callable(value) else follow(row, value)
        if boolean:
            return content
        if content is None or content == "":
            return NOTHING
        return format(content, spec) if spec else content

    decorated: Column = display(description=label, ordering=ordering or path, boolean=boolean)(cell)
    return decorated


def choice_badge(path: str, choices: type[TextChoices], label: str = "") -> Column:
    """Show the choice at `path` as its word on its colour; a value that is no choice (any more) as it is."""

    def badge_of(row: Any) -> SafeString | str | None:
        value: str | None = follow(row, path)
        if value is None or value not in choices.values:
            return value
        choice: Any = choices(value)
        return badge(choice.label, choice.colour)

    return column(label or path.rpartition("__")[2].capitalize(), badge_of, ordering=path)


def text_columns(
    field: str, *, toxic: Callable[[Any], bool] = lambda row: True, label: str = "Text"
) -> tuple[Column, Column]:
    """Show a text that somebody wrote: its beginning for the list, and the whole of it for the page of a row.

    The admin declares `shows_texts`, so that each row knows whether its reader wants toxic texts blurred.
    """

    def shown(row: Any, text: str) -> SafeString:
        blurred = row.reader_blurs and toxic(row)
        return format_html('<span class="{}">{}</span>', "said said-blurred" if blurred else "said", text)

    return (
        column(label, lambda row: shown(row, excerpt(getattr(row, field)))),
        column(label, lambda row: shown(row, getattr(row, field))),
    )


@cache
def json_column(model: type[Model], name: Any) -> Callable[[Any], SafeString] | None:
    """Show a JSON field of `model` indented, one value a line. None for any other field, or a name of no field.

    The same function is returned each time, since an admin compares what it shows with what it does not edit.
    """
    field = next((field for field in model._meta.concrete_fields if field.name == name), None)
    if not isinstance(field, JSONField):
        return None

    def cell(row: Any) -> SafeString:
        value = json.dumps(
            getattr(row, name), indent=2, sort_keys=True, ensure_ascii=False, cls=field.encoder
        )
        return format_html('<pre class="manifest">{}</pre>', value)

    decorated: Callable[[Any], SafeString] = display(description=str(field.verbose_name))(cell)
    return decorated


def badge(label: str, colour: str) -> SafeString:
    """Put a word on a coloured ground; the word alone carries the meaning."""
    return format_html('<span class="badge badge-{}">{}</span>', BADGES[colour], label)


def excerpt(text: str) -> str:
    """Return the beginning of a text, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= EXCERPT_CHARACTERS else f"{line[: EXCERPT_CHARACTERS - 1]}…"


def follow(row: Any, path: str) -> Any:
    """Return the value at a path like those of queries ("prediction__score"); None where a relation leads nowhere."""
    for name in path.split("__"):
        row = getattr(row, name) if row is not None else None
    return row
