"""Ablations: what rows made by rule bring, each kind of them left out of the mixture by itself.

Every variant draws as many rows of the same shuffled mixture, without those of its kind, and fine-tunes the same start
on the labels alone, with the same seed. Compared are ROC-AUC by source on the rows held out (mean over the sources; the
95 % interval of the difference to the whole mixture is a bootstrap over the rows, paired), and the cases of the shipped
suites that are right as served. Two variants differ by chance too: a difference inside the interval is no gain.
"""

import json
import random
from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.core import Options, Row
from classifier.inference.labels import JIGSAW_LABELS
from toxicsite.lib.files import write_json

WITHOUT: dict[str, tuple[str, ...]] = {
    "nothing": (),
    "buried among harmless ones": ("buried",),
    "quoted": ("quoted",),
    "groups exchanged": ("exchanged",),
    "disguised words": ("disguised",),
    "contrast sentences and long texts": ("contrast",),
    "anything made by rule": ("disguised", "buried", "quoted", "exchanged", "contrast"),
}
WHOLE = "nothing"
MOST_OF_A_SOURCE = 400
RESAMPLES = 400
SEED = 13

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--ablation-data",
        type=Path,
        help="folder with wiki_toxic/ and mix/mix.parquet; without it nothing is measured",
    )
    parser.add_argument(
        "--ablation-start",
        type=Path,
        default=Path("models/starter-wiki"),
        help="the model that every variant starts from, and that takes the second look [%(default)s]",
    )
    parser.add_argument(
        "--ablation-rows", type=int, default=18_000, help="rows each variant learns from [%(default)s]"
    )
    parser.add_argument("--ablation-threads", type=int, help="CPU threads of each run [all]")
    parser.add_argument(
        "--ablation-work",
        type=Path,
        default=Path("var/ablations"),
        help="folder of mixture and runs; what is in it is not done again [%(default)s]",
    )


@dataclass(frozen=True)
class Measured:
    """What a variant answers: scores of the held-out rows [rows], and of the suites' cases whether each is right."""

    scores: Floats
    right: dict[str, tuple[int, int]]

    @property
    def cases(self) -> int:
        return sum(right for right, _ in self.right.values())


def run(options: Options) -> list[Row]:
    """Return a row for each kind that is left out, the whole mixture first."""
    if options.ablation_data is None:
        print("Not measured: name the folder of the data with --ablation-data.\n")
        return []
    from training.ml.recipes.starter import StarterPlan, make_mixture

    work: Path = options.ablation_work
    plan = StarterPlan(options.ablation_data, (), options.ablation_start, work, work / "model")
    if not (plan.mixture / "facts.json").is_file():
        make_mixture(plan)
    targets, sources, texts = held_out(plan.mixture / "test.parquet")
    rows: list[Row] = []
    whole: Measured | None = None
    for name, kinds in WITHOUT.items():
        folder = work / name.replace(" ", "-")
        measured = _measured(folder, texts) or _learned(options, plan.mixture, folder, kinds, texts)
        whole = whole or measured
        rows.append(_row(name, measured, whole, targets, sources))
        print(f"{name}: {rows[-1].values}", flush=True)
    return rows


def _learned(
    options: Options, mixture: Path, folder: Path, kinds: Sequence[str], texts: Sequence[str]
) -> Measured:
    """Fine-tune the start on the rows that are left, export it, and note what it answers."""
    from training.ml.artifact.export import export_artifact
    from training.ml.config import load_preset
    from training.ml.evaluation.run import suite_reports
    from training.ml.evaluation.subject import ServedModel
    from training.ml.evaluation.suites import shipped_suites
    from training.ml.recipes.teacher import TeacherConfig, train_teacher

    table = folder / "train.parquet"
    write_rows(mixture / "train.parquet", table, kinds, options.ablation_rows)
    preset = load_preset(TeacherConfig, "starter-teacher")
    config = replace(
        preset,
        base=str(options.ablation_start),
        data=replace(
            preset.data, train=str(table), validation=str(mixture), max_rows=None, max_length=160,
            validation_rows=4_000, labels=JIGSAW_LABELS,
        ),
        loop=replace(preset.loop, threads=options.ablation_threads, seed=SEED),
    )  # fmt: skip
    train_teacher(config, folder / "run")
    export_artifact(folder / "run", folder / "model", name="ablation", languages=("en",))
    model = ServedModel(folder / "model")
    answered = model.score(texts)[:, model.labels.index(model.primary)]
    [report] = [one for one in suite_reports(model, shipped_suites()) if one["kind"] == "cases"]
    right = {
        kind["functionality"]: (int(kind["right"]), int(kind["rows"])) for kind in report["by_functionality"]
    }
    write_json(folder / "answers.json", {"scores": answered.tolist(), "right": right})
    return Measured(answered, right)


def _measured(folder: Path, texts: Sequence[str]) -> Measured | None:
    """Return what an earlier run in this folder has noted, if it was asked the same number of rows."""
    try:
        noted = json.loads((folder / "answers.json").read_text())
    except FileNotFoundError:
        return None
    if len(noted["scores"]) != len(texts):
        return None
    return Measured(np.array(noted["scores"]), {kind: tuple(pair) for kind, pair in noted["right"].items()})


def write_rows(mixture: Path, table: Path, kinds: Sequence[str], count: int) -> None:
    """Write `count` rows of the mixture to `table`, in one shuffled order for all, without sources of these kinds."""
    import pyarrow.parquet

    rows = pyarrow.parquet.read_table(mixture)
    order = list(range(rows.num_rows))
    random.Random(SEED).shuffle(order)
    sources = rows["source"].to_pylist()
    kept = [at for at in order if not sources[at].startswith(tuple(kinds))] if kinds else order
    table.parent.mkdir(parents=True, exist_ok=True)
    pyarrow.parquet.write_table(rows.take(kept[:count]), table)


def held_out(path: Path) -> tuple[Ints, list[str], list[str]]:
    """Return labels, sources and texts of at most MOST_OF_A_SOURCE rows of each source, the same every time."""
    import pyarrow.parquet

    rows = pyarrow.parquet.read_table(path, columns=["comment_text", "source", "toxic"]).to_pylist()
    random.Random(SEED).shuffle(rows)
    taken: dict[str, int] = {}
    kept = []
    for row in rows:
        if row["toxic"] >= 0 and taken.get(row["source"], 0) < MOST_OF_A_SOURCE:
            taken[row["source"]] = taken.get(row["source"], 0) + 1
            kept.append(row)
    return (
        np.array([row["toxic"] for row in kept], dtype=np.int64),
        [row["source"] for row in kept],
        [row["comment_text"] for row in kept],
    )


def mean_by_source(scores: Floats, targets: Ints, sources: NDArray[np.str_]) -> float:
    """Return the mean ROC-AUC over the sources that have rows of both kinds."""
    from training.ml.evaluation.suite_report import auc

    areas = []
    for source in np.unique(sources):
        own = sources == source
        area = auc(scores[own & (targets == 1)], scores[own & (targets == 0)])
        if area is not None:
            areas.append(area)
    return float(np.mean(areas))


def difference(
    measured: Floats, whole: Floats, targets: Ints, sources: NDArray[np.str_], resamples: int = RESAMPLES
) -> tuple[float, float]:
    """Return the 95 % interval of mean_by_source(measured) - mean_by_source(whole), rows drawn by source, paired."""
    generator = np.random.default_rng(SEED)
    strata = [
        np.flatnonzero((sources == source) & (targets == target))
        for source in np.unique(sources)
        for target in (0, 1)
    ]
    gains = []
    for _ in range(resamples):
        drawn = np.concatenate([generator.choice(rows, len(rows)) for rows in strata if len(rows)])
        ours, theirs = (
            mean_by_source(scores[drawn], targets[drawn], sources[drawn]) for scores in (measured, whole)
        )
        gains.append(ours - theirs)
    low, high = np.percentile(gains, [2.5, 97.5])
    return float(low), float(high)


def _row(name: str, measured: Measured, whole: Measured, targets: Ints, sources: Sequence[str]) -> Row:
    by_source = np.array(sources)
    values: dict[str, Any] = {
        "ROC-AUC, mean over sources": f"{mean_by_source(measured.scores, targets, by_source):.3f}",
        "cases right": f"{measured.cases} of {sum(count for _, count in measured.right.values())}",
    }
    if measured is not whole:
        low, high = difference(measured.scores, whole.scores, targets, by_source)
        values["difference to the whole, 95 %"] = f"{low:+.3f} to {high:+.3f}"
        changed = {kind: measured.right[kind][0] - right for kind, (right, _) in whole.right.items()}
        most = sorted((gain, kind) for kind, gain in changed.items() if abs(gain) >= 2)
        values["kinds that change by 2 cases or more"] = ", ".join(f"{kind} {gain:+d}" for gain, kind in most)
    return Row(f"without {name}", values)
