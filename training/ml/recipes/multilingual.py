"""Multilingual starter: the second model that ships with toxicsite, for languages other than English.

manage.py train_starter_multilingual --data FOLDER --base FOLDER_OR_NAME

FOLDER holds `wiki_toxic/` and `mix/mix.parquet`, as the starter's does. In order: rows are chosen by language and by
licence; the base's vocabulary is cut to what the languages use; it becomes a twelve-layer teacher; the six even layers
of that are taught by its logits; the student is exported with 8-bit rows and measured by language and set, which
decides on its threshold and on the languages that it may call its own. What is done already is not done again.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from classifier.inference.labels import JIGSAW_LABELS
from classifier.inference.normalise import normalise_text
from classifier.inference.operating_points import LabelPoints, OperatingPoint
from classifier.inference.scorer import Scorer
from toxicsite.lib.files import write_json
from training.ml.artifact.export import (
    BY_SOURCE,
    WIKI_TOXIC_ATTRIBUTION,
    export_artifact,
    update_metrics,
    write_languages,
)
from training.ml.config import LoopConfig, load_preset
from training.ml.config.presets import PRESETS
from training.ml.data.tables import TextTable, load_table
from training.ml.encoders.vocabulary import VocabularyConfig, VocabularyReport, cut_vocabulary, read_report
from training.ml.evaluation.judged_texts import shipped_texts, texts_of
from training.ml.evaluation.languages import (
    LanguageTable,
    languages_by_status,
    measure_languages,
    preset_thresholds,
    raised_threshold,
)
from training.ml.evaluation.metrics import label_metrics
from training.ml.evaluation.operating_points import measured_rows, points_by_label
from training.ml.evaluation.subject import score_matrix
from training.ml.mixture.choose import SecondLook
from training.ml.mixture.languages import ENGLISH, LANGUAGE, TRAINED, LanguagesConfig, choose_languages
from training.ml.mixture.licences import Ingredient
from training.ml.mixture.overlap import OverlapReport
from training.ml.mixture.sources import ingredients_of_rows
from training.ml.recipes.distill import DistillConfig, distill
from training.ml.recipes.teacher import TeacherConfig, train_teacher

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from training.ml.progress import Listener

CHOICES = PRESETS / "mixtures" / "multilingual.json"
ENGLISH_VOCABULARY_ROWS = 40_000  # whose pieces are counted, of the rows to learn from and to test on
TEXTS_AT_ONCE = 512
BASE_CREDIT = "Fine-tuned from multilingual-e5-small by intfloat (MIT)."


@dataclass(frozen=True)
class MultilingualChoices:
    """What of the rows and of the vocabulary is taken; a preset names the differences."""

    mixture: LanguagesConfig = field(default_factory=LanguagesConfig)
    vocabulary: VocabularyConfig = field(default_factory=VocabularyConfig)


@dataclass(frozen=True)
class MultilingualPlan:
    """What the multilingual starter is made of and where its parts are kept.

    `data` is the folder of both sources, `base` the encoder, `previous` the English starter that takes the second
    look at English negatives, `english` the one that its English is measured beside (None: that is left out). `judged`
    are further files whose texts stay out of training. A number that is None is that of the preset.
    """

    data: Path
    base: str
    previous: Path
    work: Path
    output: Path
    english: Path | None = None
    judged: tuple[Path, ...] = ()
    choices: MultilingualChoices = field(
        default_factory=lambda: load_preset(MultilingualChoices, str(CHOICES))
    )
    teacher_rows: int | None = None
    student_rows: int | None = None
    max_length: int | None = None
    loop: LoopConfig | None = None
    threads: int | None = None
    credit: str = BASE_CREDIT
    presets: tuple[str, str] = ("multilingual-teacher", "multilingual-student")

    @property
    def mixture(self) -> Path:
        return self.work / "mixture"

    @property
    def encoder(self) -> Path:
        return self.work / "base"


def make_multilingual(plan: MultilingualPlan, listener: "Listener") -> dict[str, Any]:
    """Make what is not made yet, export the student to `plan.output`, and measure it by language. Returns the manifest.

    Raises DataError, BaseModelError, ConfigError, PassingOnRefused, Cancelled.
    """
    if not (plan.mixture / "facts.json").is_file():
        make_mixture(plan)
    facts = json.loads((plan.mixture / "facts.json").read_text())
    if not (plan.encoder / "vocabulary.json").is_file():
        make_vocabulary(plan)
    teacher = _teacher(plan, listener)
    student = _student(plan, teacher, listener)
    passed_on = not plan.choices.mixture.any_licence
    export_artifact(
        student,
        plan.output,
        name="multilingual",
        attribution=f"{plan.credit} {WIKI_TOXIC_ATTRIBUTION} The other sources are named below.",
        sources=[Ingredient.from_dict(entry) for entry in facts["sources"]],
        overlap=OverlapReport(**facts["overlap"]),
        to_pass_on=passed_on,
        eight_bits=True,
        vocabulary=read_report(plan.encoder).to_dict(),
    )
    return measured(plan, listener)


def make_mixture(plan: MultilingualPlan) -> None:
    """Choose the rows and write them to `plan.mixture`, with `facts.json` for the model card written last."""
    judged = shipped_texts()
    for file in plan.judged:
        judged += texts_of(file)
    chosen = choose_languages(
        plan.data / "wiki_toxic",
        plan.data / "mix" / "mix.parquet",
        second_look_of(plan.previous),
        judged,
        plan.choices.mixture,
    )
    chosen.write(plan.mixture)
    facts = {
        "sources": [
            source.to_dict()
            for source in ingredients_of_rows(chosen.train.rows.sources, chosen.train.rows.weights)
        ],
        "languages": chosen.counts(),
        "never_trained": sorted(f"{language}: {source}" for language, source in chosen.never_trained),
        "doubted": dict(chosen.doubted),
        "overlap": chosen.overlap.to_dict(),
    }
    write_json(plan.mixture / "facts.json", facts, indent=2)


def make_vocabulary(plan: MultilingualPlan) -> VocabularyReport:
    """Cut the base's vocabulary to what texts of all tables use, and write the encoder to `plan.encoder`."""
    texts: dict[str, list[str]] = defaultdict(list)
    for name in ("train", "test", "harmless"):
        for language, text in zip(*_columns(plan, name, LANGUAGE, "comment_text"), strict=True):
            if language != ENGLISH or len(texts[ENGLISH]) < ENGLISH_VOCABULARY_ROWS:
                texts[language].append(text)
    return cut_vocabulary(plan.base, plan.encoder, texts, plan.choices.vocabulary, cleaned=normalise_text)


def second_look_of(previous: Path) -> SecondLook:
    """Return what gives P(toxic) of each text by the model in `previous`, which is loaded when it is first asked."""
    scorers: list[Scorer] = []

    def toxicity(texts: Sequence[str]) -> "NDArray[np.float64]":
        if not scorers:
            scorers.append(Scorer(previous, reads=False))
        scores: list[float] = []
        for start in range(0, len(texts), TEXTS_AT_ONCE):
            results = scorers[0].score(texts[start : start + TEXTS_AT_ONCE])
            scores += [result.scores[scorers[0].manifest.primary_label] for result in results]
        return np.array(scores)

    return toxicity


def _teacher(plan: MultilingualPlan, listener: "Listener") -> Path:
    folder = plan.work / "teacher"
    if not (folder / "run.json").is_file():
        config = _fitted(load_preset(TeacherConfig, plan.presets[0]), plan, plan.teacher_rows)
        train_teacher(replace(config, base=str(plan.encoder)), folder, listener)
    return folder


def _student(plan: MultilingualPlan, teacher: Path, listener: "Listener") -> Path:
    folder = plan.work / "student"
    if not (folder / "run.json").is_file():
        config = _fitted(load_preset(DistillConfig, plan.presets[1]), plan, plan.student_rows)
        distill(replace(config, teacher=str(teacher)), folder, listener)
    return folder


C = TypeVar("C", TeacherConfig, DistillConfig)


def _fitted(preset: C, plan: MultilingualPlan, rows: int | None) -> C:
    """Return a preset with the plan's rows, lengths and threads where the plan names any."""
    loop = plan.loop or preset.loop
    data = replace(
        preset.data,
        train=str(plan.mixture),
        validation=str(plan.mixture),
        max_rows=rows or preset.data.max_rows,
        max_length=plan.max_length or preset.data.max_length,
        labels=JIGSAW_LABELS,
    )
    return replace(preset, data=data, loop=replace(loop, threads=plan.threads))


def measured(plan: MultilingualPlan, listener: "Listener") -> dict[str, Any]:
    """Measure the artifact in `plan.output` by language and set, raise its threshold, and write both into it."""
    scorer = Scorer(plan.output)
    primary = scorer.manifest.primary_label
    tables = {name: _table(plan, name) for name in ("validation", "test", "harmless")}
    scores = {name: score_matrix(scorer, table.texts, listener) for name, table in tables.items()}
    scored = {name: _of_language(plan, name, tables[name], scores[name][:, 0]) for name in tables}

    rows = tables["validation"]
    thresholds = dict(scorer.manifest.thresholds)
    thresholds[primary] = raised_threshold(thresholds[primary], scored["harmless"])
    points = points_by_label(scores["validation"], rows, thresholds)
    by_language = measure_languages(
        scored["test"],
        scored["validation"],
        scored["harmless"],
        _presets(points.get(primary), thresholds[primary]),
    )
    write_languages(
        plan.output,
        {language: one.to_dict() for language, one in by_language.items()},
        languages=languages_by_status(by_language, "shipped"),
        experimental=languages_by_status(by_language, "experimental"),
        threshold=thresholds[primary],
        points=points,
        rows=measured_rows("validation", rows).to_dict(),
    )
    if plan.english is None:
        return update_metrics(plan.output, {})
    return update_metrics(
        plan.output, _english(plan, tables["test"], scored["test"], thresholds[primary], listener)
    )


def _english(
    plan: MultilingualPlan, table: TextTable, scored: LanguageTable, threshold: float, listener: "Listener"
) -> dict[str, Any]:
    """Return metrics of the English rows by set, of this model and of the English starter."""
    assert plan.english is not None
    english = np.array([language == ENGLISH for language in scored.languages], dtype=np.bool_)
    places = np.flatnonzero(english)
    other = Scorer(plan.english)
    others = score_matrix(other, [table.texts[at] for at in places], listener)[:, 0]
    sources, targets = np.array(scored.sources)[english], scored.targets[english]
    return {
        f"{name}_{BY_SOURCE}": {
            str(source): label_metrics(of_model[sources == source], targets[sources == source], cut)
            for source in np.unique(sources)
        }
        for name, of_model, cut in (
            ("english", scored.scores[english], threshold),
            ("english_starter", others, other.manifest.thresholds[other.manifest.primary_label]),
        )
    }


def _presets(points: Mapping[str, Any] | None, threshold: float) -> dict[str, float]:
    """Return the thresholds of the presets by name; the model's own alone where its rows say too little."""
    if points is None:
        return {"balanced": threshold}
    named = {name: OperatingPoint(**value) for name, value in points.items() if isinstance(value, dict)}
    return preset_thresholds(LabelPoints(named))  # type: ignore[arg-type]


def _table(plan: MultilingualPlan, name: str) -> TextTable:
    labels = JIGSAW_LABELS if name == "validation" else JIGSAW_LABELS[:1]
    return load_table(str(plan.mixture / f"{name}.parquet"), name, text_column="comment_text", labels=labels)


def _of_language(
    plan: MultilingualPlan, name: str, table: TextTable, scores: "NDArray[np.float64]"
) -> LanguageTable:
    if name == "test":
        languages, trained = _columns(plan, name, LANGUAGE, TRAINED)
    else:
        (languages,) = _columns(plan, name, LANGUAGE)
        trained = [False] * len(languages)
    return LanguageTable(
        scores, table.targets[:, 0].astype(np.float64), table.sources or [""] * len(table), languages, trained
    )


def _columns(plan: MultilingualPlan, name: str, *columns: str) -> list[list[Any]]:
    """Return columns of a table of the mixture, in the order of its rows."""
    import pyarrow.parquet

    table = pyarrow.parquet.read_table(plan.mixture / f"{name}.parquet", columns=list(columns))
    return [table[column].to_pylist() for column in columns]
