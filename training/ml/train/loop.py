"""The one training loop: budgeted batches, accelerate for device and precision, progress, checkpoints, resume.

On n devices a step takes n planned batches, one a rank: the effective batch is n times `token_budget`, there are 1/n
as many steps, and the learning rate stays as configured. Gradients are weighted by rows, so that a step descends the
mean loss over all its rows, and every planned row is seen exactly once, as on one device.
"""

import json
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from training.ml.data.batching import Tokens, budget_batches, collate
from training.ml.distributed import Ranks, current
from training.ml.encoders.loading import parameter_groups
from training.ml.hardware import best_device, choose_precision
from training.ml.progress import Cancelled as Cancelled
from training.ml.progress import Listener, Progress
from training.ml.train.batch_sharding import count_unreached, shares

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from training.ml.config import LoopConfig

LossParts = dict[str, "Tensor"]  # must hold "loss"; the others are reported beside it
LossFunction = Callable[["Tensor", "NDArray[np.int64]"], LossParts]  # (logits, rows of the batch) -> parts


@dataclass(frozen=True)
class Step:
    """What a loss may look at beyond the logits: the batch as it went in, and all that the model gave for it."""

    inputs: dict[str, "Tensor"]
    outputs: Any
    rows: "NDArray[np.int64]"
    autocast: Callable[[], Any]  # the context in which another model computes as the trained one does


@dataclass(frozen=True)
class StepLoss:
    """A loss of a whole step; `ask` is given to the model beside the batch, such as output_hidden_states=True."""

    function: Callable[[Step], LossParts]
    ask: dict[str, bool] = field(default_factory=dict)


Probe = Callable[
    [Any], dict[str, float]
]  # (model) -> validation scores on the way, reported beside the losses


@dataclass(frozen=True)
class LoopReport:
    """What a loop did: steps, rows and real tokens seen, seconds (earlier parts included), mean last losses."""

    steps: int
    rows: int
    tokens: int
    seconds: float
    losses: dict[str, float]
    device: str
    precision: str
    resumed_at: int
    devices: int = 1


def plan_batches(lengths: "NDArray[np.int64]", config: "LoopConfig") -> list["NDArray[np.int64]"]:
    """Return every batch of the run in order: whole epochs, the last one cut where `epochs` is a fraction."""
    batches: list[NDArray[np.int64]] = []
    left, epoch = config.epochs, 0
    while left > 0:
        these = budget_batches(lengths, config.token_budget, seed=config.seed * 1000 + epoch)
        batches.extend(these if left >= 1 else these[: max(round(left * len(these)), 1)])
        left, epoch = left - 1, epoch + 1
    return batches


def count_steps(lengths: "NDArray[np.int64]", config: "LoopConfig") -> int:
    """Return how many steps `run_loop` takes on as many devices as there are."""
    return -(-len(plan_batches(lengths, config)) // current().count)


def run_loop(
    model: Any,
    tokens: Tokens,
    loss_function: LossFunction | StepLoss,
    config: "LoopConfig",
    *,
    phase: str,
    listener: Listener,
    checkpoint_dir: Path | None = None,
    probe: Probe | None = None,
) -> LoopReport:
    """Train `model` in place on every planned batch, with linear warm-up and decay.

    `probe` is asked for validation scores after every `config.evaluate_share` of the steps, the last one excepted.
    Only weights that require a gradient are trained. With a `checkpoint_dir` the state is saved there every
    `config.checkpoint_seconds` and at the end (written aside, then renamed, so that a kill at any instant leaves a
    whole one), and a checkpoint found there is resumed from; whoever has saved the result removes it. On several
    devices every rank must call this; they stop, fail and save in the same step. Raises Cancelled.
    """
    import torch
    from accelerate import Accelerator
    from accelerate.state import AcceleratorState
    from accelerate.utils import DataLoaderConfiguration, DistributedDataParallelKwargs, set_seed
    from transformers import get_linear_schedule_with_warmup

    if config.threads:
        torch.set_num_threads(config.threads)
    ranks = current()
    set_seed(config.seed + ranks.rank)  # each rank drops out other units
    device = best_device()
    precision = choose_precision(config.precision, device)
    AcceleratorState._reset_state()  # else the first run of a process decides the precision of all later ones
    whole = DistributedDataParallelKwargs()
    accelerator = Accelerator(
        mixed_precision=precision if precision in ("bf16", "fp16") else "no",
        cpu=device == "cpu",
        dataloader_config=DataLoaderConfiguration(
            split_batches=True
        ),  # the schedule counts steps, not batches
        kwargs_handlers=[whole],
    )
    steps = shares(plan_batches(tokens.lengths, config), ranks.rank, ranks.count)
    groups = parameter_groups(model, config.learning_rate, config.head_learning_rate, config.weight_decay)
    optimizer = torch.optim.AdamW(groups, fused=True)
    scheduler = get_linear_schedule_with_warmup(optimizer, int(config.warmup_share * len(steps)), len(steps))
    if config.gradient_checkpointing:
        model.activation_checkpointing_enable()
    ask = loss_function.ask if isinstance(loss_function, StepLoss) else {}

    def forward(network: Any, rows: "NDArray[np.int64]") -> LossParts:
        batch = {name: value.to(accelerator.device) for name, value in collate(tokens, rows).items()}
        with accelerator.autocast():
            outputs = network(**batch, **ask)
        if isinstance(loss_function, StepLoss):
            return loss_function.function(Step(batch, outputs, rows, accelerator.autocast))
        return loss_function(outputs.logits.float(), rows)

    if (
        ranks.count > 1 and steps
    ):  # weights without a gradient must be looked for in every step, or ranks wait
        model.to(accelerator.device).train()
        whole.find_unused_parameters = ranks.together(
            lambda: count_unreached(model, lambda: forward(model, steps[0].rows)["loss"]) > 0
        )
    trained, optimizer, scheduler = accelerator.prepare(model, optimizer, scheduler)
    trained.train()

    clock = _Clock()
    first = _resume(accelerator, ranks, checkpoint_dir, clock, scheduler) if checkpoint_dir else 0
    started = last_save = time.monotonic()
    rows_here = tokens_here = 0
    losses = dict(clock.losses)
    moments = _probe_steps(len(steps), config.evaluate_share) if probe else frozenset()
    for step in range(first, len(steps)):
        share, done = steps[step], step + 1
        parts = ranks.together(partial(forward, trained, share.rows))
        accelerator.backward(parts["loss"] * share.scale if ranks.count > 1 else parts["loss"])
        accelerator.clip_grad_norm_(trained.parameters(), config.max_grad_norm)
        optimizer.step()
        scheduler.step()
        optimizer.zero_grad(set_to_none=True)

        stop, due, now = _agreed(
            ranks,
            listener.should_stop(),
            time.monotonic() - last_save >= config.checkpoint_seconds,
            {name: float(value.detach()) for name, value in parts.items()},
            share.scale,
        )
        rows_here += len(share.all_rows)
        tokens_here += int(tokens.lengths[share.all_rows].sum())
        for name, number in now.items():  # exponential mean: about the last fifty batches
            losses[name] = number if name not in losses else 0.98 * losses[name] + 0.02 * number
        if not np.isfinite(losses["loss"]):
            raise FloatingPointError(f"the loss is not finite at step {step}; lower the learning rate")
        spent = time.monotonic() - started
        scores = {}
        if probe and done in moments:
            scores = probe(accelerator.unwrap_model(trained, keep_fp32_wrapper=True))
            trained.train()
        if ranks.is_main:
            eta = spent / (done - first) * (len(steps) - done)
            listener.report(
                Progress(
                    phase, done, len(steps), rows_here / spent, tokens_here / spent, losses | scores, eta
                )
            )
        if checkpoint_dir and (due or stop or done == len(steps)):
            seen = clock.after(rows_here, tokens_here, spent, losses)
            _save(accelerator, ranks, checkpoint_dir, done, seen)
            last_save = time.monotonic()
        if stop:
            raise Cancelled(f"stopped at step {done} of {len(steps)}")
    total = clock.after(rows_here, tokens_here, time.monotonic() - started, losses)
    accelerator.unwrap_model(
        trained, keep_fp32_wrapper=False
    )  # `forward` as it came: to be copied, saved, measured
    return LoopReport(
        len(steps),
        total.rows,
        total.tokens,
        total.seconds,
        total.losses,
        device,
        precision,
        first,
        ranks.count,
    )


def _agreed(
    ranks: Ranks, stop: bool, due: bool, parts: dict[str, float], scale: float
) -> tuple[bool, bool, dict[str, float]]:
    """Return (whether any rank is to stop, whether the main rank wants to save, mean parts over all rows)."""
    found = ranks.gathered([float(stop), float(due), scale, *parts.values()])
    weights = found[:, 2:3] / ranks.count
    means = (np.where(weights > 0, found[:, 3:], 0.0) * weights).sum(axis=0)
    return (
        bool(found[:, 0].any()),
        bool(found[0, 1]),
        {name: float(mean) for name, mean in zip(parts, means, strict=True)},
    )


def _probe_steps(steps: int, share: float) -> frozenset[int]:
    """The steps after which a run of `steps` steps is probed; none where `share` is 0."""
    if share <= 0:
        return frozenset()
    count = int(round(1 / share, 6))
    return frozenset(step for i in range(1, count + 1) if 0 < (step := round(i * share * steps)) < steps)


@dataclass
class _Clock:
    """Rows, tokens and seconds of the parts of a run before the last resume, and the mean losses it had come to."""

    rows: int = 0
    tokens: int = 0
    seconds: float = 0.0
    losses: dict[str, float] = field(default_factory=dict)

    def after(self, rows: int, tokens: int, seconds: float, losses: dict[str, float]) -> "_Clock":
        return _Clock(self.rows + rows, self.tokens + tokens, self.seconds + seconds, dict(losses))


def _save(accelerator: Any, ranks: Ranks, folder: Path, step: int, clock: _Clock) -> None:
    """Write the whole training state beside `folder`, then swap it in; the ranks add their random states."""
    aside = folder.with_name(folder.name + ".writing")
    old = folder.with_name(folder.name + ".old")

    def prepare() -> None:
        for leftover in (aside, old):
            shutil.rmtree(leftover, ignore_errors=True)
        aside.mkdir(parents=True)

    def swap() -> None:
        state = {"step": step, "devices": ranks.count, **asdict(clock)}
        (aside / "step.json").write_text(json.dumps(state))
        if folder.exists():
            folder.rename(old)
        aside.rename(folder)
        shutil.rmtree(old, ignore_errors=True)

    ranks.main_does(prepare)
    ranks.together(lambda: accelerator.save_state(str(aside)))
    ranks.main_does(swap)


def _resume(accelerator: Any, ranks: Ranks, folder: Path, clock: _Clock, scheduler: Any) -> int:
    """Load the checkpoint in `folder` (or the one that a kill left half-way through the swap); return its step.

    A checkpoint of another number of devices is gone on from at the step before which no row is left out.
    """
    old = folder.with_name(folder.name + ".old")
    for candidate in (folder, old):
        mark = candidate / "step.json"
        if not mark.is_file():
            continue
        state = json.loads(mark.read_text())
        ranks.together(partial(accelerator.load_state, str(candidate)))
        clock.rows, clock.tokens, clock.seconds = (
            int(state["rows"]),
            int(state["tokens"]),
            float(state["seconds"]),
        )
        clock.losses = {name: float(value) for name, value in state.get("losses", {}).items()}
        step, devices = int(state["step"]), int(state.get("devices", 1))
        if devices == ranks.count:
            return step
        step = step * devices // ranks.count
        scheduler.scheduler.last_epoch = step - 1
        scheduler.scheduler.step()
        return step
    return 0
