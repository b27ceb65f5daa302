"""Platt scaling, and its folding into the model's own weights."""

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForSequenceClassification

from training.ml.encoders.predict import calibrate_head, fit_platt
from training.tests.ml.tiny import write_base


def test_the_fit_finds_the_scale_and_shift_that_made_the_labels() -> None:
    rng = np.random.default_rng(0)
    z = rng.normal(0, 3, 40_000).astype(np.float32)
    y = (rng.random(40_000) < 1 / (1 + np.exp(-(0.5 * z - 1)))).astype(np.float32)
    a, b = fit_platt(z, y)
    assert a == pytest.approx(0.5, abs=0.03)
    assert b == pytest.approx(-1, abs=0.05)


def test_too_few_positives_change_nothing() -> None:
    assert fit_platt(np.arange(100, dtype=np.float32), np.zeros(100, np.float32)) == (1.0, 0.0)


@pytest.mark.parametrize(("kind", "softmax"), [("bert", False), ("roberta", False), ("bert", True)])
def test_the_model_itself_gives_the_calibrated_logits(kind: str, softmax: bool, tmp_path: Path) -> None:
    base = write_base(tmp_path / "base", kind)
    model = AutoModelForSequenceClassification.from_pretrained(base, num_labels=2).eval()
    ids = torch.randint(5, 30, (200, 6), generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        before = model(input_ids=ids).logits.numpy().copy()
    rng = np.random.default_rng(0)
    targets = (rng.random((200, 1 if softmax else 2)) < 0.4).astype(np.float32)
    told, _ = calibrate_head(model, before, targets, softmax=softmax)
    with torch.inference_mode():
        after = model(input_ids=ids).logits.numpy()
    assert np.allclose(after, told, atol=1e-5)


def test_a_label_that_the_model_has_the_wrong_way_round_is_not_turned_around() -> None:
    """A negative slope fits such rows best, but would swap what the model calls toxic and what not."""
    rng = np.random.default_rng(0)
    z = rng.normal(0, 3, 4_000).astype(np.float32)
    y = (rng.random(4_000) < 1 / (1 + np.exp(0.5 * z))).astype(np.float32)
    assert fit_platt(z, y) == (1.0, 0.0)
    assert fit_platt(-z, y)[0] > 0


def test_each_label_has_its_own_scale_and_shift(tmp_path: Path) -> None:
    base = write_base(tmp_path / "base", "bert")
    model = AutoModelForSequenceClassification.from_pretrained(base, num_labels=2).eval()
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 3, (20_000, 2)).astype(np.float32)
    chance = 1 / (1 + np.exp(-np.stack([0.5 * logits[:, 0] - 1, 2.0 * logits[:, 1] + 1], axis=1)))
    targets = (rng.random((20_000, 2)) < chance).astype(np.float32)
    new, platt = calibrate_head(model, logits, targets, softmax=False)
    assert platt["scale"] == pytest.approx([0.5, 2.0], rel=0.1)
    assert platt["shift"] == pytest.approx([-1.0, 1.0], abs=0.15)
    assert np.allclose(new, logits * platt["scale"] + platt["shift"], atol=1e-4)
