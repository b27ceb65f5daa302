"""A real model folder of a few kilobytes: a random two-layer BERT with six labels, made without torch."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy

from classifier.inference.tensors import bert_shape

LABELS = ["toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate"]
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = [
    "i",
    "you",
    "hate",
    "love",
    "thank",
    "idiot",
    "rain",
    "the",
    "a",
    "is",
    "are",
    "not",
    "very",
    "good",
    "bad",
]
HIDDEN, INNER, LAYERS, HEADS, POSITIONS = 64, 128, 2, 2, 512


def tiny_artifact(
    folder: Path,
    *,
    seed: int = 0,
    name: str = "tiny",
    threshold: float = 0.5,
    concern: float | None = None,
    languages: tuple[str, ...] = (),
    experimental: tuple[str, ...] = (),
) -> Path:
    """Write the artifact into `folder` (made here) and return it; another seed is another version.

    With `concern` it has a seventh output, for concerns, with this threshold. Its manifest names `languages` and those
    that are `experimental`, if any.
    """
    from safetensors.numpy import save_file

    folder.mkdir(parents=True)
    letters = list("abcdefghijklmnopqrstuvwxyz0123456789.,!?'")
    vocabulary = SPECIAL + WORDS + [x for x in letters if x not in WORDS] + [f"##{x}" for x in letters]
    outputs = LABELS if concern is None else [*LABELS, "concern"]
    config = _config(len(vocabulary), outputs)
    generator = numpy.random.default_rng(seed)
    shape = bert_shape(config, len(outputs))
    assert shape is not None
    tensors = {}
    for tensor, size in shape.tensors().items():
        values = generator.normal(0.0, 0.2, size)
        if "LayerNorm" in tensor:
            values = numpy.ones(size) if tensor.endswith("weight") else numpy.zeros(size)
        tensors[tensor] = numpy.ascontiguousarray(values.astype(numpy.float16))
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    _tokenizer(vocabulary).save(str(folder / "tokenizer.json"))
    _write(folder / "config.json", config)
    _write(
        folder / "tokenizer_config.json", {"tokenizer_class": "BertTokenizerFast", "model_max_length": 512}
    )
    (folder / "README.md").write_text("# A random model for tests\n")
    manifest = _manifest(folder, name, threshold, concern)
    named = {"languages": list(languages), "experimental_languages": list(experimental)}
    _write(folder / "manifest.json", manifest | {key: tags for key, tags in named.items() if tags})
    return folder


def _config(vocabulary: int, outputs: list[str]) -> dict[str, Any]:
    return {
        "architectures": ["BertForSequenceClassification"],
        "model_type": "bert",
        "vocab_size": vocabulary,
        "hidden_size": HIDDEN,
        "intermediate_size": INNER,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "max_position_embeddings": POSITIONS,
        "type_vocab_size": 2,
        "hidden_act": "gelu",
        "layer_norm_eps": 1e-12,
        "pad_token_id": 0,
        "position_embedding_type": "absolute",
        "num_labels": len(outputs),
        "problem_type": "multi_label_classification",
        "id2label": {str(index): label for index, label in enumerate(outputs)},
        "label2id": {label: index for index, label in enumerate(outputs)},
    }


def _tokenizer(vocabulary: list[str]) -> Any:
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

    ids = {token: index for index, token in enumerate(vocabulary)}
    tokenizer = Tokenizer(models.WordPiece(ids, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", ids["[CLS]"]), ("[SEP]", ids["[SEP]"])]
    )
    return tokenizer


def _manifest(folder: Path, name: str, threshold: float, concern: float | None) -> dict[str, Any]:
    files = {
        file.name: {"sha256": hashlib.sha256(file.read_bytes()).hexdigest(), "bytes": file.stat().st_size}
        for file in sorted(folder.iterdir())
    }
    digest = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    return {
        "format": 1,
        "name": name,
        "version": f"{name}-{digest[:8]}",
        "created": "2026-01-01T00:00:00Z",
        "labels": LABELS,
        "activation": "sigmoid",
        "primary_label": "toxic",
        "thresholds": dict.fromkeys(LABELS, threshold),
        "max_length": POSITIONS,
        **({} if concern is None else {"concern": {"output": len(LABELS), "threshold": concern}}),
        "files": files,
        "architecture": {"layers": LAYERS, "hidden": HIDDEN},
        "parameters": 0,
        "provenance": {"seed": 0},
        "metrics": {"validation": {}, "test": {}},
        "license": "Apache-2.0",
        "attribution": "",
    }


def _write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=1) + "\n")
