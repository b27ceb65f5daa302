"""Teacher: fine-tune every weight of a pretrained BERT-like encoder on labelled comments.

manage.py train_teacher --base bert-base-uncased --output var/runs/teacher
"""

import time
from dataclasses import dataclass, field
from pathlib import Path

from training.ml.config import DataConfig, LoopConfig, option, to_dict
from training.ml.encoders.loading import count_parameters, load_tokenizer
from training.ml.progress import Listener, SilentListener
from training.ml.recipes.common import (
    CALIBRATE,
    PRETRAINED,
    RunResult,
    finish_run,
    label_loss,
    learn,
    load_start,
    prepare_data,
    run_card,
)
from training.ml.recipes.recipe import RATE, Recipe


@dataclass(frozen=True)
class TeacherConfig:
    """Full fine-tuning of a BERT-like encoder."""

    base: str = option("bert-base-uncased", PRETRAINED)
    data: DataConfig = field(default_factory=DataConfig)
    loop: LoopConfig = field(default_factory=LoopConfig)
    calibrate: bool = option(True, CALIBRATE)


def train_teacher(config: TeacherConfig, folder: Path, listener: Listener | None = None) -> RunResult:
    """Fine-tune `config.base` and save the run in `folder`; resumes from its checkpoint when there is one.

    One label makes a two-way softmax head, several a sigmoid head. With 0 epochs the encoder is saved as it came,
    with a fresh head where it had none: a teacher that was never tuned. Raises DataError, BaseModelError, Cancelled.
    """
    import torch

    listener = listener or SilentListener()
    started = time.monotonic()
    softmax = len(config.data.labels) == 1

    # data
    tokenizer = load_tokenizer(config.base)
    data = prepare_data(config.data, tokenizer, config.loop.seed)

    # model: the pretrained encoder with a fresh head
    torch.manual_seed(config.loop.seed)
    model = load_start(config.base, config.data.labels, config.loop, softmax=softmax)

    # loop: cross-entropy over the known labels
    report = learn(
        model, label_loss(data.train, softmax=softmax), data, config.loop,
        phase="teacher", folder=folder, listener=listener, softmax=softmax,
    )  # fmt: skip

    # report
    parameters, _ = count_parameters(model)
    card = run_card("teacher", to_dict(config), data, report, started=started, parameters=parameters)
    return finish_run(
        folder, model, tokenizer, data, card, softmax=softmax, listener=listener, calibrate=config.calibrate
    )


RECIPE = Recipe(
    name="teacher",
    title="Teacher: full fine-tuning",
    short_name="Teacher",
    description=(
        "Fine-tunes every weight of a pretrained encoder: the best that it can do, and what students learn of."
    ),
    config_class=TeacherConfig,
    needs="base",
    function=train_teacher,
    searched_first={
        "loop.learning_rate": RATE,
        "loop.weight_decay": {"type": "float", "low": 0.0, "high": 0.1},
        "loop.warmup_share": {"type": "float", "low": 0.0, "high": 0.2},
    },
)
