"""The learning benchmark runs every recipe both ways, in a size that tests can afford."""

from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest

from benchmarks import learning
from benchmarks.core import Row

STARTER = Path(__file__).resolve().parents[2] / "models" / "starter"


@pytest.mark.starter
def test_it_measures_every_recipe_beside_trainer(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch
    from transformers import BertConfig, BertForSequenceClassification

    def tiny(dropout: float, attention: str) -> Any:
        torch.manual_seed(0)
        config = BertConfig(
            hidden_size=16,
            num_hidden_layers=4,
            num_attention_heads=2,
            intermediate_size=32,
            hidden_dropout_prob=dropout,
            attention_probs_dropout_prob=dropout,
        )
        config.num_labels = 6
        config.problem_type = "multi_label_classification"
        config._attn_implementation = attention
        return BertForSequenceClassification(config)

    monkeypatch.setattr(learning, "fresh_bert", tiny)
    rows = learning.run(Namespace(data=None, text_column="comment_text", learning_rows=4, model=STARTER))
    assert all(isinstance(row, Row) for row in rows)
    titles = " ".join(row.what for row in rows)
    for recipe in ("teacher", "live teacher", "cached logits", "LoRA", "matrix peak"):
        assert recipe in titles
