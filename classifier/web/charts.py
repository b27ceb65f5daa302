"""Figures of pages: the numbers that static/js/charts.js draws, with titles, notes and a table."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

NOTHING = "\N{EN DASH}"


@dataclass(frozen=True)
class Figure:
    """A chart with its table; `rows` are texts, the first of each is its heading; `note` is shown under the title."""

    name: str
    title: str
    note: str
    kind: str
    data: dict[str, Any]
    head: Sequence[str]
    rows: Sequence[Sequence[str]]

    @property
    def label(self) -> str:
        return f"Chart: {self.title}. {self.note} A table follows."


def share(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.1%}"


def count(value: float) -> str:
    return f"{value:,}"


DaySummaries = Sequence[tuple[str, dict[str, Any]]]


def lines(
    days: DaySummaries,
    series: dict[str, Callable[[dict[str, Any]], float | None]],
    y: dict[str, Any] | None = None,
    area: bool = False,
) -> dict[str, Any]:
    return {
        "series": [
            {"name": name, "points": [[at, read(day)] for at, (_, day) in enumerate(days)], "area": area}
            for name, read in series.items()
        ],
        "x": {"name": "", "names": [day for day, _ in days]},
        "y": y or {"name": "", "min": 0},
    }
