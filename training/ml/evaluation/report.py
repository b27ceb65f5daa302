"""The report of one version on frozen rows: plain JSON that the database keeps and pages draw."""

import math
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FORMAT = 1


@dataclass(frozen=True)
class Report:
    """`scores` [rows, labels of the version] stay beside the JSON, for comparisons with later versions."""

    version: str
    backend: str
    rows: int
    fingerprint: str
    labels: list[str]
    support: dict[str, Any]
    metrics: dict[str, Any]
    bootstrap: dict[str, Any]
    confusion: dict[str, Any]
    curves: dict[str, Any]
    slices: list[dict[str, Any]]
    errors: list[dict[str, Any]]
    size: dict[str, Any]
    speed: dict[str, Any] | None = None
    mcnemar: dict[str, Any] | None = None
    flips: dict[str, Any] | None = None
    differences: dict[str, Any] | None = None
    label_issues: list[dict[str, Any]] = field(default_factory=list)
    train_label_issues: list[dict[str, Any]] = field(default_factory=list)
    marked_words: dict[str, Any] | None = None
    suites: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0
    scores: "NDArray[np.float64] | None" = field(default=None, repr=False, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON values: no NaN (null instead), floats to six significant digits."""
        values = {entry.name: getattr(self, entry.name) for entry in fields(self) if entry.name != "scores"}
        plain: dict[str, Any] = _plain({"format": FORMAT, **values})
        return plain

    def metric(self, label: str, name: str) -> float | None:
        """Return the value of one metric, None where the rows cannot tell."""
        value = self.metrics.get(label, {}).get(name, {}).get("value")
        return None if value is None or not math.isfinite(value) else float(value)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float):
        return float(f"{value:.6g}") if math.isfinite(value) else None
    return value
