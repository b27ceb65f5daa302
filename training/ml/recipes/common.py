"""What the recipes share: reading the tables, and turning a trained model into a calibrated, saved run."""

import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from training.ml.artifact.provenance import provenance
from training.ml.data.batching import Tokens, tokenize
from training.ml.data.sampling import choose_rows
from training.ml.data.tables import DataError, TextTable, load_table
from training.ml.distributed import current
from training.ml.encoders.loading import load_base, read_start, save_run_model
from training.ml.encoders.predict import FEWEST_POSITIVES, calibrate_head, predict_logits, probabilities
from training.ml.evaluation.metrics import (
    best_f1_threshold,
    careful_threshold,
    evaluate_scores,
    label_metrics,
)
from training.ml.evaluation.operating_points import measured_rows, points_by_label
from training.ml.progress import Listener
from training.ml.train.loop import LoopReport, LossFunction, LossParts, Probe, StepLoss, Trainer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from training.ml.config import DataConfig, LoopConfig, ValidationConfig


PRETRAINED = "The pretrained encoder: hub name, or folder of a run or of a model."
CALIBRATE = (
    "Fold Platt scaling into the head and choose thresholds on validation; off: raw probabilities and 0.5, as the "
    "published experiment had it."
)


@dataclass(frozen=True)
class RunResult:
    """Where the run's model lies, what it takes to judge it, and its validation metrics by label."""

    folder: Path
    thresholds: dict[str, float]
    validation: dict[str, dict[str, float]]
    provenance: dict[str, Any]


@dataclass(frozen=True)
class ValidationData:
    """Tokenized validation rows, with what is to be remembered of a run's rows."""

    validation: TextTable
    validation_tokens: Tokens
    facts: dict[str, Any]


@dataclass(frozen=True)
class RunData(ValidationData):
    """Tokenized training rows beside those of the validation."""

    train: TextTable
    train_tokens: Tokens


def prepare_data(config: "DataConfig", tokenizer: Any, seed: int) -> RunData:
    """Load, choose and tokenize the rows of a run. Raises DataError."""
    table = load_table(config.train, "train", text_column=config.text_column, labels=config.labels)
    for position, label in enumerate(config.labels):
        if not config.keep_labels and not (table.targets[:, position] >= 0).any():
            raise DataError(
                f"{config.train} knows nothing of the label {label!r}; leave it out of the labels, or use rows with "
                f"such a column (the hub's wiki_toxic has `label` alone, the Jigsaw challenge's train.csv all six)"
            )
    train = choose_rows(table, config, seed)
    validation = load_validation(config, seed)
    train_tokens = tokenize(tokenizer, train.texts, config.max_length)
    _check_same_rows(train, train_tokens)
    return RunData(
        validation,
        validation_tokens(tokenizer, validation, config),
        {
            "train": config.train,
            "train_rows_available": len(table),
            "train_rows": len(train),
            "train_positive_rows": int((train.targets == 1).any(axis=1).sum()),
            "train_tokens": int(train_tokens.lengths.sum()),
            "train_fingerprint": train.fingerprint(),
            **validation_facts(config, validation),
        },
        train,
        train_tokens,
    )


def load_validation(config: "DataConfig | ValidationConfig", seed: int) -> TextTable:
    """Load the rows to calibrate and measure on, a random subset where the configuration says so. Raises DataError."""
    validation = load_table(
        config.validation, "validation", text_column=config.text_column, labels=config.labels
    )
    if config.validation_rows is None or config.validation_rows >= len(validation):
        return validation
    import numpy as np

    rng = np.random.default_rng(seed)
    return validation.take(np.sort(rng.choice(len(validation), config.validation_rows, replace=False)))


def validation_tokens(
    tokenizer: Any, validation: TextTable, config: "DataConfig | ValidationConfig"
) -> Tokens:
    """Tokenize the validation rows: no shorter than 256 wordpieces, as the model is served with long windows."""
    return tokenize(tokenizer, validation.texts, max(config.max_length, 256))


def validation_facts(config: "DataConfig | ValidationConfig", validation: TextTable) -> dict[str, Any]:
    """Return what a card remembers of the validation rows."""
    return {
        "validation": config.validation,
        "validation_rows": len(validation),
        "validation_fingerprint": validation.fingerprint(),
    }


def _check_same_rows(table: TextTable, tokens: Tokens) -> None:
    """Refuse to go on where the ranks of a run have read or chosen other rows: their batches would not match."""
    mine = [float(int(table.fingerprint()[:12], 16)), float(len(table)), float(tokens.lengths.sum())]
    every = current().gathered(mine)
    if (every != every[0]).any():
        raise DataError(
            "the run's processes have read different rows: the files changed meanwhile; resume it"
        )


def load_start(
    name: str, labels: Sequence[str], config: "LoopConfig", *, softmax: bool, attention: str | None = None
) -> Any:
    """Return the model that a run starts from or learns from, as the loop is configured. Raises BaseModelError."""
    attention = attention or config.attention
    return load_base(name, labels=labels, softmax=softmax, attention=attention, dropout=config.dropout)


def label_loss(table: TextTable, *, softmax: bool) -> LossFunction:
    """Return the loss where labels alone teach: cross-entropy, row weights honoured."""
    import torch

    from training.ml.train.losses import cross_entropy

    weights = table.loss_weights()

    def loss(logits: "Tensor", rows: "NDArray[np.int64]") -> LossParts:
        targets = torch.from_numpy(table.targets[rows]).to(logits.device)
        of_rows = None if weights is None else torch.from_numpy(weights[rows]).to(logits.device)
        return {"loss": cross_entropy(logits, targets, softmax=softmax, row_weights=of_rows)}

    return loss


PROBE_ROWS = 1000
PROBE_ROWS_AT_LEAST = 100
PROBE_COST = 0.25  # of the wordpieces that the run learns from, all its probes together


def validation_probe(data: RunData, *, softmax: bool, loop: "LoopConfig") -> Probe:
    """Return what a training is asked on the way: f1 (best threshold), ROC-AUC and PR-AUC of the first label.

    Reported as `validation_f1`, `validation_roc_auc`, `validation_pr_auc`, on at most PROBE_ROWS validation rows that
    the seed chooses, fewer where they would cost more than PROBE_COST of the run itself, so that a run can be judged,
    and pruned by a sweep, long before it ends. The random state of the run is left as it was: a probed run ends as the
    same run without probes.
    """
    import numpy as np

    known = np.flatnonzero(data.validation.targets[:, 0] >= 0)
    learned = float(data.train_tokens.lengths.sum()) * loop.epochs
    mean_length = max(float(data.validation_tokens.lengths.mean()), 1.0) if len(known) else 1.0
    affordable = int(PROBE_COST * learned * loop.evaluate_share / mean_length)
    rows = min(PROBE_ROWS, max(affordable, PROBE_ROWS_AT_LEAST))
    chosen = np.sort(np.random.default_rng(loop.seed).permutation(known)[:rows])
    targets, weights = data.validation.targets[chosen, 0], data.validation.weights[chosen]
    tokens = Tokens([data.validation_tokens.ids[i] for i in chosen], data.validation_tokens.pad_id)

    def probe(model: Any) -> dict[str, float]:
        if not len(chosen):
            return {}
        scores = probabilities(predict_logits(model, tokens), softmax=softmax)[:, 0]
        metrics = label_metrics(scores, targets, best_f1_threshold(scores, targets, weights), weights)
        return {
            f"validation_{name}": metrics[name] for name in ("f1", "roc_auc", "pr_auc") if name in metrics
        }

    return probe


def learn(
    model: Any,
    loss: LossFunction | StepLoss,
    data: RunData,
    config: "LoopConfig",
    *,
    phase: str,
    folder: Path,
    listener: Listener,
    softmax: bool,
) -> LoopReport:
    """Train `model` on the rows of a run, with scores on the way; its checkpoint lies in `folder`. Raises Cancelled."""
    return Trainer(
        model,
        data.train_tokens,
        loss,
        config,
        phase=phase,
        listener=listener,
        checkpoint_dir=folder / "checkpoint",
        probe=validation_probe(data, softmax=softmax, loop=config),
    ).run()


def run_card(
    recipe: str,
    config: dict[str, Any],
    data: RunData,
    report: LoopReport,
    *,
    started: float,
    parameters: int,
    teacher: dict[str, Any] | None = None,
    **facts: Any,
) -> dict[str, Any]:
    """Return what `run.json` holds of a run before its model is measured; `facts` are the recipe's own.

    `started` is what time.monotonic() said at the beginning, `teacher` the provenance of the teacher.
    """
    about = {"loop": asdict(report)} | ({"teacher": teacher} if teacher is not None else {})
    return {
        "recipe": recipe,
        "parameters": parameters,
        **facts,
        "provenance": provenance(config=config, data=data.facts, seconds=time.monotonic() - started, **about),
    }


def finish_run(
    folder: Path,
    model: Any,
    tokenizer: Any,
    data: ValidationData,
    card: dict[str, Any],
    *,
    softmax: bool,
    listener: Listener,
    calibrate: bool = True,
    kept_from: str | None = None,
) -> RunResult:
    """Calibrate on validation, choose the thresholds there, measure, save model and `run.json`, drop the checkpoint.

    Without `calibrate` the probabilities stay as they come and every threshold is 0.5. `kept_from` is the folder of the
    start, whose thresholds stay for labels that the validation rows hardly know. On several devices the ranks share the
    prediction, the main one does the rest, and all get the result.
    """
    predicted = predict_logits(model, data.validation_tokens, phase="validation", listener=listener)

    def save() -> RunResult:
        rows, logits = data.validation, predicted
        platt: dict[str, list[float]] = {}
        if calibrate:
            logits, platt = calibrate_head(
                model, logits, rows.targets, softmax=softmax, row_weights=rows.weights
            )
        scores = probabilities(logits, softmax=softmax)
        thresholds = dict.fromkeys(rows.labels, 0.5)
        if calibrate:
            thresholds = {
                label: careful_threshold(scores[:, i], rows.targets[:, i], rows.weights)
                for i, label in enumerate(rows.labels)
            }
            if kept_from is not None:
                thresholds |= _kept_thresholds(rows, read_start(kept_from).thresholds)
        measured = evaluate_scores(scores, rows.targets, rows.labels, thresholds, rows.weights)
        whole_card = {
            "trainable_parameters": card["parameters"],
            **card,
            "labels": list(rows.labels),
            "activation": "softmax" if softmax else "sigmoid",
            "thresholds": thresholds,
            "operating_points": points_by_label(scores, rows, thresholds),
            "operating_points_rows": measured_rows(data.facts["validation"], rows).to_dict(),
            "validation": measured,
            "calibration": platt,
        }
        save_run_model(folder, model, tokenizer, whole_card)
        shutil.rmtree(folder / "checkpoint", ignore_errors=True)
        return RunResult(folder, thresholds, measured, card["provenance"])

    return current().main_does(save)


def _kept_thresholds(rows: TextTable, known: Mapping[str, float]) -> dict[str, float]:
    """Return the start's thresholds of the labels that too few rows know to choose another."""
    few = [
        label
        for i, label in enumerate(rows.labels)
        if min((rows.targets[:, i] == 1).sum(), (rows.targets[:, i] == 0).sum()) < FEWEST_POSITIVES
    ]
    return {label: known[label] for label in few if label in known}
