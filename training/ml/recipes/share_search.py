"""The shares of a blend: fixed, or those that are best on validation, with the whole curve for the run's card."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from toxicsite.lib.files import write_json
from training.ml.config import ConfigError
from training.ml.data.batching import Tokens
from training.ml.data.tables import DataError, TextTable
from training.ml.distributed import current
from training.ml.encoders.blending import (
    BlendError,
    Weights,
    average_weights,
    fingerprint,
    share_grid,
)
from training.ml.encoders.predict import predict_logits, probabilities
from training.ml.evaluation.metrics import label_metrics
from training.ml.progress import Listener, Progress

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from training.ml.config import ShareOptions

FEWEST_OF_A_CLASS = 10  # positive and harmless rows of a source that is measured on its own
OTHER_SOURCES = "other sources"


@dataclass(frozen=True)
class TriedBlend:
    """One blend that was measured: its shares, the measure, and the measure by source."""

    shares: tuple[float, ...]
    value: float
    sources: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Blend:
    """How models were blended, as the run's card keeps it; `tried` is empty where the shares were fixed.

    `rows` are those that every blend was measured on, `label` the label that the measure is of.
    """

    models: list[dict[str, Any]]
    shares: tuple[float, ...]
    measure: str = ""
    label: str = ""
    rows: int = 0
    note: str = ""
    tried: list[TriedBlend] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        plain: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return plain


def fixed_shares(options: "ShareOptions", models: int) -> tuple[float, ...] | None:
    """Return the shares where the configuration fixes the first model's; None where they are to be searched."""
    if options.share is None:
        return None
    return (options.share, *((1 - options.share) / (models - 1),) * (models - 1))


def grid_of(options: "ShareOptions", models: int) -> list[tuple[float, ...]]:
    """Return the shares that a search tries. Raises ConfigError for too many of them."""
    try:
        return share_grid(models, options.steps)
    except BlendError as error:
        raise ConfigError(str(error), "blend.steps") from None


def search_shares(
    model: Any,
    states: Sequence[Weights],
    options: "ShareOptions",
    validation: TextTable,
    tokens: Tokens,
    *,
    softmax: bool,
    seed: int,
    folder: Path,
    listener: Listener,
) -> tuple[tuple[float, ...], list[TriedBlend], int]:
    """Measure every blend of the grid on validation rows; return (best shares, all that was tried, rows).

    `model` takes the weights of one blend after the other. Of blends that are equally good the one with most of the
    first model wins. What a killed run has measured lies in `folder`/shares.json. Raises ConfigError for too fine a
    grid, DataError where the validation rows cannot tell one blend from another, Cancelled.
    """
    grid = grid_of(options, len(states))
    chosen = rows_to_measure_on(validation, options.rows, seed)
    few = validation.take(chosen)
    groups = source_groups(few)
    if not groups:
        raise DataError(
            f"the validation rows have fewer than {FEWEST_OF_A_CLASS} rows with and without the label "
            f"{few.labels[0]!r}: too few to search shares on; fix them (blend.share), or use more rows"
        )
    some = Tokens([tokens.ids[i] for i in chosen], tokens.pad_id)
    ranks = current()
    key = f"{fingerprint(states)[:16]}-{few.fingerprint()[:16]}-{options.measure}"
    tried = ranks.main_does(lambda: _read_tried(folder, key))
    done = {blend.shares for blend in tried}
    for number, shares in enumerate(grid):
        if shares in done:
            continue
        model.load_state_dict(average_weights(states, shares))
        heard = _OneSearch(listener, number, len(grid))
        logits = predict_logits(model, some, phase="shares", listener=heard)
        blend = measure_blend(
            shares, probabilities(logits, softmax=softmax)[:, 0], few, groups, options.measure
        )
        tried.append(blend)
        ranks.main_does(lambda: _write_tried(folder, key, tried))
    tried.sort(key=lambda blend: blend.shares, reverse=True)
    best = ranks.main_does(lambda: max(tried, key=lambda blend: (round(blend.value, 6), blend.shares)))
    ranks.main_does(lambda: (folder / "shares.json").unlink(missing_ok=True))
    return best.shares, tried, len(chosen)


def rows_to_measure_on(table: TextTable, most: int | None, seed: int) -> "NDArray[np.int64]":
    """Return the numbers of at most `most` rows that know the first label, as many of every source as there are.

    A source with fewer rows than its part leaves the rest to the others.
    """
    known = np.flatnonzero(table.targets[:, 0] >= 0)
    if most is None or len(known) <= most:
        return known
    shuffled = np.random.default_rng(seed).permutation(known)
    names = np.asarray(table.sources or [""] * len(table))[shuffled]
    by_source = sorted((shuffled[names == name] for name in np.unique(names)), key=len)
    chosen: list[NDArray[np.int64]] = []
    left = most
    for position, rows in enumerate(by_source):
        part = rows[: left // (len(by_source) - position)]
        chosen.append(part)
        left -= len(part)
    return np.sort(np.concatenate(chosen))


def source_groups(table: TextTable) -> "dict[str, NDArray[np.int64]]":
    """Return the rows of every source that can be measured on its own, and of the small ones together.

    Without sources, or with one alone, all rows are one group. Empty where the rows hold too few of a class.
    """
    positive = table.targets[:, 0] == 1

    def enough(rows: "NDArray[np.int64]") -> bool:
        return bool(min(positive[rows].sum(), (~positive[rows]).sum()) >= FEWEST_OF_A_CLASS)

    every = np.arange(len(table))
    names = np.asarray(table.sources if table.sources is not None else [""] * len(table))
    groups = {str(name): every[names == name] for name in np.unique(names)}
    large = {name: rows for name, rows in groups.items() if enough(rows)}
    small = [rows for name, rows in groups.items() if name not in large]
    if small:
        together = np.sort(np.concatenate(small))
        if enough(together):
            large[OTHER_SOURCES] = together
    if len(large) < 2:
        return {"": every} if enough(every) else {}
    return large


def measure_blend(
    shares: tuple[float, ...],
    scores: "NDArray[np.float64]",
    table: TextTable,
    groups: "dict[str, NDArray[np.int64]]",
    measure: str,
) -> TriedBlend:
    """Return what a blend's scores [rows] of the first label are worth: the plain mean of the measure over groups."""
    by_group = {
        name: label_metrics(scores[rows], table.targets[rows, 0], 0.5, table.weights[rows])[measure]
        for name, rows in groups.items()
    }
    value = float(np.mean(list(by_group.values())))
    sources = {name: round(result, 6) for name, result in by_group.items()} if len(by_group) > 1 else {}
    return TriedBlend(shares, round(value, 6), sources)


class _OneSearch:
    """Passes on the progress of one blend as a part of the whole search."""

    def __init__(self, listener: Listener, number: int, blends: int) -> None:
        self.listener, self.number, self.blends = listener, number, blends

    def report(self, progress: Progress) -> None:
        left = (self.blends - self.number - 1) * progress.steps + progress.steps - progress.step
        pace = (progress.eta_seconds or 0.0) / max(progress.steps - progress.step, 1)
        self.listener.report(
            Progress(
                progress.phase,
                self.number * progress.steps + progress.step,
                self.blends * progress.steps,
                progress.rows_per_second,
                progress.tokens_per_second,
                {},
                left * pace if progress.step < progress.steps else None,
            )
        )

    def should_stop(self) -> bool:
        return self.listener.should_stop()


def _read_tried(folder: Path, key: str) -> list[TriedBlend]:
    path = folder / "shares.json"
    stored = json.loads(path.read_text()) if path.is_file() else {}
    if stored.get("key") != key:
        return []
    return [TriedBlend(**{**blend, "shares": tuple(blend["shares"])}) for blend in stored["tried"]]


def _write_tried(folder: Path, key: str, tried: list[TriedBlend]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "shares.json", {"key": key, "tried": [asdict(blend) for blend in tried]})
