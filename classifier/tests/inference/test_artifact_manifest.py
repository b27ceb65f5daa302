"""A manifest's fields are checked one by one, and against each other."""

import json
from pathlib import Path
from typing import Any

import pytest

from classifier.inference.artifact import load_manifest, verify
from classifier.inference.errors import ArtifactInvalid, ArtifactMismatch, InferenceError


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("format", 2),
        ("format", True),
        ("format", None),
        ("name", "../up"),
        ("name", ["a"]),
        ("labels", []),
        ("labels", ["toxic", "toxic"]),
        ("labels", "toxic"),
        ("labels", [1]),
        ("labels", [f"label{number}" for number in range(99)]),
        ("activation", "tanh"),
        ("activation", "softmax"),
        ("primary_label", "kind"),
        ("primary_label", ["toxic"]),
        ("thresholds", {"toxic": 0.5}),
        ("thresholds", None),
        ("max_length", 0),
        ("max_length", 1 << 40),
        ("max_length", True),
        ("max_length", 12.5),
        ("files", []),
        ("files", {}),
        ("files", {"model.safetensors": {"sha256": "xyz", "bytes": 1}}),
        ("files", {"model.safetensors": {"sha256": "0" * 64, "bytes": 1 << 60}}),
        ("files", {f"f{number}.json": {"sha256": "0" * 64, "bytes": 1} for number in range(99)}),
    ],
)
def test_it_rejects_a_wrong_field(folder: Path, field: str, value: Any) -> None:
    place = folder / "manifest.json"
    place.write_text(json.dumps(json.loads(place.read_text()) | {field: value}))
    with pytest.raises(InferenceError, match=r"^manifest\.json in"):
        load_manifest(folder)


@pytest.mark.parametrize("threshold", [-0.1, 1.1, "0.5", True, None])
def test_it_rejects_a_threshold_that_is_no_probability(folder: Path, threshold: Any) -> None:
    place = folder / "manifest.json"
    manifest = json.loads(place.read_text())
    manifest["thresholds"]["insult"] = threshold
    place.write_text(json.dumps(manifest))
    with pytest.raises(ArtifactInvalid, match="insult"):
        load_manifest(folder)


def test_it_rejects_a_version_that_is_not_the_hash_of_the_weights(folder: Path) -> None:
    place = folder / "manifest.json"
    place.write_text(json.dumps(json.loads(place.read_text()) | {"version": "tiny-00000000"}))
    with pytest.raises(ArtifactMismatch, match="tiny-00000000"):
        load_manifest(folder)


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{", b"\xff", b'{"format": NaN}', b"[" * 100_000, b" " * (2 << 20) + b"{}"],
    ids=["empty", "list", "cut", "no-utf8", "nan", "deep", "huge"],
)
def test_it_rejects_what_is_not_a_small_json_object(folder: Path, content: bytes) -> None:
    (folder / "manifest.json").write_bytes(content)
    with pytest.raises(ArtifactInvalid, match=r"manifest\.json"):
        verify(folder)
