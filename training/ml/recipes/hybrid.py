"""Hybrid: a distilled student tuned by adapters, or a student distilled from a teacher that adapters tuned.

    manage.py train hybrid --set teacher=var/runs/teacher --set order=student-then-lora --output var/runs/hybrid

Each of the two stages is a recipe of its own, in a folder of its own; a stage that is finished is not run again.
"""

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from toxicsite.lib.files import write_json
from training.ml.config import DataConfig, LoopConfig, LoraOptions, LossWeights, option, to_dict
from training.ml.distributed import current
from training.ml.encoders.loading import read_run
from training.ml.progress import Listener, SilentListener, StageListener
from training.ml.recipes.common import CALIBRATE, RunResult
from training.ml.recipes.distill import DistillConfig, distill
from training.ml.recipes.lora import LoraConfig, lora_loop, train_lora
from training.ml.recipes.recipe import ADAPTERS, LAYERS, LORA_RATE, STUDENT_RATE, Recipe
from training.ml.recipes.teaching import WHICH_LAYERS, read_fitting_start, student_loop


@dataclass(frozen=True)
class HybridConfig:
    """Distillation and LoRA, one after the other."""

    teacher: str = option(
        "",
        "student-then-lora: the fine-tuned teacher, folder of a run or of a model. lora-then-student: the encoder that "
        "LoRA makes the teacher of; a hub name is fine.",
    )
    order: str = option(
        "student-then-lora",
        "student-then-lora tunes the distilled student by adapters; lora-then-student distils a teacher that was tuned "
        "by adapters alone.",
        choices=("student-then-lora", "lora-then-student"),
    )
    layers: str = option("even", WHICH_LAYERS)
    data: DataConfig = field(default_factory=DataConfig)
    student_loop: LoopConfig = field(default_factory=student_loop)
    loss: LossWeights = field(default_factory=LossWeights)
    lora_loop: LoopConfig = field(default_factory=lora_loop)
    lora: LoraOptions = field(default_factory=LoraOptions)
    calibrate: bool = option(True, CALIBRATE)


def train_hybrid(config: HybridConfig, folder: Path, listener: Listener | None = None) -> RunResult:
    """Run both stages in the order that `config.order` says and save the second's model in `folder`; resumes.

    Raises DataError, BaseModelError, LayerSelectionError, ConfigError, Cancelled.
    """
    listener = listener or SilentListener()
    ranks = current()
    student_first = config.order == "student-then-lora"
    if student_first:
        read_fitting_start(config.teacher, config.data)
    first, second = folder / "first", folder / "second"

    # first stage: its result is what the second starts from
    if not ranks.main_does((first / "run.json").is_file):
        if student_first:
            distill(_student(config, config.teacher), first, StageListener(listener, "distill"))
        else:
            train_lora(_lora(config, config.teacher), first, StageListener(listener, "lora"))

    # second stage
    if not ranks.main_does((second / "run.json").is_file):
        if student_first:
            train_lora(_lora(config, str(first)), second, StageListener(listener, "lora"))
        else:
            distill(_student(config, str(first)), second, StageListener(listener, "distill"))

    # report: the second stage's model, with what both stages tell
    return ranks.main_does(lambda: _finish(config, folder, first, second))


def _student(config: HybridConfig, teacher: str) -> DistillConfig:
    return DistillConfig(
        teacher, config.layers, config.data, config.student_loop, config.loss, calibrate=config.calibrate
    )


def _lora(config: HybridConfig, base: str) -> LoraConfig:
    return LoraConfig(base, config.data, config.lora_loop, config.lora, calibrate=config.calibrate)


def _finish(config: HybridConfig, folder: Path, first: Path, second: Path) -> RunResult:
    cards = [read_run(first), read_run(second)]
    tuned, student = (cards[1], cards[0]) if config.order == "student-then-lora" else (cards[0], cards[1])
    seconds = sum(card["provenance"]["duration_seconds"] for card in cards)
    provenance: dict[str, Any] = {
        **cards[1]["provenance"],
        "config": to_dict(config),
        "duration_seconds": round(seconds, 1),
        "peak_memory_mib": max(card["provenance"]["peak_memory_mib"] for card in cards),
        "stages": [card["provenance"] for card in cards],
    }
    card = {
        **cards[1],
        "recipe": "hybrid",
        "order": config.order,
        "layers": student["layers"],
        **{name: tuned[name] for name in ("rank", "modules", "lora", "trainable_share")},
        "trainable_parameters": tuned["trainable_parameters"],
        "stages": [{"recipe": stage["recipe"], "validation": stage["validation"]} for stage in cards],
        "provenance": provenance,
    }
    for path in second.iterdir():
        if path.is_file() and path.name != "run.json" and not path.name.startswith("teacher-logits"):
            shutil.copyfile(path, folder / path.name)
    write_json(folder / "run.json", card, indent=2)
    shutil.rmtree(second)  # the first stage stays: it is a model of its own
    return RunResult(folder, card["thresholds"], card["validation"], provenance)


RECIPE = Recipe(
    name="hybrid",
    title="Hybrid: distillation and LoRA",
    short_name="Hybrid",
    description=(
        "A distilled student tuned by adapters, or a teacher tuned by adapters that a student is distilled from."
    ),
    config_class=HybridConfig,
    needs="teacher",
    function=train_hybrid,
    searched_first={
        "layers": LAYERS,
        "student_loop.learning_rate": STUDENT_RATE,
        "lora_loop.learning_rate": LORA_RATE,
        **ADAPTERS,
    },
    trains_every_weight=False,
)
