"""Frozen dataclasses from JSON that an older version may have written.

A dataclass declares the parts by name and type, each with a default. What is missing, or not of its type, keeps the
default: a report of another format is a page with gaps, never an error.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")
Convert = Callable[[Any], Any]
"""Returns None for a value that is not of its type."""


def read(kind: type[T], raw: Any) -> T:
    """Return a `kind` filled from `raw`, as far as that is a mapping with its fields."""
    values = raw if isinstance(raw, Mapping) else {}
    fields: Any = kind  # a class is hashable, which its type does not say
    converted = {name: to(values[name]) for name, to in _converters(fields).items() if name in values}
    return kind(**{name: value for name, value in converted.items() if value is not None})


def number(value: Any) -> float | None:
    """Return a finite number, or None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def _whole(value: Any) -> int | None:
    known = number(value)
    return None if known is None else int(known)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


SCALARS: dict[Any, Convert] = {float: number, int: _whole, str: _text, bool: bool, Any: lambda value: value}


@cache
def _converters(kind: Any) -> dict[str, Convert]:
    hints = get_type_hints(kind)
    return {field.name: _converter(hints[field.name]) for field in fields(kind)}


def _converter(hint: Any) -> Convert:
    """Return what turns a JSON value into the annotated type.

    Types are scalars, Any, `X | None`, lists, dicts by name, tuples and dataclasses. Items that cannot be read are
    left out of lists and dicts. A dataclass with a `from_json` reads itself.
    """
    origin, parts = get_origin(hint), [part for part in get_args(hint) if part is not NoneType]
    if origin in (Union, UnionType):
        return _converter(parts[0])
    if origin is list:
        return _list_of(_converter(parts[0]))
    if origin is dict:
        return _dict_of(_converter(parts[1]))
    if origin is tuple:
        return _tuple_of([_converter(part) for part in parts])
    if is_dataclass(hint):
        return getattr(hint, "from_json", None) or _part_of(hint)
    return SCALARS[hint]


def _part_of(kind: Any) -> Convert:
    def convert(value: Any) -> Any:
        return read(kind, value) if isinstance(value, Mapping) and value else None

    return convert


def _list_of(item: Convert) -> Convert:
    def convert(value: Any) -> Any:
        if not isinstance(value, list | tuple):
            return None
        return [known for entry in value if (known := item(entry)) is not None]

    return convert


def _dict_of(item: Convert) -> Convert:
    def convert(value: Any) -> Any:
        if not isinstance(value, Mapping):
            return None
        return {str(name): known for name, entry in value.items() if (known := item(entry)) is not None}

    return convert


def _tuple_of(items: list[Convert]) -> Convert:
    def convert(value: Any) -> Any:
        if not isinstance(value, list | tuple) or len(value) != len(items):
            return None
        known = tuple(item(entry) for item, entry in zip(items, value, strict=True))
        return None if None in known else known

    return convert
