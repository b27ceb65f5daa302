"""Starter: the model that ships with toxicsite, made of public data from base encoders to evaluated artifact.

manage.py train_starter --data FOLDER --previous models/starter-wiki
    manage.py train_starter --data FOLDER --teacher models/starter --start models/starter

FOLDER holds `wiki_toxic/` (train, validation, test) and `mix/mix.parquet`, which `manage.py dataset build-mixture`
writes. In order: the mixture is chosen; each base encoder becomes a 12-layer teacher; the student is taught by
the mean of the teachers' logits, and by the rows what a concern is; its weights are averaged with the previous
starter's (Wortsman et al. 2022, arXiv 2109.01903); the blend is calibrated, gets its output for concerns and its
operating points, is exported and measured. What is done already is not done again.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from classifier.inference.artifact import load_manifest
from classifier.inference.labels import JIGSAW_LABELS
from classifier.inference.reading_words import shipped_words
from classifier.inference.scorer import Scorer
from toxicsite.lib.files import write_json
from training.ml.artifact.export import (
    BY_SOURCE,
    WIKI_TOXIC_ATTRIBUTION,
    export_artifact,
    update_metrics,
)
from training.ml.config import load_preset
from training.ml.data.tables import load_table
from training.ml.encoders.loading import CONCERN
from training.ml.evaluation.judged_texts import shipped_texts, texts_of
from training.ml.evaluation.subject import evaluate_artifact, metrics_by_source
from training.ml.mixture.choose import CONTRAST_SHARE, choose_mixture, write_table
from training.ml.mixture.identity import WordBalance
from training.ml.mixture.licences import Ingredient
from training.ml.mixture.overlap import OverlapReport
from training.ml.mixture.sources import ingredients_of_rows
from training.ml.recipes.blend import BlendConfig, blend
from training.ml.recipes.concern import add_concern, rows_of_table
from training.ml.recipes.distill import DistillConfig, distill
from training.ml.recipes.teacher import TeacherConfig, train_teacher

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from training.ml.progress import Listener

BASE_CREDIT = "Fine-tuned from gte-small by thenlper (MIT)."
MOSTLY_TOXIC = 0.75  # a word of which so many rows are toxic is disguised in training, as people disguise it
FEWEST_TOXIC_ROWS = 20
SECOND_LOOK_TEXTS = 512  # scored at once


@dataclass(frozen=True)
class StarterPlan:
    """What the starter is made of and where its parts are kept.

    `data` is the folder of both sources, `bases` the encoders that become teachers, `previous` the model that takes
    the second look at negatives and that the student is blended with, `judged` further files whose texts stay out of
    training. The student starts from `start`, a model of the previous one's shape (None: the previous one). Finished
    `teachers` teach instead of those made of `bases`: a starter that learns a changed mixture keeps what it knows by
    being its own teacher. `presets` name the configurations of teacher, student and blend.
    """

    data: Path
    bases: tuple[str, ...]
    previous: Path
    work: Path
    output: Path
    judged: tuple[Path, ...] = ()
    start: Path | None = None
    teachers: tuple[Path, ...] = ()
    threads: int | None = None
    contrast_share: float = CONTRAST_SHARE
    presets: tuple[str, str, str] = ("starter-teacher", "starter-student", "starter-blend")

    @property
    def mixture(self) -> Path:
        return self.work / "mixture"


def make_starter(plan: StarterPlan, listener: "Listener") -> dict[str, Any]:
    """Make what is not made yet, export the blend to `plan.output`, measure it and its teachers on wiki_toxic's test.

    Returns the manifest. Raises DataError, BaseModelError, ConfigError, Cancelled.
    """
    if not (plan.mixture / "facts.json").is_file():
        make_mixture(plan)
    teachers = list(plan.teachers) or [
        _teacher(plan, number, base, listener) for number, base in enumerate(plan.bases)
    ]
    student = _with_concern(plan, _student(plan, teachers, listener), listener)
    blended = _with_concern(plan, _blend(plan, student, listener), listener)
    facts = json.loads((plan.mixture / "facts.json").read_text())
    export_artifact(
        blended,
        plan.output,
        name="starter",
        attribution=f"{load_manifest(plan.previous).raw['attribution']} The other sources are named below.",
        languages=("en",),
        sources=[Ingredient.from_dict(entry) for entry in facts["sources"]],
        overlap=OverlapReport(**facts["overlap"]),
        identities=[WordBalance(**word) for word in facts["identities"]],
        learner=student,
        to_pass_on=True,
    )
    return _measured(plan, teachers, listener)


def make_mixture(plan: StarterPlan) -> None:
    """Choose the rows and write them to `plan.mixture`, with `facts.json` for the model card written last."""
    judged = shipped_texts()
    for file in plan.judged:
        judged += texts_of(file)
    mixture = choose_mixture(
        plan.data / "wiki_toxic",
        plan.data / "mix" / "mix.parquet",
        _second_look(plan.previous),
        swear_words(),
        judged,
        contrast_share=plan.contrast_share,
    )
    write_table(mixture.train, plan.mixture / "train.parquet")
    write_table(mixture.validation, plan.mixture / "validation.parquet")
    write_table(mixture.test, plan.mixture / "test.parquet")
    facts = {
        "sources": [
            source.to_dict() for source in ingredients_of_rows(mixture.train.sources, mixture.train.weights)
        ],
        "doubted": dict(mixture.doubted),
        "overlap": mixture.overlap.to_dict(),
        "identities": [word.to_dict() for word in mixture.identities],
    }
    write_json(plan.mixture / "facts.json", facts, indent=2)


def swear_words() -> set[str]:
    """Return the words that stand mostly in toxic rows, by the project's counted word list."""
    return {
        word
        for word, count in shipped_words().items()
        if not count.is_name and count.toxic_share >= MOSTLY_TOXIC and count.toxic_rows >= FEWEST_TOXIC_ROWS
    }


def _second_look(previous: Path) -> Any:
    scorer = Scorer(previous, reads=False)

    def toxicity(texts: Sequence[str]) -> "NDArray[np.float64]":
        scores: list[float] = []
        for start in range(0, len(texts), SECOND_LOOK_TEXTS):
            results = scorer.score(texts[start : start + SECOND_LOOK_TEXTS])
            scores += [result.scores[scorer.manifest.primary_label] for result in results]
        return np.array(scores)

    return toxicity


def _teacher(plan: StarterPlan, number: int, base: str, listener: "Listener") -> Path:
    folder = plan.work / "teachers" / f"{number + 1}-{Path(base).name}"
    if not (folder / "run.json").is_file():
        preset = load_preset(TeacherConfig, plan.presets[0])
        config = replace(
            preset,
            base=base,
            data=replace(preset.data, train=str(plan.mixture), validation=str(plan.mixture)),
            loop=replace(preset.loop, threads=plan.threads, seed=preset.loop.seed + number),
        )
        train_teacher(config, folder, listener)
    return folder


def _student(plan: StarterPlan, teachers: Sequence[Path], listener: "Listener") -> Path:
    folder = plan.work / "student"
    if not (folder / "run.json").is_file():
        preset = load_preset(DistillConfig, plan.presets[1])
        config = replace(
            preset,
            teacher=str(teachers[0]),
            also_teachers=tuple(map(str, teachers[1:])) or None,
            student=str(plan.start or plan.previous),
            data=replace(
                preset.data,
                train=str(plan.mixture),
                validation=str(plan.mixture),
                labels=(*JIGSAW_LABELS, CONCERN),
            ),
            loop=replace(preset.loop, threads=plan.threads),
        )
        distill(config, folder, listener)
    return folder


def _with_concern(plan: StarterPlan, run: Path, listener: "Listener") -> Path:
    """Return the run with an output for concerns: the label that it learned, or one fitted on what it sees."""
    folder = run.with_name(f"{run.name}-with-concern")
    if not (folder / "run.json").is_file():
        everyday, rows = rows_of_table(run, str(plan.mixture), split="validation", labels=JIGSAW_LABELS)
        add_concern(run, folder, everyday=everyday, rows=rows, listener=listener)
    return folder


def _blend(plan: StarterPlan, student: Path, listener: "Listener") -> Path:
    folder = plan.work / "blend"
    if not (folder / "run.json").is_file():
        preset = load_preset(BlendConfig, plan.presets[2])
        config = replace(
            preset,
            model=str(plan.previous),
            others=(str(student),),
            data=replace(preset.data, validation=str(plan.mixture)),
        )
        blend(config, folder, listener)
    return folder


def _measured(plan: StarterPlan, teachers: Sequence[Path], listener: "Listener") -> dict[str, Any]:
    """Measure the artifact and each teacher, as they would be served, on the official test rows without leaked ones.

    On the mixture's held-out rows, with the labels of their sets, artifact and previous starter are measured by source.
    """
    test = load_table(str(plan.data / "wiki_toxic"), "test", text_column="comment_text", labels=JIGSAW_LABELS)
    measured = {"test": evaluate_artifact(plan.output, test, listener=listener).metrics}
    for number, teacher in enumerate(teachers):
        finished = (teacher / "manifest.json").is_file()
        artifact = teacher if finished else plan.work / "teacher-models" / teacher.name
        if not (artifact / "manifest.json").is_file():
            artifact.parent.mkdir(parents=True, exist_ok=True)
            export_artifact(teacher, artifact, name=f"starter-{teacher.name}")
        name = "teacher_test" if number == 0 else f"teacher_{number + 1}_test"
        measured[name] = evaluate_artifact(artifact, test, listener=listener).metrics
    held_out = load_table(str(plan.mixture), "test", text_column="comment_text", labels=JIGSAW_LABELS[:1])
    for name, folder in (("held_out", plan.output), ("previous", plan.previous)):
        answers = evaluate_artifact(folder, held_out, listener=listener)
        measured[f"{name}_{BY_SOURCE}"] = metrics_by_source(answers, held_out)
    return update_metrics(plan.output, measured)


def make_wiki_starter(
    teacher: TeacherConfig,
    student: DistillConfig,
    *,
    data: str,
    work: Path,
    output: Path,
    listener: "Listener",
) -> dict[str, Any]:
    """Make the first starter, of wiki_toxic alone: train what is not trained yet, export, measure on the test rows.

    Returns the manifest, whose metrics hold validation, test and the teacher's test.
    """
    # teacher, then the student made of its even layers
    if not (work / "teacher" / "run.json").is_file():
        train_teacher(teacher, work / "teacher", listener)
    if not (work / "student" / "run.json").is_file():
        distill(student, work / "student", listener)

    # artifacts of both, so that both are measured as they would be served
    export_artifact(work / "teacher", work / "teacher-model", name="starter-teacher")
    credit = (
        f"{WIKI_TOXIC_ATTRIBUTION} {BASE_CREDIT}" if "gte-small" in teacher.base else WIKI_TOXIC_ATTRIBUTION
    )
    export_artifact(work / "student", output, name="starter", attribution=credit)

    # the official test rows, once each, leaked ones left out
    test = load_table(data, "test", text_column=student.data.text_column, labels=student.data.labels)
    measured = {
        name: evaluate_artifact(folder, test, listener=listener).metrics
        for name, folder in (("test", output), ("teacher_test", work / "teacher-model"))
    }
    return update_metrics(output, measured)
