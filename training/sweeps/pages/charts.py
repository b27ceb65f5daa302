"""The data of a sweep's charts, as static/js/charts.js draws them."""

from collections.abc import Iterable
from typing import Any

from django.urls import reverse

from training.ml.search.objectives import Objective
from training.models import Sweep
from training.sweeps.pages.rows import Trial, analysis_of, importances, param_text, searched
from training.sweeps.selectors import objectives_of


def chart(sweep: Sweep, kind: str, index: int = 0, name: str = "") -> dict[str, Any] | None:
    """Return the chart of this kind (history, importance, parallel, slice, front); None where there is no such one.

    `index` chooses the objective of history and slices, `name` the field of a slice.
    """
    objectives = objectives_of(sweep)
    if index >= len(objectives) or (kind == "slice" and name not in sweep.space):
        return None
    done = analysis_of(sweep).complete
    urls = _run_urls(sweep)
    if kind == "history":
        return _history(done, objectives[index], index, urls)
    if kind == "importance":
        return _importance(sweep)
    if kind == "parallel":
        return _parallel(sweep, done, objectives)
    if kind == "slice":
        return _slice(sweep, done, objectives[index], index, name, urls)
    if kind == "front" and len(objectives) > 1:
        return _front(done, objectives, urls)
    return None


def is_choice(spec: dict[str, Any]) -> bool:
    """Tell whether a field takes one of a few named values rather than numbers of a range."""
    return bool(spec["type"] == "categorical")


def _run_urls(sweep: Sweep) -> dict[int, str]:
    runs = sweep.experiments.filter(deleted_at__isnull=True).values_list("trial_number", "pk")
    return {number: reverse("training:experiment", args=[pk]) for number, pk in runs if number is not None}


def short_name(name: str, names: Iterable[str]) -> str:
    """Return the last part of a dotted name where that is enough to tell it from the others."""
    last = name.rpartition(".")[2]
    return last if sum(other.rpartition(".")[2] == last for other in names) == 1 else name


def _point(trial: Trial, x: float, y: float, urls: dict[int, str], group: str = "") -> dict[str, Any]:
    point = {"name": f"Trial {trial.number}", "x": x, "y": y, "group": group}
    return point | {"url": urls[trial.number]} if trial.number in urls else point


def _history(done: list[Trial], objective: Objective, index: int, urls: dict[int, str]) -> dict[str, Any]:
    better = max if objective.direction == "maximize" else min
    best: list[list[float]] = []
    for trial in done:
        value = trial.values[index]
        best.append([trial.number, better(value, best[-1][1]) if best else value])
    return {
        "points": [_point(t, t.number, t.values[index], urls, "Trial") for t in done],
        "line": {"name": "Best so far", "points": best} if len(best) > 1 else None,
        "x": {"name": "Trial", "min": 0},
        "y": {"name": objective.title},
        "labels": False,
        "note": "No trial has finished yet",
    }


def _importance(sweep: Sweep) -> dict[str, Any]:
    known = {title: shares for title, shares in importances(sweep).items() if shares}
    first: dict[str, float] = next(iter(known.values()), {})
    names = sorted(first, key=lambda name: -first[name])
    return {
        "categories": names,
        "series": [{"name": t, "values": [shares.get(n, 0) for n in names]} for t, shares in known.items()],
        "y": {"name": "Share of the variance", "percent": True, "min": 0},
        "note": "Known once a few trials have finished with different results",
    }


def _parallel(sweep: Sweep, done: list[Trial], objectives: tuple[Objective, ...]) -> dict[str, Any]:
    space = {name: sweep.space[name] for name in searched(sweep)}
    dimensions: list[dict[str, Any]] = []
    for name, spec in space.items():
        name = short_name(name, space)
        if is_choice(spec):
            dimensions.append({"name": name, "values": [param_text(choice) for choice in spec["choices"]]})
        else:
            dimensions.append({"name": name, "log": bool(spec.get("log"))})
    dimensions += [{"name": objective.title} for objective in objectives]
    rows = [
        [
            *(
                param_text(t.params.get(name)) if is_choice(spec) else t.params.get(name)
                for name, spec in space.items()
            ),
            *t.values,
        ]
        for t in done
    ]
    return {
        "dimensions": dimensions,
        "rows": rows,
        "colour": len(sweep.space),
        "note": "No trial has finished yet",
    }


def _slice(
    sweep: Sweep, done: list[Trial], objective: Objective, index: int, name: str, urls: dict[int, str]
) -> dict[str, Any]:
    spec = sweep.space[name]
    data: dict[str, Any] = {
        "y": {"name": objective.title},
        "labels": False,
        "note": "No trial has finished yet",
    }
    if not is_choice(spec):
        points = [_point(t, t.params[name], t.values[index], urls) for t in done]
        return data | {"points": points, "x": {"name": name, "log": bool(spec.get("log"))}}
    names = [param_text(choice) for choice in spec["choices"]]
    points = [_point(t, names.index(param_text(t.params.get(name))), t.values[index], urls) for t in done]
    return data | {
        "points": points,
        "x": {"name": name, "names": names, "min": -1, "max": len(names)},
    }


def _front(done: list[Trial], objectives: tuple[Objective, ...], urls: dict[int, str]) -> dict[str, Any]:
    """Plot the first objective upwards against the second."""

    def axis(objective: Objective) -> dict[str, str]:
        return {"name": objective.title, "better": "high" if objective.direction == "maximize" else "low"}

    return {
        "points": [_point(t, t.values[1], t.values[0], urls) for t in done],
        "x": axis(objectives[1]),
        "y": axis(objectives[0]),
        "pareto": True,
        "note": "No trial has finished yet",
    }
