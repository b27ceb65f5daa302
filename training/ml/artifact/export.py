"""Turning a run's result into an artifact: the folder that the classifier loads and an operator can pass on."""

import hashlib
import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from toxicsite.lib.files import replace_folder, write_text
from training.ml.artifact.card import model_card
from training.ml.encoders.loading import BaseModelError, read_run

TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json")
WIKI_TOXIC_ATTRIBUTION = (
    'Trained on wiki_toxic (Kaggle "Jigsaw Toxic Comment Classification Challenge"): labels CC0, comment text from '
    "Wikipedia contributors, CC BY-SA 3.0."
)


def export_artifact(
    run: Path,
    folder: Path,
    *,
    name: str,
    license_name: str = "Apache-2.0",
    attribution: str = WIKI_TOXIC_ATTRIBUTION,
    metrics: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Write the artifact of the run in `run` into `folder` (replaced as a whole) and return its manifest.

    Weights are stored as fp16 in safetensors. `metrics` are added to the run's own validation metrics, for example
    {"test": …, "teacher": …}. Raises BaseModelError when `run` is not the result of a recipe.
    """
    card = read_run(run)
    aside = folder.with_name(folder.name + ".writing")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    _write_weights(run, aside)
    config = json.loads((run / "config.json").read_text())
    config["dtype"] = "float16"
    config.pop("_attn_implementation", None)
    (aside / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    for file in TOKENIZER_FILES:
        shutil.copyfile(run / file, aside / file)
    _without_truncation(aside / "tokenizer.json")
    return _finish(aside, folder, card, config, name, license_name, attribution, metrics or {})


def update_metrics(folder: Path, metrics: dict[str, Any]) -> dict[str, Any]:
    """Add measured metrics to an artifact's manifest and model card; weights and version stay as they are."""
    manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    manifest["metrics"] = {**manifest["metrics"], **metrics}
    _write_manifest(folder, manifest)
    return manifest


def _write_weights(run: Path, folder: Path) -> None:
    import torch
    from safetensors.torch import load_file, save_file

    source = run / "model.safetensors"
    if not source.is_file():
        raise BaseModelError(f"{run} holds no model.safetensors")
    tensors = {
        key: (value.to(torch.float16) if value.is_floating_point() else value).contiguous()
        for key, value in load_file(str(source)).items()
    }
    save_file(tensors, str(folder / "model.safetensors"), metadata={"format": "pt"})


def _without_truncation(path: Path) -> None:
    """Take training's truncation and padding out of the tokenizer, so that long texts reach the windows whole."""
    tokenizer = json.loads(path.read_text())
    tokenizer["truncation"] = tokenizer["padding"] = None
    path.write_text(json.dumps(tokenizer, ensure_ascii=False))


def _finish(
    aside: Path,
    folder: Path,
    card: dict[str, Any],
    config: dict[str, Any],
    name: str,
    license_name: str,
    attribution: str,
    metrics: dict[str, Any],
) -> dict[str, Any]:
    digest = hashlib.sha256((aside / "model.safetensors").read_bytes()).hexdigest()
    manifest = {
        "format": 1,
        "name": name,
        "version": f"{name}-{digest[:8]}",
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "labels": card["labels"],
        "activation": card["activation"],
        "primary_label": card["labels"][0],
        "thresholds": card["thresholds"],
        "max_length": int(config.get("max_position_embeddings", 512)),
        "files": {},
        "architecture": {
            "class": config["architectures"][0],
            "layers": config.get("num_hidden_layers"),
            "hidden": config.get("hidden_size"),
            "teacher_layers_taken": card.get("layers"),
        },
        "parameters": card["parameters"],
        "trainable_parameters": card.get("trainable_parameters"),
        "provenance": without_folders(
            {"recipe": card["recipe"], "calibration": card["calibration"], **card["provenance"]}
        ),
        "metrics": {"validation": card["validation"], **metrics},
        "license": license_name,
        "attribution": attribution,
    }
    if "roberta" in str(config.get("model_type")) or config.get("model_type") == "mpnet":
        manifest["max_length"] = (
            int(config["max_position_embeddings"]) - 2
        )  # positions start after the padding's
    _write_manifest(aside, manifest)
    replace_folder(aside, folder)
    return manifest


def without_folders(value: Any) -> Any:
    """Reduce absolute paths to their last part: an artifact is passed on, and need not tell where it was made."""
    if isinstance(value, dict):
        return {key: without_folders(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [without_folders(inner) for inner in value]
    if isinstance(value, str) and value.startswith("/"):
        return Path(value).name
    return value


def _write_manifest(folder: Path, manifest: dict[str, Any]) -> None:
    """Write the model card, hash every file, then the manifest, which is what makes the folder an artifact."""
    (folder / "README.md").write_text(model_card(manifest))
    manifest["files"] = {
        path.name: {"sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "bytes": path.stat().st_size}
        for path in sorted(folder.iterdir())
        if path.name != "manifest.json"
    }
    for path in folder.iterdir():
        path.chmod(0o644)  # safetensors writes for the owner alone; a server may run as somebody else
    write_text(folder / "manifest.json", json.dumps(manifest, indent=2, ensure_ascii=False) + "\n")
