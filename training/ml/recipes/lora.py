"""LoRA: low-rank adapters beside the frozen matrices of an encoder, merged into them at the end (Hu et al. 2021).

    manage.py train lora --set base=thenlper/gte-small --set lora.rank=16 --output var/runs/lora

What is saved is an ordinary classifier of the encoder's own class: it is exported and served like any other.
"""

import time
from dataclasses import dataclass, field
from pathlib import Path

from training.ml.config import DataConfig, LoopConfig, LoraOptions, StartBlend, option, to_dict
from training.ml.distributed import current
from training.ml.encoders.adapters import add_adapters, merge_adapters
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
from training.ml.recipes.recipe import ADAPTERS, LORA_RATE, Recipe
from training.ml.recipes.start_blend import blend_with_start, check_start


def lora_loop() -> LoopConfig:
    """Return the defaults of a loop that trains adapters: larger steps, and no decay."""
    return LoopConfig(learning_rate=1e-3, head_learning_rate=5e-4, weight_decay=0.0)


@dataclass(frozen=True)
class LoraConfig:
    """Low-rank adapters beside the frozen weights of an encoder, merged into them for serving."""

    base: str = option("bert-base-uncased", PRETRAINED)
    data: DataConfig = field(default_factory=DataConfig)
    loop: LoopConfig = field(default_factory=lora_loop)
    lora: LoraOptions = field(default_factory=LoraOptions)
    calibrate: bool = option(True, CALIBRATE)
    blend: StartBlend = field(default_factory=StartBlend)


def train_lora(config: LoraConfig, folder: Path, listener: Listener | None = None) -> RunResult:
    """Tune `config.base` by adapters and save the merged run in `folder`; resumes from its checkpoint.

    With `blend.with_start` the merged weights are averaged with the start's. Raises DataError, BaseModelError,
    ConfigError, Cancelled.
    """
    import torch

    listener = listener or SilentListener()
    started = time.monotonic()
    softmax = len(config.data.labels) == 1
    check_start(config.blend, config.data, config.base)

    # data
    tokenizer = load_tokenizer(config.base)
    data = prepare_data(config.data, tokenizer, config.loop.seed)

    # model: the encoder, frozen, with adapters and (for SEQ_CLS) a head that learns
    torch.manual_seed(config.loop.seed)
    base = load_start(config.base, config.data.labels, config.loop, softmax=softmax)
    parameters, _ = count_parameters(base)
    model, adapters = add_adapters(base, config.lora)

    # loop: cross-entropy over the known labels
    report = learn(
        model, label_loss(data.train, softmax=softmax), data, config.loop,
        phase="lora", folder=folder, listener=listener, softmax=softmax,
    )  # fmt: skip
    if config.lora.keep_adapter:
        current().main_does(lambda: model.save_pretrained(folder / "adapter"))
    merged = merge_adapters(model)
    blended = blend_with_start(
        merged,
        config.base,
        config.blend,
        data,
        config.loop,
        softmax=softmax,
        folder=folder,
        listener=listener,
    )

    # report
    card = run_card(
        "lora",
        to_dict(config),
        data,
        report,
        started=started,
        parameters=parameters,
        trainable_parameters=adapters["trainable_parameters"],
        trainable_share=adapters["trainable_share"],
        rank=config.lora.rank,
        modules=adapters["module_names"],
        lora=adapters,
        **blended,
    )
    return finish_run(
        folder, merged, tokenizer, data, card,
        softmax=softmax, listener=listener, calibrate=config.calibrate,
        kept_from=config.base if config.data.keep_labels else None,
    )  # fmt: skip


RECIPE = Recipe(
    name="lora",
    title="LoRA: low-rank adapters",
    short_name="LoRA",
    description=(
        "Leaves the encoder as it is and learns two small matrices beside each chosen one, merged for serving."
    ),
    config_class=LoraConfig,
    needs="base",
    function=train_lora,
    searched_first={"loop.learning_rate": LORA_RATE, **ADAPTERS},
    trains_every_weight=False,
)
