"""A run's configuration and provenance as rows: what differs from the defaults, and everything."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from training.ml.config import ConfigError
from training.ml.recipes.registry import RECIPES
from training.models import Experiment
from training.web.formatting import DASH, number

FROM_THE_DATASET = ("data.train", "data.validation", "data.text_column", "data.labels")


@dataclass(frozen=True)
class ConfigRow:
    """One field: its value, its default, and what it means."""

    name: str
    value: str
    default: str = ""
    doc: str = ""

    @property
    def differs(self) -> bool:
        return bool(self.default) and self.value != self.default


def config_rows(experiment: Experiment) -> list[ConfigRow]:
    """Every field of the run's configuration, in the order of its recipe's documentation."""
    values = flat(experiment.config)
    known = {}
    recipe = RECIPES.get(experiment.recipe)
    if recipe is not None:
        known = {one.name: one for one in recipe.fields()}
    names = [name for name in known if name in values] + [name for name in values if name not in known]
    rows = []
    for name in names:
        info = known.get(name)
        default = "" if info is None or name in FROM_THE_DATASET else shown(info.default)
        rows.append(ConfigRow(name, shown(values[name]), default, info.doc if info else ""))
    return rows


def flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """{"loop": {"seed": 1}} as {"loop.seed": 1}."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        found |= (
            flat(value, f"{prefix}{name}.")
            if isinstance(value, Mapping) and value
            else {f"{prefix}{name}": value}
        )
    return found


def shown(value: Any) -> str:
    """A value of a configuration as people write it."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list | tuple):
        return ", ".join(shown(one) for one in value) or "none"
    return json.dumps(value) if isinstance(value, Mapping) else str(value) or DASH


@dataclass(frozen=True)
class DiffRow:
    """A field in which runs differ: one value a run, in their order; None where a run has no such field."""

    name: str
    values: list[str | None]


def differences(configs: Sequence[Mapping[str, Any]]) -> list[DiffRow]:
    """The fields that are not the same in all of them."""
    flattened = [flat(config) for config in configs]
    names: dict[str, None] = {}
    for one in flattened:
        names |= dict.fromkeys(one)
    rows = [DiffRow(name, [shown(one[name]) if name in one else None for one in flattened]) for name in names]
    return [row for row in rows if len(set(row.values)) > 1]


def provenance_rows(experiment: Experiment) -> list[tuple[str, str]]:
    """Where the run ran and what made it, flattened; long hashes stay whole, for copying."""
    found = flat(experiment.provenance)
    found = {name: value for name, value in found.items() if not name.startswith("config.")}
    return [(name.replace("_", " ").replace(".", ": "), _fact(value)) for name, value in found.items()]


def _fact(value: Any) -> str:
    known = number(value)
    if known is not None and not isinstance(value, int):
        return f"{known:,.3f}".rstrip("0").rstrip(".")
    if known is not None and abs(known) >= 10_000:
        return f"{known:,.0f}"
    return shown(value)


def recipe_about(name: str) -> str:
    """What a recipe does, in a sentence."""
    try:
        return str(RECIPES[name].description)
    except (KeyError, ConfigError):
        return ""
