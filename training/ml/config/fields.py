"""Fields of a configuration that know what they are for and which values make sense."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


class ConfigError(ValueError):
    """A configuration names an unknown field or holds a value that it cannot hold; `field` is its dotted name."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(f"{field}: {message}" if field else message)
        self.field = field
        self.message = message


@dataclass(frozen=True)
class Rule:
    """What a field is for (`doc`) and what it may hold: one of `choices`, at least `low`, at most `high`.

    `above` is a low that is itself too low.
    """

    doc: str
    choices: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    above: float | None = None

    def complaint(self, value: Any) -> str | None:
        """Say what is wrong with a value of the right kind; None when nothing is."""
        if self.choices and value not in self.choices:
            return f"there is no {value!r}; use one of: {', '.join(self.choices)}"
        if not isinstance(value, int | float) or isinstance(value, bool):
            return None
        if self.above is not None and not value > self.above:
            return f"{value} is too small; use a number above {self.above:g}"
        if self.low is not None and not value >= self.low:
            return f"{value} is too small; use {self.low:g} or more"
        if self.high is not None and not value <= self.high:
            return f"{value} is too large; use {self.high:g} or less"
        return None


def option(default: Any, doc: str, **limits: Any) -> Any:
    """A field with a default (a value, or a function that makes one), its documentation and its limits."""
    metadata = {"rule": Rule(doc, **limits)}
    if isinstance(default, Callable):  # type: ignore[arg-type]
        return field(default_factory=default, metadata=metadata)
    return field(default=default, metadata=metadata)
