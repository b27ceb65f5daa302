"""Distillation: a student made of some of the teacher's layers learns from the teacher's logits and the labels.

    manage.py distill --teacher var/runs/teacher --layers even --output var/runs/student

DistilBERT (Sanh et al. 2019) initialises a student from every other layer; the loss here is that of the seed's
experiment (cross-entropy, temperature KL, cosine), with weights and temperature in the configuration.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from training.ml.config import DataConfig, LoopConfig, LossWeights, option, to_dict
from training.ml.encoders.layers import make_student
from training.ml.encoders.loading import count_parameters, load_tokenizer
from training.ml.hardware import best_device
from training.ml.progress import Listener, SilentListener
from training.ml.recipes.common import (
    CALIBRATE,
    RunResult,
    finish_run,
    learn,
    load_start,
    prepare_data,
    run_card,
)
from training.ml.recipes.recipe import LAYERS, LOSSES, STUDENT_RATE, Recipe
from training.ml.recipes.teaching import (
    FINE_TUNED,
    WHICH_LAYERS,
    cached_logits,
    cached_loss,
    live_loss,
    read_fitting_start,
    student_loop,
)
from training.ml.train.loop import LossFunction, StepLoss


@dataclass(frozen=True)
class DistillConfig:
    """A student made of some of a fine-tuned teacher's layers, taught by the teacher's logits."""

    teacher: str = option("", FINE_TUNED)
    layers: str = option("even", WHICH_LAYERS)
    data: DataConfig = field(default_factory=DataConfig)
    loop: LoopConfig = field(default_factory=student_loop)
    loss: LossWeights = field(default_factory=LossWeights)
    live_teacher: bool = option(
        False,
        "Ask the teacher at every step instead of once for all epochs; slower, needed for its dropout alone.",
    )
    calibrate: bool = option(True, CALIBRATE)


def distill(
    config: DistillConfig,
    folder: Path,
    listener: Listener | None = None,
    *,
    card_also: Mapping[str, Any] | None = None,
    whole_config: Mapping[str, Any] | None = None,
) -> RunResult:
    """Make and teach a student of the teacher in `config.teacher`, and save the run in `folder`; resumes.

    A recipe that ends in a distillation gives what its card holds beyond that (`card_also`) and its own configuration
    (`whole_config`).
    Raises DataError, BaseModelError, LayerSelectionError, ConfigError, Cancelled.
    """
    listener = listener or SilentListener()
    started = time.monotonic()
    start = read_fitting_start(config.teacher, config.data)

    # data
    tokenizer = load_tokenizer(config.teacher)
    data = prepare_data(config.data, tokenizer, config.loop.seed)

    # models: the teacher, and a student made of its chosen layers
    teacher = load_start(config.teacher, start.labels, config.loop, softmax=start.softmax)
    student, taken = make_student(teacher, config.layers)

    # loop: labels, softened logits, direction of the logits; hidden states where they have a weight
    live = config.live_teacher or config.loss.hidden > 0
    loss: LossFunction | StepLoss
    if live:
        loss = live_loss(teacher.to(best_device()), data, taken, config.loss, softmax=start.softmax)
    else:  # the teacher's logits, once for all epochs
        known = cached_logits(teacher, data, folder, start.provenance, listener)
        loss = cached_loss(known, data, config.loss, softmax=start.softmax)
    del teacher
    report = learn(
        student, loss, data, config.loop,
        phase="student", folder=folder, listener=listener, softmax=start.softmax,
    )  # fmt: skip

    # report
    parameters, _ = count_parameters(student)
    card = run_card(
        "distill",
        dict(whole_config) if whole_config else to_dict(config),
        data,
        report,
        started=started,
        parameters=parameters,
        teacher=start.provenance,
        layers=list(taken),
    ) | dict(card_also or {})
    return finish_run(
        folder, student, tokenizer, data, card,
        softmax=start.softmax, listener=listener, calibrate=config.calibrate,
    )  # fmt: skip


RECIPE = Recipe(
    name="distill",
    title="Student: distillation from chosen layers",
    short_name="Student",
    description="Copies some of a teacher's layers and teaches them with the labels and the teacher's logits.",
    config_class=DistillConfig,
    needs="teacher",
    function=distill,
    searched_first={"layers": LAYERS, "loop.learning_rate": STUDENT_RATE, **LOSSES},
)
