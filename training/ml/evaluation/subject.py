"""What is measured: anything that answers texts with probabilities, a baseline or a model folder as it is served.

A served model answers through the classifier's own scorer, windows and all.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np

from classifier.inference.language import identify
from classifier.inference.scorer import Scorer
from classifier.inference.verdict import TOXIC
from training.ml.data.tables import TextTable
from training.ml.evaluation.metrics import evaluate_scores, label_metrics
from training.ml.progress import Cancelled, Listener, Progress, SilentListener

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Evaluation:
    """Metrics by label at the artifact's thresholds, and the scores [rows, labels] that they were made of.

    `labels` are all of the artifact, in the order of `scores`; the metrics are of those that the rows know.
    """

    version: str
    backend: str
    metrics: dict[str, dict[str, float]]
    scores: "NDArray[np.float64]"
    rows: int
    seconds: float
    labels: tuple[str, ...]
    thresholds: Mapping[str, float]

    def to_dict(self) -> dict[str, Any]:
        return {
            "version": self.version,
            "backend": self.backend,
            "rows": self.rows,
            "seconds": round(self.seconds, 1),
            "metrics": self.metrics,
        }


@dataclass(frozen=True)
class Answered:
    """What was answered to texts: probabilities [texts, labels], and whether the verdict is toxic [texts].

    The verdict can be non-toxic over the threshold of the primary label: see classifier.inference.scorer.ScoreResult.
    """

    scores: "NDArray[np.float64]"
    toxic: "NDArray[np.bool_]"


def score_matrix(
    scorer: Scorer, texts: Sequence[str], listener: Listener | None = None, chunk: int = 512
) -> "NDArray[np.float64]":
    """Return probabilities [rows, labels] in the texts' order. Raises Cancelled when the listener says stop."""
    return answer_all(scorer, texts, listener, chunk).scores


def answer_all(
    scorer: Scorer, texts: Sequence[str], listener: Listener | None = None, chunk: int = 512
) -> Answered:
    """Return probabilities and verdicts in the texts' order. Raises Cancelled when the listener says stop."""
    listener = listener or SilentListener()
    result, toxic = np.zeros((len(texts), len(scorer.labels))), np.zeros(len(texts), dtype=np.bool_)
    order = np.argsort([len(text) for text in texts], kind="stable")
    started = time.monotonic()
    for start in range(0, len(texts), chunk):
        if listener.should_stop():
            raise Cancelled
        rows = order[start : start + chunk]
        scored = scorer.score([texts[i] for i in rows])
        result[rows] = [[answer.scores[label] for label in scorer.labels] for answer in scored]
        toxic[rows] = [answer.verdict == TOXIC for answer in scored]
        done = start + len(rows)
        spent = time.monotonic() - started
        listener.report(
            Progress("evaluate", done, len(texts), done / spent, 0.0, {}, spent / done * (len(texts) - done))
        )
    return Answered(result, toxic)


def evaluate_artifact(
    folder: Path, table: TextTable, *, backend: str = "auto", listener: Listener | None = None
) -> Evaluation:
    """Score every row of `table` with the artifact in `folder` and measure it, row weights honoured."""
    started = time.monotonic()
    scorer = Scorer(folder, backend=backend)
    scores = score_matrix(scorer, table.texts, listener)
    positions = [scorer.labels.index(label) for label in table.labels if label in scorer.labels]
    labels = [scorer.labels[i] for i in positions]
    columns = [table.labels.index(label) for label in labels]
    metrics = evaluate_scores(
        scores[:, positions],
        table.targets[:, columns],
        labels,
        dict(scorer.manifest.thresholds),
        table.weights,
    )
    return Evaluation(
        scorer.version,
        scorer.backend_name,
        metrics,
        scores,
        len(table),
        time.monotonic() - started,
        scorer.labels,
        dict(scorer.manifest.thresholds),
    )


def metrics_by_source(answers: Evaluation, table: TextTable) -> dict[str, dict[str, float]]:
    """Return the metrics of the first label for each source of the rows that were answered, without row weights."""
    label = answers.labels[0]
    scores, targets = answers.scores[:, 0], table.targets[:, table.labels.index(label)]
    sources = np.array(table.sources or [""] * len(table))
    return {
        str(source): label_metrics(
            scores[sources == source], targets[sources == source], answers.thresholds[label]
        )
        for source in np.unique(sources)
        if (targets[sources == source] >= 0).any()
    }


@dataclass(frozen=True)
class Size:
    """Bytes on disk; numbers in the weights, and how many of them the last training changed (None: not known)."""

    bytes: int
    parameters: int
    trainable_parameters: int | None


class Subject(Protocol):
    """A thing with a version that scores texts; `explain` returns [] where it cannot say."""

    @property
    def version(self) -> str: ...

    @property
    def backend(self) -> str: ...

    @property
    def labels(self) -> tuple[str, ...]: ...

    @property
    def thresholds(self) -> Mapping[str, float]: ...

    @property
    def primary(self) -> str: ...

    @property
    def size(self) -> Size: ...

    def score(self, texts: Sequence[str], listener: Listener | None = None) -> "NDArray[np.float64]": ...

    def explain(self, text: str, label: str) -> list[dict[str, Any]]: ...


@runtime_checkable
class KnowsLanguages(Protocol):
    """A subject that says of each text whether it is in one of `languages`, which the model knows, as it is served.

    Without `languages` it cannot say.
    """

    @property
    def languages(self) -> tuple[str, ...]: ...

    def language_supported(self, texts: Sequence[str]) -> list[bool]: ...


@runtime_checkable
class GivesVerdicts(Protocol):
    """A subject that gives verdicts about its primary label, beside the probabilities."""

    def judge(self, texts: Sequence[str]) -> Answered: ...


class ServedModel:
    """A model folder, scored and explained by the engine that serves it.

    `languages` are those of a site (MODEL_LANGUAGES), which count where the manifest names none.
    """

    def __init__(self, folder: Path, backend: str = "auto", languages: Sequence[str] = ()) -> None:
        self.scorer = Scorer(folder, backend=backend)
        manifest = self.scorer.manifest
        self.version, self.backend = self.scorer.version, self.scorer.backend_name
        self.labels, self.thresholds = manifest.labels, dict(manifest.thresholds)
        self.primary, self.languages = manifest.primary_label, manifest.languages or tuple(languages)
        self.size = Size(
            sum(entry.bytes for entry in manifest.files.values()),
            int(manifest.raw.get("parameters") or 0),
            _trainable(manifest.raw),
        )

    def score(self, texts: Sequence[str], listener: Listener | None = None) -> "NDArray[np.float64]":
        """Return probabilities [texts, labels]."""
        return score_matrix(self.scorer, texts, listener)

    def judge(self, texts: Sequence[str]) -> Answered:
        """Return probabilities [texts, labels] and the verdicts, as they are served."""
        return answer_all(self.scorer, texts)

    def language_supported(self, texts: Sequence[str]) -> list[bool]:
        """Return of each text whether the model knows its language; an undetermined one counts as known."""
        return [identify(text, self.languages).is_supported for text in texts]

    def explain(self, text: str, label: str) -> list[dict[str, Any]]:
        """Return the words' pushes in log-odds towards `label`, at their code points of `text`."""
        from classifier.inference.explain import explain

        words = explain(self.scorer, text, label).words
        return [
            {"begin": word.begin, "end": word.end, "text": word.text, "value": word.value} for word in words
        ]


def _trainable(manifest: Mapping[str, Any]) -> int | None:
    for section in (manifest, manifest.get("provenance") or {}):
        value = section.get("trainable_parameters")
        if isinstance(value, int):
            return value
    return None
