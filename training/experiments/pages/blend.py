"""The blend of a run: which models were averaged, by which shares, and how good every blend was that was tried."""

from dataclasses import dataclass, field
from typing import Any

from training.experiments.pages.curves import SHARE, Payload
from training.ml.json_reader import read
from training.models import Experiment
from training.web.formatting import count, label_title

MEASURES = {"roc_auc": "ROC-AUC", "pr_auc": "PR-AUC"}
SOURCES_MOST = 12  # lines that one picture can hold


@dataclass(frozen=True)
class BlendedModel:
    """One of the averaged models; `version` is empty for a run that is no registered version."""

    name: str = ""
    version: str = ""


@dataclass(frozen=True)
class Tried:
    """One blend that was measured on validation rows."""

    shares: list[float] = field(default_factory=list)
    value: float | None = None
    sources: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class BlendCard:
    """What `run.json` keeps of a blend."""

    models: list[BlendedModel] = field(default_factory=list)
    shares: list[float] = field(default_factory=list)
    measure: str = ""
    label: str = ""
    rows: int = 0
    note: str = ""
    tried: list[Tried] = field(default_factory=list)


@dataclass(frozen=True)
class BlendRow:
    """A tried blend as a row of a table."""

    shares: list[str]
    value: str
    sources: list[str]
    chosen: bool


@dataclass(frozen=True)
class BlendView:
    """The blend as the run's page shows it; `chart` is None where there is no line of shares to draw."""

    models: list[tuple[str, str]]
    measure: str
    sentence: str
    sources: list[str]
    rows: list[BlendRow]
    chart: Payload | None


def blend_view(run: Experiment) -> BlendView | None:
    """Return the blend of a run, None for a run without one."""
    card = read(BlendCard, run.result.get("blend"))
    if len(card.models) < 2 or len(card.shares) != len(card.models):
        return None
    names = [model.version or model.name or f"model {number + 1}" for number, model in enumerate(card.models)]
    tried = [one for one in card.tried if one.value is not None and len(one.shares) == len(names)]
    sources = list(dict.fromkeys(name for one in tried for name in one.sources))
    measure = MEASURES.get(card.measure, card.measure)
    rows = [
        BlendRow(
            [f"{share:.2f}" for share in one.shares],
            f"{one.value:.4f}",
            [f"{one.sources[name]:.4f}" if name in one.sources else "" for name in sources],
            one.shares == card.shares,
        )
        for one in tried
    ]
    return BlendView(
        [(name, f"{share:.2f}") for name, share in zip(names, card.shares, strict=True)],
        measure,
        card.note or _sentence(card, measure, sources),
        sources,
        rows,
        _chart(tried, sources, names, measure) if len(names) == 2 and len(tried) > 1 else None,
    )


def _sentence(card: BlendCard, measure: str, sources: list[str]) -> str:
    if not card.tried:
        return "The shares were fixed."
    over = f", as the mean over {len(sources)} sources" if sources else ""
    return (
        f"Of {len(card.tried)} blends this one has the best {measure} of {label_title(card.label)} on "
        f"{count(card.rows)} validation rows{over}."
    )


def _chart(tried: list[Tried], sources: list[str], names: list[str], measure: str) -> Payload:
    """Plot the measure over the second model's share, the mean first and then every source."""
    in_order = sorted(tried, key=lambda one: one.shares[1])
    series: list[dict[str, Any]] = [
        {
            "name": "mean over sources" if sources else measure,
            "points": [[one.shares[1], one.value] for one in in_order],
        }
    ]
    series += [
        {
            "name": source,
            "points": [[one.shares[1], one.sources[source]] for one in in_order if source in one.sources],
            "dashed": True,
        }
        for source in sources[:SOURCES_MOST]
    ]
    return {"series": series, "x": {"name": f"Share of {names[1]}", **SHARE}, "y": {"name": measure}}
