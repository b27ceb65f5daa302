"""The two recipes end to end on tiny encoders: they learn, they can be killed and resumed, they can be exported."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from classifier.inference.scorer import Scorer
from training.ml.artifact.export import export_artifact, update_metrics
from training.ml.config import DataConfig, LoopConfig, to_dict
from training.ml.data.tables import load_table
from training.ml.encoders.loading import load_base, load_tokenizer
from training.ml.evaluation.subject import evaluate_artifact
from training.ml.mixture.identity import WordBalance
from training.ml.mixture.licences import Ingredient, PassingOnRefused
from training.ml.mixture.overlap import OverlapReport
from training.ml.progress import Progress, SilentListener
from training.ml.recipes.distill import DistillConfig, distill
from training.ml.recipes.teacher import TeacherConfig, train_teacher
from training.tests.ml.tiny import write_base, write_rows

LOOP = LoopConfig(epochs=6, token_budget=256, learning_rate=3e-3, head_learning_rate=3e-3, precision="fp32")


def config(folder: Path, labels: tuple[str, ...] = ("toxic", "insult"), kind: str = "bert") -> TeacherConfig:
    data = DataConfig(
        train=str(write_rows(folder / "train.jsonl", 600)),
        validation=str(write_rows(folder / "validation.jsonl", 200, seed=1)),
        labels=labels,
        max_length=32,
    )
    return TeacherConfig(str(write_base(folder / "base", kind)), data, LOOP)


class Recorder(SilentListener):
    def __init__(self) -> None:
        self.seen: list[Progress] = []

    def report(self, progress: Progress) -> None:
        self.seen.append(progress)


@pytest.mark.parametrize("labels", [("toxic", "insult"), ("toxic",)])
def test_a_teacher_learns_and_its_student_learns_from_it(labels: tuple[str, ...], tmp_path: Path) -> None:
    teaching = config(tmp_path, labels)
    heard = Recorder()
    teacher = train_teacher(teaching, tmp_path / "teacher", heard)
    assert teacher.validation["toxic"]["roc_auc"] > 0.97
    steps = [p for p in heard.seen if p.phase == "teacher"]
    assert steps[-1].step == steps[-1].steps
    assert steps[-1].eta_seconds == 0
    assert steps[-1].losses["loss"] < steps[0].losses["loss"] / 2

    student = distill(
        DistillConfig(str(tmp_path / "teacher"), "even", teaching.data, replace(LOOP, epochs=4)),
        tmp_path / "student",
        heard,
    )
    assert student.validation["toxic"]["roc_auc"] > 0.95
    assert set(heard.seen[-10].losses) <= {"loss", "cross_entropy", "kl", "cosine"}

    manifest = export_artifact(tmp_path / "student", tmp_path / "model", name="tiny")
    assert manifest["architecture"]["layers"] == 2
    assert str(tmp_path) not in (tmp_path / "model" / "manifest.json").read_text()
    assert manifest["provenance"]["config"]["data"]["train"] == "train.jsonl"
    assert manifest["architecture"]["teacher_layers_taken"] == [2, 4]
    scorer = Scorer(tmp_path / "model", backend="fp32")
    bad, good = scorer.score(["you are an idiot", "thanks for your help"])
    assert (bad.verdict, good.verdict) == ("toxic", "non-toxic")

    # what is served is what was measured
    table = load_table(teaching.data.validation, "validation", text_column="comment_text", labels=labels)
    served = evaluate_artifact(tmp_path / "model", table, backend="fp32").metrics["toxic"]
    assert served["roc_auc"] == pytest.approx(student.validation["toxic"]["roc_auc"], abs=0.005)
    update_metrics(tmp_path / "model", {"test": {"toxic": served}})
    Scorer(tmp_path / "model", backend="fp32")  # the hashes still hold
    assert "### test" in (tmp_path / "model" / "README.md").read_text()

    # what it learned from stands on the card, and keeps it here where a licence says so
    sources = [
        Ingredient("forum", 10, 5.0, "MIT", "permissive", "Us"),
        Ingredient("paper", licence="CC-BY-NC-4.0"),
    ]
    with pytest.raises(PassingOnRefused, match="“paper”"):
        export_artifact(
            tmp_path / "student", tmp_path / "passed", name="tiny", sources=sources, to_pass_on=True
        )
    assert not (tmp_path / "passed").exists()
    manifest = export_artifact(
        tmp_path / "student",
        tmp_path / "kept",
        name="tiny",
        sources=sources,
        overlap=OverlapReport(900, 5_000, 3, 1),
        identities=[WordBalance("gay", 40, 60, 40.0, 60.0, 50.0, 50.0)],
    )
    assert manifest["may_be_passed_on"] is False
    told = (tmp_path / "kept" / "README.md").read_text()
    assert "| forum | 10 | 100.0% | MIT | Us |" in told
    assert "not to be passed on**: it learned from “paper”" in told
    assert "3 equal ones and 1 near-duplicates were left out" in told
    assert "| gay | 40 | 60 | 0.60 | 0.50 |" in told
    Scorer(tmp_path / "kept", backend="fp32")
    manifest = export_artifact(
        tmp_path / "student", tmp_path / "free", name="tiny", sources=sources[:1], to_pass_on=True
    )
    assert manifest["may_be_passed_on"] is True


@pytest.mark.parametrize("kind", ["roberta", "electra", "mpnet", "distilbert"])
def test_any_bert_like_encoder_can_be_taught(kind: str, tmp_path: Path) -> None:
    teaching = config(tmp_path, kind=kind)
    teaching = replace(teaching, loop=replace(LOOP, epochs=1, gradient_checkpointing=kind != "mpnet"))
    train_teacher(teaching, tmp_path / "teacher")
    distill(
        DistillConfig(str(tmp_path / "teacher"), "last", teaching.data, replace(LOOP, epochs=0.5)),
        tmp_path / "student",
    )
    export_artifact(tmp_path / "student", tmp_path / "model", name="tiny")
    assert len(Scorer(tmp_path / "model", backend="generic").score(["you are nice"])) == 1


def test_the_same_seed_gives_the_same_result(tmp_path: Path) -> None:
    teaching = replace(config(tmp_path), loop=replace(LOOP, epochs=1))
    first = train_teacher(teaching, tmp_path / "a").validation
    assert train_teacher(teaching, tmp_path / "b").validation == first


def test_the_teachers_logits_are_computed_once(tmp_path: Path) -> None:
    teaching = replace(config(tmp_path), loop=replace(LOOP, epochs=1))
    train_teacher(teaching, tmp_path / "teacher")
    asked = DistillConfig(str(tmp_path / "teacher"), "even", teaching.data, teaching.loop)
    first, second = Recorder(), Recorder()
    distill(asked, tmp_path / "student", first)
    distill(asked, tmp_path / "student", second)
    assert any(p.phase == "teacher logits" for p in first.seen)
    assert not any(p.phase == "teacher logits" for p in second.seen)


KILLABLE = """
import json, sys, time
from pathlib import Path
from training.ml.config import from_dict
from training.ml.recipes.teacher import TeacherConfig
from training.ml.progress import SilentListener
from training.ml.recipes.teacher import train_teacher

class Slow(SilentListener):
    def report(self, progress):
        if progress.phase == "teacher":
            print(progress.step, flush=True)
            time.sleep(0.02)

train_teacher(from_dict(TeacherConfig, json.loads(sys.argv[1])), Path(sys.argv[2]), Slow())
"""


def test_a_killed_run_goes_on_where_it_was_and_ends_as_if_never_killed(tmp_path: Path) -> None:
    loop = replace(LOOP, epochs=2, checkpoint_seconds=0.3)
    teaching = replace(config(tmp_path), loop=loop)
    whole = train_teacher(teaching, tmp_path / "whole")

    folder = tmp_path / "killed"
    command = [sys.executable, "-c", KILLABLE, json.dumps(to_dict(teaching)), str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 120
    while not (folder / "checkpoint" / "step.json").is_file():
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert process.stdout is not None
    process.stdout.close()
    assert not (folder / "run.json").exists()
    reached = json.loads((folder / "checkpoint" / "step.json").read_text())["step"]

    heard = Recorder()
    resumed = train_teacher(teaching, folder, heard)
    assert resumed.provenance["loop"]["resumed_at"] == reached > 0
    assert next(p for p in heard.seen if p.phase == "teacher").step == reached + 1
    for label, metrics in whole.validation.items():
        for name, value in metrics.items():
            assert resumed.validation[label][name] == pytest.approx(value, abs=2e-3), (label, name)
    assert resumed.provenance["loop"]["rows"] == whole.provenance["loop"]["rows"]
    assert not (folder / "checkpoint").exists()


def test_bf16_training_ends_near_fp32(tmp_path: Path) -> None:
    teaching = config(tmp_path)
    half = train_teacher(replace(teaching, loop=replace(LOOP, precision="bf16")), tmp_path / "half")
    assert half.validation["toxic"]["roc_auc"] > 0.95


def test_a_saved_run_loads_back_as_the_same_model(tmp_path: Path) -> None:
    teaching = replace(config(tmp_path), loop=replace(LOOP, epochs=0.2))
    train_teacher(teaching, tmp_path / "run")
    import torch

    ids = torch.tensor(load_tokenizer(str(tmp_path / "run"))(["you fool"])["input_ids"])
    logits = []
    for _ in range(2):
        model = load_base(
            str(tmp_path / "run"), labels=("toxic", "insult"), softmax=False, attention="eager", dropout=0.0
        )
        logits.append(model.eval()(input_ids=ids).logits.detach().numpy())
    assert np.array_equal(*logits)
