"""Hybrid, progressive and layer search, and a teacher that answers live, end to end on tiny encoders."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from training.ml.artifact.export import export_artifact
from training.ml.config import ConfigError, LoraOptions, LossWeights
from training.ml.encoders.loading import load_base, read_run
from training.ml.progress import Cancelled
from training.ml.recipes.distill import DistillConfig, distill
from training.ml.recipes.hybrid import HybridConfig, train_hybrid
from training.ml.recipes.layer_search import LayerSearchConfig, SearchOptions, search_layers
from training.ml.recipes.progressive import ProgressiveConfig, TransferOptions, train_progressive
from training.ml.recipes.teacher import TeacherConfig, train_teacher
from training.tests.ml.recipes_kit import LOOP, Recorder, kill_once, make_teacher, rows
from training.tests.ml.tiny import write_base

QUICK = replace(LOOP, epochs=1)
ADAPTERS = LoraOptions(rank=4, target_modules=("all",))


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("teacher")
    return make_teacher(folder, rows(folder, ("toxic",), 600), epochs=5)


def distilled(teacher: Path, folder: Path, **changes: Any) -> DistillConfig:
    return replace(DistillConfig(str(teacher), "even", rows(folder, ("toxic",)), QUICK), **changes)


def test_a_live_teacher_teaches_as_a_cached_one_does(teacher: Path, tmp_path: Path) -> None:
    cached = distill(distilled(teacher, tmp_path), tmp_path / "cached")
    live = distill(distilled(teacher, tmp_path, live_teacher=True), tmp_path / "live")
    assert live.validation["toxic"]["roc_auc"] == pytest.approx(
        cached.validation["toxic"]["roc_auc"], abs=0.01
    )
    assert not list((tmp_path / "live").glob("teacher-logits-*"))


def test_hidden_states_are_a_part_of_the_loss_where_they_have_a_weight(teacher: Path, tmp_path: Path) -> None:
    heard = Recorder()
    distill(
        distilled(teacher, tmp_path, loop=replace(QUICK, epochs=4), loss=LossWeights(0, 0, 0, hidden=1.0)),
        tmp_path / "student",
        heard,
    )
    hidden = [p.losses["hidden"] for p in heard.seen if p.phase == "student"]
    assert 0 < hidden[-1] < hidden[0]


def test_a_teacher_of_other_labels_is_refused(teacher: Path, tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"data.labels: the teacher knows toxic, the run asks for toxic, insult"
    ):
        distill(distilled(teacher, tmp_path, data=rows(tmp_path)), tmp_path / "student")


def test_a_student_can_be_made_of_a_model_folder(teacher: Path, tmp_path: Path) -> None:
    manifest = export_artifact(teacher, tmp_path / "model", name="tiny")
    result = distill(distilled(tmp_path / "model", tmp_path), tmp_path / "student")
    assert result.validation["toxic"]["roc_auc"] > 0.9
    assert result.provenance["teacher"]["version"] == manifest["version"]


def test_no_epochs_save_a_teacher_that_was_never_tuned(tmp_path: Path) -> None:
    asked = TeacherConfig(
        str(write_base(tmp_path / "base")),
        rows(tmp_path, ("toxic",)),
        replace(QUICK, epochs=0),
        calibrate=False,
    )
    result = train_teacher(asked, tmp_path / "teacher")
    assert result.provenance["loop"]["steps"] == 0
    assert result.thresholds == {"toxic": 0.5}
    student = distill(distilled(tmp_path / "teacher", tmp_path, layers="odd-as-coded"), tmp_path / "student")
    assert read_run(student.folder)["layers"] == [4, 2]


@pytest.mark.parametrize("order", ["student-then-lora", "lora-then-student"])
def test_a_hybrid_runs_both_stages(order: str, teacher: Path, tmp_path: Path) -> None:
    heard = Recorder()
    asked = HybridConfig(
        str(teacher), order, "even", rows(tmp_path, ("toxic",)), QUICK, lora_loop=QUICK, lora=ADAPTERS
    )
    result = train_hybrid(asked, tmp_path / "run", heard)
    assert result.validation["toxic"]["roc_auc"] > 0.9
    stages = ["distill", "lora"] if order == "student-then-lora" else ["lora", "distill"]
    assert list(dict.fromkeys(phase.partition(":")[0] for phase in heard.phases())) == stages
    card = read_run(tmp_path / "run")
    assert (card["recipe"], card["layers"], card["rank"]) == ("hybrid", [2, 4], 4)
    assert [stage["recipe"] for stage in card["stages"]] == stages
    assert card["provenance"]["config"]["order"] == order
    manifest = export_artifact(tmp_path / "run", tmp_path / "model", name="tiny")
    assert manifest["architecture"]["layers"] == 2


def test_a_stopped_hybrid_does_not_repeat_its_first_stage(teacher: Path, tmp_path: Path) -> None:
    asked = HybridConfig(
        str(teacher),
        "student-then-lora",
        "even",
        rows(tmp_path, ("toxic",)),
        QUICK,
        lora_loop=QUICK,
        lora=ADAPTERS,
    )
    first = Recorder()
    with pytest.raises(Cancelled, match=r"^stopped at step 4 of 16$"):
        train_hybrid(asked, tmp_path / "run", _StopIn(first, "lora: lora", 3))
    assert not (tmp_path / "run" / "run.json").exists()
    second = Recorder()
    train_hybrid(asked, tmp_path / "run", second)
    assert not any(phase.startswith("distill") for phase in second.phases())
    assert second.steps("lora: lora")[0] == first.steps("lora: lora")[-1] + 1


class _StopIn(Recorder):
    """Asks to stop at a step of a phase."""

    def __init__(self, heard: Recorder, phase: str, step: int) -> None:
        super().__init__()
        self.heard, self.phase, self.step = heard, phase, step

    def report(self, progress: Any) -> None:
        self.heard.report(progress)
        self.last = progress

    def should_stop(self) -> bool:
        return bool(self.last.phase == self.phase and self.last.step >= self.step)


def progressive(teacher: Path, folder: Path, **changes: Any) -> ProgressiveConfig:
    transfer = TransferOptions(epochs=6, learning_rate=3e-3)
    start = ProgressiveConfig(str(teacher), "even", "", rows(folder, ("toxic",)), transfer, QUICK)
    return replace(start, **changes)


def test_progressive_transfer_brings_each_layer_nearer_to_its_teacher_layer(
    teacher: Path, tmp_path: Path
) -> None:
    heard = Recorder()
    asked = progressive(teacher, tmp_path)
    result = train_progressive(asked, tmp_path / "run", heard)
    assert heard.phases() == [
        "teacher logits", "transfer of layer 1", "transfer of layer 2", "student", "validation",
    ]  # fmt: skip
    for phase in ("transfer of layer 1", "transfer of layer 2"):
        losses = [p.losses for p in heard.seen if p.phase == phase]
        assert losses[-1]["hidden"] < losses[0]["hidden"]
        assert set(losses[0]) == {"loss", "hidden", "attention"}
    assert result.validation["toxic"]["roc_auc"] > 0.9
    card = read_run(tmp_path / "run")
    assert (card["recipe"], card["layers"], len(card["transfer"])) == ("progressive", [2, 4], 2)
    assert not (tmp_path / "run" / "transfer").exists()
    assert card["trainable_parameters"] == card["parameters"]
    again = train_progressive(asked, tmp_path / "again").validation
    assert again == result.validation


def test_all_layers_can_be_transferred_at_once(teacher: Path, tmp_path: Path) -> None:
    heard = Recorder()
    transfer = TransferOptions("all-at-once", 1, 3e-3, distance="mse", attention=0.0)
    train_progressive(progressive(teacher, tmp_path, transfer=transfer), tmp_path / "run", heard)
    assert heard.phases()[:2] == ["teacher logits", "transfer"]


def test_a_narrower_student_is_bridged_to_its_teacher(teacher: Path, tmp_path: Path) -> None:
    narrow = write_base(tmp_path / "narrow", layers=2, hidden=8)
    train_progressive(progressive(teacher, tmp_path, student=str(narrow)), tmp_path / "run")
    like = {"labels": ("toxic",), "softmax": True, "attention": "eager", "dropout": 0.0}
    student = load_base(str(tmp_path / "run"), **like)  # type: ignore[arg-type]
    assert student.config.hidden_size == 8
    assert not any("bridge" in name for name in student.state_dict())


def test_a_killed_progressive_run_goes_on_in_its_phase(teacher: Path, tmp_path: Path) -> None:
    asked = progressive(teacher, tmp_path, loop=replace(QUICK, checkpoint_seconds=0.1))
    folder = tmp_path / "run"
    kill_once("progressive", asked, folder, (folder / "transfer" / "phase-2" / "step.json").is_file)
    heard = Recorder()
    resumed = train_progressive(asked, folder, heard)
    assert "transfer of layer 1" not in heard.phases()
    assert heard.steps("transfer of layer 2")[:1] != [1]
    whole = train_progressive(asked, tmp_path / "whole")
    for name, value in whole.validation["toxic"].items():
        assert resumed.validation["toxic"][name] == pytest.approx(value, abs=2e-3), name


def searching(teacher: Path, folder: Path, **search: Any) -> LayerSearchConfig:
    options = replace(
        SearchOptions(trials=5, rows=60, validation_rows=50, candidates=("odd", "even", "first")), **search
    )
    return LayerSearchConfig(str(teacher), options, rows(folder, ("toxic",)), QUICK)


@pytest.mark.parametrize(("strategy", "score"), [("greedy", "kl"), ("random", "roc_auc"), ("named", "kl")])
def test_a_search_trains_the_best_of_what_it_tried(
    strategy: str, score: str, teacher: Path, tmp_path: Path
) -> None:
    heard = Recorder()
    result = search_layers(
        searching(teacher, tmp_path, strategy=strategy, score=score), tmp_path / "run", heard
    )
    assert heard.phases()[:3] == ["teacher logits", "teacher validation", "search"]
    steps = heard.steps("search")
    assert steps == sorted(set(steps))
    card = read_run(tmp_path / "run")
    trials = card["search"]["trials"]
    assert card["recipe"] == "layer-search"
    assert card["layers"] == trials[0]["layers"]
    assert 3 <= len(trials) <= 5
    assert len({tuple(trial["layers"]) for trial in trials}) == len(trials)
    best = min(trials, key=lambda t: t["kl"] if score == "kl" else -t["roc_auc"])
    assert trials[0] == best
    assert card["provenance"]["config"]["search"]["strategy"] == strategy
    assert result.validation["toxic"]["roc_auc"] > 0.8


def test_a_killed_search_repeats_no_finished_try(teacher: Path, tmp_path: Path) -> None:
    asked = searching(teacher, tmp_path)
    folder = tmp_path / "run"
    kept = folder / "trials.json"
    kill_once(
        "layer-search",
        asked,
        folder,
        lambda: kept.is_file() and len(json.loads(kept.read_text())["trials"]) >= 2,
    )
    before = json.loads(kept.read_text())["trials"]
    heard = Recorder()
    search_layers(asked, folder, heard)
    after = json.loads(kept.read_text())["trials"]
    assert after[: len(before)] == before
    assert len({tuple(trial["layers"]) for trial in after}) == len(after)
    search_layers(asked, tmp_path / "whole")
    whole = json.loads((tmp_path / "whole" / "trials.json").read_text())["trials"]
    assert [trial["layers"] for trial in whole] == [trial["layers"] for trial in after]
