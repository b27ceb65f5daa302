"""Datasets of the Hugging Face hub: asked for in a moment, loaded by the training worker."""

import logging
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from classifier.core.permissions import require_permission
from classifier.models import User
from toxicsite.lib.broker import NoBroker
from toxicsite.lib.jobs import enqueue_now, enqueue_on_commit
from toxicsite.lib.upsert import try_insert
from training.core.errors import DatasetRejected, NotAllowedNow
from training.datasets.dataset_builder import check_new, dataset_store, incoming_folder, run_child
from training.datasets.services import (
    JIGSAW_ATTRIBUTION,
    JIGSAW_LICENCE,
    LabelColumns,
    checked_class,
    column_names,
)
from training.ml.file_format.hub import check_hub_name
from training.ml.file_format.rows import RowsRejected
from training.ml.file_format.values import check_label_columns
from training.models import Dataset, DatasetKind

LOAD_TASK = "training.dataset_load"
LOAD_LOCK = 0x746F7802  # the first half of the advisory lock's key; the second is the dataset


logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class HubPreset:
    """A well-known dataset of the hub, with its attribution and licence."""

    hub_name: str
    title: str
    text_column: str
    label_columns: dict[str, str] = field(default_factory=dict)
    attribution: str = ""
    license_name: str = ""
    description: str = ""


HUB_PRESETS = {
    "wiki_toxic": HubPreset(
        hub_name="OxAISH-AL-LLM/wiki_toxic",
        title="wiki_toxic",
        text_column="comment_text",
        label_columns={"label": "toxic"},
        attribution=JIGSAW_ATTRIBUTION + " Prepared as OxAISH-AL-LLM/wiki_toxic.",
        license_name=JIGSAW_LICENCE,
        description=(
            "Comments from Wikipedia talk pages: 127,656 to learn from, 31,915 for validation, 63,978 to measure "
            "with. In the training rows, toxic means any of the challenge's six labels."
        ),
    )
}


def dataset_from_hub(
    *,
    name: str,
    hub_name: str,
    text_column: str,
    label_columns: LabelColumns,
    by: User | None,
    configuration: str = "",
    revision: str = "",
    description: str = "",
    attribution: str = "",
    license_name: str = "",
    licence_class: str = "",
) -> Dataset:
    """Record that a hub dataset is wanted and notify the training worker, which loads it.

    Until then its `statistics` say {"state": "loading"}; where it cannot be loaded, {"state": "failed", "problem"}.
    Raises DatasetRejected for what can be seen at once, and PermissionDenied.
    """
    name = check_new(name=name, by=by)
    columns = column_names(label_columns)
    hub_name, text_column = hub_name.strip(), text_column.strip()
    try:
        check_hub_name(hub_name)
        check_label_columns(columns, text_column)
    except RowsRejected as error:
        raise DatasetRejected(error.field, str(error)) from error
    if not text_column:
        raise DatasetRejected("text_column", "Name the column with the text.")
    known = next((preset for preset in HUB_PRESETS.values() if preset.hub_name == hub_name), None)
    wanted = {
        "hub_name": hub_name,
        "text_column": text_column,
        "label_columns": columns,
        "configuration": configuration.strip(),
        "revision": revision.strip(),
    }
    dataset = Dataset(
        name=name,
        kind=DatasetKind.HUB,
        origin=hub_name,
        labels=list(columns.values()),
        statistics={"state": "loading", "since": timezone.now().isoformat(), "wanted": wanted},
        description=description or (known.description if known else ""),
        attribution=attribution or (known.attribution if known else ""),
        license_name=license_name or (known.license_name if known else ""),
        licence_class=checked_class(licence_class),
        created_by=by,
    )
    with transaction.atomic():
        if not try_insert(dataset):
            raise DatasetRejected("name", f"There is a dataset called “{name}” already; choose another name.")
        enqueue_on_commit(LOAD_TASK, dataset_id=dataset.pk)
    return dataset


def dataset_load(*, dataset_id: int) -> None:
    """Load a hub dataset that waits for it; the training worker's part. Safe to repeat and to kill.

    An advisory lock, which PostgreSQL frees when its holder dies, keeps two workers from loading the same one.
    """
    dataset = Dataset.objects.usable().filter(pk=dataset_id, directory="").first()
    if dataset is None or dataset.state != "loading" or not _locked(dataset_id):
        return
    try:
        _load(dataset)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [LOAD_LOCK, dataset_id % 2**31])


def dataset_load_again(*, dataset: Dataset, by: User | None) -> None:
    """Try once more what could not be loaded. Raises NotAllowedNow and PermissionDenied."""
    require_permission(by, "training.add_dataset")
    with transaction.atomic():
        locked = Dataset.objects.select_for_update().get(pk=dataset.pk)
        if locked.state != "failed" or locked.deleted_at is not None:
            raise NotAllowedNow(f"“{dataset}” has not failed to load.")
        locked.statistics = {
            "state": "loading",
            "since": timezone.now().isoformat(),
            "wanted": locked.statistics["wanted"],
        }
        locked.save(update_fields=["statistics"])
        enqueue_on_commit(LOAD_TASK, dataset_id=dataset.pk)


def datasets_announce() -> None:
    """Announce the datasets that wait to be loaded again, for the periodic sweep: a message may have been lost."""
    waiting = Dataset.objects.usable().filter(directory="", statistics__state="loading")
    try:
        for pk in waiting.order_by("id").values_list("pk", flat=True):
            enqueue_now(LOAD_TASK, dataset_id=pk)
    except NoBroker:
        logger.warning("Redis does not answer; the next sweep queues the datasets that wait to be loaded")


def _load(dataset: Dataset) -> None:
    try:
        wanted: dict[str, Any] = dataset.statistics["wanted"]
        with incoming_folder() as folder:
            report = run_child({"reader": "hub", **wanted}, folder, bounded=False)
            report["statistics"]["wanted"] = wanted
            dataset_store(folder=folder, report=report, dataset=dataset, name=dataset.name)
    except DatasetRejected as error:
        _failed(dataset, error.message)
    except Exception:
        _failed(dataset, "Loading failed; the log of the training worker has the details.")
        raise


def _failed(dataset: Dataset, problem: str) -> None:
    statistics = {**dataset.statistics, "state": "failed", "problem": problem}
    Dataset.objects.filter(pk=dataset.pk, directory="").update(statistics=statistics)


def _locked(dataset_id: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [LOAD_LOCK, dataset_id % 2**31])
        return bool(cursor.fetchone()[0])
