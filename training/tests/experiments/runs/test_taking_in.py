"""A run made by the commands is taken in and measured; a registered version is measured; a killed run says why."""

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from classifier.models import ModelVersion
from training.core.errors import ConfigRejected, NotAllowedNow
from training.evaluations.services import evaluation_run, evaluation_start, evaluation_state
from training.experiments.imports import experiment_import
from training.experiments.runner import experiment_run
from training.ml.recipes.registry import run_recipe
from training.models import Dataset, Evaluation, Experiment
from training.tests.experiments.runs.conftest import LABELS, QUICK

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis_clean")]


def test_a_run_of_the_commands_is_taken_in_registered_and_measured_again(
    make_dataset: Callable[..., Dataset], base: Path, tmp_path: Path
) -> None:
    dataset = make_dataset()
    data = {split: str(dataset.file(split)) for split in ("train", "validation")}
    config = {
        "base": str(base),
        "data": {**QUICK["data"], **data, "text_column": "text", "labels": LABELS},
        "loop": {**QUICK["loop"], "epochs": 0.5},
    }
    run_recipe("teacher", config, tmp_path / "made")
    run = experiment_import(folder=tmp_path / "made", name="From elsewhere", dataset=dataset, by=None)
    assert (run.status, run.trigger) == ("queued", "import")
    assert experiment_run(experiment_id=run.pk, worker="here")
    run.refresh_from_db()
    assert run.status == "succeeded", run.failure_reason + run.log
    assert not run.points.exists()  # it was not trained again
    version = run.model_version
    assert version is not None
    assert Evaluation.objects.get(model_version=version).experiment == run

    # a registered version is measured again when somebody asks for it
    Evaluation.objects.all().delete()
    evaluation_start(model_version=version, by=None)
    assert (evaluation_state(version) or {})["state"] == "queued"
    assert evaluation_run(model_version_id=version.pk)
    assert evaluation_state(version) is None
    assert Evaluation.objects.get().model_version == version
    assert not evaluation_run(model_version_id=version.pk)  # nobody asked twice


def test_a_folder_that_is_no_run_is_refused(make_dataset: Callable[..., Dataset], tmp_path: Path) -> None:
    (tmp_path / "made").mkdir()
    for name in ("run.json", "config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"):
        with pytest.raises(ConfigRejected, match=f"it has no {name}"):
            experiment_import(folder=tmp_path / "made", name="Made up", dataset=make_dataset(name), by=None)
        (tmp_path / "made" / name).write_text("{}")
        Dataset.objects.all().delete()
    with pytest.raises(ConfigRejected, match="not the card of a run"):
        experiment_import(folder=tmp_path / "made", name="Made up", dataset=make_dataset(), by=None)
    assert not Experiment.objects.exists()


def test_nothing_is_measured_without_a_test_set() -> None:
    with pytest.raises(NotAllowedNow, match="There is no test set"):
        evaluation_start(model_version=ModelVersion(version="any-12345678"), by=None)


def test_a_process_that_the_system_kills_is_told_as_out_of_memory(
    make_dataset: Callable[..., Dataset], queue_run: Callable[..., Experiment]
) -> None:
    run = queue_run(make_dataset(test_set=False), loop={"epochs": 500})

    def kill_once_it_learns() -> bool:
        """Asked every second by the runner, which follows the process."""
        try:
            lines = (run.path / "progress.jsonl").read_text().splitlines()
        except FileNotFoundError:
            return False
        if any(json.loads(line)["phase"] == "teacher" for line in lines):
            for process in Path("/proc").glob("[0-9]*"):
                try:
                    command = (process / "cmdline").read_bytes()
                except OSError:
                    continue
                if command.endswith(f"training.ml.job\0{run.path}\0".encode()):
                    os.kill(int(process.name), signal.SIGKILL)
        return False

    assert experiment_run(experiment_id=run.pk, worker="here", shutdown_requested=kill_once_it_learns)
    run.refresh_from_db()
    assert run.status == "failed"
    assert (
        "killed by the system, most likely because memory ran out: lower loop.token_budget"
        in run.failure_reason
    )
