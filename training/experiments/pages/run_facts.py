"""What the page of a run tells beside the metrics: its outcome, configuration, provenance and model card."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from classifier.models import ModelVersion
from training.ml.artifact.export import model_card
from training.ml.config import ConfigError, dotted
from training.ml.json_reader import number, read
from training.ml.recipes.registry import RECIPES
from training.models import Experiment
from training.web.formatting import DASH, count, label_title, parameters, percent, words

FROM_THE_DATASET = ("data.train", "data.validation", "data.text_column", "data.labels")
TRIED_COLUMNS = {
    "layers": "Layers",
    "selection": "Selection",
    "name": "Selection",
    "roc_auc": "ROC-AUC",
    "pr_auc": "PR-AUC",
    "f1": "F1",
    "loss": "Loss",
    "seconds": "Seconds",
}
MARKS = re.compile(r"\*\*|`")


def shown(value: Any) -> str:
    """Write a value of a configuration as people do."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list | tuple):
        return ", ".join(shown(item) for item in value) or "none"
    return json.dumps(value) if isinstance(value, Mapping) else str(value) or DASH


@dataclass(frozen=True)
class RunCard:
    """The numbers of a run by its own account (`run.json`); `validation` is by label and metric."""

    parameters: int | None = None
    trainable_parameters: int | None = None
    trainable_share: float | None = None
    validation: dict[str, dict[str, float]] = field(default_factory=dict)
    thresholds: dict[str, float] = field(default_factory=dict)


def result_facts(run: Experiment) -> list[tuple[str, str]]:
    """Return the outcome of a run beside the metrics; what it does not know is left out."""
    card = read(RunCard, run.result)
    total, trained = card.parameters, card.trainable_parameters
    facts: list[tuple[str, str]] = []
    if total is not None:
        facts.append(("Parameters", parameters(total)))
    if trained is not None and total and trained < total:
        facts.append(("Of them trained", f"{count(trained)} ({trained / total * 100:.2f} %)"))
    for key, title in (
        ("layers", "Teacher layers taken"),
        ("rank", "LoRA rank"),
        ("modules", "LoRA modules"),
    ):
        if run.result.get(key):
            facts.append((title, shown(run.result[key])))
    label = next((name for name in ("toxic", "macro", *card.validation) if name in card.validation), "")
    measured = card.validation.get(label, {})
    for key, title in (("roc_auc", "ROC-AUC on validation"), ("f1", "F1 on validation")):
        if key in measured:
            facts.append((title, f"{measured[key]:.4f}"))
    if card.thresholds:
        thresholds = [f"{label_title(name)} {value:.3f}" for name, value in card.thresholds.items()]
        facts.append(("Thresholds", ", ".join(thresholds)))
    if card.trainable_share is not None and trained is None:
        facts.append(("Share trained", percent(card.trainable_share)))
    return facts


def tried_selections(run: Experiment) -> tuple[list[str], list[list[str]]] | None:
    """Return the table of a layer search, as columns and rows, or None."""
    tried = run.result.get("tried") or run.result.get("selections") or run.result.get("search")
    if isinstance(tried, Mapping):
        tried = tried.get("tried") or tried.get("trials")
    rows = [row for row in tried or [] if isinstance(row, Mapping)] if isinstance(tried, list) else []
    if not rows:
        return None
    keys = [key for key in TRIED_COLUMNS if any(key in row for row in rows)]
    keys += [key for key in rows[0] if key not in keys and not isinstance(rows[0][key], Mapping)]
    table = [[_cell(row.get(key)) for key in keys] for row in rows]
    return [TRIED_COLUMNS.get(key, words(key)) for key in keys], table


def _cell(value: Any) -> str:
    known = number(value)
    return f"{known:.4f}" if known is not None and not isinstance(value, int) else shown(value)


@dataclass(frozen=True)
class ConfigRow:
    """One field: its value, its default, and what it means."""

    name: str
    value: str
    default: str = ""
    doc: str = ""

    @property
    def differs(self) -> bool:
        return bool(self.default) and self.value != self.default


def config_rows(experiment: Experiment) -> list[ConfigRow]:
    """Return every field of the run's configuration, in the order of its recipe's documentation."""
    values = dotted(experiment.config)
    recipe = RECIPES.get(experiment.recipe)
    known = {info.name: info for info in recipe.fields()} if recipe is not None else {}
    names = [name for name in known if name in values] + [name for name in values if name not in known]
    rows = []
    for name in names:
        info = known.get(name)
        default = "" if info is None or name in FROM_THE_DATASET else shown(info.default)
        rows.append(ConfigRow(name, shown(values[name]), default, info.doc if info else ""))
    return rows


@dataclass(frozen=True)
class DiffRow:
    """A field in which runs differ: one value a run, in their order; None where a run has no such field."""

    name: str
    values: list[str | None]


def differences(configs: Sequence[Mapping[str, Any]]) -> list[DiffRow]:
    """Return the fields in which the configurations differ."""
    flattened = [dotted(config) for config in configs]
    names = dict.fromkeys(name for values in flattened for name in values)
    rows = [
        DiffRow(name, [shown(values[name]) if name in values else None for values in flattened])
        for name in names
    ]
    return [row for row in rows if len(set(row.values)) > 1]


def provenance_rows(experiment: Experiment) -> list[tuple[str, str]]:
    """Return where the run ran and what made it, flattened; long hashes stay whole, for copying.

    The history of each model that a blend is made of is left to the manifest: it fills pages.
    """
    facts = {
        name: value
        for name, value in dotted(experiment.provenance).items()
        if not name.startswith("config.") and name != "blended"
    }
    return [(words(name).replace(".", ": "), _fact(value)) for name, value in facts.items()]


def _fact(value: Any) -> str:
    known = number(value)
    if known is not None and not isinstance(value, int):
        return f"{known:,.3f}".rstrip("0").rstrip(".")
    if known is not None and abs(known) >= 10_000:
        return f"{known:,.0f}"
    return shown(value)


def recipe_about(name: str) -> str:
    """Describe a recipe in a sentence."""
    try:
        return str(RECIPES[name].description)
    except (KeyError, ConfigError):
        return ""


@dataclass(frozen=True)
class Block:
    """A part of a model card: `kind` is title, heading, text or table; the first row of a table is its head."""

    kind: str
    text: str = ""
    rows: list[list[str]] = field(default_factory=list)


def version_card(version: ModelVersion) -> list[Block]:
    """Return the model card of a version in blocks; none where its manifest lacks what the card needs."""
    try:
        markdown = model_card(version.manifest)
    except (KeyError, TypeError, ValueError, AttributeError):
        return []
    return [_block(part.strip()) for part in markdown.split("\n\n") if part.strip()]


def _block(part: str) -> Block:
    if part.startswith("#"):
        level = len(part) - len(part.lstrip("#"))
        return Block("title" if level == 1 else "heading", _plain(part.lstrip("# ")))
    if part.startswith("|"):
        lines = [line for line in part.splitlines() if not set(line) <= set("|-: ")]
        return Block("table", rows=[[_plain(cell) for cell in line.strip("|").split("|")] for line in lines])
    return Block("text", _plain(part))


def _plain(text: str) -> str:
    return MARKS.sub("", text).strip()
