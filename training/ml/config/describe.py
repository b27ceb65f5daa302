"""The fields of a configuration as data: what forms, the API and sweeps are made from."""

from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from training.ml.config.build import KINDS, kinds
from training.ml.config.fields import Rule


@dataclass(frozen=True)
class FieldInfo:
    """One field: `name` is dotted; `kind` is integer, number, text, flag or list; `default` a plain JSON value."""

    name: str
    kind: str
    default: Any
    doc: str
    choices: tuple[str, ...] = ()
    optional: bool = False
    low: float | None = None
    high: float | None = None

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
    found: list[FieldInfo] = []
    for f in fields(config_class):
        wanted, optional = kinds(config_class)[f.name]
        value = getattr(start, f.name)
        if is_dataclass(wanted):
            found += describe(wanted, value, path=f"{path}{f.name}.")
            continue
        rule = f.metadata.get("rule") or Rule("")
        low = rule.low if rule.low is not None else rule.above
        value = list(value) if isinstance(value, tuple) else value
        found.append(
            FieldInfo(
                f"{path}{f.name}", KINDS[wanted], value, rule.doc, rule.choices, optional, low, rule.high
            )
        )
    return found
