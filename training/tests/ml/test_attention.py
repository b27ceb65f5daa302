"""How attention is chosen, and MPNet, which transformers has no SDPA for, as teacher, student and under adapters."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from transformers import AutoConfig

from training.ml import hardware
from training.ml.config import LoraOptions, LossWeights
from training.ml.encoders.loading import BaseModelError, load_base, supports_sdpa
from training.ml.hardware import choose_attention
from training.ml.recipes.distill import DistillConfig, distill
from training.ml.recipes.lora import LoraConfig, train_lora
from training.ml.recipes.progressive import ProgressiveConfig, TransferOptions, train_progressive
from training.ml.recipes.teacher import TeacherConfig, train_teacher
from training.tests.ml.recipes_kit import LOOP, rows
from training.tests.ml.tiny import write_base

LIKE: dict[str, Any] = {"labels": ("toxic",), "softmax": True, "dropout": 0.0}


def test_auto_is_sdpa_on_a_gpu_only_where_the_architecture_has_it() -> None:
    assert choose_attention("auto", has_sdpa=True, device="cuda") == "sdpa"
    assert choose_attention("auto", has_sdpa=False, device="cuda") == "eager"
    assert choose_attention("auto", has_sdpa=True, device="cpu") == "eager"
    assert choose_attention("sdpa", has_sdpa=True, device="cpu") == "sdpa"
    known = {
        kind: supports_sdpa(AutoConfig.for_model(kind)) for kind in ("bert", "roberta", "mpnet", "deberta-v2")
    }
    assert known == {"bert": True, "roberta": True, "mpnet": False, "deberta-v2": False}


def test_a_gpu_loads_each_architecture_with_the_attention_that_it_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hardware, "best_device", lambda: "cuda")
    for kind, attention in (("mpnet", "eager"), ("bert", "sdpa")):
        base = str(write_base(tmp_path / kind, kind, layers=2))
        assert load_base(base, attention="auto", **LIKE).config._attn_implementation == attention
    with pytest.raises(
        BaseModelError, match=r"^loop\.attention: mpnet has no sdpa in transformers; use auto"
    ):
        load_base(str(tmp_path / "mpnet"), attention="sdpa", **LIKE)


def test_every_recipe_of_the_mpnet_plan_can_be_made_of_its_layers(tmp_path: Path) -> None:
    data, loop = rows(tmp_path, ("toxic",), 200), replace(LOOP, epochs=0.3)
    base = write_base(tmp_path / "base", "mpnet")
    train_teacher(TeacherConfig(str(base), data, loop), tmp_path / "teacher")
    teacher = str(tmp_path / "teacher")
    # hidden states of a live teacher, attention maps, adapters: all of them reach into the layers
    distill(DistillConfig(teacher, "spread", data, loop, LossWeights(hidden=0.5)), tmp_path / "student")
    transfer = TransferOptions(epochs=0.3, attention=0.5)
    train_progressive(ProgressiveConfig(teacher, "even", "", data, transfer, loop), tmp_path / "progressive")
    adapters = LoraOptions(rank=2, target_modules=("query", "key", "value", "dense"))
    train_lora(LoraConfig(teacher, data, loop, adapters), tmp_path / "lora")
    student = load_base(str(tmp_path / "student"), attention="auto", **LIKE)
    encoder = student.mpnet.encoder
    # the positions' bias is one table that all layers share: it comes along, once
    assert encoder.relative_attention_bias.weight.shape == (32, 2)
    assert (len(encoder.layer), student.config.num_hidden_layers) == (2, 2)
