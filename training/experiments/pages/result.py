"""What came of a run by its own account (the card of run.json): layers, adapters, thresholds, validation."""

from collections.abc import Mapping
from typing import Any

from training.experiments.pages.config_rows import shown
from training.models import Experiment
from training.web.formatting import count, label_title, number, parameters, percent

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


def result_facts(run: Experiment) -> list[tuple[str, str]]:
    """The facts of the run that its page shows beside the metrics; those it does not know are left out."""
    result: Mapping[str, Any] = run.result or {}
    facts: list[tuple[str, str]] = []
    total, trained = number(result.get("parameters")), number(result.get("trainable_parameters"))
    if total is not None:
        facts.append(("Parameters", parameters(total)))
    if trained is not None and total and trained < total:
        facts.append(("Of them trained", f"{count(trained)} ({trained / total * 100:.2f} %)"))
    layers = result.get("layers")
    if layers:
        facts.append(("Teacher layers taken", shown(layers)))
    for key, title in (("rank", "LoRA rank"), ("modules", "LoRA modules")):
        if result.get(key):
            facts.append((title, shown(result[key])))
    validation = result.get("validation") or {}
    labels = [name for name in ("toxic", "macro", *validation) if isinstance(validation.get(name), Mapping)]
    if labels:
        found = validation[labels[0]]
        for key, title in (("roc_auc", "ROC-AUC on validation"), ("f1", "F1 on validation")):
            value = number(found.get(key))
            if value is not None:
                facts.append((title, f"{value:.4f}"))
    thresholds = result.get("thresholds") or {}
    if isinstance(thresholds, Mapping) and thresholds:
        facts.append(
            (
                "Thresholds",
                ", ".join(
                    f"{label_title(k)} {number(v):.3f}"
                    for k, v in thresholds.items()
                    if number(v) is not None
                ),
            )
        )
    share = number(result.get("trainable_share"))
    if share is not None and trained is None:
        facts.append(("Share trained", percent(share)))
    return facts


def tried_selections(run: Experiment) -> tuple[list[str], list[list[str]]] | None:
    """The table of a layer search: its columns and rows, or None."""
    found = run.result.get("tried") or run.result.get("selections") or run.result.get("search")
    if isinstance(found, Mapping):
        found = found.get("tried") or found.get("trials")
    rows = [row for row in found or [] if isinstance(row, Mapping)] if isinstance(found, list) else []
    if not rows:
        return None
    keys = [key for key in TRIED_COLUMNS if any(key in row for row in rows)]
    keys += [key for key in rows[0] if key not in keys and not isinstance(rows[0][key], Mapping)]
    table = [[_cell(row.get(key)) for key in keys] for row in rows]
    return [TRIED_COLUMNS.get(key, key.replace("_", " ")) for key in keys], table


def _cell(value: Any) -> str:
    known = number(value)
    return f"{known:.4f}" if known is not None and not isinstance(value, int) else shown(value)
