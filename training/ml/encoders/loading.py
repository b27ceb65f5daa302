"""Loading and saving the models that recipes work on, whatever their architecture."""

import json
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from classifier.inference.errors import ArtifactInvalid
from classifier.inference.tensors import read_table
from toxicsite.lib.files import write_json
from training.ml.encoders.predict import last_linear
from training.ml.hardware import choose_attention

CONCERN = "concern"  # of an output that is no label: a text tells of its author's own hurt
HEAD_PARTS = ("classifier", "pooler", "pre_classifier", "score")


class BaseModelError(ValueError):
    """A teacher or base model cannot be loaded; the message says what was tried."""


def load_tokenizer(folder_or_name: str) -> Any:
    """Return the fast tokenizer of a folder or hub name. Raises BaseModelError."""
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(folder_or_name, use_fast=True, trust_remote_code=False)
    except Exception as error:
        raise BaseModelError(f"no tokenizer at {folder_or_name}: {error}") from error


def load_base(
    folder_or_name: str, *, labels: Sequence[str], softmax: bool, attention: str, dropout: float | None
) -> Any:
    """Return an encoder with a fresh (or its own, where it knows the same labels) classification head, in fp32.

    A softmax head has two outputs for its one label; a sigmoid head one output a label. The start may be a hub name,
    a run's folder, or a model folder with fp16 weights. Where a sigmoid head knows some of the labels, their outputs
    stay, and the others are fresh; an output for concerns beside those of the same labels is left out, since recipes
    teach labels (`add_concern` appends it when they have ended). `attention` is "eager", "sdpa" or
    "auto", which is what suits architecture and device. Raises BaseModelError.
    """
    import torch
    from transformers import AutoConfig, AutoModelForSequenceClassification
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    names = ["non-toxic", labels[0]] if softmax else list(labels)
    if holds_eight_bits(folder_or_name):
        with tempfile.TemporaryDirectory() as place:
            return load_base(
                str(restored_copy(Path(folder_or_name), Path(place))),
                labels=labels,
                softmax=softmax,
                attention=attention,
                dropout=dropout,
            )
    try:
        config = AutoConfig.from_pretrained(folder_or_name, trust_remote_code=False)
    except Exception as error:
        raise BaseModelError(f"no model at {folder_or_name}: {error}") from error
    has_sdpa = supports_sdpa(config)
    if attention == "sdpa" and not has_sdpa:
        raise BaseModelError(
            f"loop.attention: {config.model_type} has no sdpa in transformers; use auto or eager for {folder_or_name}"
        )
    attention = choose_attention(attention, has_sdpa=has_sdpa)
    had_head = any("SequenceClassification" in name for name in config.architectures or ())
    own = list(config.id2label.values()) if had_head else names
    is_sigmoid = not softmax and config.problem_type == "multi_label_classification"
    keeps_some = had_head and own != names and is_sigmoid and bool(set(own) & set(names))
    other_labels = own != names and not keeps_some
    if not keeps_some:
        name_outputs(config, names)
    config.problem_type = "single_label_classification" if softmax else "multi_label_classification"
    if dropout is not None:
        for name in ("hidden_dropout_prob", "attention_probs_dropout_prob", "dropout", "attention_dropout"):
            if hasattr(config, name):
                setattr(config, name, dropout)
    try:
        model = AutoModelForSequenceClassification.from_pretrained(
            folder_or_name,
            config=config,
            dtype=torch.float32,
            attn_implementation=attention,
            use_safetensors=True,
            trust_remote_code=False,
            ignore_mismatched_sizes=other_labels,
        )
    except Exception as error:
        raise BaseModelError(f"cannot load {folder_or_name} as a classifier: {error}") from error
    if keeps_some or other_labels:
        _rename_outputs(model, own if keeps_some else [], names)
    return model


def holds_eight_bits(folder_or_name: Path | str) -> bool:
    """Return whether this is a folder whose weights are 8-bit rows, which transformers does not read."""
    weights = Path(folder_or_name) / "model.safetensors"
    try:
        return weights.is_file() and any(entry.dtype == "I8" for entry in read_table(weights).values())
    except (ArtifactInvalid, OSError):  # whoever loads it says what is wrong
        return False


def restored_copy(folder: Path, place: Path) -> Path:
    """Write the model in `folder` with fp16 weights instead of 8-bit rows to `place`, and return that."""
    from safetensors.torch import load_file, save_file

    from classifier.inference.eight_bits import restored

    shutil.copyfile(folder / "config.json", place / "config.json")
    weights = restored(load_file(str(folder / "model.safetensors")))
    save_file(weights, str(place / "model.safetensors"), metadata={"format": "pt"})
    return place


def _rename_outputs(model: Any, own: Sequence[str], names: Sequence[str]) -> None:
    """Give the model's head the outputs `names`: those that stand in `own` as they are, the others fresh."""
    import torch

    head = last_linear(model)
    weight = torch.empty(len(names), head.in_features)
    torch.nn.init.normal_(weight, std=getattr(model.config, "initializer_range", 0.02))
    bias = torch.zeros(len(names))
    with torch.no_grad():
        for position, label in enumerate(names):
            if label in own:
                weight[position] = head.weight[own.index(label)]
                bias[position] = head.bias[own.index(label)]
    replace_head(model, weight, bias)
    name_outputs(model.config, names)


def name_outputs(config: Any, names: Sequence[str]) -> None:
    """Give the outputs of a model's head their names in its configuration, in their order."""
    config.num_labels = len(names)
    config.id2label = dict(enumerate(names))
    config.label2id = {name: index for index, name in enumerate(names)}


def replace_head(model: Any, weight: Any, bias: Any) -> None:
    """Put other rows into the model's last linear layer: `weight` [outputs, features], `bias` [outputs]."""
    import torch

    head = last_linear(model)
    head.weight = torch.nn.Parameter(weight.detach().clone().to(head.weight))
    head.bias = torch.nn.Parameter(bias.detach().clone().to(head.bias))
    head.out_features = len(bias)
    if hasattr(model, "num_labels"):
        model.num_labels = len(bias)


def supports_sdpa(config: Any) -> bool:
    """Return whether transformers computes scaled dot-product attention for the classifier of this configuration."""
    from transformers import AutoModelForSequenceClassification

    try:
        kind = AutoModelForSequenceClassification._model_mapping[type(config)]
    except KeyError:  # no classifier of this architecture: loading it says so
        return False
    return bool(getattr(kind, "_supports_sdpa", False))


def parameter_groups(
    model: Any, rate: float, head_rate: float | None, weight_decay: float
) -> list[dict[str, Any]]:
    """Return AdamW groups: head apart from encoder, biases and norms without weight decay."""
    groups: dict[tuple[bool, bool], list[Any]] = {}
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        is_head = head_rate is not None and any(part in name.split(".") for part in HEAD_PARTS)
        groups.setdefault((is_head, parameter.ndim >= 2), []).append(parameter)
    return [
        {
            "params": parameters,
            "lr": head_rate if is_head and head_rate is not None else rate,
            "weight_decay": weight_decay if decays else 0.0,
        }
        for (is_head, decays), parameters in groups.items()
    ]


def count_parameters(model: Any) -> tuple[int, int]:
    """Return (all, trainable) parameters."""
    every = sum(p.numel() for p in model.parameters())
    return every, sum(p.numel() for p in model.parameters() if p.requires_grad)


def save_run_model(folder: Path, model: Any, tokenizer: Any, card: dict[str, Any]) -> None:
    """Save a recipe's result: fp32 safetensors, config, tokenizer and `run.json` (config, provenance, labels)."""
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    write_json(folder / "run.json", card, indent=2)


@dataclass(frozen=True)
class Start:
    """What a fine-tuned model says about itself: labels, whether its head is a softmax, origin, thresholds by label."""

    labels: tuple[str, ...]
    softmax: bool
    provenance: dict[str, Any]
    thresholds: dict[str, float] = field(default_factory=dict)


def read_start(folder: Path | str) -> Start:
    """Return what a run's folder or a model's folder says about itself. Raises BaseModelError."""
    manifest = Path(folder) / "manifest.json"
    if not manifest.is_file() or (Path(folder) / "run.json").is_file():
        card = read_run(folder)
        return Start(
            tuple(card["labels"]), card["activation"] == "softmax", card["provenance"], card["thresholds"]
        )
    try:
        values = json.loads(manifest.read_text())
        told = dict(values["provenance"])
        if "identities" in (rows := told.get("data") or {}):  # long, and told by that model's own card
            told["data"] = {name: value for name, value in rows.items() if name != "identities"}
        provenance = {"version": values["version"], **told}
        return Start(
            tuple(values["labels"]), values["activation"] == "softmax", provenance, values["thresholds"]
        )
    except (OSError, json.JSONDecodeError, KeyError) as error:
        raise BaseModelError(f"{manifest} is not the manifest of a model: {error}") from None


def read_run(folder: Path | str) -> dict[str, Any]:
    """Return `run.json` of a recipe's result. Raises BaseModelError."""
    try:
        result: dict[str, Any] = json.loads((Path(folder) / "run.json").read_text())
    except (OSError, json.JSONDecodeError) as error:
        raise BaseModelError(
            f"{folder} is not the result of a training run (no readable run.json): {error}"
        ) from None
    return result
