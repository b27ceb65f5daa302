"""Models that a configuration names: further teachers, all models of a blend, a student's own start.

On a site such a text is `#12` (the model of run 12) or the name of a registered version; anything else is a hub name or
a folder, as on the command line. The fields are those that a recipe declares with `models=True`.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from classifier.models import ModelVersion
from training.core.errors import ConfigRejected
from training.ml.config import dotted
from training.ml.recipes.registry import RECIPES
from training.models import Experiment, RunStatus


class ModelGone(Exception):
    """A named model has no files any more; the message says what to do."""


def check_named_models(recipe: str, config: Mapping[str, Any]) -> None:
    """Refuse `#12` where there is no such run, or it will never have a model. Raises ConfigRejected with the field."""
    for field, text in _named(recipe, config):
        number = _run_number(text)
        if number is None:
            continue
        run = Experiment.objects.visible().filter(pk=number).first()
        if run is None:
            raise ConfigRejected(
                field, f"There is no run {text}; its page or the list of runs shows its number."
            )
        if run.status in (RunStatus.FAILED, RunStatus.CANCELLED):
            raise ConfigRejected(field, f"The run {run} is {run.status}; resume it or name another.")


def runs_named(recipe: str, config: Mapping[str, Any]) -> list[int]:
    """Return the numbers of the runs that a configuration names."""
    numbers = (_run_number(text) for _, text in _named(recipe, config))
    return [number for number in numbers if number is not None]


def runs_needed(experiment: Experiment) -> list[Experiment]:
    """Return the runs that must have succeeded before `experiment` starts: its teacher, and those that it names."""
    named = runs_named(experiment.recipe, experiment.config)
    others = Experiment.objects.filter(pk__in=named).order_by("pk") if named else []
    return [*([experiment.teacher] if experiment.teacher else []), *others]


def versions_named(recipe: str, config: Mapping[str, Any]) -> list[ModelVersion]:
    """Return the registered versions among the models that a configuration names, those of named runs included."""
    texts = {text for _, text in _named(recipe, config)}
    if not texts:
        return []
    runs = Experiment.objects.filter(pk__in=runs_named(recipe, config), model_version__isnull=False)
    made = [run.model_version for run in runs.select_related("model_version") if run.model_version]
    return [*made, *ModelVersion.objects.filter(version__in=texts)]


def with_folders(recipe: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the configuration with the folders of named runs and versions in their places. Raises ModelGone."""
    return _replaced(recipe, config, _folder)


def with_numbers(recipe: str, config: Mapping[str, Any], runs: Mapping[str, Experiment]) -> dict[str, Any]:
    """Return a planned run's differences with `@name`, an earlier run of the plan, replaced by that run's number."""

    def number(text: str) -> str:
        run = runs.get(text.removeprefix("@")) if text.startswith("@") else None
        return text if run is None else f"#{run.pk}"

    return _replaced(recipe, config, number)


def _folder(text: str) -> str:
    number = _run_number(text)
    if number is None:
        version = ModelVersion.objects.filter(version=text).first()
        if version is None:
            return text
        if not version.path.is_dir():
            raise ModelGone(f"The files of {version} are gone: clone the run with another model.")
        return str(version.path)
    run = Experiment.objects.visible().filter(pk=number, status=RunStatus.SUCCEEDED).first()
    if run is None or not (run.path / "run.json").is_file():
        raise ModelGone(f"The folder of the run {text} is gone: clone the run with another model.")
    return str(run.path)


def _run_number(text: str) -> int | None:
    digits = text.removeprefix("#")
    short = text.startswith("#") and digits.isascii() and digits.isdecimal() and len(digits) < 19
    return int(digits) if short else None


def _fields(recipe: str) -> set[str]:
    return {info.name for info in RECIPES[recipe].fields() if info.models} if recipe in RECIPES else set()


def _named(recipe: str, config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    fields = _fields(recipe)
    for field, value in dotted(config).items():
        if field in fields:
            for text in value if isinstance(value, list | tuple) else [value]:
                if isinstance(text, str):
                    yield field, text.strip()


def _replaced(recipe: str, config: Mapping[str, Any], new: Callable[[str], str]) -> dict[str, Any]:
    fields = _fields(recipe)

    def value_of(value: Any) -> Any:
        if isinstance(value, list | tuple):
            return [value_of(item) for item in value]
        return new(value.strip()) if isinstance(value, str) else value

    return {name: value_of(value) if name in fields else value for name, value in config.items()}
