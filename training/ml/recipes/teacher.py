"""Teacher: fine-tune every weight of a pretrained BERT-like encoder on labelled comments.

manage.py train_teacher --base bert-base-uncased --output var/runs/teacher
"""

import time
from dataclasses import dataclass, field
from pathlib import Path

from training.ml.config import DataConfig, LoopConfig, StartBlend, option, to_dict
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
from training.ml.recipes.start_blend import blend_with_start, check_start


@dataclass(frozen=True)
class TeacherConfig:
    """Full fine-tuning of a BERT-like encoder."""

    base: str = option("bert-base-uncased", PRETRAINED)
    data: DataConfig = field(default_factory=DataConfig)
    loop: LoopConfig = field(default_factory=LoopConfig)
    calibrate: bool = option(True, CALIBRATE)
    blend: StartBlend = field(default_factory=StartBlend)


def train_teacher(config: TeacherConfig, folder: Path, listener: Listener | None = None) -> RunResult:
    """Fine-tune `config.base` and save the run in `folder`; resumes from its checkpoint when there is one.

    One label makes a two-way softmax head, several a sigmoid head. With 0 epochs the encoder is saved as it came,
    with a fresh head where it had none: a teacher that was never tuned. With `blend.with_start` the tuned weights are
    averaged with the start's. Raises DataError, BaseModelError, ConfigError, Cancelled.
    """
    import torch

    listener = listener or SilentListener()
    started = time.monotonic()
    softmax = len(config.data.labels) == 1
    check_start(config.blend, config.data, config.base)

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

    blended = blend_with_start(
        model, config.base, config.blend, data, config.loop, softmax=softmax, folder=folder, listener=listener
    )

    # report
    parameters, _ = count_parameters(model)
    card = run_card(
        "teacher", to_dict(config), data, report, started=started, parameters=parameters, **blended
    )
    return finish_run(
        folder, model, tokenizer, data, card,
        softmax=softmax, listener=listener, calibrate=config.calibrate,
        kept_from=config.base if config.data.keep_labels else None,
    )  # fmt: skip


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
