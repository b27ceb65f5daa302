"""Measuring a version on frozen rows, from its scores to the report, one stage after the other: read STAGES first."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from training.ml.data.tables import DataError
from training.ml.evaluation.compare import Rival, paired_differences, verdicts_compared
from training.ml.evaluation.curves import curves
from training.ml.evaluation.errors import confident_errors
from training.ml.evaluation.flips import verdict_flips
from training.ml.evaluation.label_issues import label_issues, train_label_issues
from training.ml.evaluation.marked_words import marked_words
from training.ml.evaluation.measures import METRICS, Measure, bootstrap, confusion, interval, point
from training.ml.evaluation.obfuscation import obfuscation_report
from training.ml.evaluation.report import Report
from training.ml.evaluation.slices import slices
from training.ml.evaluation.speed import device_and_threads, measure_speed
from training.ml.evaluation.subject import GivesVerdicts, KnowsLanguages, ServedModel, Subject
from training.ml.evaluation.suite_report import run_suite
from training.ml.evaluation.suites import shipped_suites
from training.ml.progress import Cancelled, Listener, Progress, SilentListener

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from training.ml.data.tables import TextTable

RESAMPLES = 1_000


def evaluate(
    artifact_dir: Path,
    test_table: "TextTable",
    *,
    active_scores: "Rival | NDArray[np.float64] | NDArray[np.float32] | None" = None,
    backend: str = "auto",
    languages: Sequence[str] = (),
    **measuring: Any,
) -> Report:
    """Measure the model folder on `test_table` as it is served; `measuring` goes to `measure_subject`.

    `active_scores` are the active version's answers to the same rows (`compare.load_rival`; a bare matrix is taken to
    have this model's labels and thresholds). `languages` are those that the site takes a model to know whose manifest
    names none.
    """
    subject = ServedModel(Path(artifact_dir), backend, languages)
    rival = active_scores
    if rival is not None and not isinstance(rival, Rival):
        rival = Rival("active", subject.labels, subject.thresholds, rival)
    return measure_subject(subject, test_table, rival=rival, **measuring)


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
    """Measure anything that scores texts.

    `rival` holds another version's answers to the same rows. `suites` are the stored test suites ({"id", "name",
    "kind", "label", "cases"}); with `own_suites` the shipped ones follow, whose `id` is None. `train_table` lets likely
    label errors in the training rows be looked for. Raises DataError when the rows know none of the subject's labels,
    and Cancelled when the listener says stop.
    """
    started, listener = time.monotonic(), listener or SilentListener()
    labels = known_labels(subject, table)
    scores = subject.score(table.texts, listener)
    measurement = Measurement(
        subject=subject,
        table=table,
        train_table=train_table,
        rival=rival,
        suites=(*suites, *(shipped_suites() if own_suites else ())),
        disguises=own_suites,
        speed=speed,
        seed=seed,
        resamples=resamples,
        labels=labels,
        primary=subject.primary if subject.primary in labels else labels[0],
        scores={label: scores[:, subject.labels.index(label)] for label in labels},
        targets={label: table.targets[:, table.labels.index(label)] for label in labels},
        weights=table.weights.astype(np.float64),
    )
    parts: dict[str, Any] = {}
    for number, (name, stage) in enumerate(STAGES.items(), start=1):
        if listener.should_stop():
            raise Cancelled
        listener.report(Progress(f"evaluate: {name}", number, len(STAGES) + 1))
        parts |= stage(measurement)
    return Report(
        version=subject.version,
        backend=subject.backend,
        rows=len(table),
        fingerprint=table.fingerprint(),
        labels=list(labels),
        size={
            "bytes": subject.size.bytes,
            "parameters": subject.size.parameters,
            "trainable_parameters": subject.size.trainable_parameters,
        },
        notes=list(notes),
        seconds=round(time.monotonic() - started, 1),
        scores=scores,
        **parts,
    )


@dataclass(frozen=True)
class Measurement:
    """A subject on a table of rows, with its scores and what is to be measured of them.

    `scores` and `targets` are [rows] by label, for the labels that the rows know; `primary` is the one that mistakes,
    slices and the comparison with the rival are about.
    """

    subject: Subject
    table: "TextTable"
    train_table: "TextTable | None"
    rival: Rival | None
    suites: Sequence[Mapping[str, Any]]
    disguises: bool
    speed: bool
    seed: int
    resamples: int
    labels: tuple[str, ...]
    primary: str
    scores: Mapping[str, "NDArray[np.float64]"]
    targets: Mapping[str, "NDArray[np.float32]"]
    weights: "NDArray[np.float64]"

    def threshold(self, label: str) -> float:
        return self.subject.thresholds[label]


Stage = Callable[[Measurement], dict[str, Any]]  # returns the fields of the report that it measures


def quality(m: Measurement) -> dict[str, Any]:
    """Measure every label: metrics with intervals, confusion, curves, slices, and the differences to the rival."""
    measures = {
        label: Measure(m.scores[label], m.targets[label], m.threshold(label), m.weights) for label in m.labels
    }
    metrics, differences = _metrics(
        measures, m.weights, m.rival, m.targets, resamples=m.resamples, seed=m.seed
    )
    tested = flips = None
    if m.rival is not None and m.primary in m.rival.labels:
        tested = verdicts_compared(
            m.primary, m.scores[m.primary], m.threshold(m.primary), m.targets[m.primary], m.rival
        )
        flips = {
            "against": m.rival.version,
            "label": m.primary,
            "languages": verdict_flips(
                m.table.texts,
                m.scores[m.primary] >= m.threshold(m.primary),
                m.rival.column(m.primary) >= m.rival.thresholds[m.primary],
                m.targets[m.primary],
            ),
        }
    return {
        "metrics": metrics,
        "bootstrap": {
            "resamples": m.resamples,
            "share": 0.95,
            "seed": m.seed,
            "method": "percentiles, rows drawn within strata of equal weight",
        },
        "support": {label: _support(m.targets[label], m.weights, m.threshold(label)) for label in m.labels},
        "confusion": {label: confusion(measure) for label, measure in measures.items()},
        "curves": {label: _curves(m, label) for label in m.labels},
        "slices": slices(m.table, m.primary, m.scores[m.primary], m.threshold(m.primary)),
        "mcnemar": tested,
        "flips": flips,
        "differences": differences,
    }


def mistakes(m: Measurement) -> dict[str, Any]:
    """Collect the most confident mistakes on the primary label, with the words that made the model so sure."""
    return {"errors": confident_errors(m.subject, m.table, m.primary, m.scores[m.primary])}


def reasons(m: Measurement) -> dict[str, Any]:
    """Compare the words that drive the model with those that moderators marked."""
    return {"marked_words": marked_words(m.subject, m.table, m.primary, seed=m.seed)}


def doubts(m: Measurement) -> dict[str, Any]:
    """Look for rows that are probably labelled wrongly, among those measured on and those learned from."""
    matrix = np.column_stack([m.scores[label] for label in m.labels])
    learned = []
    if m.train_table is not None and m.primary in m.train_table.labels:
        learned = train_label_issues(m.train_table, m.primary, m.seed)
    return {"label_issues": label_issues(m.table, m.labels, matrix), "train_label_issues": learned}


def suites(m: Measurement) -> dict[str, Any]:
    """Run the test suites, and recognised rows of the table in disguise."""
    subject = m.subject
    reports = suite_reports(subject, m.suites)
    if m.disguises:
        disguised = obfuscation_report(subject, m.table, m.primary, m.scores[m.primary], seed=m.seed)
        reports += [disguised] if disguised else []
    return {"suites": reports}


def suite_reports(subject: Subject, wanted: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Run suites on a subject, by its verdicts where it gives some, and with the languages of their cases where it can
    tell them."""
    supported = None
    if isinstance(subject, KnowsLanguages) and subject.languages:
        supported = subject.language_supported
    judge = subject.judge if isinstance(subject, GivesVerdicts) else None
    return [
        run_suite(
            suite,
            subject.labels,
            subject.thresholds,
            subject.score,
            supported,
            judge=judge if suite["label"] == subject.primary else None,
        )
        for suite in wanted
    ]


def speed(m: Measurement) -> dict[str, Any]:
    """Time the subject on this machine."""
    if not m.speed:
        return {"speed": None}
    device, threads = device_and_threads(m.subject.backend)
    return {"speed": measure_speed(m.subject.score, m.table.texts, device=device, threads=threads)}


STAGES: dict[str, Stage] = {  # by the name that the listener hears
    "intervals": quality,
    "errors": mistakes,
    "marked words": reasons,
    "label issues": doubts,
    "suites": suites,
    "speed": speed,
}


def known_labels(subject: Subject, table: "TextTable") -> tuple[str, ...]:
    """Return the subject's labels of which at least one row knows the truth, in its order. Raises DataError."""
    known = tuple(
        label
        for label in subject.labels
        if label in table.labels and (table.targets[:, table.labels.index(label)] >= 0).any()
    )
    if not known:
        raise DataError(
            f"the rows know none of the labels of {subject.version} ({', '.join(subject.labels)}); "
            f"their labels are {', '.join(table.labels)}"
        )
    return known


def _metrics(
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
    """Return the mean over labels [labels, resamples] of those that have a number."""
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


def _curves(m: Measurement, label: str) -> dict[str, Any]:
    known = m.targets[label] >= 0
    return curves(m.scores[label][known], m.targets[label][known], m.weights[known], m.threshold(label))
