"""Several teachers of one student: their folders, weights and lengths, and the mean of their logits.

The teachers may be of different architectures, with tokenizers of their own: each is asked once about the texts of the
training rows, and its logits are matched with the student's by the names of the labels. Mean logits of models that err
differently teach better than either (Hinton et al. 2015, "Distilling the Knowledge in a Neural Network"). Calibrated
teachers, as every recipe makes them, have logits on one scale.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from training.ml.config import ConfigError, LoopConfig, read_numbers
from training.ml.data.batching import Tokens, tokenize
from training.ml.data.tables import TextTable
from training.ml.encoders.loading import BaseModelError, Start, load_tokenizer, read_start
from training.ml.progress import Listener
from training.ml.recipes.common import RunData, load_start
from training.ml.recipes.teaching import logits_once

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from training.ml.recipes.distill import DistillConfig


SURE_LOGIT = 4.0  # a probability of 0.982: sure, and no more extreme than a teacher's


@dataclass(frozen=True)
class Teacher:
    """One teacher: where it lies, what it says about itself, its weight (all sum to 1) and the length of its rows."""

    folder: str
    start: Start
    weight: float
    max_length: int

    def about(self) -> dict[str, Any]:
        """Return what the student's card tells of it."""
        named = {name: self.start.provenance[name] for name in ("version",) if name in self.start.provenance}
        return {
            "name": Path(self.folder).name,
            **named,
            "weight": round(self.weight, 4),
            "max_length": self.max_length,
        }


def planned_teachers(config: "DistillConfig") -> list[tuple[str, float, int]]:
    """Return (folder, weight, length) of every teacher, the first one first, without looking at any.

    Raises ConfigError naming the field that does not fit.
    """
    if not config.teacher:
        raise ConfigError("name the folder of a fine-tuned teacher (a run or a model)", "teacher")
    folders = [config.teacher, *(config.also_teachers or ())]
    if len(set(folders)) < len(folders):
        raise ConfigError("a teacher is named twice; give it a larger weight instead", "also_teachers")
    count = len(folders)
    weights = (1.0,) * count
    if config.teacher_weights.strip():
        weights = read_numbers(
            config.teacher_weights, "teacher_weights", count, "teacher, the first one first"
        )
    if min(weights) <= 0:
        raise ConfigError(
            "every teacher needs a weight above 0; leave out one that is not to count", "teacher_weights"
        )
    lengths = _lengths(config.teacher_max_lengths, count, config.data.max_length)
    return [(folder, weights[i] / sum(weights), lengths[i]) for i, folder in enumerate(folders)]


def read_teachers(config: "DistillConfig") -> list[Teacher]:
    """Return the teachers of a distillation, the first one first.

    What one of them knows, by name, all must know. A label that none knows is learned from the rows alone. Raises
    BaseModelError, or ConfigError naming the field.
    """
    teachers: list[Teacher] = []
    planned = [
        (read_start(folder), folder, weight, length) for folder, weight, length in planned_teachers(config)
    ]
    known = {label for start, *_ in planned for label in start.labels}
    taught = [label for label in config.data.labels if label in known] or config.data.labels
    for start, folder, weight, length in planned:
        missing = [label for label in taught if label not in start.labels]
        if missing:
            raise ConfigError(
                f"the teacher {folder} knows {', '.join(start.labels)}, not {', '.join(missing)}; every teacher must "
                "know each label of the run that one of them knows",
                "also_teachers" if teachers else "data.labels",
            )
        teachers.append(Teacher(folder, start, weight, length))
    return teachers


def _lengths(text: str, count: int, default: int) -> list[int]:
    if not text.strip():
        return [default] * count
    parts = 1 if "," not in text else count
    lengths = read_numbers(text, "teacher_max_lengths", parts, "teacher, the first one first")
    if not all(length.is_integer() and length >= 4 for length in lengths):
        raise ConfigError("every length must be a whole number of 4 or more", "teacher_max_lengths")
    return [int(length) for length in lengths] * (count // parts)


def _same(model: Any) -> Any:
    """Return a model that is loaded already, for a caller that loads one."""
    return model


def mean_logits(
    teachers: Sequence[Teacher],
    data: RunData,
    labels: Sequence[str],
    loop: LoopConfig,
    folder: Path,
    listener: Listener,
    *,
    softmax: bool,
    data_length: int,
    loaded: Any = None,
) -> "NDArray[np.float32]":
    """Return the weighted mean of the teachers' logits [rows, outputs] on the training rows, columns as the student's.

    One teacher after the other is loaded, asked with its own tokens and let go; what was asked before lies in `folder`.
    `loaded` is the first teacher's model, where the student was made of it: the two read the same tokens then, unless
    the teacher's rows are to be of another length.
    """
    total: NDArray[np.float64] | None = None
    for position, teacher in enumerate(teachers):
        own = position > 0 or loaded is None or teacher.max_length != data_length
        tokens = _own_tokens(teacher, data) if own else data.train_tokens
        load = partial(load_start, teacher.folder, teacher.start.labels, loop, softmax=teacher.start.softmax)
        logits = logits_once(
            partial(_same, loaded) if position == 0 and loaded is not None else load,
            tokens,
            data.facts["train_fingerprint"],
            folder,
            teacher.start.provenance,
            listener,
            phase="teacher logits" if position == 0 else f"teacher {position + 1} logits",
        )
        matched = match_outputs(logits, teacher.start, labels, softmax=softmax) * teacher.weight
        total = matched if total is None else total + matched
    assert total is not None
    return total.astype(np.float32)


def match_outputs(
    logits: "NDArray[np.float32]", start: Start, labels: Sequence[str], *, softmax: bool
) -> "NDArray[np.float64]":
    """Return logits [rows, outputs] of a model in the columns of a head with these labels, NaN for unknown ones.

    A two-way softmax is one Bernoulli whose logit is the difference of its two, and the other way round.
    """
    values = logits.astype(np.float64)
    if start.softmax and softmax:
        return values
    if start.softmax:
        return (values[:, 1] - values[:, 0])[:, None]
    chosen = np.full((len(values), len(labels)), np.nan)
    for position, label in enumerate(labels):
        if label in start.labels:
            chosen[:, position] = values[:, start.labels.index(label)]
    return np.concatenate([-chosen / 2, chosen / 2], axis=1) if softmax else chosen


def with_sure_labels(
    logits: "NDArray[np.float32]", table: TextTable, sources: Sequence[str], *, softmax: bool
) -> "NDArray[np.float32]":
    """Return teachers' logits [rows, outputs] with that of the label where it is known in a row of `sources`.

    A teacher that never learned such rows would hold the student back. Outputs without a teacher (NaN) stay so.
    """
    of_rows = table.sources or [""] * len(table)
    sure = np.array([source.startswith(tuple(sources)) for source in of_rows], dtype=np.bool_)
    if not sources or not sure.any():
        return logits
    targets = table.targets
    wanted = (2.0 * targets - 1.0) * SURE_LOGIT
    if softmax:
        wanted, targets = np.concatenate([-wanted / 2, wanted / 2], axis=1), targets.repeat(2, axis=1)
    replaced = sure[:, None] & (targets >= 0) & ~np.isnan(logits)
    return np.where(replaced, wanted, logits).astype(np.float32)


def _own_tokens(teacher: Teacher, data: RunData) -> Tokens:
    return tokenize(load_tokenizer(teacher.folder), data.train.texts, _longest(teacher))


def _longest(teacher: Teacher) -> int:
    """Return the wordpieces that the teacher reads of a row: no more than it has positions for."""
    from transformers import AutoConfig

    try:
        config = AutoConfig.from_pretrained(teacher.folder, trust_remote_code=False)
    except Exception as error:
        raise BaseModelError(f"no model at {teacher.folder}: {error}") from error
    positions = int(getattr(config, "max_position_embeddings", 0) or teacher.max_length)
    if "roberta" in str(config.model_type) or config.model_type == "mpnet":
        positions -= 2  # they start after the padding's
    return min(teacher.max_length, positions)
