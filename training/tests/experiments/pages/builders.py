"""Runs as pages find them: with curves, a version and the report that the real evaluation makes of simulated scores."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import cache
from typing import Any
from unittest.mock import patch

import numpy as np
from django.utils import timezone

from classifier.models import ModelVersion
from classifier.tests.builders import version_row
from training.experiments.configs import config_whole
from training.ml.data.tables import TextTable
from training.ml.evaluation.run import measure_subject
from training.ml.evaluation.subject import Size
from training.ml.recipes.registry import RECIPES
from training.models import Dataset, Evaluation, Experiment, MetricPoint

LABELS = ("toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate")
RATES = (0.3, 0.05, 0.2, 0.03, 0.2, 0.06)
WORDS = "the article page source talk edit you are an idiot please thank help stupid nice fool of and for not".split()
PRINT = "f" * 64
ISSUE = {"row": 3, "text": "thank you idiot", "label": "toxic", "given": 0, "score": 0.98, "quality": 0.02}


class Simulated:
    """Something that knows the truth of its rows and answers with noise: the more `skill`, the less of it."""

    backend = "simulated"
    labels = LABELS
    thresholds: Mapping[str, float] = dict.fromkeys(LABELS, 0.5)
    primary = "toxic"

    def __init__(self, version: str, table: TextTable, skill: float, seed: int, size: Size) -> None:
        self.version, self.size, self.skill = version, size, skill
        self.known = dict(zip(table.texts, table.targets, strict=True))
        self.rng = np.random.default_rng(seed)

    def score(self, texts: Sequence[str], listener: Any = None) -> Any:
        truth = np.array([self.known.get(text, np.zeros(len(LABELS))) for text in texts], dtype=np.float64)
        logits = (truth - 0.5) * self.skill + self.rng.normal(0, 1.3, truth.shape) - 0.4
        return 1 / (1 + np.exp(-logits))

    def explain(self, text: str, label: str) -> list[dict[str, Any]]:
        found, at = [], 0
        for word in text.split():
            begin = text.index(word, at)
            at = begin + len(word)
            found.append({"begin": begin, "end": at, "text": word, "value": float(self.rng.normal())})
        return found


@cache
def rows(count: int = 600, seed: int = 1) -> TextTable:
    rng = np.random.default_rng(seed)
    texts = [f"{' '.join(rng.choice(WORDS, rng.integers(4, 60)))} {n}" for n in range(count)]
    targets = np.column_stack([rng.random(count) < rate for rate in RATES]).astype(np.float32)
    targets[:, 0] = np.maximum(targets[:, 0], targets[:, 1:].max(axis=1))
    return TextTable(texts, targets, np.ones(count, dtype=np.float32), LABELS)


@cache
def report(
    version: str = "sim", skill: float = 4.0, seed: int = 2, bytes_: int = 45_000_000
) -> dict[str, Any]:
    """The report of a simulated version, made by the evaluation itself, but for the search for label errors: that
    loads libraries for many seconds, and its pages only need one row."""
    size = Size(bytes_, bytes_ // 2, bytes_ // 2)
    subject = Simulated(version, rows(), skill, seed, size)
    with patch("training.ml.evaluation.run.label_issues", return_value=[dict(ISSUE)]):
        return measure_subject(subject, rows(), resamples=40, seed=0).to_dict()


def make_dataset(name: str = "wiki_toxic", **fields: Any) -> Dataset:
    return Dataset.objects.create(
        **{
            "name": name,
            "kind": "upload",
            "directory": name,
            "labels": list(LABELS),
            "rows": {"train": 127_656, "validation": 31_915, "test": 63_978},
            "fingerprints": {"train": "a" * 64, "test": PRINT},
            **fields,
        }
    )


def make_version(version: str, **fields: Any) -> ModelVersion:
    return version_row(version, LABELS, **fields)


def make_run(
    dataset: Dataset, name: str = "Teacher", *, recipe: str = "teacher", **fields: Any
) -> Experiment:
    """A run as the service stores it, but in whatever status the test wants."""
    start = RECIPES[recipe].needs
    needed: dict[str, Any] = {start: "some/encoder" if start == "base" else "chosen"}
    config = config_whole(recipe=recipe, differences={**needed, **fields.pop("config", {})}, dataset=dataset)
    config = {key: value for key, value in config.items() if value != "chosen"}
    return Experiment.objects.create(name=name, recipe=recipe, config=config, dataset=dataset, **fields)


def make_finished(
    dataset: Dataset, name: str = "Teacher", *, measured: Mapping[str, Any] | None = None, **fields: Any
) -> Experiment:
    """A run that succeeded, with its version and, where given, that version's report."""
    now = timezone.now()
    version = make_version(f"{name.lower().replace(' ', '-')}-1a2b3c4d")
    run = make_run(
        dataset,
        name,
        **{
            "status": "succeeded",
            "started_at": now - timedelta(minutes=42),
            "finished_at": now,
            "model_version": version,
            "result": {"parameters": 33_360_000, "trainable_parameters": 33_360_000, "labels": list(LABELS)},
            "provenance": {
                "commit": "0" * 40,
                "duration_seconds": 2520.0,
                "hardware": {"cpu": "a processor"},
            },
            **fields,
        },
    )
    if measured is not None:
        Evaluation.objects.create(
            model_version=version, experiment=run, dataset=dataset, fingerprint=PRINT, report=dict(measured)
        )
    return run


def make_baselines(dataset: Dataset) -> None:
    for name, skill in (("tfidf", 2.2), ("majority", 0.0)):
        Evaluation.objects.create(
            baseline=name,
            dataset=dataset,
            fingerprint=PRINT,
            trained_on="a" * 64,
            report=report(name, skill, 7),
        )


def make_curve(
    run: Experiment, *, steps: int = 40, names: Sequence[str] = ("loss", "cross_entropy", "kl")
) -> None:
    rng = np.random.default_rng(run.pk)
    points = [
        MetricPoint(
            experiment=run,
            phase="train",
            name=name,
            step=step * 10,
            value=float(0.12 + 0.7 * np.exp(-step / 9) / (place + 1) + rng.normal(0, 0.012)),
        )
        for place, name in enumerate(names)
        for step in range(1, steps + 1)
    ]
    points += [
        MetricPoint(
            experiment=run, phase="train", name="rows_per_second", step=step * 10, value=80.0 + step % 7
        )
        for step in range(1, steps + 1)
    ]
    MetricPoint.objects.bulk_create(points)
