"""Measuring a version on frozen rows, from scoring to the report, as one story."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from training.ml.data.tables import DataError
from training.ml.evaluation.compare import Rival, paired_differences, verdicts_compared
from training.ml.evaluation.curves import curves
from training.ml.evaluation.errors import confident_errors
from training.ml.evaluation.label_issues import label_issues, train_label_issues
from training.ml.evaluation.marked_words import marked_words
from training.ml.evaluation.measures import METRICS, Measure, bootstrap, confusion, interval, point
from training.ml.evaluation.obfuscation import obfuscation_report
from training.ml.evaluation.report import Report
from training.ml.evaluation.slices import slices
from training.ml.evaluation.speed import device_and_threads, measure_speed
from training.ml.evaluation.subject import ServedModel, Subject
from training.ml.evaluation.suite_report import run_suite
from training.ml.evaluation.suites import shipped_suites
from training.ml.progress import Listener, Progress, SilentListener

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from training.ml.data.tables import TextTable

RESAMPLES = 1_000
STAGES = ("scores", "intervals", "errors", "marked words", "label issues", "suites", "speed")


def evaluate(
    artifact_dir: Path,
    test_table: "TextTable",
    *,
    train_table: "TextTable | None" = None,
    active_scores: "Rival | NDArray[np.float64] | NDArray[np.float32] | None" = None,
    suites: Sequence[Mapping[str, Any]] = (),
    seed: int = 0,
    listener: Listener | None = None,
    backend: str = "auto",
    resamples: int = RESAMPLES,
    speed: bool = True,
    own_suites: bool = True,
) -> Report:
    """Measure the model folder on `test_table` as it is served.

    `active_scores` are the active version's answers to the same rows (`compare.load_rival`; a bare matrix is taken to
    have this model's labels and thresholds). `suites` are the stored test suites ({"id", "name", "kind", "label",
    "cases"}); with `own_suites` the shipped ones follow, whose `id` is None. `train_table` lets likely label errors in
    the training rows be looked for. Raises DataError when the rows know none of the model's labels, and Cancelled when
    the listener says stop.
    """
    subject = ServedModel(Path(artifact_dir), backend)
    rival = active_scores
    if rival is not None and not isinstance(rival, Rival):
        rival = Rival("active", subject.labels, subject.thresholds, rival)
    return measure_subject(
        subject,
        test_table,
        train_table=train_table,
        rival=rival,
        suites=suites,
        seed=seed,
        listener=listener,
        resamples=resamples,
        speed=speed,
        own_suites=own_suites,
    )


def measure_subject(
    subject: Subject,
    table: "TextTable",
    *,
    train_table: "TextTable | None" = None,
    rival: Rival | None = None,
    suites: Sequence[Mapping[str, Any]] = (),
    seed: int = 0,
    listener: Listener | None = None,
    resamples: int = RESAMPLES,
    speed: bool = True,
    own_suites: bool = True,
    notes: Sequence[str] = (),
) -> Report:
    """Measure anything that scores texts; see `evaluate`."""
    stages = _Stages(listener or SilentListener())
    labels = known_labels(subject, table)
    scores = subject.score(table.texts, stages.listener)
    columns = {label: scores[:, subject.labels.index(label)] for label in labels}
    targets = {label: table.targets[:, table.labels.index(label)] for label in labels}
    weights = table.weights.astype(np.float64)

    stages.reached("intervals")
    measures = {
        label: Measure(columns[label], targets[label], subject.thresholds[label], weights) for label in labels
    }
    metrics, against = measured(measures, weights, rival, targets, resamples=resamples, seed=seed)

    primary = subject.primary if subject.primary in labels else labels[0]
    stages.reached("errors")
    errors = confident_errors(subject, table, primary, columns[primary])

    stages.reached("marked words")
    reasons = marked_words(subject, table, primary, seed=seed)

    stages.reached("label issues")
    matrix = np.column_stack([columns[label] for label in labels])
    issues = label_issues(table, labels, matrix)
    train_issues: list[dict[str, Any]] = []
    if train_table is not None and primary in train_table.labels:
        train_issues = train_label_issues(train_table, primary, seed)

    stages.reached("suites")
    suite_reports = [
        run_suite(suite, subject.labels, subject.thresholds, subject.score)
        for suite in (*suites, *(shipped_suites() if own_suites else ()))
    ]
    disguised = (
        obfuscation_report(subject, table, primary, columns[primary], seed=seed) if own_suites else None
    )

    stages.reached("speed")
    device, threads = device_and_threads(subject.backend)
    return Report(
        version=subject.version,
        backend=subject.backend,
        rows=len(table),
        fingerprint=table.fingerprint(),
        labels=list(labels),
        support={label: _support(targets[label], weights, subject.thresholds[label]) for label in labels},
        metrics=metrics,
        bootstrap={
            "resamples": resamples,
            "share": 0.95,
            "seed": seed,
            "method": "percentiles, rows drawn within strata of equal weight",
        },
        confusion={label: confusion(measure) for label, measure in measures.items()},
        curves={
            label: curves(
                columns[label][targets[label] >= 0],
                targets[label][targets[label] >= 0],
                weights[targets[label] >= 0],
                subject.thresholds[label],
            )
            for label in labels
        },
        slices=slices(table, primary, columns[primary], subject.thresholds[primary]),
        errors=errors,
        size={
            "bytes": subject.size.bytes,
            "parameters": subject.size.parameters,
            "trainable_parameters": subject.size.trainable_parameters,
        },
        speed=measure_speed(subject.score, table.texts, device=device, threads=threads) if speed else None,
        mcnemar=(
            verdicts_compared(primary, columns[primary], subject.thresholds[primary], targets[primary], rival)
            if rival is not None and primary in rival.labels
            else None
        ),
        differences=against,
        label_issues=issues,
        train_label_issues=train_issues,
        marked_words=reasons,
        suites=[*suite_reports, *([disguised] if disguised else [])],
        notes=list(notes),
        seconds=stages.seconds(),
        scores=scores,
    )


def known_labels(subject: Subject, table: "TextTable") -> tuple[str, ...]:
    """Return the subject's labels of which at least one row knows the truth, in its order. Raises DataError."""
    found = tuple(
        label
        for label in subject.labels
        if label in table.labels and (table.targets[:, table.labels.index(label)] >= 0).any()
    )
    if not found:
        raise DataError(
            f"the rows know none of the labels of {subject.version} ({', '.join(subject.labels)}); "
            f"their labels are {', '.join(table.labels)}"
        )
    return found


def measured(
    measures: Mapping[str, Measure],
    weights: "NDArray[np.float64]",
    rival: Rival | None,
    targets: Mapping[str, "NDArray[np.float32]"],
    *,
    resamples: int,
    seed: int,
) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """Return {label: {metric: {value, low, high}}} with `macro`, the plain mean over labels, and the paired differences
    to the rival."""
    shared = [label for label in measures if rival is not None and label in rival.labels]
    theirs = {
        label: Measure(rival.column(label), targets[label], rival.thresholds[label], weights)
        for label in shared
        if rival is not None
    }
    drawn = bootstrap(
        {**{("ours", k): m for k, m in measures.items()}, **{("theirs", k): m for k, m in theirs.items()}},
        weights,
        resamples=resamples,
        seed=seed,
    )
    ours = {label: drawn["ours", label] for label in measures}
    points = {label: point(measure) for label, measure in measures.items()}
    metrics: dict[str, Any] = {
        label: {name: _with_interval(points[label][name], ours[label][name]) for name in METRICS}
        for label in measures
    }
    if len(measures) > 1:
        metrics["macro"] = {
            name: _with_interval(
                _mean(np.array([points[label][name] for label in measures])[:, None])[0],
                _mean(np.stack([ours[label][name] for label in measures])),
            )
            for name in METRICS
        }
    if rival is None:
        return metrics, None
    against = paired_differences(
        ours,
        {label: drawn["theirs", label] for label in theirs},
        points,
        {label: point(measure) for label, measure in theirs.items()},
    )
    return metrics, {"against": rival.version, "labels": against}


def _mean(values: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """The mean over labels [labels, resamples] of those that have a number."""
    known = np.isfinite(values)
    total, count = np.where(known, values, 0.0).sum(axis=0), known.sum(axis=0)
    result = np.full(len(total), np.nan)
    np.divide(total, count, out=result, where=count > 0)
    return result


def _with_interval(value: float, drawn: "NDArray[np.float64]") -> dict[str, float | None]:
    low, high = interval(drawn)
    return {"value": value, "low": low, "high": high}


def _support(
    targets: "NDArray[np.float32]", weights: "NDArray[np.float64]", threshold: float
) -> dict[str, float]:
    known = targets >= 0
    return {
        "rows": int(known.sum()),
        "positives": int((targets == 1).sum()),
        "prior": float(weights[targets == 1].sum() / max(weights[known].sum(), 1e-12)),
        "threshold": float(threshold),
    }


class _Stages:
    """Tells the listener which part is on, and stops between two parts when it asks for that."""

    def __init__(self, listener: Listener) -> None:
        self.listener, self.started = listener, time.monotonic()

    def reached(self, name: str) -> None:
        from training.ml.train.loop import Cancelled

        if self.listener.should_stop():
            raise Cancelled
        self.listener.report(Progress(f"evaluate: {name}", STAGES.index(name), len(STAGES)))

    def seconds(self) -> float:
        return round(time.monotonic() - self.started, 1)
