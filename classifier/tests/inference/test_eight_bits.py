"""Weights stored as 8-bit rows: every engine restores them, and the folder's checks know them."""

import json
from pathlib import Path
from typing import Any

import numpy
import pytest
import torch
from safetensors.torch import load_file, save_file

from classifier.inference.artifact import verify
from classifier.inference.eight_bits import restored, stored
from classifier.inference.errors import ArtifactInvalid
from classifier.inference.scorer import Scorer
from classifier.inference.tensors import read_table
from classifier.tests.inference.models import reseal, texts_of_many_lengths
from classifier.tests.tiny_artifact import tiny_artifact

WORDS = "bert.embeddings.word_embeddings.weight"


def packed(folder: Path, change: Any = None) -> Path:
    """Store the matrices of a model folder as 8-bit rows, all but the head's; `change` spoils them."""
    weights = load_file(str(folder / "model.safetensors"))
    tensors: dict[str, torch.Tensor] = {}
    for name, value in weights.items():
        if value.ndim == 2 and not name.startswith(("classifier", "bert.pooler")):
            tensors[name], tensors[f"{name}.scale"] = stored(value)
        else:
            tensors[name] = value
    if change is not None:
        change(tensors)
    save_file(tensors, str(folder / "model.safetensors"), metadata={"format": "pt"})
    return reseal(folder)


def test_a_value_is_off_by_at_most_half_a_step_of_its_row() -> None:
    matrix = torch.randn(40, 16) * torch.logspace(-3, 2, 40)[:, None]
    small, scales = stored(matrix)
    assert small.dtype == torch.int8
    back = restored({"m": small, "m.scale": scales, "n.scale": scales})
    assert set(back) == {"m", "n.scale"}  # a tensor that only happens to be called so stays
    step = matrix.abs().amax(dim=1, keepdim=True) / 127
    assert bool(((back["m"].float() - matrix).abs() <= step * 0.51 + matrix.abs() * 1e-3).all())


def test_a_row_of_zeros_stays_one() -> None:
    small, scales = stored(torch.zeros(2, 4))
    assert torch.equal(restored({"m": small, "m.scale": scales})["m"], torch.zeros(2, 4, dtype=torch.float16))


@pytest.mark.parametrize("backend", ["fp32", "bf16", "int8", "generic"])
def test_every_engine_restores_them(tmp_path: Path, model: Path, backend: str) -> None:
    folder = packed(tiny_artifact(tmp_path / "model", seed=5))
    assert (folder / "model.safetensors").stat().st_size < (model / "model.safetensors").stat().st_size * 0.75
    texts = texts_of_many_lengths()
    ours, theirs = (
        numpy.array([list(result.scores.values()) for result in Scorer(place, backend).score(texts)])
        for place in (folder, model)
    )
    assert numpy.abs(ours - theirs).max() < (0.15 if backend == "int8" else 0.03)


@pytest.mark.parametrize(
    "change",
    [
        lambda tensors: tensors.pop(f"{WORDS}.scale"),
        lambda tensors: tensors.update({f"{WORDS}.scale": tensors[f"{WORDS}.scale"][:-1].clone()}),
        lambda tensors: tensors.update({f"{WORDS}.scale": tensors[f"{WORDS}.scale"].half()}),
        lambda tensors: tensors.update(
            {"classifier.bias": torch.zeros(6, dtype=torch.int8), "classifier.bias.scale": torch.ones(6)}
        ),
    ],
)
def test_8_bit_values_without_a_scale_for_each_row_are_refused(folder: Path, change: Any) -> None:
    with pytest.raises(ArtifactInvalid, match="one F32 scale for each row"):
        verify(packed(folder, change))


def test_a_stored_matrix_still_has_to_have_its_shape(folder: Path) -> None:
    def change(tensors: dict[str, torch.Tensor]) -> None:
        tensors[WORDS] = tensors[WORDS][:, :-1].contiguous()

    with pytest.raises(ArtifactInvalid, match="has shape"):
        verify(packed(folder, change))


def test_the_table_of_contents_tells_the_types(folder: Path) -> None:
    table = read_table(packed(folder) / "model.safetensors")
    assert {entry.dtype for entry in table.values()} == {"I8", "F32", "F16"}


def test_a_language_is_not_both_known_and_experimental(folder: Path) -> None:
    place = folder / "manifest.json"
    manifest = json.loads(place.read_text())
    place.write_text(json.dumps({**manifest, "languages": ["de", "pt"], "experimental_languages": ["ru"]}))
    assert verify(folder).experimental_languages == ("ru",)
    place.write_text(json.dumps({**manifest, "languages": ["de"], "experimental_languages": ["de"]}))
    with pytest.raises(ArtifactInvalid, match="must not repeat de"):
        verify(folder)
