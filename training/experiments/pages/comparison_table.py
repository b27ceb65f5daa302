"""A comparison as its page shows it: the table with the best marked, the curves laid over each other, Pareto plots."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from training.evaluations.pages.report import BASELINES, best_of
from training.experiments.comparison import Compared
from training.experiments.detail_selectors import Curves
from training.experiments.pages.curves import SPEED, Payload, thin
from training.experiments.pages.run_rows import recipe_word
from training.web.formatting import DASH, LATENCY, METRICS, SIZE, Figure, Metric, figure, number

PARAMETERS = Metric("parameters", "Parameters, M", "low", 1, "Millions of numbers in the model")
TRAINED = Metric("trainable", "Trained, M", "low", 2, "Millions of numbers that training changed")
LATENCY_MS = Metric(LATENCY.key, "Latency, ms", "low", 1, LATENCY.help)
SIZE_MB = Metric(SIZE.key, "Size, MB", "low", 1, SIZE.help)
COLUMNS: tuple[Metric, ...] = (*METRICS, LATENCY_MS, SIZE_MB, PARAMETERS, TRAINED)


@dataclass(frozen=True)
class Side:
    """One row of the comparison; a baseline has neither run nor version."""

    title: str
    figures: list[Figure]
    compared: Compared

    @property
    def url(self) -> str:
        if self.compared.run is not None:
            return reverse("training:experiment", args=[self.compared.run.pk])
        return ""

    @property
    def started_from(self) -> str:
        """The teacher run, the version or the name of the encoder that its run started from."""
        run = self.compared.run
        if run is None:
            return DASH
        return str(run.teacher.name if run.teacher else run.base_version or run.config.get("base") or DASH)

    @property
    def recipe(self) -> str:
        return recipe_word(self.compared.run.recipe) if self.compared.run is not None else ""


def sides(found: Iterable[Compared], baselines: Iterable[tuple[str, Compared]], label: str) -> list[Side]:
    """Every row with its figures, the best of each column among the versions marked."""
    rows = [Side(_title(one), _figures(one, label), one) for one in found]
    best = [
        best_of([row.figures[place].value for row in rows], metric) for place, metric in enumerate(COLUMNS)
    ]
    marked = [
        Side(
            row.title, [_mark(f, best[place], len(rows)) for place, f in enumerate(row.figures)], row.compared
        )
        for row in rows
    ]
    return marked + [Side(BASELINES.get(name, name), _figures(one, label), one) for name, one in baselines]


def _title(one: Compared) -> str:
    return one.run.name if one.run is not None else str(one.version)


def _figures(one: Compared, label: str) -> list[Figure]:
    metrics = (one.report.get("metrics") or {}).get(label) or {}
    speed, size = one.report.get("speed") or {}, one.report.get("size") or {}
    result = one.run.result if one.run is not None else {}
    trained = number(result.get("trainable_parameters"))
    other = {
        "latency": speed.get("latency_ms_p50"),
        "size": _scaled(size.get("bytes"), 1e6),
        "parameters": _scaled(size.get("parameters") or result.get("parameters"), 1e6),
        "trainable": _scaled(trained if trained is not None else size.get("trainable_parameters"), 1e6),
    }
    return [figure(other.get(metric.key, metrics.get(metric.key)), metric) for metric in COLUMNS]


def _scaled(value: Any, unit: float) -> float | None:
    known = number(value)
    return None if known is None else known / unit


def _mark(one: Figure, best: float | None, rows: int) -> Figure:
    is_best = rows > 1 and best is not None and one.value == best
    return Figure(one.value, one.low, one.high, one.digits, is_best)


def pareto(rows: Sequence[Side], quality: Metric, cost: Metric) -> Payload:
    """Quality upwards against what an answer costs; the versions that no other beats on both stand out."""
    up, right = _place(quality), _place(cost)
    points = [
        {
            "name": row.title,
            "x": row.figures[right].value,
            "y": row.figures[up].value,
            "url": row.url,
            "group": row.recipe or "Version",
        }
        for row in rows
        if row.compared.version is not None
        and row.figures[up].value is not None
        and row.figures[right].value is not None
    ]
    return {
        "points": points,
        "pareto": True,
        "x": {"name": cost.title, "better": "low"},
        "y": {"name": quality.title, "better": quality.better},
        "note": "No version here has both numbers",
    }


def front(rows: Sequence[Side], quality: Metric, cost: Metric) -> list[str]:
    """The names on the Pareto front, the cheapest first: what the plot says, in words."""
    points = pareto(rows, quality, cost)["points"]
    sign = 1 if quality.better == "high" else -1

    def beaten(one: dict[str, Any]) -> bool:
        return any(
            other["x"] <= one["x"]
            and sign * other["y"] >= sign * one["y"]
            and (other["x"], other["y"]) != (one["x"], one["y"])
            for other in points
        )

    return [one["name"] for one in sorted(points, key=lambda p: p["x"]) if not beaten(one)]


def _place(metric: Metric) -> int:
    return [column.key for column in COLUMNS].index(metric.key)


def overlaid(rows: Sequence[Side], curves: dict[int, Curves]) -> Payload:
    """The main loss of each run over the share of its steps, so that long and short runs can be laid together."""
    series = []
    for row in rows:
        run = row.compared.run
        found = curves.get(run.pk, {}) if run is not None else {}
        main = _main_loss(found)
        if main:
            last = main[-1][0] or 1
            series.append({"name": row.title, "points": thin([(step / last, value) for step, value in main])})
    return {
        "series": series,
        "x": {"name": "Share of the run", "percent": True, "min": 0, "max": 1},
        "y": {"name": "Loss"},
        "note": "None of these runs wrote a curve",
    }


def _main_loss(curves: Curves) -> list[tuple[int, float]]:
    """The curve called loss; of several phases the longest one."""
    losses = {key: points for key, points in curves.items() if key[1] not in SPEED}
    named = [points for (_, name), points in losses.items() if name == "loss"] or list(losses.values())
    return max(named, key=len) if named else []


def quality_overlaid(rows: Sequence[Side], kind: str) -> Payload:
    """The ROC or precision-recall curve of one label, of every version."""
    series = [{"name": row.title, "points": row.compared.curves.get(kind) or []} for row in rows]
    share = {"percent": True, "min": 0, "max": 1}
    axes = {
        "roc": ("False alarms among harmless rows", "Rows with the label found"),
        "pr": ("Recall", "Precision"),
    }
    payload: Payload = {
        "series": [one for one in series if one["points"]],
        "x": {"name": axes[kind][0], **share},
        "y": {"name": axes[kind][1], **share},
        "note": "None of these versions was measured",
    }
    return {**payload, "diagonal": "chance"} if kind == "roc" else payload
