"""What a sweep searches and what it wants: dimensions checked against a recipe's configuration, and objectives.

A space is plain JSON by dotted field name: {"loop.learning_rate": {"type": "float", "low": 1e-5, "high": 1e-3,
"log": true}, "lora.rank": {"type": "int", "low": 4, "high": 64, "step": 4}, "layers": {"type": "categorical",
"choices": ["odd", "even"]}}. A choice for a list field is one text, its parts separated by commas.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from training.ml.config import ConfigError, FieldInfo
from training.ml.encoders.layers import LayerSelectionError, select_layers
from training.ml.recipes.registry import build, recipe

TYPES = ("float", "int", "categorical")
MOST_DIMENSIONS, MOST_CHOICES = 20, 50
NUMBER_TYPES = {"number": ("float", "categorical"), "integer": ("int", "categorical")}
# Rows, labels and start belong to the dataset and the teacher of the sweep; the rest changes no result.
NOT_SEARCHED = {
    "base",
    "teacher",
    "model",
    "data.train",
    "data.validation",
    "data.text_column",
    "data.labels",
    "data.validation_rows",  # trials measured on different rows cannot be compared
}
NOT_SEARCHED_ENDINGS = ("threads", "checkpoint_seconds", "evaluate_share")


class SpaceError(ValueError):
    """A space or an objective cannot be; `field` is the dotted name, `message` says what to change."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}" if field else message)
        self.field, self.message = field, message


@dataclass(frozen=True)
class Dimension:
    """One searched field. `choices` for "categorical", else bounds (both included)."""

    name: str
    kind: str
    low: float = 0
    high: float = 0
    log: bool = False
    step: float | None = None
    choices: tuple[Any, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        if self.kind == "categorical":
            return {"type": self.kind, "choices": list(self.choices)}
        values: dict[str, Any] = {"type": self.kind, "low": self.low, "high": self.high}
        if self.log:
            values["log"] = True
        if self.step is not None:
            values["step"] = self.step
        return values

    def grid(self) -> list[Any]:
        """Return every value, for the grid sampler. Raises SpaceError where there is no finite list."""
        if self.kind == "categorical":
            return list(self.choices)
        if self.log or (self.kind == "float" and self.step is None):
            raise SpaceError(self.name, "A grid needs a step or a list of choices here.")
        step = self.step or 1
        count = math.floor((self.high - self.low) / step + 1e-9) + 1
        values = [self.low + i * step for i in range(count)]
        return [int(v) for v in values] if self.kind == "int" else [round(v, 12) for v in values]


def searchable_fields(recipe_name: str) -> list[FieldInfo]:
    """Return the fields of a recipe that a sweep may search. Raises ConfigError for an unknown recipe."""
    return [
        info
        for info in recipe(recipe_name).fields()
        if info.name not in NOT_SEARCHED and not info.name.endswith(NOT_SEARCHED_ENDINGS)
    ]


def suggested_space(recipe_name: str) -> dict[str, Any]:
    """Return what a sweep's form proposes for a recipe: the fields that the recipe says are worth searching first."""
    known = {info.name for info in searchable_fields(recipe_name)}
    return {name: dict(spec) for name, spec in recipe(recipe_name).searched_first.items() if name in known}


def parse_space(recipe_name: str, space: Any) -> tuple[Dimension, ...]:
    """Check a space against the configuration of a recipe. Raises SpaceError or ConfigError (no such recipe)."""
    if not isinstance(space, Mapping) or not space:
        raise SpaceError("space", "Name at least one field to search.")
    if len(space) > MOST_DIMENSIONS:
        raise SpaceError("space", f"At most {MOST_DIMENSIONS} fields; choose those that matter most.")
    known = {info.name: info for info in searchable_fields(recipe_name)}
    return tuple(_dimension(recipe_name, str(name), spec, known) for name, spec in space.items())


def grid_size(dimensions: Iterable[Dimension]) -> int:
    """Return how many trials a whole grid takes. Raises SpaceError."""
    return math.prod(len(dimension.grid()) for dimension in dimensions)


def overrides(dimensions: Sequence[Dimension], recipe_name: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return sampled values by dotted name as the configuration wants them: a list field's text becomes a list."""
    lists = {info.name for info in recipe(recipe_name).fields() if info.kind == "list"}
    return {
        d.name: _parts(values[d.name]) if d.name in lists else values[d.name]
        for d in dimensions
        if d.name in values
    }


def _dimension(recipe_name: str, name: str, spec: Any, known: Mapping[str, FieldInfo]) -> Dimension:
    info = known.get(name)
    if info is None:
        if any(field.name == name for field in recipe(recipe_name).fields()):
            raise SpaceError(name, "This is fixed for a whole sweep; set it above, or leave it out.")
        near = ", ".join(n for n in known if n.rpartition(".")[2] == name.rpartition(".")[2])
        raise SpaceError(
            name, f"The recipe {recipe_name} has no such field{f'; perhaps {near}' if near else ''}."
        )
    if not isinstance(spec, Mapping):
        raise SpaceError(name, 'Give an object such as {"type": "float", "low": 1e-5, "high": 1e-3}.')
    unknown = set(spec) - {"type", "low", "high", "log", "step", "choices"}
    if unknown:
        raise SpaceError(
            name, f"There is no {sorted(unknown)[0]!r} here; use type, low, high, log, step, choices."
        )
    kind = str(spec.get("type"))
    allowed = NUMBER_TYPES.get(info.kind, ("categorical",))
    if kind not in allowed:
        raise SpaceError(name, f"This field takes the type {' or '.join(allowed)}, not {kind!r}.")
    dimension = _choices(name, spec, info) if kind == "categorical" else _range(name, kind, spec)
    for value in dimension.choices or (dimension.low, dimension.high):
        try:
            build(recipe_name, {name: _parts(value) if info.kind == "list" else value})
            if name == "layers":
                select_layers(str(value), 10_000)
        except ConfigError as error:
            raise SpaceError(name, _sentence(error.message)) from None
        except LayerSelectionError as error:
            raise SpaceError(name, _sentence(str(error))) from None
    return dimension


def _choices(name: str, spec: Mapping[str, Any], info: FieldInfo) -> Dimension:
    choices = spec.get("choices")
    if not isinstance(choices, list | tuple) or not choices:
        raise SpaceError(name, "Give the choices to try as a list.")
    if len(choices) > MOST_CHOICES:
        raise SpaceError(name, f"At most {MOST_CHOICES} choices.")
    if info.kind == "list":
        choices = [",".join(map(str, c)) if isinstance(c, list | tuple) else c for c in choices]
    if not all(c is None or isinstance(c, str | int | float | bool) for c in choices):
        raise SpaceError(name, "A choice is a text, a number, true, false or null.")
    if len({repr(c) for c in choices}) < len(choices):
        raise SpaceError(name, "A choice is named twice.")
    return Dimension(name, "categorical", choices=tuple(choices))


def _range(name: str, kind: str, spec: Mapping[str, Any]) -> Dimension:
    if "choices" in spec:
        raise SpaceError(name, "Give either low and high, or the type categorical with choices.")
    low, high = (_number(name, spec, end, kind) for end in ("low", "high"))
    assert low is not None
    assert high is not None
    step, log = _number(name, spec, "step", kind, required=False), spec.get("log", False)
    if not isinstance(log, bool):
        raise SpaceError(name, "log is true or false.")
    if low >= high:
        raise SpaceError(name, f"low ({low:g}) must be below high ({high:g}).")
    if log and low <= 0:
        raise SpaceError(name, "On a logarithmic scale low must be above 0; leave log out, or raise low.")
    if log and step is not None:
        raise SpaceError(name, "A logarithmic scale has no step; leave one of the two out.")
    if step is not None and not 0 < step <= high - low:
        raise SpaceError(
            name, f"step must be above 0 and at most {high - low:g}, the distance from low to high."
        )
    return Dimension(name, kind, low, high, log, step)


def _number(
    name: str, spec: Mapping[str, Any], which: str, kind: str, *, required: bool = True
) -> float | None:
    value = spec.get(which)
    if value is None and not required:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise SpaceError(name, f"{which} must be a number.")
    if kind == "int":
        if int(value) != value:
            raise SpaceError(name, f"{which} must be a whole number.")
        return int(value)
    return float(value)


def _parts(value: Any) -> Any:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _sentence(message: str) -> str:
    return f"{message[:1].upper()}{message[1:].rstrip('.')}."
