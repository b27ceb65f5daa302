"""What these tests share: other architectures, folders sealed again after a change, and transformers' own answer."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy
from numpy.typing import NDArray

from classifier.inference.scorer import Scorer
from classifier.tests.tiny_artifact import tiny_artifact

SIZES: dict[str, dict[str, Any]] = {
    "bert": {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 96},
    "roberta": {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 96},
    "mpnet": {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 96},
    "electra": {
        "hidden_size": 64, "embedding_size": 32,
        "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 96,
    },
    "distilbert": {"dim": 64, "n_layers": 2, "n_heads": 2, "hidden_dim": 96},
}  # fmt: skip


def reseal(folder: Path, **changes: Any) -> Path:
    """Write the manifest again with true hashes of what now lies in `folder`, and `changes` to its fields."""
    place = folder / "manifest.json"
    manifest = json.loads(place.read_text())
    manifest["files"] = {
        file.name: {"sha256": hashlib.sha256(file.read_bytes()).hexdigest(), "bytes": file.stat().st_size}
        for file in sorted(folder.iterdir())
        if file.name != "manifest.json"
    }
    manifest["version"] = f"{manifest['name']}-{manifest['files']['model.safetensors']['sha256'][:8]}"
    manifest.update(changes)
    place.write_text(json.dumps(manifest))
    return folder


def config_with(folder: Path, **changes: Any) -> Path:
    """Change fields of config.json and seal the folder again."""
    place = folder / "config.json"
    place.write_text(json.dumps(json.loads(place.read_text()) | changes))
    return reseal(folder)


def transformers_artifact(folder: Path, kind: str, labels: list[str], activation: str) -> Path:
    """A random small model of another architecture, saved by transformers itself."""
    import torch
    from safetensors.torch import save_file
    from transformers import AutoConfig, AutoModelForSequenceClassification

    tiny_artifact(folder)
    vocabulary = json.loads((folder / "config.json").read_text())["vocab_size"]
    outputs = 2 if activation == "softmax" else len(labels)
    torch.manual_seed(3)
    config = AutoConfig.for_model(
        kind,
        vocab_size=vocabulary,
        max_position_embeddings=514,
        pad_token_id=0,
        num_labels=outputs,
        **SIZES[kind],
    )
    model = AutoModelForSequenceClassification.from_config(config)
    for parameter in model.parameters():
        if parameter.dim() > 1:
            torch.nn.init.normal_(parameter, std=0.2)
    config.architectures = [type(model).__name__]
    (folder / "config.json").write_text(json.dumps(config.to_dict()))
    weights = {
        name: tensor.half().contiguous()
        for name, tensor in model.state_dict().items()
        if tensor.is_floating_point()
    }
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return reseal(
        folder,
        labels=labels,
        activation=activation,
        primary_label=labels[0],
        thresholds=dict.fromkeys(labels, 0.5),
    )


def reference(scorer: Scorer, texts: list[str]) -> NDArray[numpy.float64]:
    """Probabilities of each window from transformers in fp32, one window at a time, no padding."""
    import torch
    from transformers import AutoModelForSequenceClassification

    model = AutoModelForSequenceClassification.from_pretrained(
        scorer.directory, dtype=torch.float32, local_files_only=True, attn_implementation="eager"
    ).eval()
    with torch.inference_mode():
        logits = [
            model(input_ids=torch.from_numpy(window.ids)[None]).logits[0].numpy()
            for window in scorer.prepare(texts).windows
        ]
    return scorer.probabilities(numpy.stack(logits))


def texts_of_many_lengths() -> list[str]:
    """Nothing, single words, near lengths, and one that needs windows."""
    words = ["you", "hate", "idiot", "rain", "love", "very", "good", "thank"]
    lengths = [0, 1, 1, 2, 3, 5, 7, 8, 9, 11, 40, 44, 45, 130, 600]
    return [" ".join(words[(at * 3 + number) % len(words)] for at in range(number)) for number in lengths]
