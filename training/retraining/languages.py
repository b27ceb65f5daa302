"""Training a language into a model version: rows in it, rows that keep the others, and a run that measures them all.

The run starts from the version that judges the language now, and its weights are averaged with that version's. What it
makes is a candidate like any other. Nothing here promotes anything.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.core.files import File

from classifier.core.permissions import require_permission
from classifier.inference.language import base_language
from classifier.model_versions.language_slots import assembly_with, languages_check
from classifier.models import ModelVersion, User
from training.core.errors import ConfigRejected, DatasetRejected, NotAllowedNow
from training.datasets.dataset_builder import HoldOut
from training.datasets.from_decisions import dataset_from_decisions, unused_stamp
from training.datasets.mixtures import MOST_PARTS, MixturePart, dataset_mix
from training.datasets.services import PLAIN_FILES, FileValues, LabelColumns, dataset_from_upload
from training.experiments.services import MAY_RUN, experiment_create
from training.models import Dataset, DatasetKind, Experiment
from training.retraining.services import can_blend, with_what_stays

SMALLEST_HELD_OUT = HoldOut(smallest=True)
FEWEST_REHEARSED = 2_000
"""Training rows that a dataset of other languages may always give, however few rows the new language has."""


@dataclass(frozen=True)
class RowsFile:
    """A file of labelled rows, and how it is read; `licence_class` as for any dataset."""

    file: "File[Any]"
    held_out: "File[Any] | None" = None
    text_column: str = "text"
    label_columns: LabelColumns = ("toxic",)
    values: FileValues = PLAIN_FILES
    attribution: str = ""
    license_name: str = ""
    licence_class: str = ""


def language_checked(value: str) -> str:
    """Return the base language of a tag: pt of pt-BR. Raises InvalidInput."""
    return languages_check([value], "language")[0]


def language_rows_from_file(
    *, language: str, given: RowsFile, by: User | None, hold_out: Sequence[str] = ()
) -> Dataset:
    """Build the dataset of a language from a file of labelled rows.

    Its `source` column says where rows come from; a row without one comes from the file. The rows of `given.held_out`,
    of the sources in `hold_out`, or else of the smallest of several sources, are test rows that nobody learns from.
    Raises DatasetRejected, InvalidInput and PermissionDenied.
    """
    language = language_checked(language)
    files = {"train": given.file} | ({"test": given.held_out} if given.held_out is not None else {})
    return dataset_from_upload(
        name=f"{language} {unused_stamp(language)}",
        files=files,
        text_column=given.text_column,
        label_columns=given.label_columns,
        values=given.values,
        attribution=given.attribution,
        license_name=given.license_name,
        licence_class=given.licence_class,
        hold_out=_held_out(hold_out),
        name_sources=True,
        language=language,
        by=by,
    )


def language_rows_from_decisions(*, language: str, by: User | None, hold_out: Sequence[str] = ()) -> Dataset:
    """Build the dataset of a language from moderators' decisions about texts that were judged as written in it.

    Their sources are those of the comments. Raises DatasetRejected (too few decisions, say), InvalidInput and
    PermissionDenied.
    """
    language = language_checked(language)
    return dataset_from_decisions(
        name=f"{language} {unused_stamp(language)}",
        by=by,
        language=language,
        hold_out=_held_out(hold_out),
        description=f"Decisions about texts in {language}.",
    )


def language_add(
    *,
    language: str,
    rows: Dataset,
    by: User | None,
    start: ModelVersion | None = None,
    mix_with: Sequence[Dataset] | None = None,
    rehearsal_rows: int | None = None,
    recipe: str = "teacher",
    preset: str = "",
    config: Mapping[str, Any] | None = None,
    blend: bool | None = None,
    name: str = "",
) -> Experiment:
    """Queue the run that trains a language into a version; return it.

    Without `start` it starts from the version that judges the language now. The `rows` are mixed with those of
    `mix_with`, datasets in other languages, of each at most `rehearsal_rows` training rows; None: moderators' decisions
    in other languages, and the rows that come with the test set. Weights are averaged with the start's as in
    retraining. Raises InvalidInput, PermissionDenied, ConfigRejected, DatasetRejected and NotAllowedNow.
    """
    require_permission(by, MAY_RUN)
    language = language_checked(language)
    start = start or version_judging(language)
    _check_labels(rows, start)
    if not can_blend(recipe):
        raise ConfigRejected(
            "recipe",
            f"The recipe {recipe} makes a model of another shape than its start; use teacher or lora.",
        )
    if rehearsal_rows is not None and rehearsal_rows < 1:
        raise ConfigRejected("rehearsal_rows", "Give at least 1 row, or leave it out.")
    stamp = unused_stamp(f"Language {language}")
    others = list(mix_with) if mix_with is not None else _rehearsal(language, rows, by)
    most = rehearsal_rows or max(int(rows.rows.get("train", 0)), FEWEST_REHEARSED)
    dataset = rows
    if others:
        parts = [
            MixturePart(rows),
            *(MixturePart(other, most_rows=most) for other in others[: MOST_PARTS - 1]),
        ]
        dataset = dataset_mix(name=f"Language {language} {stamp}", parts=parts, by=by)
    kept = ", ".join(f"“{other}”" for other in others)
    return experiment_create(
        name=name or f"Language {language} {stamp}",
        recipe=recipe,
        config=with_what_stays(dict(config or {}), recipe, preset, start=start, rows=dataset, blend=blend),
        preset=preset,
        dataset=dataset,
        base_version=start,
        language=language,
        notes=(
            f"Other languages are kept by rows of {kept} and by the blend with {start}."
            if kept
            else f"No rows in other languages were there: only the blend with {start} keeps them."
        ),
        by=by,
    )


def version_judging(language: str) -> ModelVersion:
    """Return the version that judges texts in a base language now. Raises NotAllowedNow where none reads it."""
    production = assembly_with({})
    if language in production.slots:
        return production.slots[language]
    version = production.version_for(language)
    if version is not None and language in _read_by(version):
        return version
    likely = max(ModelVersion.objects.all()[:100], key=lambda row: len(_read_by(row)), default=None)
    proposal = f", such as {likely}, which reads {', '.join(sorted(_read_by(likely)))}" if likely else ""
    raise NotAllowedNow(
        f"No version in production reads {language}. Name the version to start from (--start){proposal}."
    )


def _read_by(version: ModelVersion) -> set[str]:
    return {base_language(tag) for tag in (*version.languages, *version.experimental_languages)}


def _check_labels(rows: Dataset, start: ModelVersion) -> None:
    """Refuse rows from which the start's head cannot learn: they would make a fresh one. Raises ConfigRejected."""
    new = [label for label in rows.labels if label not in start.labels]
    if new:
        raise ConfigRejected(
            "labels",
            f"{start} does not know {', '.join(new)}; it knows {', '.join(start.labels)}. Map the columns to these "
            "(--labels COLUMN=LABEL), or leave them out.",
        )
    if start.primary_label not in rows.labels:
        raise ConfigRejected(
            "labels", f"The rows say nothing of {start.primary_label}, by which {start} decides."
        )


def _rehearsal(language: str, rows: Dataset, by: User | None) -> list[Dataset]:
    """Return rows that keep other languages: decisions in them where there are enough, and those of the test set."""
    others = []
    with suppress(DatasetRejected):  # too few, or of one kind only
        name = f"Other than {language}"
        others.append(dataset_from_decisions(name=f"{name} {unused_stamp(name)}", by=by, other_than=language))
    known = Dataset.objects.trainable().exclude(pk=rows.pk).exclude(kind=DatasetKind.GOLDEN)
    beside = known.filter(is_test_set=True).first() or known.filter(kind=DatasetKind.SAMPLE).first()
    return [*others, *([beside] if beside is not None else [])]


def _held_out(sources: Sequence[str]) -> HoldOut:
    return HoldOut(tuple(sources)) if sources else SMALLEST_HELD_OUT
