"""Layer search: try selections of a teacher's layers on few rows, then distil the best one in full.

    manage.py train layer-search --set teacher=var/runs/teacher --set search.trials=20 --output var/runs/best

Every try sees the same rows in the same order for the same number of steps; a finished try is kept in `trials.json`
and never repeated.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from toxicsite.lib.files import write_json
from training.ml.config import DataConfig, LoopConfig, LossWeights, option, to_dict
from training.ml.data.batching import Tokens
from training.ml.distributed import current
from training.ml.encoders.layers import LayerSelectionError, layer_stack, make_student, select_layers
from training.ml.encoders.loading import load_tokenizer
from training.ml.encoders.predict import predict_logits, probabilities
from training.ml.evaluation.metrics import evaluate_scores
from training.ml.progress import Listener, Progress, SilentListener
from training.ml.recipes.common import CALIBRATE, RunData, RunResult, load_start, prepare_data
from training.ml.recipes.distill import DistillConfig, distill
from training.ml.recipes.recipe import LOSSES, STUDENT_RATE, Recipe
from training.ml.recipes.teaching import FINE_TUNED, cached_loss, read_fitting_start, student_loop
from training.ml.train.loop import Trainer, count_steps

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class SearchOptions:
    """How selections of layers are tried before the best is trained in full."""

    candidates: tuple[str, ...] = option(
        ("odd", "even", "first", "last", "spread"),
        "Selections that are always tried; a list of layers is written 2-4-6-8-10-12.",
    )
    strategy: str = option(
        "greedy",
        "named: the candidates alone. random: then random selections. greedy: then neighbours of the best so far, one "
        "layer moved, until none is better.",
        choices=("named", "random", "greedy"),
    )
    trials: int = option(12, "Selections tried at most, the candidates included.", low=1, high=1000)
    size: int | None = option(None, "Layers of a student; empty: half of the teacher's.", low=1)
    rows: int = option(2000, "Training rows of one try.", low=8)
    validation_rows: int = option(1000, "Validation rows of one try.", low=8)
    epochs: float = option(1.0, "Passes over those rows.", low=0, high=1000)
    score: str = option(
        "kl",
        "kl: least divergence from the teacher on the validation rows, which tells close selections apart with few "
        "rows. roc_auc: highest mean ROC-AUC of the labels.",
        choices=("kl", "roc_auc"),
    )


@dataclass(frozen=True)
class LayerSearchConfig:
    """Tries selections of layers cheaply, then distils the best one in full."""

    teacher: str = option("", FINE_TUNED)
    search: SearchOptions = field(default_factory=SearchOptions)
    data: DataConfig = field(default_factory=DataConfig)
    loop: LoopConfig = field(default_factory=student_loop)
    loss: LossWeights = field(default_factory=LossWeights)
    calibrate: bool = option(True, CALIBRATE)


@dataclass(frozen=True)
class Trial:
    """One tried selection: its layers counted from 1, divergence from the teacher, and mean ROC-AUC of the labels."""

    layers: tuple[int, ...]
    kl: float
    roc_auc: float
    seconds: float


def search_layers(config: LayerSearchConfig, folder: Path, listener: Listener | None = None) -> RunResult:
    """Try selections, distil the best, and save the run in `folder`; resumes with the try or step it was at.

    Raises DataError, BaseModelError, LayerSelectionError, ConfigError, Cancelled.
    """
    listener = listener or SilentListener()
    read_fitting_start(config.teacher, config.data)

    # tries
    trials = _search(config, folder, listener)
    best = _best(trials, config.search.score)

    # the best one, in full
    layers = ",".join(str(n) for n in best.layers)
    student = DistillConfig(
        config.teacher, layers, config.data, config.loop, config.loss, calibrate=config.calibrate
    )
    search = {
        "score": config.search.score,
        "seconds": round(sum(trial.seconds for trial in trials), 1),
        "trials": [
            asdict(trial) for trial in sorted(trials, key=lambda tried: _rank(tried, config.search.score))
        ],
    }

    # report: the student's, and everything that was tried
    return distill(
        student,
        folder,
        listener,
        card_also={"recipe": "layer-search", "search": search},
        whole_config=to_dict(config),
    )


def _search(config: LayerSearchConfig, folder: Path, listener: Listener) -> list[Trial]:
    """Return every tried selection, those of an earlier, killed run first."""
    options = config.search
    ranks = current()
    trials, finished = ranks.main_does(lambda: _read_trials(folder))
    if finished:
        return trials
    start = read_fitting_start(config.teacher, config.data)
    rows = min(options.rows, config.data.max_rows or options.rows)
    few = replace(
        config.data, max_rows=rows, validation_rows=options.validation_rows, max_negatives=None,
        clean_sentences=0,
    )  # fmt: skip
    data = prepare_data(few, load_tokenizer(config.teacher), config.loop.seed)
    teacher = load_start(config.teacher, start.labels, config.loop, softmax=start.softmax)
    depth = len(layer_stack(teacher))
    wanted = selections(options, depth, trials, config.loop.seed)
    known: NDArray[np.float32] | None = None
    for layers in wanted:
        if known is None:
            known = predict_logits(teacher, data.train_tokens, phase="teacher logits", listener=listener)
            goal = predict_logits(
                teacher, data.validation_tokens, phase="teacher validation", listener=listener
            )
        tried = _try(layers, teacher, known, goal, data, config, start.softmax, len(trials), listener)
        # the next choice must be the same everywhere
        trials.append(ranks.main_does(partial(_same, tried)))
        ranks.main_does(lambda: _write_trials(folder, trials, finished=False))
    if not trials:
        raise LayerSelectionError("no selection to try: every candidate has another size than search.size")
    ranks.main_does(lambda: _write_trials(folder, trials, finished=True))
    return trials


def _same(trial: Trial) -> Trial:
    return trial


def selections(
    options: "SearchOptions", depth: int, trials: list[Trial], seed: int
) -> Iterator[tuple[int, ...]]:
    """Yield what to try next; `trials` is looked at again after every one, and holds what an earlier run tried."""
    tried = {trial.layers for trial in trials}
    size = options.size or max(depth // 2, 1)
    if size > depth:
        raise LayerSelectionError(f"search.size is {size}, the teacher has {depth} layers")
    named = [
        select_layers(candidate.replace("-", ",") if candidate[:1].isdigit() else candidate, depth, size)
        for candidate in options.candidates
    ]
    if options.size:  # students of other sizes would not compare
        named = [layers for layers in named if len(layers) == size]
    rng = np.random.default_rng(seed)

    def fresh(layers: tuple[int, ...]) -> bool:
        return layers not in tried and len(trials) < options.trials

    for layers in named:
        if fresh(layers):
            tried.add(layers)
            yield layers
    if options.strategy == "random":
        for _ in range(50 * options.trials):  # few layers have few selections: an end is needed
            layers = tuple(int(n) + 1 for n in np.sort(rng.choice(depth, size, replace=False)))
            if fresh(layers):
                tried.add(layers)
                yield layers
    while options.strategy == "greedy" and trials:
        best = _best(trials, options.score)
        nearby = neighbours(best.layers, depth)
        order = np.random.default_rng([seed, *best.layers]).permutation(
            len(nearby)
        )  # the same after a resume
        for layers in (nearby[i] for i in order):
            if not fresh(layers):
                continue
            tried.add(layers)
            yield layers
            if _best(trials, options.score).layers != best.layers:
                break
        else:
            return  # nothing nearby is better, or all tries are used


def neighbours(layers: tuple[int, ...], depth: int) -> list[tuple[int, ...]]:
    """Return the selections in which one layer is exchanged for the nearest free one above or below, in order."""
    nearby: dict[tuple[int, ...], None] = {}
    for n in layers:
        for step in (-1, 1):
            other = n + step
            while other in layers:
                other += step
            if 1 <= other <= depth:
                nearby.setdefault(tuple(sorted({*layers} - {n} | {other})))
    return list(nearby)


def _try(
    layers: tuple[int, ...],
    teacher: Any,
    known: "NDArray[np.float32]",
    goal: "NDArray[np.float32]",
    data: RunData,
    config: LayerSearchConfig,
    softmax: bool,
    number: int,
    listener: Listener,
) -> Trial:
    """Distil one selection on the few rows and measure it."""
    import torch

    from training.ml.train.losses import temperature_kl

    student, _ = make_student(teacher, ",".join(str(n) for n in layers))
    loop = replace(config.loop, epochs=config.search.epochs, evaluate_share=0.0)
    heard = _Counted(listener, number, config.search.trials, count_steps(data.train_tokens.lengths, loop))
    loss = cached_loss(known, data, config.loss, softmax=softmax)
    report = Trainer(student, data.train_tokens, loss, loop, phase="search", listener=heard).run()
    logits = predict_logits(student, Tokens(data.validation_tokens.ids, data.validation_tokens.pad_id))
    kl = float(temperature_kl(torch.from_numpy(logits), torch.from_numpy(goal), 1.0, softmax=softmax))
    scores = probabilities(logits, softmax=softmax)
    labels = data.validation.labels
    measured = evaluate_scores(
        scores, data.validation.targets, labels, dict.fromkeys(labels, 0.5), data.validation.weights
    )
    known_auc = [measured[label]["roc_auc"] for label in labels if "roc_auc" in measured.get(label, {})]
    heard.result(kl)
    return Trial(layers, kl, float(np.mean(known_auc)) if known_auc else 0.0, round(report.seconds, 2))


class _Counted:
    """Counts the steps of all tries as one curve: a search is one phase, however many selections it tries."""

    def __init__(self, listener: Listener, number: int, trials: int, steps: int) -> None:
        self.listener, self.number, self.trials, self.steps = listener, number, trials, steps
        self.last = Progress("search", (number + 1) * steps, trials * steps)

    def report(self, progress: Progress) -> None:
        left = (self.trials - self.number - 1) * self.steps
        pace = (progress.eta_seconds or 0.0) / max(progress.steps - progress.step, 1)
        self.last = replace(
            progress,
            step=self.number * self.steps + progress.step,
            steps=self.trials * self.steps,
            eta_seconds=(progress.eta_seconds or 0.0) + left * pace,
        )
        if progress.step < progress.steps:
            self.listener.report(self.last)

    def result(self, kl: float) -> None:
        self.listener.report(replace(self.last, losses={**self.last.losses, "trial_kl": kl}))

    def should_stop(self) -> bool:
        return self.listener.should_stop()


def _rank(trial: Trial, score: str) -> float:
    return trial.kl if score == "kl" else -trial.roc_auc


def _best(trials: list[Trial], score: str) -> Trial:
    return min(trials, key=lambda trial: _rank(trial, score))


def _read_trials(folder: Path) -> tuple[list[Trial], bool]:
    """Return the finished tries, and whether the search itself is finished."""
    path = folder / "trials.json"
    if not path.is_file():
        return [], False
    stored = json.loads(path.read_text())
    return [Trial(**{**trial, "layers": tuple(trial["layers"])}) for trial in stored["trials"]], stored[
        "finished"
    ]


def _write_trials(folder: Path, trials: list[Trial], *, finished: bool) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write_json(
        folder / "trials.json",
        {"finished": finished, "trials": [asdict(trial) for trial in trials]},
        indent=2,
    )


RECIPE = Recipe(
    name="layer-search",
    title="Search for the best layers",
    short_name="Layer search",
    description="Tries selections of layers on few rows, then distils the best one in full.",
    config_class=LayerSearchConfig,
    needs="teacher",
    function=search_layers,
    searched_first={"loop.learning_rate": STUDENT_RATE, **LOSSES},
)
