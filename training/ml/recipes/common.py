"""What the recipes share: reading the tables, and turning a trained model into a calibrated, saved run."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from training.ml.batching import Tokens, tokenize
from training.ml.calibrate import calibrate_head
from training.ml.data import DataError, TextTable, load_table
from training.ml.metrics import careful_threshold, evaluate_scores
from training.ml.models import save_run_model
from training.ml.predict import predict_logits, probabilities
from training.ml.progress import Listener
from training.ml.sampling import choose_rows

if TYPE_CHECKING:
    from training.ml.config import DataConfig


@dataclass(frozen=True)
class RunResult:
    """Where the run's model lies, what it takes to judge it, and its validation metrics by label."""

    folder: Path
    thresholds: dict[str, float]
    validation: dict[str, dict[str, float]]
    provenance: dict[str, Any]


@dataclass(frozen=True)
class RunData:
    """Tokenized training and validation rows, with what is to be remembered of them."""

    train: TextTable
    train_tokens: Tokens
    validation: TextTable
    validation_tokens: Tokens
    facts: dict[str, Any]


def prepare_data(config: "DataConfig", tokenizer: Any, seed: int) -> RunData:
    """Load, choose and tokenize the rows of a run. Raises DataError."""
    table = load_table(config.train, "train", text_column=config.text_column, labels=config.labels)
    for position, label in enumerate(config.labels):
        if not (table.targets[:, position] >= 0).any():
            raise DataError(
                f"{config.train} knows nothing of the label {label!r}; leave it out of the labels, or use rows with "
                f"such a column (the hub's wiki_toxic has `label` alone, the Jigsaw challenge's train.csv all six)"
            )
    train = choose_rows(table, config, seed)
    validation = load_table(
        config.validation, "validation", text_column=config.text_column, labels=config.labels
    )
    if config.validation_rows is not None and config.validation_rows < len(validation):
        import numpy as np

        rng = np.random.default_rng(seed)
        validation = validation.take(
            np.sort(rng.choice(len(validation), config.validation_rows, replace=False))
        )
    train_tokens = tokenize(tokenizer, train.texts, config.max_length)
    return RunData(
        train,
        train_tokens,
        validation,
        tokenize(tokenizer, validation.texts, max(config.max_length, 256)),
        {
            "train": config.train,
            "train_rows_available": len(table),
            "train_rows": len(train),
            "train_positive_rows": int((train.targets == 1).any(axis=1).sum()),
            "train_tokens": int(train_tokens.lengths.sum()),
            "train_fingerprint": train.fingerprint(),
            "validation": config.validation,
            "validation_rows": len(validation),
            "validation_fingerprint": validation.fingerprint(),
        },
    )


def finish_run(
    folder: Path,
    model: Any,
    tokenizer: Any,
    data: RunData,
    card: dict[str, Any],
    *,
    softmax: bool,
    listener: Listener,
) -> RunResult:
    """Calibrate on validation, choose the thresholds there, measure, save model and `run.json`."""
    logits = predict_logits(model, data.validation_tokens, phase="validation", listener=listener)
    logits, platt = calibrate_head(model, logits, data.validation.targets, softmax=softmax)
    scores = probabilities(logits, softmax=softmax)
    labels = data.validation.labels
    thresholds = {
        label: careful_threshold(scores[:, i], data.validation.targets[:, i], data.validation.weights)
        for i, label in enumerate(labels)
    }
    measured = evaluate_scores(scores, data.validation.targets, labels, thresholds, data.validation.weights)
    card = {
        **card,
        "labels": list(labels),
        "activation": "softmax" if softmax else "sigmoid",
        "thresholds": thresholds,
        "validation": measured,
        "calibration": platt,
    }
    save_run_model(folder, model, tokenizer, card)
    return RunResult(folder, thresholds, measured, card["provenance"])
