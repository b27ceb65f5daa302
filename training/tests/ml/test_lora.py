"""LoRA: little is trained, what is trained learns, and what is served is what was trained."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForSequenceClassification, BertConfig, BertForSequenceClassification

from classifier.inference.scorer import Scorer
from training.ml.artifact.export import export_artifact
from training.ml.config import LoraOptions
from training.ml.encoders.adapters import adapted_modules, add_adapters, merge_adapters
from training.ml.encoders.loading import BaseModelError, load_base, parameter_groups
from training.ml.recipes.lora import LoraConfig, train_lora
from training.tests.ml.recipes_kit import LOOP, Recorder, kill_once, make_teacher, rows
from training.tests.ml.tiny import write_base

ALL = LoraOptions(rank=8, alpha=16, target_modules=("query", "key", "value", "dense"))


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an encoder that knows something of words, with a head for another label: a base as adapters expect it."""
    folder = tmp_path_factory.mktemp("encoder")
    return make_teacher(folder, rows(folder, ("toxic",), 600), epochs=5)


def lora_config(encoder: Path, folder: Path, **changes: object) -> LoraConfig:
    loop = replace(LOOP, epochs=2, learning_rate=5e-3, head_learning_rate=1e-2)
    return replace(LoraConfig(str(encoder), rows(folder), loop, ALL), **changes)  # type: ignore[arg-type]


def test_rank_8_on_query_and_value_of_bert_base_is_0_27_percent() -> None:
    with torch.device("meta"):
        model = BertForSequenceClassification(BertConfig())
        _, facts = add_adapters(model, LoraOptions(rank=8, alpha=32, task_type="CAUSAL_LM"))
    assert facts["adapter_parameters"] == facts["trainable_parameters"] == 294_912
    assert round(facts["trainable_share"] * 100, 2) == 0.27
    assert facts["trained_head"] == []


def test_seq_cls_trains_head_and_pooler_beside_the_adapters() -> None:
    with torch.device("meta"):
        model = BertForSequenceClassification(BertConfig())
        adapted, facts = add_adapters(model, LoraOptions())
    assert facts["adapter_parameters"] == 294_912
    assert facts["trainable_parameters"] == 294_912 + 768 * 768 + 768 + 2 * 768 + 2
    trainable = sum(p.numel() for p in adapted.parameters() if p.requires_grad)
    assert trainable == facts["trainable_parameters"]
    groups = parameter_groups(adapted, 1e-3, 5e-4, 0.0)
    assert sum(p.numel() for group in groups for p in group["params"]) == trainable


@pytest.mark.parametrize("kind", ["bert", "roberta", "electra", "distilbert", "mpnet"])
@pytest.mark.parametrize("options", [ALL, replace(ALL, dora=True), replace(ALL, rslora=True, rank=2)])
def test_merged_logits_are_those_of_the_adapters(kind: str, options: LoraOptions, tmp_path: Path) -> None:
    base = AutoModelForSequenceClassification.from_pretrained(
        write_base(tmp_path / "base", kind), num_labels=2
    )
    assert len(adapted_modules(base, ("query",))) == 4
    assert len(adapted_modules(base, ("all",))) == len(adapted_modules(base, options.target_modules)) == 24
    adapted, facts = add_adapters(base, options)
    torch.manual_seed(1)
    with torch.no_grad():
        for parameter in adapted.parameters():
            if parameter.requires_grad:
                parameter.add_(torch.randn_like(parameter) * 0.1)
    ids = torch.tensor([[2, 7, 9, 3], [2, 12, 13, 3]])
    apart = adapted.eval()(input_ids=ids).logits
    merged = merge_adapters(adapted)
    assert type(merged) is type(base)
    assert not any("lora" in name for name in merged.state_dict())
    assert torch.allclose(merged.eval()(input_ids=ids).logits, apart, atol=1e-5)
    assert facts["modules"] == 24


def test_a_matrix_that_is_not_there_is_named(tmp_path: Path) -> None:
    base = AutoModelForSequenceClassification.from_pretrained(write_base(tmp_path / "base"), num_labels=2)
    with pytest.raises(
        BaseModelError, match="no linear layer is called 'gate'; this encoder has: dense, key, query, value"
    ):
        adapted_modules(base, ("query", "gate"))


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_adapters_learn_and_the_merged_model_is_served(precision: str, encoder: Path, tmp_path: Path) -> None:
    asked = lora_config(encoder, tmp_path)
    asked = replace(
        asked, loop=replace(asked.loop, precision=precision, gradient_checkpointing=precision == "bf16")
    )
    heard = Recorder()
    result = train_lora(asked, tmp_path / "run", heard)
    assert result.validation["toxic"]["roc_auc"] > 0.95
    assert heard.phases() == ["lora", "validation"]
    card = json.loads((tmp_path / "run" / "run.json").read_text())
    assert card["rank"] == 8
    assert card["modules"] == ["dense", "key", "query", "value"]
    assert 0 < card["trainable_parameters"] < card["parameters"] * 2
    assert card["trainable_share"] == card["trainable_parameters"] / card["parameters"]
    export_artifact(tmp_path / "run", tmp_path / "model", name="tiny")
    bad, good = Scorer(tmp_path / "model", backend="fp32").score(["you are an idiot", "thanks for your help"])
    assert (bad.verdict, good.verdict) == ("toxic", "non-toxic")


def test_frozen_weights_stay_as_they_were(encoder: Path, tmp_path: Path) -> None:
    asked = lora_config(
        encoder,
        tmp_path,
        lora=replace(ALL, task_type="CAUSAL_LM", keep_adapter=True, target_modules=("query",)),
    )
    asked = replace(asked, loop=replace(asked.loop, epochs=0.5), calibrate=False)
    result = train_lora(asked, tmp_path / "run")
    torch.manual_seed(asked.loop.seed)
    kinds = {"labels": asked.data.labels, "softmax": False, "attention": "eager", "dropout": 0.0}
    before = load_base(asked.base, **kinds).state_dict()  # type: ignore[arg-type]
    after = load_base(str(tmp_path / "run"), **kinds).state_dict()  # type: ignore[arg-type]
    changed = {
        name.rpartition(".")[0].rpartition(".")[2]
        for name in before
        if not torch.equal(before[name], after[name])
    }
    assert changed == {"query"}
    assert (tmp_path / "run" / "adapter" / "adapter_model.safetensors").is_file()
    assert result.thresholds == {"toxic": 0.5, "insult": 0.5}
    assert json.loads((tmp_path / "run" / "run.json").read_text())["calibration"] == {}


def test_the_same_seed_gives_the_same_adapters(encoder: Path, tmp_path: Path) -> None:
    asked = lora_config(encoder, tmp_path, lora=replace(ALL, dropout=0.1))
    asked = replace(asked, loop=replace(asked.loop, epochs=0.5))
    first = train_lora(asked, tmp_path / "a").validation
    assert train_lora(asked, tmp_path / "b").validation == first


def test_a_killed_run_goes_on_where_it_was(encoder: Path, tmp_path: Path) -> None:
    asked = lora_config(encoder, tmp_path)
    asked = replace(asked, loop=replace(asked.loop, epochs=2, checkpoint_seconds=0.2))
    whole = train_lora(asked, tmp_path / "whole")
    folder = tmp_path / "killed"
    kill_once("lora", asked, folder, (folder / "checkpoint" / "step.json").is_file)
    heard = Recorder()
    resumed = train_lora(asked, folder, heard)
    assert heard.steps("lora")[0] == resumed.provenance["loop"]["resumed_at"] + 1 > 1
    assert resumed.provenance["loop"]["rows"] == whole.provenance["loop"]["rows"]
    for name, value in whole.validation["toxic"].items():
        assert resumed.validation["toxic"][name] == pytest.approx(value, abs=2e-3), name
    assert not (folder / "checkpoint").exists()


@pytest.mark.parametrize("start", ["run", "model"])
def test_it_starts_from_a_run_or_a_model_folder(start: str, encoder: Path, tmp_path: Path) -> None:
    folder, data = encoder, rows(tmp_path, ("toxic",))
    if start == "model":
        folder = tmp_path / "model"
        export_artifact(encoder, folder, name="tiny")
    like = {"labels": data.labels, "softmax": True, "attention": "eager", "dropout": 0.0}
    model = load_base(str(folder), **like)  # type: ignore[arg-type]
    assert model.dtype is torch.float32
    head = model.classifier.weight.detach().numpy()
    own = load_base(str(encoder), **like).classifier.weight.detach().numpy()  # type: ignore[arg-type]
    assert np.allclose(head, own, rtol=1e-2)  # its own head, through fp16
    result = train_lora(LoraConfig(str(folder), data, replace(LOOP, epochs=0), ALL), tmp_path / "lora")
    assert result.validation["toxic"]["roc_auc"] > 0.9  # adapters start as no change


def test_other_labels_get_a_fresh_head(encoder: Path) -> None:
    same = {"attention": "eager", "dropout": 0.0}
    own = load_base(str(encoder), labels=("toxic",), softmax=True, **same).classifier.weight  # type: ignore[arg-type]
    other = load_base(str(encoder), labels=("toxic", "threat"), softmax=False, **same)  # type: ignore[arg-type]
    assert not torch.equal(other.classifier.weight, own)  # as many outputs, another meaning
    three = load_base(str(encoder), labels=("a", "b", "c"), softmax=False, **same)  # type: ignore[arg-type]
    assert three.classifier.out_features == 3
