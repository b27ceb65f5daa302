"""Turning what somebody asked for into the whole, checked configuration of a run, and back into what is stored.

Nothing here runs a model: recipes are looked up in training.ml.recipes.registry, which imports without torch.
"""

from collections.abc import Mapping
from typing import Any

from classifier.models import ModelVersion
from training.core.errors import ConfigRejected
from training.experiments.named_models import check_named_models, with_folders
from training.ml.config import ConfigError, read_preset, to_dict
from training.ml.recipes.registry import build
from training.ml.recipes.registry import recipe as recipe_named
from training.models import Dataset, Experiment, RunStatus

STARTS = ("teacher", "base", "model")  # the field that names what a recipe starts from
OF_THE_DATASET = ("train", "validation", "text_column")


def config_whole(
    *,
    recipe: str,
    differences: Mapping[str, Any],
    dataset: Dataset,
    preset: str = "",
    teacher: Experiment | None = None,
    base_version: ModelVersion | None = None,
) -> dict[str, Any]:
    """Return the whole configuration as it is stored: every field, without the paths of data and teacher.

    `differences` are nested ({"loop": {"seed": 1}}) or dotted ({"loop.seed": 1}) and go over the preset's, which go
    over the recipe's defaults. Raises ConfigRejected naming the field.
    """
    shipped_name(preset, "preset")
    try:
        start = recipe_named(recipe).needs
        below = dict(read_preset(preset).config) if preset else {}
        if preset:
            build(recipe, {}, preset)
    except ConfigError as error:
        raise rejected(error) from None
    asked, below = nested(differences), nested(below)
    for name in OF_THE_DATASET:
        if isinstance(asked.get("data"), Mapping) and name in asked["data"]:
            raise ConfigRejected(
                f"data.{name}", "The rows come from the chosen dataset; leave this field out."
            )
        if isinstance(below.get("data"), Mapping):
            below["data"] = {k: v for k, v in below["data"].items() if k != name}
    values = merged(below, asked)
    values["data"] = values.get("data", {})
    if not isinstance(values["data"], Mapping):
        raise ConfigRejected("data", "Give its fields.")
    own = isinstance(asked.get("data"), Mapping) and "labels" in asked["data"]
    kept = bool(values["data"].get("keep_labels"))
    labels = _labels(values["data"].get("labels"), dataset, own=own, kept=kept)
    values["data"] = {**values["data"], "labels": labels}
    chosen = teacher is not None or base_version is not None
    if chosen:
        if start in asked:
            raise ConfigRejected(start, "Choose either a run or version to start from, or a name, not both.")
        values[start] = "chosen"
    try:
        built = build(recipe, values)
    except ConfigError as error:
        raise rejected(error) from None
    whole = to_dict(built)
    if not str(whole[start]).strip():
        what = "teacher" if start == "teacher" else "model to start from"
        raise ConfigRejected(
            "teacher", f"The recipe {recipe} needs a {what}: choose a run or a model version."
        )
    if (check := recipe_named(recipe).check) is not None:
        try:
            check(built)
        except ConfigError as error:
            raise rejected(error) from None
    check_named_models(recipe, whole)
    return stored(whole, without=start if chosen else None)


def config_for_run(experiment: Experiment, *, start: str | None, data: Mapping[str, str]) -> dict[str, Any]:
    """Return the configuration that the recipe gets: what is stored, with the real places of rows and models.

    Raises ModelGone.
    """
    recipe = recipe_named(experiment.recipe)
    known = {info.name for info in recipe.fields()}
    rows = {
        name: place for name, place in data.items() if f"data.{name}" in known
    }  # a blend learns from none
    config = merged(with_folders(experiment.recipe, experiment.config), {"data": rows})
    return config if start is None else {**config, recipe.needs: start}


def stored(whole: Mapping[str, Any], *, without: str | None) -> dict[str, Any]:
    """Return a whole configuration without what follows from dataset and teacher."""
    result = {name: value for name, value in whole.items() if name != without}
    result["data"] = {name: value for name, value in whole["data"].items() if name not in OF_THE_DATASET}
    return result


def shipped_name(name: str, field: str) -> None:
    """Refuse paths where the name of something shipped is wanted. Raises ConfigRejected."""
    if not name.isprintable() or "/" in name or name.endswith(".json"):
        raise ConfigRejected(field, f"This must be the name of a {field}.")


def rejected(error: ConfigError) -> ConfigRejected:
    """Turn the error of a recipe into that of a service, with field and message apart."""
    message = getattr(error, "message", "") or str(error)
    return ConfigRejected(error.field, message[:1].upper() + message[1:].rstrip(".") + ".")


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return {"loop.seed": 1} as {"loop": {"seed": 1}}; what is nested already stays. Raises ConfigRejected."""
    result: dict[str, Any] = {}
    for name, value in values.items():
        inner = nested(value) if isinstance(value, Mapping) else value
        for part in reversed(str(name).split(".")):
            inner = {part: inner}
        result = merged(result, inner)
    return result


def merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Return `below` with `above` laid over it, objects merged field by field."""
    result = dict(below)
    for name, value in above.items():
        old = result.get(name)
        result[name] = (
            merged(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
        )
    return result


def check_dataset(dataset: Dataset) -> None:
    """Refuse rows that cannot be learned from. Raises ConfigRejected."""
    if dataset.deleted_at is not None:
        raise ConfigRejected("dataset", f"The dataset {dataset} was deleted; choose another.")
    for split in ("train", "validation"):
        if not dataset.rows.get(split):
            raise ConfigRejected("dataset", f"The dataset {dataset} has no {split} rows; choose another.")


def check_teacher(teacher: Experiment | None, base_version: ModelVersion | None) -> None:
    """Refuse a teacher that will never be ready. Raises ConfigRejected."""
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


def _labels(wanted: Any, dataset: Dataset, *, own: bool, kept: bool) -> list[str]:
    """Return the labels to learn: those asked for, all known to the rows; a preset's as far as the rows know them.

    Where labels are `kept` as the start has them, one that the rows know is enough.
    """
    if wanted is None:
        return list(dataset.labels)
    if not isinstance(wanted, (list, tuple)) or not all(isinstance(label, str) for label in wanted):
        raise ConfigRejected("data.labels", "This must be a list of label names.")
    known = [label for label in wanted if label in dataset.labels]
    if not known or (own and not kept and len(known) < len(wanted)):
        missing = ", ".join(label for label in wanted if label not in dataset.labels) or "no label"
        raise ConfigRejected(
            "data.labels", f"{dataset} does not know {missing}; it knows {', '.join(dataset.labels)}."
        )
    if len(set(wanted)) < len(wanted):
        raise ConfigRejected("data.labels", "A label is named twice.")
    return list(wanted) if own and kept else known
