"""Distillation: a student learns from the logits of one or more teachers, and from the labels.

    manage.py distill --teacher var/runs/teacher --layers even --output var/runs/student
    manage.py distill --teacher var/runs/gte --also-teacher var/runs/e5 --student models/starter --output var/runs/two

The student is made of some of the first teacher's layers (DistilBERT, Sanh et al. 2019, initialises one from every
other layer), or starts from a model of its own. The loss is that of the seed's experiment (cross-entropy, temperature
KL, cosine), with weights and temperature in the configuration.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from training.ml.config import ConfigError, DataConfig, LoopConfig, LossWeights, option, to_dict
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
from training.ml.recipes.teachers import mean_logits, planned_teachers, read_teachers, with_sure_labels
from training.ml.recipes.teaching import (
    FINE_TUNED,
    WHICH_LAYERS,
    cached_loss,
    live_loss,
    read_fitting_start,
    student_loop,
)
from training.ml.train.loop import LossFunction, StepLoss


@dataclass(frozen=True)
class DistillConfig:
    """A student made of some of a fine-tuned teacher's layers, taught by the logits of one or more teachers."""

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
    also_teachers: tuple[str, ...] | None = option(
        None,
        "Further fine-tuned teachers of any architecture and tokenizer that know the same labels: the student learns "
        "from the mean of all logits.",
        models=True,
    )
    teacher_weights: str = option(
        "", "Weights in that mean, one for each teacher, the first one first, such as 1,0.5; empty: alike."
    )
    teacher_max_lengths: str = option(
        "",
        "Wordpieces of a row for each teacher, in its own tokens, such as 256,192, or one number for all; empty: "
        "data.max_length.",
    )
    student: str = option(
        "",
        "Start the student from this model instead of copying layers: hub name, or folder of a run or of a model.",
        models=True,
    )
    sure_sources: tuple[str, ...] | None = option(
        None,
        "Sources, by the start of their names, whose labels are surer than any teacher, such as rows made by rule: "
        "there the label stands for the teachers' logit.",
    )


def distill(
    config: DistillConfig,
    folder: Path,
    listener: Listener | None = None,
    *,
    card_also: Mapping[str, Any] | None = None,
    whole_config: Mapping[str, Any] | None = None,
) -> RunResult:
    """Make and teach a student of the teachers that `config` names, and save the run in `folder`; resumes.

    A recipe that ends in a distillation gives what its card holds beyond that (`card_also`) and its own configuration
    (`whole_config`).
    Raises DataError, BaseModelError, LayerSelectionError, ConfigError, Cancelled.
    """
    import torch

    listener = listener or SilentListener()
    started = time.monotonic()
    check_teachers(config)
    live = _asks_live(config)
    labels = config.data.labels
    softmax = len(labels) == 1
    if not config.student:  # its head is the first teacher's
        softmax = read_fitting_start(config.teacher, config.data).softmax
    teachers = read_teachers(config)

    # data
    tokenizer = load_tokenizer(config.student or config.teacher)
    data = prepare_data(config.data, tokenizer, config.loop.seed)

    # models: a student made of the first teacher's chosen layers, or another model to start from
    teacher: Any = None
    taken: tuple[int, ...] = ()
    if config.student:
        torch.manual_seed(config.loop.seed)
        student = load_start(config.student, labels, config.loop, softmax=softmax)
    else:
        teacher = load_start(config.teacher, labels, config.loop, softmax=softmax)
        student, taken = make_student(teacher, config.layers)

    # loop: labels, softened logits, direction of the logits; hidden states where they have a weight
    loss: LossFunction | StepLoss
    if live:
        assert teacher is not None
        loss = live_loss(teacher.to(best_device()), data, taken, config.loss, softmax=softmax)
    else:  # the teachers' logits, once for all epochs
        known = mean_logits(
            teachers, data, labels, config.loop, folder, listener,
            softmax=softmax, data_length=config.data.max_length, loaded=teacher,
        )  # fmt: skip
        known = with_sure_labels(known, data.train, config.sure_sources or (), softmax=softmax)
        loss = cached_loss(known, data, config.loss, softmax=softmax)
    del teacher
    report = learn(
        student, loss, data, config.loop,
        phase="student", folder=folder, listener=listener, softmax=softmax,
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
        teacher=teachers[0].start.provenance,
        **({"layers": list(taken)} if taken else {}),
        **({"teachers": [teacher.about() for teacher in teachers]} if len(teachers) > 1 else {}),
    ) | dict(card_also or {})
    if len(teachers) > 1:
        card["provenance"]["also_teachers"] = [teacher.start.provenance for teacher in teachers[1:]]
    return finish_run(
        folder, student, tokenizer, data, card,
        softmax=softmax, listener=listener, calibrate=config.calibrate,
        kept_from=config.teacher if config.data.keep_labels else None,
    )  # fmt: skip


def check_teachers(config: DistillConfig) -> None:
    """Refuse teachers, weights and lengths that do not fit each other, and a live teacher that cannot be one.

    A teacher that is asked at every step is alone, and reads the student's tokens. Raises ConfigError.
    """
    planned_teachers(config)
    if not _asks_live(config):
        return
    field_name = "live_teacher" if config.live_teacher else "loss.hidden"
    if config.also_teachers:
        raise ConfigError(
            "a teacher can be asked at every step only where it is the only one; leave also_teachers empty, or this "
            "off"
            if config.live_teacher
            else "hidden states are those of one teacher; leave also_teachers empty, or use 0",
            field_name,
        )
    if config.student:
        raise ConfigError(
            "a student that starts from another model reads other tokens, and has other layers, than a teacher that is "
            f"asked at every step; leave student empty, or {'this off' if config.live_teacher else 'use 0'}",
            field_name,
        )


def _asks_live(config: DistillConfig) -> bool:
    return config.live_teacher or config.loss.hidden > 0


RECIPE = Recipe(
    name="distill",
    title="Student: distillation from chosen layers",
    short_name="Student",
    description=(
        "Copies some of a teacher's layers, or starts from a small model, and teaches it with the labels and the "
        "logits of one or more teachers."
    ),
    config_class=DistillConfig,
    needs="teacher",
    function=distill,
    check=check_teachers,
    searched_first={"layers": LAYERS, "loop.learning_rate": STUDENT_RATE, **LOSSES},
)
