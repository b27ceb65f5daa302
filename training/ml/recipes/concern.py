"""Concern: one more output for a finished model, that a text tells of its author's own hurt.

    manage.py add_concern models/starter models/starter-with-concern --data FOLDER

The encoder and the labels' outputs stay as they are. What the last linear layer sees of each row (the pooled features)
is computed once, and a logistic regression on it becomes one more row of that layer (a linear probe: Alain and Bengio
2016, arXiv 1610.01644). Its threshold is the lowest that at most a stated share of everyday rows reaches, rows that the
fit did not see.
"""

import json
import math
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from classifier.inference.normalise import normalise_text
from toxicsite.lib.files import replace_folder, write_json
from training.ml.artifact.export import write_concern
from training.ml.data.batching import Tokens, budget_batches, collate, tokenize
from training.ml.data.tables import DataError, load_table
from training.ml.encoders.loading import (
    CONCERN,
    BaseModelError,
    count_parameters,
    load_base,
    load_tokenizer,
    name_outputs,
    read_start,
    replace_head,
)
from training.ml.encoders.predict import last_linear
from training.ml.evaluation.judged_texts import shipped_texts
from training.ml.evaluation.suites import SHIPPED, Case, parse_cases
from training.ml.hardware import best_device
from training.ml.mixture.concern import HELD_OUT, ConcernRow, concern_rows, place
from training.ml.mixture.overlap import without_overlaps
from training.ml.progress import Listener, Progress, SilentListener

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

MOST_ALARMS = 0.002  # of everyday rows
LABELS: tuple[str, ...] = ()  # of the rows; none: those of the model
REGULARISATION = (
    0.03,
    0.1,
    0.3,
    1.0,
    3.0,
)  # inverse, to choose from; weaker, and half precision would change scores
FOLDS = 4
LEAST_SPREAD = (
    0.01  # of features that hardly differ between rows, whose weights half precision could not hold
)
EVERYDAY_WEIGHT = 4.0  # of a real harmless row beside a composed one: it is what most comments are like
EVERYDAY_HELD_OUT = 0.5
FEWEST_EVERYDAY = 200
ITERATIONS = 2_000
TOKEN_BUDGET = 4_096
SHOWN_EVERY = 20  # batches
KINDS, SUITE = "kinds.csv", "fp_self_harm_and_victims"  # shipped texts that no row resembles


@dataclass(frozen=True)
class SuiteCount:
    """How many texts of the shipped suite's kind of people who tell of their hurt reach the threshold.

    `others` are its texts that mock or threaten such people; `alarms` of them reach it.
    """

    concerns: int
    recall: float
    others: int
    alarms: int


@dataclass(frozen=True)
class ConcernReport:
    """What the output was fitted on and how good it is on rows that were held out.

    Rows of one pattern are held out together. `regularisation` is None where the output was learned beside the labels.
    `alarms` is the share of held-out everyday rows over the threshold,
    `precision` counts all held-out rows, composed and real.
    """

    rows: int
    concerns: int
    everyday_rows: int
    regularisation: float | None
    threshold: float
    held_out: int
    precision: float
    recall: float
    alarms: float
    suite: SuiteCount


def add_concern(
    source: Path,
    output: Path,
    *,
    everyday: Sequence[str],
    rows: Sequence[ConcernRow] | None = None,
    max_length: int = 128,
    most_alarms: float = MOST_ALARMS,
    seed: int = 13,
    listener: Listener | None = None,
) -> ConcernReport:
    """Write the run or model in `source` with an output for concerns to `output`, and return how good that is.

    `everyday` are real harmless texts, which are taken to tell of no hurt; part of them chooses the threshold, the
    lowest of at least 0.5 that at most the share `most_alarms` of them reaches. `rows` say what is a concern and what
    is none (None: those of training.ml.mixture.concern, composed with `seed`); real ones may be added. A run stays a
    run (export_artifact writes the output into the manifest), a model folder becomes one of another version. An output
    for concerns that is there already is made anew; a run whose last label is `concern` has learned it beside the
    others, and nothing is fitted: the label becomes the output. `source` and `output` may be the same folder.

    Raises BaseModelError (no run or model, or a softmax head), DataError for too few rows.
    """
    listener = listener or SilentListener()
    start = read_start(source)
    is_label = len(start.labels) > 1 and start.labels[-1] == CONCERN
    if is_label and not (source / "run.json").is_file():
        raise BaseModelError(
            f"{source} has concern as a label of a finished model; give the run that it was made from"
        )
    if start.softmax:
        raise BaseModelError(
            f"{source} has a two-way softmax head, which takes no output for concerns; train it with several labels "
            "(sigmoid outputs)"
        )

    # rows: composed or given, and everyday ones; some of both are held out
    rows = list(concern_rows(seed) if rows is None else rows)
    rows += [ConcernRow(text, is_concern=False) for text in everyday]
    targets = np.array([row.is_concern for row in rows])
    groups = np.array([row.group or f"row {number}" for number, row in enumerate(rows)])
    is_everyday = np.arange(len(rows)) >= len(rows) - len(everyday)
    _check_rows(targets, groups, len(everyday))
    held_out = _places(groups, seed) < np.where(is_everyday, EVERYDAY_HELD_OUT, HELD_OUT)
    if not (held_out & targets).any():
        raise DataError("the seed holds out none of the concerns; give more groups of them, or another seed")

    # features: what the last linear layer sees of each row
    model = load_base(str(source), labels=start.labels, softmax=False, attention="auto", dropout=None)
    tokenizer = load_tokenizer(str(source))
    cases = [case for case in parse_cases((SHIPPED / KINDS).read_bytes()) if case.functionality == SUITE]
    texts = [normalise_text(text) for text in (*(row.text for row in rows), *(case.text for case in cases))]
    of_all = pooled_features(model, tokenize(tokenizer, texts, max_length), listener)
    features, of_cases = of_all[: len(rows)], of_all[len(rows) :]

    # fit, and the threshold on rows that the fit did not see
    fitted, head = ~held_out, last_linear(model)
    strength: float | None = None
    if is_label:
        weight, bias = head.weight[-1].detach().numpy(), float(head.bias[-1].detach())
    else:
        shares = np.where(is_everyday, EVERYDAY_WEIGHT, 1.0)
        weight, bias, strength = fit_output(
            features[fitted], targets[fitted], groups[fitted], shares[fitted], seed
        )
    scores = _probabilities(features, weight, bias)
    threshold = threshold_for(scores[held_out & is_everyday], most_alarms)
    flagged, told = scores >= threshold, held_out & targets
    report = ConcernReport(
        rows=int(fitted.sum()),
        concerns=int((fitted & targets).sum()),
        everyday_rows=int((fitted & is_everyday).sum()),
        regularisation=strength,
        threshold=threshold,
        held_out=int(held_out.sum()),
        precision=float(targets[held_out & flagged].mean()) if (held_out & flagged).any() else 0.0,
        recall=float(flagged[told].mean()),
        alarms=float(flagged[held_out & is_everyday].mean()),
        suite=_suite_count(cases, _probabilities(of_cases, weight, bias) >= threshold),
    )

    # the labels' outputs as they were, and one more
    import torch

    if not is_label:
        row = torch.from_numpy(weight[None]).to(head.weight)
        offset = torch.tensor([bias]).to(head.bias)
        replace_head(model, torch.cat([head.weight, row]), torch.cat([head.bias, offset]))
        name_outputs(model.config, [*start.labels, CONCERN])
    _write(source, output, model, len(model.config.id2label) - 1, report)
    return report


def rows_of_table(
    source: Path,
    data: str,
    *,
    split: str = "train",
    text_column: str = "comment_text",
    labels: Sequence[str] = LABELS,
    most: int = 20_000,
    seed: int = 13,
) -> tuple[list[str], list[ConcernRow]]:
    """Return everyday texts and rows for `add_concern`: `most` drawn rows of labelled comments, and the composed rows.

    Comments without the first label are everyday texts, those with it are no concerns, of others nothing is known. None
    of them resembles a text of the shipped suites. Raises DataError, and BaseModelError for a `source` that is none.
    """
    table = load_table(data, split, text_column=text_column, labels=labels or read_start(source).labels)
    chosen = np.random.default_rng(seed).permutation(len(table))[:most]
    drawn = table.take(np.sort(chosen))
    kept, _ = without_overlaps(drawn.texts, shipped_texts())
    known = [(drawn.texts[index], drawn.targets[index, 0]) for index in kept]
    toxic = [ConcernRow(text, is_concern=False) for text, target in known if target == 1]
    return [text for text, target in known if target == 0], [*concern_rows(seed), *toxic]


def pooled_features(model: Any, tokens: Tokens, listener: Listener | None = None) -> "Floats":
    """Return the input of the model's last linear layer for each row, float32 [rows, features]."""
    import torch

    listener = listener or SilentListener()
    head = last_linear(model)
    result: Floats = np.zeros((len(tokens.lengths), head.in_features), dtype=np.float32)
    seen: list[Any] = []
    hook = head.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    device = best_device()
    model = model.to(device).eval()
    batches = budget_batches(tokens.lengths, TOKEN_BUDGET)
    try:
        with torch.inference_mode():
            for step, rows in enumerate(batches, 1):
                model(**{name: value.to(device) for name, value in collate(tokens, rows).items()})
                result[rows] = seen.pop().float().cpu().numpy()
                if step % SHOWN_EVERY == 0 or step == len(batches):
                    listener.report(Progress("features", step, len(batches)))
    finally:
        hook.remove()
    model.to("cpu")
    return result


def fit_output(
    features: "Floats",
    targets: "NDArray[np.bool_]",
    groups: "NDArray[np.str_]",
    weights: "NDArray[np.float64]",
    seed: int,
) -> tuple["Floats", float, float]:
    """Return weight [features], bias and regularisation of a logistic regression in which both classes weigh alike.

    `weights` [rows] are those of the rows beside it.

    The regularisation is the one with the best mean average precision in a cross-validation that keeps rows of one
    group together. It acts on features of unit spread, so that it means the same for every encoder.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV, StratifiedGroupKFold

    search = GridSearchCV(
        LogisticRegression(class_weight="balanced", max_iter=ITERATIONS),
        {"C": list(REGULARISATION)},
        scoring="average_precision",
        cv=StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed),
    )
    middle, spread = features.mean(axis=0), max(float(features.std(axis=0).mean()), LEAST_SPREAD)
    search.fit((features - middle) / spread, targets, groups=groups, sample_weight=weights)
    best = search.best_estimator_
    weight = (best.coef_[0] / spread).astype(np.float32)
    return weight, float(best.intercept_[0] - middle @ weight), float(best.C)


def threshold_for(scores: "NDArray[np.float64]", most_alarms: float) -> float:
    """Return the lowest threshold, at least 0.5, that at most the share `most_alarms` of these scores reaches."""
    allowed = math.floor(len(scores) * most_alarms)
    ranked = np.sort(scores)[::-1]
    if allowed >= len(ranked) or ranked[allowed] < 0.45:
        return 0.5
    # just above the highest score that must stay below it, past what fp16 and bf16 change
    odds = math.log(ranked[allowed] / max(1 - ranked[allowed], 1e-12)) + 0.05
    return min(max(0.5, math.ceil(1e4 / (1 + math.exp(-odds))) / 1e4), 1.0)


def _probabilities(features: "Floats", weight: "Floats", bias: float) -> "NDArray[np.float64]":
    odds = features.astype(np.float64) @ weight + bias
    return np.asarray(0.5 * (1 + np.tanh(0.5 * odds)))


def _suite_count(cases: Sequence[Case], flagged: "NDArray[np.bool_]") -> SuiteCount:
    tells = np.array([case.expected == 0 for case in cases])
    return SuiteCount(
        int(tells.sum()), float(flagged[tells].mean()), int((~tells).sum()), int(flagged[~tells].sum())
    )


def _check_rows(targets: "NDArray[np.bool_]", groups: "NDArray[np.str_]", everyday: int) -> None:
    if everyday < FEWEST_EVERYDAY:
        raise DataError(
            f"{everyday} everyday rows are too few to choose a threshold; give at least {FEWEST_EVERYDAY} harmless "
            "texts"
        )
    for kind, name in ((True, "concerns"), (False, "other rows")):
        number = len(set(groups[targets == kind]))
        if number < 2 * FOLDS:
            raise DataError(
                f"the rows hold {number} groups of {name}; at least {2 * FOLDS} of each are needed"
            )


def _places(groups: "NDArray[np.str_]", seed: int) -> "NDArray[np.float64]":
    """Return a number from 0 to 1 for each row that depends on its group alone: the same group goes the same way."""
    places = {group: place(group, seed) for group in set(groups.tolist())}
    return np.array([places[group] for group in groups.tolist()])


def _write(source: Path, output: Path, model: Any, column: int, report: ConcernReport) -> None:
    """Write the folder as a whole, with weights and configuration of `model` and the rest of `source`."""
    aside = output.with_name(output.name + ".writing")
    shutil.rmtree(aside, ignore_errors=True)
    shutil.copytree(source, aside, ignore=shutil.ignore_patterns("checkpoint"))
    concern = {"output": column, "threshold": report.threshold, **asdict(report)}
    if (source / "run.json").is_file():
        model.save_pretrained(aside)
        card = json.loads((source / "run.json").read_text())
        card |= {
            "parameters": count_parameters(model)[0],
            CONCERN: concern,
            "labels": card["labels"][:column],
        }
        for of_labels in ("thresholds", "validation"):
            card[of_labels] = {name: value for name, value in card[of_labels].items() if name != CONCERN}
        write_json(aside / "run.json", card, indent=2)
    else:
        write_concern(aside, model.state_dict(), concern, model.config.id2label)
    replace_folder(aside, output)
