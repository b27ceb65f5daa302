"""Validation scores on the way: heard at their moments, and the run ends as if nobody had asked."""

from dataclasses import replace
from pathlib import Path

from training.ml.config import DataConfig, LoopConfig
from training.ml.progress import Progress, SilentListener
from training.ml.recipes.teacher import TeacherConfig, train_teacher
from training.ml.train.loop import _probe_steps
from training.tests.ml.tiny import write_base, write_rows


class Recorder(SilentListener):
    def __init__(self) -> None:
        self.seen: list[Progress] = []

    def report(self, progress: Progress) -> None:
        self.seen.append(progress)


def test_a_probed_run_tells_scores_on_the_way_and_ends_like_one_that_nobody_asked(tmp_path: Path) -> None:
    loop = LoopConfig(epochs=2, token_budget=256, learning_rate=3e-3, precision="fp32")
    data = DataConfig(
        train=str(write_rows(tmp_path / "train.jsonl", 300)),
        validation=str(write_rows(tmp_path / "validation.jsonl", 120, seed=1)),
        labels=("toxic", "insult"),
        max_length=32,
    )
    teaching = TeacherConfig(str(write_base(tmp_path / "base", layers=2)), data, loop)
    plain = train_teacher(teaching, tmp_path / "plain")
    heard = Recorder()
    probed = train_teacher(
        replace(teaching, loop=replace(loop, evaluate_share=0.25)), tmp_path / "probed", heard
    )
    points = [p for p in heard.seen if "validation_f1" in p.losses]
    steps = points[0].steps
    assert [p.step for p in points] == [round(share * steps) for share in (0.25, 0.5, 0.75)]
    assert {"validation_f1", "validation_roc_auc", "validation_pr_auc", "loss"} <= set(points[0].losses)
    assert points[-1].losses["validation_roc_auc"] > 0.6
    assert probed.validation == plain.validation


def test_the_moments_of_probing_are_even_shares_without_the_end() -> None:
    assert _probe_steps(100, 0.0) == frozenset()
    assert _probe_steps(100, 0.2) == {20, 40, 60, 80}
    assert _probe_steps(3, 0.1) == {1, 2}
