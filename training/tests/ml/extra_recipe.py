"""A recipe of one module: linear probing, which leaves the encoder as it is and trains the head alone.

    python -m training.tests.ml.extra_recipe FOLDER

registers it and runs the job in FOLDER, as `python -m training.ml.job FOLDER` does with the recipes that are shipped.
"""

import runpy
import time
from dataclasses import dataclass, field
from pathlib import Path

from training.ml.config import DataConfig, LoopConfig, option, to_dict
from training.ml.encoders.loading import count_parameters, load_base, load_tokenizer
from training.ml.progress import Listener, SilentListener
from training.ml.recipes.common import RunResult, finish_run, label_loss, learn, prepare_data, run_card
from training.ml.recipes.recipe import Recipe
from training.ml.recipes.registry import register


@dataclass(frozen=True)
class ProbeConfig:
    """A head on a frozen encoder."""

    base: str = option("bert-base-uncased", "The pretrained encoder.")
    data: DataConfig = field(default_factory=DataConfig)
    loop: LoopConfig = field(default_factory=LoopConfig)
    with_pooler: bool = option(True, "Train the pooler too.")


def train_probe(config: ProbeConfig, folder: Path, listener: Listener | None = None) -> RunResult:
    """Train the head of `config.base` and save the run in `folder`."""
    listener, started = listener or SilentListener(), time.monotonic()
    softmax = len(config.data.labels) == 1
    tokenizer = load_tokenizer(config.base)
    data = prepare_data(config.data, tokenizer, config.loop.seed)
    model = load_base(config.base, labels=config.data.labels, softmax=softmax, attention="eager", dropout=0.0)
    trained = ("classifier", "pooler") if config.with_pooler else ("classifier",)
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(any(part in name for part in trained))
    report = learn(
        model, label_loss(data.train, softmax=softmax), data, config.loop,
        phase="probe", folder=folder, listener=listener, softmax=softmax,
    )  # fmt: skip
    parameters, trainable = count_parameters(model)
    card = run_card(
        "linear-probe", to_dict(config), data, report, started=started,
        parameters=parameters, trainable_parameters=trainable,
    )  # fmt: skip
    return finish_run(folder, model, tokenizer, data, card, softmax=softmax, listener=listener)


RECIPE = Recipe(
    name="linear-probe",
    title="Linear probing: the head alone",
    short_name="Probe",
    description="Leaves the encoder as it is and trains its head.",
    config_class=ProbeConfig,
    needs="base",
    function=train_probe,
    searched_first={"loop.learning_rate": {"type": "float", "low": 1e-4, "high": 1e-1, "log": True}},
    trains_every_weight=False,
)

if __name__ == "__main__":
    register(RECIPE)
    runpy.run_module("training.ml.job", run_name="__main__", alter_sys=True)
