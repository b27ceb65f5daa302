"""A run on several devices: its processes share every step, agree on its end, and leave what one process leaves."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from toxicsite.lib.files import write_json
from training.ml.distributed import ALONE
from training.ml.job import __main__ as job
from training.ml.job.failures import DONE
from training.ml.train.batch_sharding import shard_batches
from training.tests.ml.recipes_kit import rows
from training.tests.ml.tiny import write_base


@pytest.mark.parametrize(("batches", "count"), [(7, 2), (8, 2), (1, 4), (5, 3)])
def test_all_ranks_take_as_many_steps_and_every_row_counts_once(batches: int, count: int) -> None:
    planned = [np.arange(i * 10, i * 10 + i + 1) for i in range(batches)]
    of_ranks = [shard_batches(planned, rank, count) for rank in range(count)]
    assert {len(steps) for steps in of_ranks} == {-(-batches // count)}
    counted = [row for steps in of_ranks for share in steps if share.scale for row in share.rows]
    assert sorted(counted) == [row for batch in planned for row in batch]
    for step in zip(*of_ranks, strict=True):  # the averaged gradient is the mean over the rows of the step
        assert sum(share.scale for share in step) == pytest.approx(count)


def test_a_process_alone_agrees_with_itself() -> None:
    assert ALONE.main_does(lambda: 3) == ALONE.together(lambda: 3) == 3
    assert ALONE.gathered([1.0, 2.0]).tolist() == [[1.0, 2.0]]


def test_torchrun_is_started_with_a_process_for_each_device(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch.distributed.run

    asked: list[list[str]] = []
    monkeypatch.setattr(torch.distributed.run, "main", asked.append)
    assert job.launch(tmp_path, 4) == DONE
    assert "--nproc_per_node=4" in asked[0]
    assert asked[0][-3:] == ["-m", "training.ml.job", str(tmp_path)]


def test_two_processes_train_one_model_and_see_every_row(tmp_path: Path) -> None:
    data = rows(tmp_path, count=101)
    config = {
        "base": str(write_base(tmp_path / "base", layers=2)),
        "data": {
            "train": data.train,
            "validation": data.validation,
            "labels": list(data.labels),
            "max_length": 32,
        },
        "loop": {"epochs": 1, "token_budget": 128, "precision": "fp32", "threads": 1},
    }
    folder = tmp_path / "run"
    folder.mkdir()
    asked = {
        "recipe": "teacher",
        "config": config,
        "artifact": {"name": "tiny"},
        "evaluation": None,
        "devices": 2,
    }
    write_json(folder / "job.json", asked)
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    command = [sys.executable, "-m", "training.ml.job", str(folder)]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert ended.returncode == DONE, ended.stdout + ended.stderr
    card = json.loads((folder / "run.json").read_text())
    loop = card["provenance"]["loop"]
    assert (loop["devices"], loop["rows"]) == (2, 101)
    assert (folder / "artifact" / "manifest.json").is_file()
