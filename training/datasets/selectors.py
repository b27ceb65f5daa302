"""Reads of datasets: the list, rows to look at, and the decisions that a dataset can be made of."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import BooleanField, ExpressionWrapper, Q

from classifier.inference.language import COUNTS_AS, UNDETERMINED
from classifier.models import GoldenItem
from training.datasets.decision_summary import EDITED, GOLDEN, PEOPLE, PURGED, standing_decisions
from training.datasets.texts_as_read import text_as_read
from training.models import SPLITS, Dataset, Experiment
from training.models.dataset import DatasetQuerySet

PAGE_SIZE = 10
ORDER_SEED = 13
JUDGED_LANGUAGE = "comment__current_prediction__language"
"""The language that the comment of a decision was judged in; decisions from an import were about no verdict."""


@dataclass(frozen=True)
class SampleRow:
    """One row of the files; `labels` are pairs of name and 1, 0 or -1 (unknown)."""

    number: int
    text: str
    labels: list[tuple[str, int]]
    weight: float
    source: str
    comment_id: int

    @property
    def toxic(self) -> bool:
        return any(value == 1 for _, value in self.labels)

    @property
    def over(self) -> list[str]:
        return [label for label, value in self.labels if value == 1]

    @property
    def unknown(self) -> list[str]:
        return [label for label, value in self.labels if value < 0]


@dataclass(frozen=True)
class SamplePage:
    """A page of rows; pages count from 1."""

    rows: list[SampleRow]
    split: str
    page: int
    pages: int


def dataset_list() -> DatasetQuerySet:
    """Select the datasets that are not deleted, newest first."""
    return Dataset.objects.usable().select_related("created_by").order_by("-id")


def dataset_sample(*, dataset: Dataset, split: str = "train", page: int = 1) -> SamplePage:
    """Return a page of rows in a shuffled order that is the same each time, so that neighbours differ.

    An unknown split gives the first that there is; a page beyond the end gives the last. Raises FileNotFoundError when
    the files are gone.
    """
    from training.ml.file_format.rows import pick_rows

    have = [name for name in SPLITS if dataset.rows.get(name)]
    if not have:
        return SamplePage([], "", 1, 0)
    split = split if split in have else have[0]
    total = int(dataset.rows[split])
    pages = -(-total // PAGE_SIZE)
    page = min(max(page, 1), pages)
    order = list(range(total))
    random.Random(ORDER_SEED).shuffle(order)  # noqa: S311 - an order to read in, no secret
    places = order[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
    stored_rows = pick_rows(dataset.file(split), places)
    rows = [
        SampleRow(
            number=position + 1,
            text=row["text"],
            labels=[(label, int(row[label])) for label in dataset.labels],
            weight=float(row["weight"]),
            source=row.get("source") or "",
            comment_id=int(row.get("comment_id") or 0),
        )
        for position, row in zip(places, stored_rows, strict=True)
    ]
    return SamplePage(rows, split, page, pages)


def dataset_uses(*, dataset: Dataset) -> dict[str, Any]:
    """Return the experiments on a dataset (newest first, at most 20), and the mixtures that it is part of."""
    experiments = Experiment.objects.visible().filter(dataset=dataset).order_by("-id")
    mixtures = Dataset.objects.usable().filter(parts__contains=[{"dataset": dataset.pk}])
    return {
        "experiments": list(experiments[:20]),
        "experiment_count": experiments.count(),
        "mixtures": list(mixtures),
    }


def decisions_standing(
    *,
    sources: Sequence[str] = (),
    since: datetime | None = None,
    until: datetime | None = None,
    automatic: bool = False,
    language: str = "",
    other_than: str = "",
) -> Iterator[dict[str, Any]]:
    """Yield the decision that counts of every decided comment, newest first, with the comment's text and source.

    `comment__text` is what the model reads of it (a text of HTML without its tags); `marks` are places in that.

    What a policy decided by itself is left out unless `automatic`: a model would learn its own opinion. Known answers
    and purged texts are always left out. A text that was `edited` after its decision comes with it, to be counted.
    `language` and `other_than` are base languages: of the texts that were judged as written in it, or in a known other.
    """
    rows = standing_decisions(sources=sources, since=since, until=until).filter(~GOLDEN & ~PURGED)
    if not automatic:
        rows = rows.filter(PEOPLE)
    if language:
        rows = rows.filter(_in_language(language))
    if other_than:
        unclear = Q(**{JUDGED_LANGUAGE: ""}) | _in_language(UNDETERMINED)
        rows = rows.filter(comment__current_prediction__isnull=False).exclude(
            unclear | _in_language(other_than)
        )
    of_decision = ("id", "action", "labels", "marks", "created_at")
    of_comment = ("comment__text", "comment__text_format", "comment__source_id", "comment__source__slug")
    columns = (*of_decision, "comment_id", *of_comment)
    edited = ExpressionWrapper(EDITED, output_field=BooleanField())
    for row in rows.order_by("-pk").values(*columns, edited=edited).iterator(chunk_size=2_000):
        view = text_as_read(row["comment__text"], row["comment__text_format"], row["comment__source_id"])
        places = [view.span_of(mark["begin"], mark["end"]) for mark in row["marks"]]
        marks = [{"begin": begin, "end": end} for begin, end in places if begin < end]
        yield {**row, "comment__text": view.text, "marks": marks}


def _in_language(language: str) -> Q:
    """Select the decisions about texts in a language, whatever their region or script."""
    tags = [language, *(tag for tag, base in COUNTS_AS.items() if base == language)]
    return Q(**{f"{JUDGED_LANGUAGE}__regex": f"^({'|'.join(tags)})(-|$)"})


def known_answer_texts() -> Iterator[str]:
    """Yield the texts of all known answers, from which nothing may learn."""
    rows = GoldenItem.objects.exclude(comment__text="").order_by("pk")
    columns = ("comment__text", "comment__text_format", "comment__source_id")
    for columns_of_row in rows.values_list(*columns).iterator(chunk_size=2_000):
        yield text_as_read(*columns_of_row).text
