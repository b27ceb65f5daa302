"""What stops a run is told in one sentence that says what to do, and never with the text of a comment."""

import json
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from toxicsite.lib.files import write_json
from toxicsite.tests.small_disk import small_disk_or_skip
from training.ml.job.__main__ import do
from training.ml.job.failures import DONE, FAILED, NO_ROOM
from training.tests.experiments.runs.conftest import LABELS, QUICK, write_split

MakeJob = Callable[..., Path]


@pytest.fixture
def make_job(tmp_path: Path, base: Path) -> MakeJob:
    """A run's folder with its job.json; keywords replace parts of it."""

    def make(**changes: Any) -> Path:
        folder = tmp_path / "run"
        folder.mkdir()
        for split in ("train", "validation"):
            write_split(tmp_path / f"{split}.parquet", 60, seed=1)
        data = {split: str(tmp_path / f"{split}.parquet") for split in ("train", "validation")}
        config: dict[str, Any] = {
            "base": changes.get("base", str(base)),
            "data": {**QUICK["data"], **data, "text_column": "text", "labels": LABELS},
            "loop": QUICK["loop"],
        }
        config |= changes.get("config", {})
        job = {"recipe": "teacher", "config": config, "artifact": {"name": "tiny"}, "evaluation": None}
        write_json(folder / "job.json", job)
        return folder

    return make


def told(folder: Path) -> tuple[str, str]:
    error = json.loads((folder / "error.json").read_text())
    return error["kind"], error["message"]


def test_damaged_rows_are_named_as_such(make_job: MakeJob, tmp_path: Path) -> None:
    folder = make_job()
    (tmp_path / "train.parquet").write_bytes(b"PAR1 this was a dataset once")
    assert do(folder, threading.Event()) == FAILED
    kind, message = told(folder)
    assert kind == "data"
    assert "make the dataset again" in message


def test_a_missing_column_is_named(make_job: MakeJob) -> None:
    folder = make_job(config={"data": {"train": "nowhere.parquet", "validation": "nowhere.parquet"}})
    assert do(folder, threading.Event()) == FAILED
    assert told(folder) == ("data", "The dataset cannot be used: there is no file nowhere.parquet")


def test_an_unknown_teacher_is_named(make_job: MakeJob) -> None:
    folder = make_job(base="/nowhere/teacher")
    assert do(folder, threading.Event()) == FAILED
    kind, message = told(folder)
    assert kind == "teacher"
    assert message.startswith("The teacher or base model cannot be loaded: no tokenizer at /nowhere/teacher")


def test_a_wrong_value_is_named(make_job: MakeJob) -> None:
    folder = make_job(config={"loop": {"epochs": "many"}})
    assert do(folder, threading.Event()) == FAILED
    kind, message = told(folder)
    assert kind == "config"
    assert "loop.epochs" in message


def test_a_full_disk_is_told_from_the_real_error_of_the_system(make_job: MakeJob) -> None:
    folder = make_job()
    (folder / "progress.jsonl").symlink_to("/dev/full")
    assert do(folder, threading.Event()) == FAILED
    kind, message = told(folder)
    assert kind == "disk"
    assert "free some space, then resume" in message


def test_a_run_that_finds_no_room_goes_on_once_there_is(make_job: MakeJob, tmp_path: Path) -> None:
    with small_disk_or_skip(tmp_path / "disk", mebibytes=64) as disk:
        folder = make_job()
        (disk.folder / "run").mkdir()
        shutil.copyfile(folder / "job.json", disk.folder / "run" / "job.json")
        folder = disk.folder / "run"
        disk.fill()
        assert do(folder, threading.Event()) in (FAILED, NO_ROOM)
        if (folder / "error.json").exists():
            assert told(folder)[0] == "disk"
        disk.free()
        assert do(folder, threading.Event()) == DONE
        assert (folder / "artifact" / "model.safetensors").is_file()


def test_where_not_even_that_can_be_written_the_exit_code_tells_it(make_job: MakeJob) -> None:
    folder = make_job()
    for name in ("progress.jsonl", "error.json.writing", f"error.json.{os.getpid()}.writing"):
        (folder / name).symlink_to("/dev/full")
    assert do(folder, threading.Event()) == NO_ROOM


@pytest.mark.parametrize(
    ("error", "kind", "sentence"),
    [
        (MemoryError(), "memory", "lower loop.token_budget"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "memory", "loop.gradient_checkpointing"),
        (RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"), "memory", "lower loop.token_budget"),
        (FloatingPointError("the loss is not finite at step 3"), "loss", "lower loop.learning_rate"),
        (ValueError("'my own comment' is not a number"), "unknown", "unexpected ValueError"),
    ],
)
def test_other_ends_have_their_sentence(
    error: Exception,
    kind: str,
    sentence: str,
    make_job: MakeJob,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def stumble(*_: Any) -> None:
        raise error

    monkeypatch.setattr("training.ml.recipes.registry.run_recipe", stumble)
    folder = make_job()
    assert do(folder, threading.Event()) == FAILED
    found, message = told(folder)
    assert found == kind
    assert sentence in message
    output = capsys.readouterr().out
    assert "stumble" in output  # where it happened is in the log …
    assert "my own comment" not in output + message  # … and nothing that somebody wrote
