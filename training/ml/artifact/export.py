"""Turning a run's result into an artifact, the folder that the classifier loads and an operator can pass on.

Its model card says what it is, what it was taught, how good it is and where it fails; it is made from the manifest.
"""

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from classifier.inference.language import normal_tag
from classifier.inference.operating_points import read_operating_points
from classifier.inference.tensors import SCALE
from toxicsite.lib.files import replace_folder, write_text
from training.ml.artifact.languages import BY_LANGUAGE, CHANGE, languages_section
from training.ml.artifact.operating_points import OPERATING_POINTS, points_section
from training.ml.encoders.loading import HEAD_PARTS, BaseModelError, read_run
from training.ml.mixture.identity import WordBalance, balance_table
from training.ml.mixture.licences import (
    Ingredient,
    check_passing_on,
    ingredients_table,
    not_passable,
    passing_on_sentence,
    sources_of,
)
from training.ml.mixture.overlap import OverlapReport

if TYPE_CHECKING:
    from torch import Tensor

STORED, EIGHT_BITS = "stored_as", "8-bit rows"
"""Field of a manifest and its value where the matrices are 8-bit rows; without it all weights are fp16."""
TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json")
WIKI_TOXIC_ATTRIBUTION = (
    'Trained on wiki_toxic (Kaggle "Jigsaw Toxic Comment Classification Challenge"): labels CC0, comment text from '
    "Wikipedia contributors, CC BY-SA 3.0."
)

COLUMNS = (
    ("roc_auc", "ROC-AUC"),
    ("pr_auc", "PR-AUC"),
    ("accuracy", "accuracy"),
    ("f1", "F1"),
    ("precision", "precision"),
    ("recall", "recall"),
    ("ece", "ECE"),
)  # of the card's table
BY_SOURCE = "by_source"
"""How the name of metrics ends that are those of the first label by the rows' source."""


def export_artifact(
    run: Path,
    folder: Path,
    *,
    name: str,
    license_name: str = "Apache-2.0",
    attribution: str = WIKI_TOXIC_ATTRIBUTION,
    metrics: dict[str, Any] | None = None,
    languages: Sequence[str] = (),
    sources: Sequence[Ingredient] = (),
    overlap: OverlapReport | None = None,
    identities: Sequence[WordBalance] = (),
    learner: Path | None = None,
    to_pass_on: bool = False,
    eight_bits: bool = False,
    vocabulary: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Write the artifact of the run in `run` into `folder` (replaced as a whole) and return its manifest.

    Weights are stored as fp16 in safetensors; with `eight_bits` the matrices of embedding and encoder are 8-bit rows
    with a scale each (classifier.inference.eight_bits), half as large. `metrics` are added to the run's own validation
    metrics, for example {"test": …, "teacher": …}. `languages` are the tags (BCP 47) of those that the model knows;
    without them the site's MODEL_LANGUAGES count. `sources` are what the model learned from; the card lists them and
    says whether the model may be passed on. `overlap` tells which rows were left out because the model is judged by
    their texts, `identities` how words that name an identity were balanced, `vocabulary` how many pieces of the base's
    were kept. `learner` is the run that learned from rows where `run` itself did not (a blend): the card tells of its
    rows and teachers. Raises ValueError for a tag that is none, BaseModelError when `run` is not the result of a
    recipe, and with `to_pass_on` PassingOnRefused, before anything is written, when a licence among the sources forbids
    it.
    """
    languages = [normal_tag(tag) for tag in languages]
    if to_pass_on:
        check_passing_on(sources)
    card = read_run(run)
    if learner is not None:
        card = _with_learner(card, read_run(learner))
    card["provenance"] = {
        **card["provenance"],
        "data": {**card["provenance"].get("data", {}), **_checks(overlap, identities)},
    }
    aside = folder.with_name(folder.name + ".writing")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    _write_weights(run, aside, eight_bits=eight_bits)
    config = json.loads((run / "config.json").read_text())
    config["dtype"] = "float16"
    config.pop("_attn_implementation", None)
    (aside / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    for file in TOKENIZER_FILES:
        shutil.copyfile(run / file, aside / file)
    _without_truncation(aside / "tokenizer.json")
    about = {"license": license_name, "attribution": attribution, **_sources(sources)}
    if eight_bits:
        about[STORED] = EIGHT_BITS
    if vocabulary:
        about["vocabulary"] = dict(vocabulary)
    return _finish(aside, folder, card, config, name, about, metrics or {}, languages)


def _with_learner(card: dict[str, Any], learner: dict[str, Any]) -> dict[str, Any]:
    """Return the card of a run that learned from no row with the rows and teachers of the run that did."""
    learned = learner["provenance"]
    rows = {name: value for name, value in learned.get("data", {}).items() if name.startswith("train")}
    told = {name: learned[name] for name in ("teacher", "also_teachers") if name in learned}
    teachers = {"teachers": learner["teachers"]} if "teachers" in learner else {}
    provenance = card["provenance"]
    return {
        **card,
        **teachers,
        "provenance": {**provenance, **told, "data": {**provenance.get("data", {}), **rows}},
    }


def update_metrics(folder: Path, metrics: dict[str, Any]) -> dict[str, Any]:
    """Add measured metrics to an artifact's manifest and model card; weights and version stay as they are."""
    manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    manifest["metrics"] = {**manifest["metrics"], **metrics}
    _write_manifest(folder, manifest)
    return manifest


def write_operating_points(folder: Path, points: dict[str, Any], rows: dict[str, Any]) -> dict[str, Any]:
    """Write operating points and the rows that they were measured on into an artifact's manifest and model card.

    Weights, thresholds and version stay as they are. A version that is registered keeps its manifest, so this comes
    before registering. Raises ArtifactInvalid, and nothing is written then.
    """
    manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    read_operating_points(points, manifest["thresholds"])
    manifest |= dict(zip(OPERATING_POINTS, (points, without_folders(rows)), strict=True))
    _write_manifest(folder, manifest)
    return manifest


def write_languages(
    folder: Path,
    measured: Mapping[str, Mapping[str, Any]],
    *,
    languages: Sequence[str],
    experimental: Sequence[str],
    threshold: float,
    points: Mapping[str, Any],
    rows: Mapping[str, Any],
) -> dict[str, Any]:
    """Write what a model is worth by language into its manifest and card, with the threshold that this asks for.

    `threshold` is that of the primary label, `points` the operating points of all labels around the thresholds, `rows`
    what they were measured on. Weights and version stay as they are, so this comes before registering. Raises
    ArtifactInvalid, and nothing is written then.
    """
    manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    thresholds = {**manifest["thresholds"], manifest["primary_label"]: threshold}
    read_operating_points(points, thresholds)
    manifest |= {
        "thresholds": thresholds,
        **dict(zip(OPERATING_POINTS, (dict(points), without_folders(dict(rows))), strict=True)),
        "languages": [normal_tag(tag) for tag in languages],
        "experimental_languages": [normal_tag(tag) for tag in experimental],
        BY_LANGUAGE: measured,
    }
    _write_manifest(folder, manifest)
    return manifest


def write_language_change(
    folder: Path,
    measured: Mapping[str, Mapping[str, Any]],
    change: Mapping[str, Any],
    *,
    languages: Sequence[str],
    experimental: Sequence[str],
) -> dict[str, Any]:
    """Write what a model is worth by language, and what became of its start's languages, into its manifest and card.

    Weights, thresholds and version stay as they are, so this comes before registering.
    """
    manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    manifest |= {
        "languages": [normal_tag(tag) for tag in languages],
        "experimental_languages": [normal_tag(tag) for tag in experimental],
        BY_LANGUAGE: measured,
        CHANGE: change,
    }
    _write_manifest(folder, manifest)
    return manifest


def _checks(overlap: OverlapReport | None, identities: Sequence[WordBalance]) -> dict[str, Any]:
    """Return what a manifest says about the checks of the rows; nothing of those that were not made."""
    told: dict[str, Any] = {} if overlap is None else {"overlap": overlap.to_dict()}
    return {**told, "identities": [word.to_dict() for word in identities]} if identities else told


def _sources(sources: Sequence[Ingredient]) -> dict[str, Any]:
    """Return what a manifest says about the sources; nothing where they are not named."""
    if not sources:
        return {}
    return {
        "sources": [source.to_dict() for source in sources],
        "may_be_passed_on": not not_passable(sources),
    }


def write_concern(
    folder: Path, weights: Mapping[str, "Tensor"], concern: dict[str, Any], outputs: Mapping[int, str]
) -> None:
    """Give the artifact in `folder` other weights, whose head has an output for concerns, and the version of these.

    `concern` is the manifest's field, with what was measured; `outputs` names the outputs of the head.
    """
    manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    config = json.loads((folder / "config.json").read_text())
    config["id2label"] = {str(index): name for index, name in outputs.items()}
    config["label2id"] = {name: index for index, name in outputs.items()}
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    _save(weights, folder, eight_bits=manifest.get(STORED) == EIGHT_BITS)
    digest = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    manifest |= {
        "version": f"{manifest['name']}-{digest[:8]}",
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "concern": concern,
        "parameters": sum(value.numel() for value in weights.values()),
    }
    _write_manifest(folder, manifest)


def _write_weights(run: Path, folder: Path, *, eight_bits: bool) -> None:
    from safetensors.torch import load_file

    source = run / "model.safetensors"
    if not source.is_file():
        raise BaseModelError(f"{run} holds no model.safetensors")
    _save(load_file(str(source)), folder, eight_bits=eight_bits)


def _save(weights: Mapping[str, "Tensor"], folder: Path, *, eight_bits: bool) -> None:
    import torch
    from safetensors.torch import save_file

    from classifier.inference.eight_bits import stored

    tensors: dict[str, Tensor] = {}
    for name, value in weights.items():
        if eight_bits and _takes_eight_bits(name, value):
            tensors[name], tensors[name + SCALE] = stored(value)
        else:
            half = value.to(torch.float16) if value.is_floating_point() else value
            tensors[name] = half.contiguous()
    save_file(tensors, str(folder / "model.safetensors"), metadata={"format": "pt"})


def _takes_eight_bits(name: str, value: "Tensor") -> bool:
    """Return whether a tensor is a matrix of embedding or encoder: not of the head, whose outputs are calibrated."""
    parts = name.split(".")
    is_head = any(part in HEAD_PARTS for part in parts)
    return value.ndim == 2 and value.is_floating_point() and not is_head and parts[-1] == "weight"


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
    about: dict[str, Any],
    metrics: dict[str, Any],
    languages: Sequence[str],
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
        **{name: without_folders(card[name]) for name in OPERATING_POINTS if name in card},
        "max_length": int(config.get("max_position_embeddings", 512)),
        **({"languages": list(languages)} if languages else {}),
        **({"concern": card["concern"]} if "concern" in card else {}),
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
            {
                "recipe": card["recipe"],
                "calibration": card["calibration"],
                **{name: card[name] for name in ("blend", "teachers") if name in card},
                **card["provenance"],
            }
        ),
        "metrics": {"validation": card["validation"], **metrics},
        **about,
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
        path.chmod(0o644)  # safetensors writes for the owner alone; a server may run under another account
    write_text(folder / "manifest.json", json.dumps(manifest, indent=2, ensure_ascii=False) + "\n")


def model_card(manifest: dict[str, Any]) -> str:
    """Return the card as Markdown."""
    architecture, provenance = manifest["architecture"], manifest["provenance"]
    data = provenance.get("data", {})
    made = (
        f"A {architecture['layers']}-layer {architecture['class']} with {manifest['parameters']:,} parameters, "
        f"stored as {'8-bit rows with a scale each in' if manifest.get(STORED) == EIGHT_BITS else 'fp16'} safetensors."
    )
    if architecture.get("teacher_layers_taken"):
        taken = ", ".join(str(n) for n in architecture["teacher_layers_taken"])
        made += f" It was made of layers {taken} (counted from 1) of a fine-tuned teacher and taught by its logits."
    if vocabulary := manifest.get("vocabulary"):
        before, after = vocabulary["pieces_before"], vocabulary["pieces"]
        made += f" Its {after:,} pieces are those of {before:,} that its languages use."
    made += _several_models(provenance)
    parts = [
        f"# {manifest['version']}",
        made,
        f"Labels: {', '.join(manifest['labels'])}. A text is called toxic when P({manifest['primary_label']}) is at "
        f"least {manifest['thresholds'][manifest['primary_label']]:.3f}, the "
        "highest threshold whose F1 on validation is within one standard error of the best"
        f"{', raised for harmless sentences as told below' if manifest.get(BY_LANGUAGE) else ''}.",
        "## Data",
        f"{_rows_learned_from(data)}{data.get('validation_rows', 0):,} validation rows for calibration and thresholds. "
        f"{manifest['attribution']}",
        *_sources_section(manifest),
        *points_section(manifest),
        *languages_section(manifest),
        "## Metrics",
        "Measured as served, at the thresholds above, row weights of the data honoured. A label is listed where the "
        "rows know it; `macro` is the plain mean over labels. The thresholds were chosen on `validation`.",
    ]
    for name, metrics in manifest["metrics"].items():
        if isinstance(metrics, dict) and all(isinstance(value, dict) for value in metrics.values()):
            parts += [f"### {name}", metric_table(metrics, "source" if name.endswith(BY_SOURCE) else "label")]
    if concern := manifest.get("concern"):
        parts += ["## People who tell of their own hurt", _concern(concern)]
    parts += [
        "## Limits",
        f"{_seen(manifest)}: {_unknown_languages(manifest)}, newer slang, coded language, sarcasm and context "
        "between comments are beyond it. Toxicity datasets carry their annotators' bias; texts that name an identity "
        "may score higher than they should. It is meant to sort comments for people who decide, not to decide about "
        "people.",
        "## Provenance",
        f"Recipe `{provenance['recipe']}`, made {manifest['created']}, commit `{provenance.get('commit', 'unknown')}`, "
        f"{provenance.get('duration_seconds', 0):,.0f} s on {provenance.get('hardware', {}).get('cpu', 'unknown')}. "
        "Configuration, fingerprints, package versions and calibration are in `manifest.json`.",
        f"Licence of the weights: {manifest['license']}.",
    ]
    return "\n\n".join(parts) + "\n"


def _seen(manifest: Mapping[str, Any]) -> str:
    """Return what the model has seen, as the beginning of a sentence about its limits."""
    if len(sources_of(manifest)) > 1:
        return "It has seen the sources above, collected until 2022 and most of them short, and no thread as a whole"
    return "English Wikipedia talk pages of 2004 to 2015 are what it has seen"


def _unknown_languages(manifest: Mapping[str, Any]) -> str:
    return "languages that are not named above" if manifest.get(BY_LANGUAGE) else "other languages"


def _concern(concern: dict[str, Any]) -> str:
    """Return what the card tells of the output for concerns; an output made elsewhere may tell its threshold alone."""
    text = (
        "One more output says whether a text tells of self-harm, suicide or violence that its author, or someone close "
        f"to them, suffered: a *concern* from {concern['threshold']:.3f} on. The verdict "
        "is non-toxic where a text is more surely a concern than toxic."
    )
    if "recall" in concern:
        text += (
            f" {_fitted(concern)} Of {concern['held_out']:,} rows that were held out, by whole patterns, it finds "
            f"{concern['recall']:.1%} of the concerns; {concern['precision']:.1%} of what it finds is one, and "
            f"{concern['alarms']:.2%} of the everyday rows reach the threshold."
        )
    if suite := concern.get("suite"):
        text += (
            f" Of the shipped suite's {suite['concerns']} texts of people who tell of their hurt it finds "
            f"{suite['recall']:.0%}; {suite['alarms']} of its {suite['others']} texts against them reach the threshold."
        )
    return text + " It misses much of what a person would see, and is no reason to stop looking."


def _fitted(concern: dict[str, Any]) -> str:
    if concern["regularisation"] is None:
        return "It was learned beside the labels."
    return (
        f"It is a logistic regression on the frozen encoder, fitted on {concern['rows']:,} rows "
        f"({concern['concerns']:,} concerns, composed from patterns)."
    )


def _several_models(provenance: dict[str, Any]) -> str:
    """Return the sentences that tell which models were blended, and which teachers' logits were averaged."""
    sentences = ""
    if teachers := provenance.get("teachers"):
        named = ", ".join(f"{teacher['name']} ({teacher['weight']:.2f})" for teacher in teachers)
        sentences += f" It learned from the mean logits of {len(teachers)} teachers, by weight: {named}."
    if blend := provenance.get("blend"):
        named = ", ".join(
            f"{share:.2f} x {model.get('version') or model['name']}"
            for model, share in zip(blend["models"], blend["shares"], strict=True)
        )
        sentences += (
            f" Its weights are the mean of those of {len(blend['models'])} models (Wortsman et al. 2022): {named}, "
            "calibrated anew."
        )
    return sentences


def _rows_learned_from(data: dict[str, Any]) -> str:
    if not data.get("train_rows"):  # a blend learns from no row itself
        return ""
    return (
        f"{data['train_rows']:,} rows ({data.get('train_positive_rows', 0):,} with a label, "
        f"{data.get('train_tokens', 0):,} wordpieces) of {data.get('train_rows_available', 0):,} available; "
    )


def _sources_section(manifest: Mapping[str, Any]) -> list[str]:
    """Return the part about sources, licences, balance and overlap; nothing of it that was not written down."""
    sources = sources_of(manifest)
    data = manifest["provenance"].get("data", {})
    parts = []
    if sources:
        parts += ["### Sources", ingredients_table(sources), passing_on_sentence(sources)]
    if isinstance(overlap := data.get("overlap"), Mapping):
        parts += ["### Texts that the model is judged by", OverlapReport(**overlap).sentence()]
    if isinstance(identities := data.get("identities"), list) and identities:
        parts += [
            "### Words that name an identity",
            balance_table([WordBalance(**row) for row in identities]),
        ]
    return parts


def metric_table(metrics: dict[str, dict[str, float]], first: str = "label") -> str:
    """Return a Markdown table of metrics by what `first` names; a missing number is a dash."""
    rows = [
        f"| {first} | " + " | ".join(title for _, title in COLUMNS) + " |",
        "|---" * (len(COLUMNS) + 1) + "|",
    ]
    for label, values in metrics.items():
        cells = (f"{values[key]:.4f}" if key in values else "-" for key, _ in COLUMNS)
        rows.append(f"| {label} | " + " | ".join(cells) + " |")
    return "\n".join(rows)
