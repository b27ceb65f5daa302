"""Fields of a configuration: what each is for and may hold, building one from plain values, and describing it."""

import json
import types
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from functools import cache
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

T = TypeVar("T")
KINDS = {int: "integer", float: "number", str: "text", bool: "flag", tuple: "list"}
WANTED = {
    "integer": "a whole number",
    "number": "a number",
    "text": "a text",
    "flag": "true or false",
    "list": "a list of names",
}


class ConfigError(ValueError):
    """A configuration names an unknown field or holds a value that it cannot hold; `field` is its dotted name."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(f"{field}: {message}" if field else message)
        self.field = field
        self.message = message


@dataclass(frozen=True)
class Rule:
    """What a field is for (`doc`) and what it may hold: one of `choices`, at least `low`, at most `high`.

    `above` is a low that is itself too low. `models` marks a field that names models: a run by
    `#12`, a registered version, a folder.
    """

    doc: str
    choices: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    above: float | None = None
    models: bool = False

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
    """Declare a field with a default (a value, or a function that makes one), its documentation and its limits."""
    metadata = {"rule": Rule(doc, **limits)}
    if isinstance(default, Callable):  # type: ignore[arg-type]
        return field(default_factory=default, metadata=metadata)
    return field(default=default, metadata=metadata)


@cache
def kinds(config_class: type) -> dict[str, tuple[type, bool]]:
    """Return {field: (kind, may be None)}; a kind is int, float, str, bool, tuple (of texts) or a dataclass."""
    kind_of = {}
    hints = get_type_hints(config_class)
    for f in fields(config_class):
        hint, optional = hints[f.name], False
        if isinstance(hint, types.UnionType) or get_origin(hint) is Union:
            optional = type(None) in get_args(hint)
            (hint,) = (part for part in get_args(hint) if part is not type(None))
        kind_of[f.name] = (cast(type, get_origin(hint) or hint), optional)
    return kind_of


def to_dict(config: Any) -> dict[str, Any]:
    """Return the configuration as plain JSON values."""
    result: dict[str, Any] = json.loads(json.dumps(asdict(config)))
    return result


def from_dict(kind: type[T], values: Mapping[str, Any], base: T | None = None, *, path: str = "") -> T:
    """Build a configuration from `values`, the differences to `base` (or to the defaults).

    A part may be given as a mapping or by dotted names: {"loop": {"epochs": 2}} or {"loop.epochs": 2}. Raises
    ConfigError, with the dotted name, when a field is unknown or its value of the wrong kind or outside its limits.
    """
    start = base if base is not None else kind()
    known = {f.name: getattr(start, f.name) for f in fields(kind)}  # type: ignore[arg-type]
    rules = {f.name: f.metadata.get("rule") for f in fields(kind)}  # type: ignore[arg-type]
    for name, value in values.items():
        head, _, rest = name.partition(".")
        dotted = f"{path}{head}"
        if head not in known:
            raise ConfigError(
                f"{kind.__name__} has no field {head!r}; it has: {', '.join(sorted(known))}", dotted
            )
        wanted, optional = kinds(kind)[head]  # type: ignore[arg-type]
        if is_dataclass(wanted):
            inner = {rest: value} if rest else value
            if not isinstance(inner, Mapping):
                raise ConfigError(f"give its fields, not {inner!r}", dotted)
            known[head] = from_dict(wanted, inner, known[head], path=f"{dotted}.")
        elif rest:
            raise ConfigError(f"{head} is a single value and has no part {rest!r}", dotted)
        else:
            known[head] = _checked(value, wanted, optional, rules[head], dotted)
    return kind(**known)


def parse_text(kind: type, name: str, text: str) -> Any:
    """Read what a person typed for the field of this dotted name; empty means None where that is allowed.

    Lists are separated by commas. Raises ConfigError.
    """
    inner: type = kind
    *parts, last = name.split(".")
    for depth, part in enumerate(parts):
        wanted, _ = kinds(inner).get(part, (object, False))
        if not is_dataclass(wanted):
            raise ConfigError(f"{inner.__name__} has no part {part!r}", ".".join(parts[: depth + 1]))
        inner = wanted
    if last not in kinds(inner):
        raise ConfigError(f"{inner.__name__} has no field {last!r}; it has: {', '.join(kinds(inner))}", name)
    wanted, optional = kinds(inner)[last]
    text = text.strip()
    if optional and text.lower() in ("", "none", "null"):
        return None
    if wanted is tuple:
        return tuple(part.strip() for part in text.split(",") if part.strip())
    if wanted is str:
        return text
    if wanted is bool and text.lower() in ("true", "yes", "on", "1", "false", "no", "off", "0", ""):
        return text.lower() in ("true", "yes", "on", "1")
    try:
        return int(text.replace("_", "")) if wanted is int else float(text)
    except (ValueError, TypeError):
        raise ConfigError(f"{text!r} is not {WANTED[KINDS[wanted]]}", name) from None


def read_numbers(text: str, name: str, count: int, of: str) -> tuple[float, ...]:
    """Read `count` numbers of 0 or more, separated by commas, from the text field `name`; `of` says one for each what.

    Raises ConfigError.
    """
    try:
        numbers = tuple(float(part) for part in text.split(","))
    except ValueError:
        raise ConfigError(f"{text!r} is not a list of numbers such as 0.35,0.65", name) from None
    if len(numbers) != count:
        raise ConfigError(f"give {count} numbers, one for each {of}, not {len(numbers)}", name)
    if not all(0 <= number < float("inf") for number in numbers):
        raise ConfigError("every number must be 0 or more", name)
    return numbers


def _checked(value: Any, wanted: type, optional: bool, rule: Rule | None, dotted: str) -> Any:
    if value is None and optional:
        return None
    if wanted is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if wanted is int and isinstance(value, float) and value.is_integer():
        value = int(value)
    if wanted is tuple and isinstance(value, list):
        value = tuple(value)
    right = isinstance(value, wanted) and (wanted is bool or not isinstance(value, bool))
    if not right or (wanted is float and value != value) or (wanted is tuple and not _texts(value)):
        also = " or empty" if optional else ""
        raise ConfigError(f"must be {WANTED[KINDS[wanted]]}{also}, not {value!r}", dotted)
    if rule is not None and (complaint := rule.complaint(value)):
        raise ConfigError(complaint, dotted)
    return value


def _texts(value: Any) -> bool:
    return bool(value) and all(isinstance(part, str) and part for part in value)


@dataclass(frozen=True)
class FieldInfo:
    """One field: `name` is dotted; `kind` is integer, number, text, flag or list; `default` a plain JSON value.

    Where `models`, the texts name models: runs, versions, hub names or folders.
    """

    name: str
    kind: str
    default: Any
    doc: str
    choices: tuple[str, ...] = ()
    optional: bool = False
    low: float | None = None
    high: float | None = None
    models: bool = False

    @property
    def group(self) -> str:
        """The part that the field belongs to, "" for a field of the recipe itself."""
        return self.name.rpartition(".")[0]

    @property
    def label(self) -> str:
        return self.name.rpartition(".")[2].replace("_", " ")


def describe(config_class: type, default: Any = None, *, path: str = "") -> list[FieldInfo]:
    """Return every field of a configuration class, parts flattened; `default` is a configuration to take values of."""
    start = default if default is not None else config_class()
    infos: list[FieldInfo] = []
    for f in fields(config_class):
        wanted, optional = kinds(config_class)[f.name]
        value = getattr(start, f.name)
        if is_dataclass(wanted):
            infos += describe(wanted, value, path=f"{path}{f.name}.")
            continue
        rule = f.metadata.get("rule") or Rule("")
        low = rule.low if rule.low is not None else rule.above
        value = list(value) if isinstance(value, tuple) else value
        infos.append(
            FieldInfo(
                f"{path}{f.name}",
                KINDS[wanted],
                value,
                rule.doc,
                rule.choices,
                optional,
                low,
                rule.high,
                rule.models,
            )
        )
    return infos
