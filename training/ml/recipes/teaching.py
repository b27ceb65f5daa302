"""How students are taught: what must fit between teacher and run, and the losses with a cached or a live teacher."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from toxicsite.lib.files import replacing
from training.ml.config import ConfigError, LoopConfig
from training.ml.data.batching import Tokens
from training.ml.distributed import current
from training.ml.encoders.loading import Start, read_start
from training.ml.encoders.predict import predict_logits
from training.ml.progress import Listener, Progress
from training.ml.recipes.common import RunData
from training.ml.train.loop import LossFunction, LossParts, Step, StepLoss

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from training.ml.config import DataConfig, LossWeights


FINE_TUNED = "The fine-tuned teacher: folder of a run or of a model."
WHICH_LAYERS = (
    "Which of the teacher's layers, counted from 1: odd, even, first, last, spread, odd-as-coded, even-as-coded, "
    "or a list such as 2,4,6,8,10,12."
)


def student_loop() -> LoopConfig:
    """Return the defaults of a loop that trains a student: larger steps, the head like the rest."""
    return LoopConfig(learning_rate=1e-4, head_learning_rate=None)


def read_fitting_start(folder: str, data: "DataConfig") -> Start:
    """Return what the teacher in `folder` says about itself. Raises BaseModelError, or ConfigError for other labels."""
    if not folder:
        raise ConfigError("name the folder of a fine-tuned teacher (a run or a model)", "teacher")
    start = read_start(folder)
    if start.labels != data.labels:
        raise ConfigError(
            f"the teacher knows {', '.join(start.labels)}, the run asks for {', '.join(data.labels)}; "
            "use the teacher's labels, in its order",
            "data.labels",
        )
    return start


def cached_logits(
    teacher: Any, data: RunData, folder: Path, teacher_provenance: dict[str, Any], listener: Listener
) -> "NDArray[np.float32]":
    """Return the teacher's logits [rows, outputs] on the training rows, from `folder` when they are the same's.

    On several devices each rank asks the teacher for a share of the rows; the main one keeps the file.
    """
    return logits_once(
        lambda: teacher,
        data.train_tokens,
        data.facts["train_fingerprint"],
        folder,
        teacher_provenance,
        listener,
    )


ROWS_AT_ONCE = 16_384  # of a teacher's logits that a killed run has to ask for again at most


def logits_once(
    load: Callable[[], Any],
    tokens: Tokens,
    fingerprint: str,
    folder: Path,
    teacher_provenance: dict[str, Any],
    listener: Listener,
    *,
    phase: str = "teacher logits",
) -> "NDArray[np.float32]":
    """Return a teacher's logits [rows, outputs] on `tokens`, from the file in `folder` for this teacher and these rows.

    `load` returns the teacher, and is called only where rows are missing. `fingerprint` is that of the rows' table. The
    logits of every ROWS_AT_ONCE rows are kept as soon as they are there, so that a killed run goes on with the next.
    """
    ranks = current()
    key = hashlib.sha256(
        json.dumps([teacher_provenance, fingerprint, int(tokens.lengths.sum())]).encode()
    ).hexdigest()[:16]
    path = folder / f"teacher-logits-{key}.npy"
    if ranks.main_does(path.is_file):
        return _read_logits(path)
    starts = range(0, len(tokens.ids), ROWS_AT_ONCE)
    part_paths = [path.with_name(f"teacher-logits-{key}-from-{start}.npy") for start in starts]
    teacher = None
    parts = []
    for start, part_path in zip(starts, part_paths, strict=True):
        if ranks.main_does(part_path.is_file):
            parts.append(_read_logits(part_path))
            continue
        teacher = load() if teacher is None else teacher
        some = Tokens(tokens.ids[start : start + ROWS_AT_ONCE], tokens.pad_id)
        heard = listener if len(starts) == 1 else _PartOfRows(listener, start, len(some.ids), len(tokens.ids))
        parts.append(predict_logits(teacher, some, phase=phase, listener=heard))
        if len(starts) > 1:
            ranks.main_does(partial(_keep_logits, part_path, parts[-1]))
    logits = np.concatenate(parts)
    ranks.main_does(partial(_keep_logits, path, logits))
    ranks.main_does(partial(_remove, part_paths))
    return logits


def _remove(paths: Sequence[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


class _PartOfRows:
    """Passes on the progress of some of the rows as progress of all, counted in rows; hears a stop between reports."""

    def __init__(self, listener: Listener, start: int, rows: int, total: int) -> None:
        self.listener, self.start, self.rows, self.total = listener, start, rows, total

    def report(self, progress: Progress) -> None:
        done = self.start + self.rows * progress.step // max(progress.steps, 1)
        left = (self.total - done) / progress.rows_per_second if progress.rows_per_second else None
        self.listener.report(replace(progress, step=done, steps=self.total, eta_seconds=left))

    def should_stop(self) -> bool:
        return self.listener.should_stop()


def _read_logits(path: Path) -> "NDArray[np.float32]":
    loaded: NDArray[np.float32] = np.load(path, allow_pickle=False)
    return loaded


def _keep_logits(path: Path, logits: "NDArray[np.float32]") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as aside, aside.open("wb") as file:
        np.save(file, logits)


def cached_loss(
    known: "NDArray[np.float32]", data: RunData, weights: "LossWeights", *, softmax: bool
) -> LossFunction:
    """Return the distillation loss against logits [rows, outputs] that are known already.

    An output whose logits are NaN has no teacher: the labels alone teach it.
    """
    import torch

    table, of_rows = data.train, data.train.loss_weights()
    has_teacher = np.asarray(~np.isnan(known).any(axis=0), dtype=np.bool_)
    taught = None if has_teacher.all() else has_teacher

    def loss(logits: "Tensor", rows: "NDArray[np.int64]") -> LossParts:
        wanted = torch.from_numpy(known[rows]).to(logits.device)
        return _parts(
            logits,
            wanted,
            table.targets[rows],
            None if of_rows is None else of_rows[rows],
            weights,
            softmax,
            taught,
        )

    return loss


def live_loss(
    teacher: Any, data: RunData, taken: tuple[int, ...], weights: "LossWeights", *, softmax: bool
) -> StepLoss:
    """Return the distillation loss against a teacher that is asked at every step.

    With a weight for hidden states, each student layer is held against the teacher layer that it was made of.
    """
    import torch

    from training.ml.encoders.layer_transfer import hidden_distance

    table, of_rows = data.train, data.train.loss_weights()
    ask = {"output_hidden_states": True} if weights.hidden > 0 else {}
    teacher.eval()

    def loss(step: Step) -> LossParts:
        with torch.no_grad(), step.autocast():
            theirs = teacher(**step.inputs, **ask)
        rows = step.rows
        parts = _parts(
            step.outputs.logits.float(),
            theirs.logits.float(),
            table.targets[rows],
            None if of_rows is None else of_rows[rows],
            weights,
            softmax,
        )
        if weights.hidden > 0:
            mask = step.inputs["attention_mask"]
            distances = [
                hidden_distance(
                    step.outputs.hidden_states[index + 1], theirs.hidden_states[layer], mask, kind="cosine"
                )
                for index, layer in enumerate(taken)
            ]
            hidden = torch.stack(distances).mean()
            parts = {**parts, "loss": parts["loss"] + weights.hidden * hidden, "hidden": hidden.detach()}
        return parts

    return StepLoss(loss, ask)


def _parts(
    logits: "Tensor",
    wanted: "Tensor",
    targets: "NDArray[np.float32]",
    of_rows: "NDArray[np.float32] | None",
    weights: "LossWeights",
    softmax: bool,
    taught: "NDArray[np.bool_] | None" = None,
) -> LossParts:
    import torch

    from training.ml.train.losses import distill_loss

    parts = distill_loss(
        logits,
        wanted,
        torch.from_numpy(targets).to(logits.device),
        weights,
        softmax=softmax,
        row_weights=None if of_rows is None else torch.from_numpy(of_rows).to(logits.device),
        taught=None if taught is None else torch.from_numpy(taught).to(logits.device),
    )
    return {"loss": parts.total, "cross_entropy": parts.cross_entropy, "kl": parts.kl, "cosine": parts.cosine}
