"""Presets (one recipe's differences to its defaults) and plans (several runs that belong together), as JSON."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from training.ml.config.fields import ConfigError, from_dict

T = TypeVar("T")
PRESETS = Path(__file__).parent.parent / "presets"
PLANS = PRESETS / "plans"


@dataclass(frozen=True)
class Preset:
    """A named starting point; `recipe` is empty in a file that holds differences and nothing else."""

    name: str
    recipe: str
    title: str
    description: str
    config: dict[str, Any]


@dataclass(frozen=True)
class PlannedRun:
    """One run of a plan; `teacher` is empty or the name of an earlier run, which is then its start.

    Further earlier runs stand as `@name` in the fields of `config` that name models.
    """

    name: str
    recipe: str
    preset: str = ""
    config: dict[str, Any] = field(default_factory=dict)
    teacher: str = ""

    def differences(self) -> dict[str, Any]:
        """Return the preset's differences with the run's own laid over them, by dotted names. Raises ConfigError."""
        start = read_preset(self.preset).config if self.preset else {}
        return dotted(start) | dotted(self.config)


@dataclass(frozen=True)
class Plan:
    """Runs in the order in which they are started."""

    name: str
    title: str
    description: str
    runs: tuple[PlannedRun, ...]


def dotted(values: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    """Flatten {"loop": {"epochs": 2}} to {"loop.epochs": 2}."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        flat |= dotted(value, f"{path}{name}.") if isinstance(value, Mapping) else {f"{path}{name}": value}
    return flat


def read_preset(name_or_path: str) -> Preset:
    """Read a preset by name (`training/ml/presets/NAME.json`) or by path. Raises ConfigError."""
    values, path = _read(PRESETS, name_or_path, "preset")
    if not isinstance(values.get("config"), dict):
        return Preset(path.stem, "", path.stem, "", values)
    return Preset(
        path.stem,
        str(values.get("recipe", "")),
        str(values.get("title", path.stem)),
        str(values.get("description", "")),
        values["config"],
    )


def load_preset(kind: type[T], name_or_path: str) -> T:
    """Return a preset as a configuration. Raises ConfigError."""
    return from_dict(kind, read_preset(name_or_path).config)


def presets(recipe: str = "") -> list[Preset]:
    """Return the shipped presets (of one recipe), by name."""
    every = (read_preset(path.stem) for path in sorted(PRESETS.glob("*.json")))
    return [preset for preset in every if not recipe or preset.recipe == recipe]


def read_plan(name_or_path: str) -> Plan:
    """Read a plan by name (`training/ml/presets/plans/NAME.json`) or by path. Raises ConfigError."""
    values, path = _read(PLANS, name_or_path, "plan")
    runs: list[PlannedRun] = []
    for entry in values.get("experiments", []):
        teacher = str(entry.get("teacher", "")).removeprefix("@")
        if teacher and teacher not in {run.name for run in runs}:
            raise ConfigError(
                f"plan {path.stem}: {entry['name']} names {teacher!r}, which is no run before it"
            )
        for named in _runs_named(entry.get("config", {})):
            if named not in {run.name for run in runs}:
                raise ConfigError(
                    f"plan {path.stem}: {entry['name']} names {named!r}, which is no run before it"
                )
        runs.append(
            PlannedRun(
                entry["name"], entry["recipe"], entry.get("preset", ""), entry.get("config", {}), teacher
            )
        )
    return Plan(
        path.stem, str(values.get("title", path.stem)), str(values.get("description", "")), tuple(runs)
    )


def _runs_named(value: Any) -> list[str]:
    """Return the runs that a planned configuration names as `@name`, such as further teachers."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        return [name for item in value for name in _runs_named(item)]
    return [value[1:]] if isinstance(value, str) and value.startswith("@") else []


def plans() -> list[Plan]:
    """Return the shipped plans, by name."""
    return [read_plan(path.stem) for path in sorted(PLANS.glob("*.json"))]


def _read(folder: Path, name_or_path: str, what: str) -> tuple[dict[str, Any], Path]:
    path = Path(name_or_path)
    if path.suffix != ".json":
        path = folder / f"{name_or_path}.json"
    try:
        values = json.loads(path.read_text())
    except FileNotFoundError:
        have = ", ".join(sorted(p.stem for p in folder.glob("*.json"))) or "none"
        raise ConfigError(f"no {what} {name_or_path!r}; there are: {have}", what) from None
    except json.JSONDecodeError as error:
        raise ConfigError(f"{what} {path} is not JSON: {error}") from None
    if not isinstance(values, dict):
        raise ConfigError(f"{what} {path} must hold one JSON object")
    return values, path
