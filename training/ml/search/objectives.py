"""What a sweep optimises: metrics of a finished trial, which way each is better, and what can be pruned by."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from training.ml.search.space import SpaceError

MAXIMIZE, MINIMIZE = "maximize", "minimize"
QUALITY = (
    "f1",
    "roc_auc",
    "pr_auc",
)  # on the validation rows; known on the way, so runs can be pruned by them
COST = ("latency_ms", "size_mb", "parameters", "trainable_parameters")
DIRECTIONS = dict.fromkeys(QUALITY, MAXIMIZE) | dict.fromkeys(COST, MINIMIZE)
TITLES = {
    "f1": "F1",
    "roc_auc": "ROC-AUC",
    "pr_auc": "PR-AUC",
    "latency_ms": "Latency, ms",
    "size_mb": "Size, MB",
    "parameters": "Parameters",
    "trainable_parameters": "Trained parameters",
}
MOST_OBJECTIVES = 3


class NoValue(ValueError):
    """A finished trial lacks what an objective asks for; the message says what."""


@dataclass(frozen=True)
class Objective:
    """One metric; `label` narrows a quality to a label or to "macro", empty means the first label."""

    metric: str
    label: str = ""

    @property
    def direction(self) -> str:
        return DIRECTIONS[self.metric]

    @property
    def title(self) -> str:
        return TITLES[self.metric] + (f" ({self.label})" if self.label else "")

    def to_dict(self) -> dict[str, str]:
        values = {"metric": self.metric, "direction": self.direction}
        return values | {"label": self.label} if self.label else values

    def value(self, card: Mapping[str, Any]) -> float:
        """Read the objective from a run's card (`run.json`). Raises NoValue.

        Quality: card["validation"][label][metric]; latency_ms and size_mb: card["measured"]; sizes: the card itself.
        """
        if self.metric in QUALITY:
            label = self.label or str((card.get("labels") or [""])[0])
            value = ((card.get("validation") or {}).get(label) or {}).get(self.metric)
            why = f"The validation rows give no {TITLES[self.metric]} of {label!r}: they may hold one class only."
        elif self.metric in ("latency_ms", "size_mb"):
            value = (card.get("measured") or {}).get(self.metric)
            why = f"{TITLES[self.metric]} was not measured."
        else:
            value, why = card.get(self.metric), f"The run does not tell its {TITLES[self.metric].lower()}."
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise NoValue(why)
        return float(value)


def parse_objectives(objectives: Any, labels: Sequence[str] = ()) -> tuple[Objective, ...]:
    """Check [{"metric", "direction"?, "label"?}, …]. Raises SpaceError."""
    if not isinstance(objectives, list | tuple) or not objectives:
        raise SpaceError("objectives", "Choose at least one objective.")
    if len(objectives) > MOST_OBJECTIVES:
        raise SpaceError(
            "objectives", f"At most {MOST_OBJECTIVES} objectives; more make every trial a best one."
        )
    parsed: list[Objective] = []
    for asked in objectives:
        if not isinstance(asked, Mapping) or asked.get("metric") not in DIRECTIONS:
            raise SpaceError("objectives", f"An objective's metric is one of {', '.join(DIRECTIONS)}.")
        objective = Objective(str(asked["metric"]), str(asked.get("label") or ""))
        if asked.get("direction", objective.direction) != objective.direction:
            raise SpaceError(
                "objectives", f"{objective.title} is to be {objective.direction}d; leave the direction out."
            )
        if objective.label and objective.metric not in QUALITY:
            raise SpaceError("objectives", f"{TITLES[objective.metric]} is the same for every label.")
        if objective.label and labels and objective.label not in (*labels, "macro"):
            raise SpaceError(
                "objectives", f"There is no label {objective.label!r}; there are {', '.join(labels)}."
            )
        if objective in parsed:
            raise SpaceError("objectives", f"{objective.title} is named twice.")
        parsed.append(objective)
    return tuple(parsed)


def can_prune(objectives: Sequence[Objective]) -> bool:
    """Return whether hopeless trials can be stopped early: there is one objective, and it is known during a run.

    Optuna's pruners compare intermediate values of a single objective.
    """
    return len(objectives) == 1 and objectives[0].metric in QUALITY and not objectives[0].label
