"""The weights' table of contents must be that of the model which config.json describes."""

import json
from pathlib import Path
from typing import Any

import pytest

from classifier.inference.artifact import verify
from classifier.inference.errors import ArtifactInvalid
from classifier.tests.inference.models import config_with, reseal

HEAD = "classifier.weight"


def rewritten(folder: Path, change: Any) -> Path:
    """Put another header before the same tensor bytes."""
    place = folder / "model.safetensors"
    data = place.read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    change(header)
    raw = json.dumps(header).encode()
    place.write_bytes(len(raw).to_bytes(8, "little") + raw + data[8 + length :])
    return reseal(folder)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda header: header.pop(HEAD), "byte|missing|holds"),
        (lambda header: header.update(extra=header.pop(HEAD)), "missing|not part"),
        (lambda header: header[HEAD].update(shape=[64, 6]), "shape"),
        (lambda header: header[HEAD].update(dtype="F32"), "bytes"),
        (lambda header: header[HEAD].update(dtype="F64"), "type"),
        (lambda header: header[HEAD].update(dtype=["F16"]), "type"),
        (lambda header: header[HEAD].update(shape=[-6, -64]), "impossible"),
        (lambda header: header[HEAD].update(shape=[1 << 50, 1]), "impossible"),
        (lambda header: header[HEAD].update(data_offsets=[0, 768]), "starts at|bytes"),
        (lambda header: header[HEAD].update(data_offsets=[1 << 39, (1 << 39) + 768]), "starts at"),
        (lambda header: header.update({HEAD: None}), "no description"),
    ],
)
def test_it_rejects_a_false_table_of_contents(folder: Path, change: Any, words: str) -> None:
    with pytest.raises(ArtifactInvalid, match=words):
        verify(rewritten(folder, change))


@pytest.mark.parametrize(
    "content", [b"", b"\x80\x04.", b"\xff" * 64, (10).to_bytes(8, "little") + b"not json!!"]
)
def test_it_rejects_what_is_not_safetensors(folder: Path, content: bytes) -> None:
    (folder / "model.safetensors").write_bytes(content)
    with pytest.raises(ArtifactInvalid, match=r"^model\.safetensors is not a safetensors"):
        verify(reseal(folder))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"auto_map": {"AutoModel": "modeling.Model"}}, "auto_map"),
        ({"model_type": None}, "model_type"),
        ({"num_hidden_layers": 3}, "missing"),
        ({"num_hidden_layers": 10**9}, "num_hidden_layers"),
        ({"vocab_size": 10**12}, "vocab_size"),
        ({"hidden_size": "64"}, "hidden_size"),
        ({"num_attention_heads": 7}, "multiple"),
        ({"max_position_embeddings": 128}, "positions"),
        ({"id2label": {"0": "toxic"}}, "outputs"),
        ({"layer_norm_eps": 0}, "layer_norm_eps"),
    ],
)
def test_it_rejects_a_config_that_does_not_fit(folder: Path, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ArtifactInvalid, match=words):
        verify(config_with(folder, **changes))
