"""One trial that really learns, in a process of its own: scored on the way, measured cheaply, not registered."""

from pathlib import Path
from typing import Any

import pytest

from classifier.models import ModelVersion
from training.experiments.runner import experiment_run
from training.models import Dataset, RunStatus
from training.sweeps.services import sweep_create
from training.sweeps.steps import sweep_step, trial_step
from training.tests.experiments.runs.conftest import QUICK, write_split
from training.tests.ml.tiny import write_base
from training.tests.sweeps.conftest import waiting


@pytest.mark.usefixtures("redis_clean")
def test_a_real_trial_is_told_with_its_quality_its_latency_and_its_size(
    dataset: Dataset, tmp_path: Path, settings: Any
) -> None:
    settings.TRAIN_NICE = 0
    for seed, (split, rows) in enumerate({"train": 200, "validation": 60, "test": 60}.items()):
        write_split(dataset.path / f"{split}.parquet", rows, seed)
    dataset.rows["test"], dataset.is_test_set = 60, True
    dataset.save()
    sweep = sweep_create(
        name="real",
        recipe="teacher",
        config={
            "base": str(write_base(tmp_path / "base", layers=2)),
            "data": QUICK["data"],
            "loop": {name: value for name, value in QUICK["loop"].items() if name != "learning_rate"}
            | {"evaluate_share": 0.5},
        },
        dataset=dataset,
        space={"loop.learning_rate": {"type": "float", "low": 1e-3, "high": 3e-3}},
        objectives=[{"metric": "roc_auc"}, {"metric": "latency_ms"}, {"metric": "size_mb"}],
        pruner="none",
        trials=1,
        by=None,
    )
    sweep_step(sweep=sweep)
    run = waiting(sweep)
    assert experiment_run(experiment_id=run.pk, worker="here", scored=trial_step)
    run.refresh_from_db()
    assert run.status == RunStatus.SUCCEEDED, run.failure_reason
    assert run.model_version is None
    assert not ModelVersion.objects.exists()
    assert run.points.filter(name="validation_roc_auc").count() == 1
    sweep.refresh_from_db()
    assert sweep.status == RunStatus.SUCCEEDED
    quality, latency, size = sweep.analysis["trials"][0]["values"]
    assert quality == run.result["validation"]["toxic"]["roc_auc"]
    assert latency > 0
    assert 0 < size < 1
    assert (run.path / "artifact" / "manifest.json").is_file()  # the best one keeps its files
