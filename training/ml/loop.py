"""The one training loop: budgeted batches, accelerate for device and precision, progress, checkpoints, resume."""

import json
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from training.ml.batching import Tokens, budget_batches, collate
from training.ml.hardware import best_device, choose_precision
from training.ml.models import parameter_groups
from training.ml.progress import Listener, Progress

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


class Cancelled(Exception):
    """The listener asked the run to stop; the last checkpoint is kept."""


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


def plan_batches(lengths: "NDArray[np.int64]", config: "LoopConfig") -> list["NDArray[np.int64]"]:
    """Return every batch of the run in order: whole epochs, the last one cut where `epochs` is a fraction."""
    batches: list[NDArray[np.int64]] = []
    left, epoch = config.epochs, 0
    while left > 0:
        these = budget_batches(lengths, config.token_budget, seed=config.seed * 1000 + epoch)
        batches.extend(these if left >= 1 else these[: max(round(left * len(these)), 1)])
        left, epoch = left - 1, epoch + 1
    return batches


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
    whole one), and a checkpoint found there is resumed from; whoever has saved the result removes it. Raises Cancelled.
    """
    import torch
    from accelerate import Accelerator
    from accelerate.state import AcceleratorState
    from accelerate.utils import set_seed
    from transformers import get_linear_schedule_with_warmup

    if config.threads:
        torch.set_num_threads(config.threads)
    set_seed(config.seed)
    device = best_device()
    precision = choose_precision(config.precision, device)
    AcceleratorState._reset_state()  # else the first run of a process decides the precision of all later ones
    accelerator = Accelerator(
        mixed_precision=precision if precision in ("bf16", "fp16") else "no", cpu=device == "cpu"
    )
    batches = plan_batches(tokens.lengths, config)[accelerator.process_index :: accelerator.num_processes]
    groups = parameter_groups(model, config.learning_rate, config.head_learning_rate, config.weight_decay)
    optimizer = torch.optim.AdamW(groups, fused=True)
    scheduler = get_linear_schedule_with_warmup(
        optimizer, int(config.warmup_share * len(batches)), len(batches)
    )
    if config.gradient_checkpointing:
        model.activation_checkpointing_enable()
    trained, optimizer, scheduler = accelerator.prepare(model, optimizer, scheduler)
    trained.train()

    clock = _Clock()
    first = _resume(accelerator, checkpoint_dir, clock) if checkpoint_dir else 0
    started = last_save = time.monotonic()
    rows_here = tokens_here = 0
    losses = dict(clock.losses)
    moments = _probe_steps(len(batches), config.evaluate_share) if probe else frozenset()
    ask = loss_function.ask if isinstance(loss_function, StepLoss) else {}
    for step in range(first, len(batches)):
        rows = batches[step]
        batch = {name: value.to(accelerator.device) for name, value in collate(tokens, rows).items()}
        with accelerator.autocast():
            outputs = trained(**batch, **ask)
        if isinstance(loss_function, StepLoss):
            parts = loss_function.function(Step(batch, outputs, rows, accelerator.autocast))
        else:
            parts = loss_function(outputs.logits.float(), rows)
        accelerator.backward(parts["loss"])
        accelerator.clip_grad_norm_(trained.parameters(), config.max_grad_norm)
        optimizer.step()
        scheduler.step()
        optimizer.zero_grad(set_to_none=True)

        rows_here += len(rows)
        tokens_here += int(tokens.lengths[rows].sum())
        for name, value in parts.items():  # exponential mean: about the last fifty batches
            number = float(value.detach())
            losses[name] = number if name not in losses else 0.98 * losses[name] + 0.02 * number
        if not np.isfinite(losses["loss"]):
            raise FloatingPointError(f"the loss is not finite at step {step}; lower the learning rate")
        spent = time.monotonic() - started
        done = step + 1
        scores = {}
        if probe and done in moments:
            scores = probe(accelerator.unwrap_model(trained, keep_fp32_wrapper=True))
            trained.train()
        if accelerator.is_main_process:
            eta = spent / (done - first) * (len(batches) - done)
            listener.report(
                Progress(
                    phase, done, len(batches), rows_here / spent, tokens_here / spent, losses | scores, eta
                )
            )
        stop = listener.should_stop()
        due = time.monotonic() - last_save >= config.checkpoint_seconds
        if checkpoint_dir and (due or stop or done == len(batches)):
            _save(accelerator, checkpoint_dir, done, clock.after(rows_here, tokens_here, spent, losses))
            last_save = time.monotonic()
        if stop:
            raise Cancelled(f"stopped at step {done} of {len(batches)}")
    total = clock.after(rows_here, tokens_here, time.monotonic() - started, losses)
    accelerator.unwrap_model(
        trained, keep_fp32_wrapper=False
    )  # `forward` as it came: to be copied, saved, measured
    return LoopReport(
        len(batches), total.rows, total.tokens, total.seconds, total.losses, device, precision, first
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


def _save(accelerator: Any, folder: Path, step: int, clock: _Clock) -> None:
    """Write the whole training state beside `folder`, then swap it in."""
    if not accelerator.is_main_process:
        return
    aside = folder.with_name(folder.name + ".writing")
    old = folder.with_name(folder.name + ".old")
    for leftover in (aside, old):
        shutil.rmtree(leftover, ignore_errors=True)
    aside.mkdir(parents=True)
    accelerator.save_state(str(aside))
    (aside / "step.json").write_text(json.dumps({"step": step, **asdict(clock)}))
    if folder.exists():
        folder.rename(old)
    aside.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def _resume(accelerator: Any, folder: Path, clock: _Clock) -> int:
    """Load the checkpoint in `folder` (or the one that a kill left half-way through the swap); return its step."""
    old = folder.with_name(folder.name + ".old")
    for candidate in (folder, old):
        mark = candidate / "step.json"
        if not mark.is_file():
            continue
        state = json.loads(mark.read_text())
        accelerator.load_state(str(candidate))
        clock.rows, clock.tokens, clock.seconds = (
            int(state["rows"]),
            int(state["tokens"]),
            float(state["seconds"]),
        )
        clock.losses = {name: float(value) for name, value in state.get("losses", {}).items()}
        return int(state["step"])
    return 0
