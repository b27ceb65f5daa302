"""Importing a run that the commands made elsewhere: copied, then exported, registered and measured as any other."""

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from classifier.core.permissions import require_permission
from classifier.models import User
from toxicsite.lib.jobs import enqueue_on_commit
from training.core.errors import ConfigRejected
from training.experiments.configs import stored
from training.experiments.services import MAY_RUN, RUN_TASK, checked_name, give_folder
from training.ml.recipes.registry import RECIPES
from training.models import Dataset, Experiment

NEEDED = ("run.json", "config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")


def experiment_import(
    *, folder: Path, name: str, dataset: Dataset, by: User | None, teacher: Experiment | None = None
) -> Experiment:
    """Queue the run folder `folder` as an experiment that is trained already; its worker registers and measures it.

    `dataset` is what it was trained on. Raises PermissionDenied or ConfigRejected.
    """
    require_permission(by, MAY_RUN)
    card = _card(folder)
    config = dict(card["provenance"]["config"])
    field = RECIPES[card["recipe"]].needs
    name = checked_name(name)
    root = Path(settings.RUNS_DIR)
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root, prefix=".incoming-") as incoming, transaction.atomic():
        _copy(folder, Path(incoming) / "run")
        experiment = Experiment.objects.create(
            name=name,
            recipe=card["recipe"],
            config=stored(config, without=field if teacher is not None else None),
            dataset=dataset,
            teacher=teacher,
            trigger="import",
            created_by=by,
        )
        give_folder(experiment)
        (Path(incoming) / "run").rename(experiment.path)
        enqueue_on_commit(RUN_TASK, experiment_id=experiment.pk)
    return experiment


def _card(folder: Path) -> dict[str, Any]:
    for name in NEEDED:
        if not (folder / name).is_file():
            raise ConfigRejected("folder", f"{folder} is no finished run: it has no {name}.")
    try:
        card: dict[str, Any] = json.loads((folder / "run.json").read_text())
        known = card["recipe"] in RECIPES and isinstance(card["provenance"]["config"]["data"], dict)
    except (ValueError, KeyError, TypeError):
        known = False
    if not known:
        raise ConfigRejected("folder", f"{folder}/run.json is not the card of a run of a known recipe.")
    return card


def _copy(folder: Path, target: Path) -> None:
    """Copy what a finished run is made of; checkpoints and caches stay where they are."""
    target.mkdir(parents=True, exist_ok=True)
    for name in NEEDED:
        if name != "run.json":
            shutil.copyfile(folder / name, target / name)
    shutil.copyfile(folder / "run.json", target / "run.json")  # last: it says that the run is whole
