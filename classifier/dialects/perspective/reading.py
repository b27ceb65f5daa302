"""A request as protocol buffers read JSON: camelCase or snake_case, null is absent, an unknown name is an error."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from classifier.api.field_errors import printable
from classifier.core.validation import SURROGATE
from classifier.dialects.perspective.errors import invalid

_UNDERSCORE = re.compile(r"_([a-z])")
_NUMBER = re.compile(r"-?[0-9]{1,40}(\.[0-9]{1,40})?([eE][-+]?[0-9]{1,2})?\Z")
TYPES: Mapping[type, str] = {str: "TYPE_STRING", bool: "TYPE_BOOL", float: "TYPE_FLOAT"}


class Fields:
    """One object of the request, read by name; `where` is its path in messages."""

    def __init__(self, value: Any, known: tuple[str, ...], where: str = "") -> None:
        self.where = where
        if not isinstance(value, dict):
            raise self.wrong("", "message")
        self.values: dict[str, Any] = {}
        for name, each in value.items():
            camel = _UNDERSCORE.sub(lambda match: match.group(1).upper(), name)
            if camel not in known:
                at = f" at '{where}'" if where else ""
                raise invalid(
                    f'Invalid JSON payload received. Unknown name "{printable(name)}"{at}: Cannot find field.'
                )
            if each is not None:
                self.values[camel] = each

    def path(self, name: str) -> str:
        return ".".join(part for part in (self.where, name) if part)

    def wrong(self, name: str, kind: str) -> Exception:
        return invalid(f"Invalid value at '{self.path(name)}' ({kind})")

    def text(self, name: str, *, most: int | None = None) -> str:
        value = self.values.get(name, "")
        if not isinstance(value, str) or "\x00" in value or SURROGATE.search(value):
            raise self.wrong(name, TYPES[str])
        if most is not None and len(value) > most:
            raise invalid(f"'{self.path(name)}' has more than {most} characters")
        return value

    def flag(self, name: str) -> bool:
        value = self.values.get(name, False)
        if not isinstance(value, bool):
            raise self.wrong(name, TYPES[bool])
        return value

    def number(self, name: str) -> float | None:
        value = self.values.get(name)
        if value is None:
            return None
        if isinstance(value, str) and _NUMBER.match(value):  # protocol buffers take numbers in quotes too
            value = float(value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.wrong(name, TYPES[float])
        return float(value) if abs(value) < 1e308 else (1.0 if value > 0 else -1.0) * 1e308

    def words(self, name: str, *, most: int) -> list[str]:
        """A list of words; a bare string is a list of one, as some clients send it."""
        value = self.values.get(name, [])
        if isinstance(value, str):
            value = [value]
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise self.wrong(name, TYPES[str])
        if len(value) > most or any(len(each) > most for each in value):
            raise invalid(f"'{self.path(name)}' is too long")
        return value

    def choice(self, name: str, known: tuple[str, ...]) -> str:
        value = self.values.get(name, known[0])
        if not isinstance(value, str) or value not in known:
            raise self.wrong(name, "TYPE_ENUM")
        return value

    def mapping(self, name: str) -> dict[str, Any]:
        value = self.values.get(name, {})
        if not isinstance(value, dict):
            raise self.wrong(name, "message")
        return value

    def each(self, name: str, read: Callable[[Any, str], Any]) -> list[Any]:
        value = self.values.get(name, [])
        if not isinstance(value, list):
            raise self.wrong(name, "message")
        return [read(item, f"{self.path(name)}[{place}]") for place, item in enumerate(value)]
