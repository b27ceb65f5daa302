"""Turning what somebody asked for into the whole, checked configuration of a run, and back into what is stored.

Nothing here runs a model: recipes are looked up in training.ml.recipes.registry, which imports without torch.
"""

import json
from collections.abc import Mapping
from typing import Any

from classifier.models import ModelVersion
from training.ml.config import PRESETS, ConfigError, to_dict
from training.ml.recipes.registry import RECIPES, build
from training.models import Dataset, Experiment, RunStatus
from training.services.errors import ConfigRejected

STARTS = (
    "teacher",
    "base",
)  # the field that names what a recipe starts from, in this order where it has both
OF_THE_DATASET = ("train", "validation", "text_column")
LONGEST_TEXT = 300


def config_whole(
    *,
    recipe: str,
    differences: Mapping[str, Any],
    dataset: Dataset,
    preset: str = "",
    teacher: Experiment | None = None,
    base_version: ModelVersion | None = None,
) -> dict[str, Any]:
    """The whole configuration as it is stored: every field, without the paths of data and teacher.

    `differences` are nested ({"loop": {"seed": 1}}) or dotted ({"loop.seed": 1}) and go over the preset's, which go
    over the recipe's defaults. Raises ConfigRejected naming the field.
    """
    if recipe not in RECIPES:
        raise ConfigRejected("recipe", f"There is no recipe {recipe!r}; there are: {', '.join(RECIPES)}.")
    asked = nested(differences)
    data = asked.get("data", {})
    for name in OF_THE_DATASET:
        if isinstance(data, dict) and name in data:
            raise ConfigRejected(
                f"data.{name}", "The rows come from the chosen data set; leave this field out."
            )
    values = merged(preset_differences(preset, recipe) if preset else {}, asked)
    rows = values.setdefault("data", {})
    if not isinstance(rows, dict):
        raise ConfigRejected("data", "This must be an object.")
    rows["labels"] = _labels(rows.get("labels"), dataset, asked)
    start = start_field(recipe)
    if teacher is not None or base_version is not None:
        if start is None:
            raise ConfigRejected(
                "teacher", f"The recipe {recipe} starts from nothing; leave the teacher out."
            )
        if start in asked:
            raise ConfigRejected(start, "Choose either a run or version to start from, or a name, not both.")
        values[start] = "chosen"
    whole = _built(recipe, values)
    if start is not None and not str(whole.get(start) or "").strip():
        raise ConfigRejected(
            "teacher", f"The recipe {recipe} needs a teacher: choose a run or a model version."
        )
    _check_numbers(whole)
    return stored(whole, without=start if values.get(start or "") == "chosen" else None)


def config_for_run(experiment: Experiment, *, start: str | None, data: Mapping[str, str]) -> dict[str, Any]:
    """The configuration that the recipe gets: what is stored, with the real places of rows and teacher."""
    config = merged(experiment.config, {"data": dict(data)})
    field = start_field(experiment.recipe)
    return config if start is None or field is None else {**config, field: start}


def start_field(recipe: str) -> str | None:
    """The field of the recipe's configuration that names what it starts from."""
    names = RECIPES[recipe].config_class.__dataclass_fields__
    return next((name for name in STARTS if name in names), None)


def stored(whole: Mapping[str, Any], *, without: str | None) -> dict[str, Any]:
    """A whole configuration without what follows from data set and teacher."""
    result = {name: value for name, value in whole.items() if name != without}
    result["data"] = {name: value for name, value in whole["data"].items() if name not in OF_THE_DATASET}
    return result


def presets() -> list[dict[str, Any]]:
    """Every preset: name, recipe ("" where it is not said), title, description and config (differences)."""
    found = []
    for path in sorted(PRESETS.glob("*.json")):
        values = json.loads(path.read_text())
        if not isinstance(values.get("config"), dict):  # the differences alone
            values = {"config": values}
        found.append(
            {
                "name": path.stem,
                "recipe": values.get("recipe", ""),
                "title": values.get("title") or path.stem,
                "description": values.get("description", ""),
                "config": values["config"],
            }
        )
    return found


def preset_differences(name: str, recipe: str) -> dict[str, Any]:
    """The differences of a preset, without the places of data and teacher. Raises ConfigRejected."""
    known = {preset["name"]: preset for preset in presets()}
    if name not in known:
        raise ConfigRejected(
            "preset", f"There is no preset {name!r}; there are: {', '.join(known) or 'none'}."
        )
    preset = known[name]
    if preset["recipe"] not in ("", recipe):
        raise ConfigRejected(
            "preset", f"The preset {name} is for the recipe {preset['recipe']}, not {recipe}."
        )
    config = json.loads(json.dumps(preset["config"]))
    for place in OF_THE_DATASET:
        config.get("data", {}).pop(place, None)
    return dict(config)


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """{"loop.seed": 1} as {"loop": {"seed": 1}}; what is nested already stays. Raises ConfigRejected."""
    result: dict[str, Any] = {}
    for name, value in values.items():
        inner = nested(value) if isinstance(value, Mapping) else value
        for part in reversed(str(name).split(".")):
            inner = {part: inner}
        result = merged(result, inner)
    return result


def merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """`below` with `above` laid over it, objects merged field by field."""
    result = dict(below)
    for name, value in above.items():
        old = result.get(name)
        result[name] = (
            merged(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
        )
    return result


def flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """{"loop": {"seed": 1}} as {"loop.seed": 1}."""
    result: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            result |= flat(value, f"{prefix}{name}.")
        else:
            result[f"{prefix}{name}"] = value
    return result


def check_dataset(dataset: Dataset) -> None:
    """Refuse rows that cannot be learned from. Raises ConfigRejected."""
    if dataset.deleted_at is not None:
        raise ConfigRejected("dataset", f"The data set {dataset} was deleted; choose another.")
    for split in ("train", "validation"):
        if not dataset.rows.get(split):
            raise ConfigRejected("dataset", f"The data set {dataset} has no {split} rows; choose another.")


def check_teacher(teacher: Experiment | None, base_version: ModelVersion | None) -> None:
    """Refuse a start that never comes. Raises ConfigRejected."""
    if teacher is not None and base_version is not None:
        raise ConfigRejected("teacher", "Choose either a run or a model version to start from, not both.")
    if teacher is None:
        return
    if teacher.deleted_at is not None:
        raise ConfigRejected("teacher", f"The run {teacher} was deleted; choose another teacher.")
    if teacher.status in (RunStatus.FAILED, RunStatus.CANCELLED):
        raise ConfigRejected(
            "teacher", f"The run {teacher} is {teacher.status}; resume it or choose another."
        )


def _built(recipe: str, values: dict[str, Any]) -> dict[str, Any]:
    try:
        return to_dict(build(recipe, values))
    except ConfigError as error:
        raise ConfigRejected(str(getattr(error, "field", "") or "config"), str(error)) from None
    except (TypeError, ValueError, AttributeError) as error:  # a list where a number belongs, and so on
        raise ConfigRejected("config", f"This is no configuration of {recipe}: {error}") from None


def _labels(wanted: Any, dataset: Dataset, asked: Mapping[str, Any]) -> list[str]:
    if wanted is None:
        return list(dataset.labels)
    if not isinstance(wanted, (list, tuple)) or not all(isinstance(label, str) for label in wanted):
        raise ConfigRejected("data.labels", "This must be a list of label names.")
    known = [label for label in wanted if label in dataset.labels]
    own = "labels" in asked.get("data", {})
    if (own and len(known) < len(wanted)) or not known:
        missing = ", ".join(label for label in wanted if label not in dataset.labels) or "no label"
        raise ConfigRejected(
            "data.labels", f"{dataset} does not know {missing}; it knows {', '.join(dataset.labels)}."
        )
    if len(set(known)) < len(known):
        raise ConfigRejected("data.labels", "A label is named twice.")
    return known


POSITIVE = {"loop.epochs", "loop.token_budget", "loop.learning_rate", "loop.checkpoint_seconds"}
POSITIVE |= {"data.max_length", "data.max_rows", "data.validation_rows", "loss.temperature"}


def _check_numbers(whole: Mapping[str, Any]) -> None:
    """Refuse at once what the loop would only stumble over after minutes of loading. Raises ConfigRejected."""
    for name, value in flat(whole).items():
        if isinstance(value, str) and len(value) > LONGEST_TEXT:
            raise ConfigRejected(name, f"At most {LONGEST_TEXT} characters.")
        if isinstance(value, float) and not abs(value) < float("inf"):
            raise ConfigRejected(name, "This must be a finite number.")
        if name in POSITIVE and value is not None:
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise ConfigRejected(name, "This must be a number.")
            if value <= 0:
                raise ConfigRejected(name, "This must be greater than 0.")
