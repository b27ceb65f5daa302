"""The one training loop: budgeted batches, accelerate for device and precision, progress, checkpoints, resume.

On n devices a step takes n planned batches, one a rank: the effective batch is n times `token_budget`, there are 1/n
as many steps, and the learning rate stays as configured. Gradients are weighted by rows, so that a step descends the
mean loss over all its rows, and every planned row is seen exactly once, as on one device.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from training.ml.data.batching import Tokens, budget_batches, collate
from training.ml.distributed import current
from training.ml.encoders.loading import parameter_groups
from training.ml.hardware import best_device, choose_precision
from training.ml.progress import Cancelled, Listener, Progress
from training.ml.train.batch_sharding import count_unreached, shard_batches
from training.ml.train.checkpoint import Tally, resume, save

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


# (model) -> validation scores on the way, reported beside the losses
Probe = Callable[[Any], dict[str, float]]


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
    """Return how many steps a Trainer takes on as many devices as there are."""
    return -(-len(plan_batches(lengths, config)) // current().count)


class Trainer:
    """Trains a model in place on every planned batch, with linear warm-up and decay.

    `probe` is asked for validation scores after every `config.evaluate_share` of the steps, the last one excepted.
    Only weights that require a gradient are trained. With a `checkpoint_dir` the state is saved there every
    `config.checkpoint_seconds` and at the end (written aside, then renamed, so that a kill at any instant leaves a
    whole one), and a checkpoint found there is resumed from; the recipe removes it once it has saved the result. On
    several devices every rank must run it; they stop, fail and save in the same step.

    `plan` is what this rank does in each step, `done` how many steps are done. `tally` counts what this process has
    done since it started or resumed, `before` what lies before that.
    """

    def __init__(
        self,
        model: Any,
        tokens: Tokens,
        loss_function: LossFunction | StepLoss,
        config: "LoopConfig",
        *,
        phase: str,
        listener: Listener,
        checkpoint_dir: Path | None = None,
        probe: Probe | None = None,
    ) -> None:
        self.model, self.tokens, self.loss_function, self.config = model, tokens, loss_function, config
        self.phase, self.listener, self.checkpoint_dir, self.probe = phase, listener, checkpoint_dir, probe
        self.ranks = current()
        self.plan = shard_batches(plan_batches(tokens.lengths, config), self.ranks.rank, self.ranks.count)
        self.probe_steps = _probe_steps(len(self.plan), config.evaluate_share) if probe else frozenset()
        self.device = best_device()
        self.precision = choose_precision(config.precision, self.device)
        self.done = self.first = 0
        self.tally, self.before = Tally(), Tally()
        self.stop = self.save_due = False

    def run(self) -> LoopReport:
        """Do every step that is left. Raises Cancelled when the listener asks to stop."""
        self.prepare()
        while self.done < len(self.plan):
            self.step()
            self.tell()
            self.checkpoint()
        return self.finish()

    def prepare(self) -> None:
        """Set up random state, device, precision, optimizer and schedule, and resume from the checkpoint."""
        import torch
        from accelerate import Accelerator
        from accelerate.state import AcceleratorState
        from accelerate.utils import DataLoaderConfiguration, DistributedDataParallelKwargs, set_seed
        from transformers import get_linear_schedule_with_warmup

        config, model = self.config, self.model
        if config.threads:
            torch.set_num_threads(config.threads)
        set_seed(config.seed + self.ranks.rank)  # each rank drops out other units
        AcceleratorState._reset_state()  # else the first run of a process decides the precision of all later ones
        data_parallel = DistributedDataParallelKwargs()
        self.accelerator = Accelerator(
            mixed_precision=self.precision if self.precision in ("bf16", "fp16") else "no",
            cpu=self.device == "cpu",
            dataloader_config=DataLoaderConfiguration(
                split_batches=True
            ),  # the schedule counts steps, not batches
            kwargs_handlers=[data_parallel],
        )
        groups = parameter_groups(model, config.learning_rate, config.head_learning_rate, config.weight_decay)
        optimizer = torch.optim.AdamW(groups, fused=True)
        steps = len(self.plan)
        scheduler = get_linear_schedule_with_warmup(optimizer, int(config.warmup_share * steps), steps)
        if config.gradient_checkpointing:
            model.activation_checkpointing_enable()
        if self.ranks.count > 1 and steps:
            # weights without a gradient must be looked for in every step, or ranks wait for each other
            model.to(self.accelerator.device).train()
            data_parallel.find_unused_parameters = self.ranks.together(
                lambda: count_unreached(model, lambda: self._losses(model, self.plan[0].rows)["loss"]) > 0
            )
        self.trained, self.optimizer, self.scheduler = self.accelerator.prepare(model, optimizer, scheduler)
        self.trained.train()
        if self.checkpoint_dir:
            self.first, self.before = resume(
                self.accelerator, self.ranks, self.checkpoint_dir, self.scheduler
            )
        self.done = self.first
        self.tally.losses = dict(self.before.losses)
        self.started = self.last_save = time.monotonic()

    def step(self) -> None:
        """Descend the loss of the next step's rows, and agree with the other ranks on what comes next."""
        shard = self.plan[self.done]
        parts = self.ranks.together(partial(self._losses, self.trained, shard.rows))
        self.accelerator.backward(parts["loss"] * shard.scale if self.ranks.count > 1 else parts["loss"])
        self.accelerator.clip_grad_norm_(self.trained.parameters(), self.config.max_grad_norm)
        self.optimizer.step()
        self.scheduler.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.done += 1
        losses = self._agree({name: float(value.detach()) for name, value in parts.items()}, shard.scale)
        self.tally.rows += len(shard.all_rows)
        self.tally.tokens += int(self.tokens.lengths[shard.all_rows].sum())
        for name, number in losses.items():  # exponential mean: about the last fifty batches
            mean = self.tally.losses.get(name)
            self.tally.losses[name] = number if mean is None else 0.98 * mean + 0.02 * number
        if not np.isfinite(self.tally.losses["loss"]):
            raise FloatingPointError(
                f"the loss is not finite at step {self.done - 1}; lower the learning rate"
            )
        self.tally.seconds = time.monotonic() - self.started

    def tell(self) -> None:
        """Report speed, losses and, after a step that is probed, validation scores to the listener."""
        scores: dict[str, float] = {}
        if self.probe and self.done in self.probe_steps:
            scores = self.probe(self.accelerator.unwrap_model(self.trained, keep_fp32_wrapper=True))
            self.trained.train()
        if not self.ranks.is_main:
            return
        seconds = self.tally.seconds
        self.listener.report(
            Progress(
                self.phase,
                self.done,
                len(self.plan),
                self.tally.rows / seconds,
                self.tally.tokens / seconds,
                self.tally.losses | scores,
                seconds / (self.done - self.first) * (len(self.plan) - self.done),
            )
        )

    def checkpoint(self) -> None:
        """Save the state where it is time for that, at the end and before a stop. Raises Cancelled for a stop."""
        if self.checkpoint_dir and (self.save_due or self.stop or self.done == len(self.plan)):
            save(
                self.accelerator,
                self.ranks,
                self.checkpoint_dir,
                self.done,
                self.before.followed_by(self.tally),
            )
            self.last_save = time.monotonic()
        if self.stop:
            raise Cancelled(f"stopped at step {self.done} of {len(self.plan)}")

    def finish(self) -> LoopReport:
        """Give the model back as it came, to be copied, saved and measured, and return what the loop did."""
        self.tally.seconds = time.monotonic() - self.started
        total = self.before.followed_by(self.tally)
        self.accelerator.unwrap_model(self.trained, keep_fp32_wrapper=False)
        return LoopReport(
            len(self.plan),
            total.rows,
            total.tokens,
            total.seconds,
            total.losses,
            self.device,
            self.precision,
            self.first,
            self.ranks.count,
        )

    def _losses(self, network: Any, rows: "NDArray[np.int64]") -> LossParts:
        """Return the parts of the loss of a batch, as tensors that can be descended."""
        function = self.loss_function
        batch = {
            name: value.to(self.accelerator.device) for name, value in collate(self.tokens, rows).items()
        }
        with self.accelerator.autocast():
            outputs = network(**batch, **(function.ask if isinstance(function, StepLoss) else {}))
        if isinstance(function, StepLoss):
            return function.function(Step(batch, outputs, rows, self.accelerator.autocast))
        return function(outputs.logits.float(), rows)

    def _agree(self, losses: dict[str, float], scale: float) -> dict[str, float]:
        """Return the mean losses over the rows of all ranks; decide with them whether to stop and whether to save."""
        overdue = time.monotonic() - self.last_save >= self.config.checkpoint_seconds
        gathered = self.ranks.gathered(
            [float(self.listener.should_stop()), float(overdue), scale, *losses.values()]
        )
        self.stop = bool(gathered[:, 0].any())  # any rank is asked to
        self.save_due = bool(gathered[0, 1])  # by the clock of the main rank
        weights = gathered[:, 2:3] / self.ranks.count
        means = (np.where(weights > 0, gathered[:, 3:], 0.0) * weights).sum(axis=0)
        return {name: float(mean) for name, mean in zip(losses, means, strict=True)}


def _probe_steps(steps: int, share: float) -> frozenset[int]:
    """Return the steps after which a run of `steps` steps is probed; none where `share` is 0."""
    if share <= 0:
        return frozenset()
    count = int(round(1 / share, 6))
    return frozenset(step for i in range(1, count + 1) if 0 < (step := round(i * share * steps)) < steps)
