"""Rows to learn from or to measure with, frozen: once ready, a dataset never changes."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from training.ml.mixture.licences import CLASSES, OWN, licence_class_of
from training.models.choices import DatasetKind

SPLITS = ("train", "validation", "test")


class DatasetQuerySet(models.QuerySet["Dataset"]):
    def usable(self) -> "DatasetQuerySet":
        return self.filter(deleted_at__isnull=True)

    def ready(self) -> "DatasetQuerySet":
        """Keep those that are frozen and still there: not loading, not failed to load, not deleted."""
        return self.usable().exclude(directory="")

    def trainable(self) -> "DatasetQuerySet":
        """Keep those that are ready, with rows to learn from and rows to choose thresholds on."""
        return self.ready().filter(rows__has_keys=["train", "validation"])

    def test_set(self) -> "Dataset | None":
        """Return the dataset whose test rows every version is measured on."""
        return self.usable().filter(is_test_set=True).first()


class Dataset(models.Model):
    """Frozen rows: a folder under settings.DATASETS_DIR with train, validation and test .parquet (those that exist).

    Columns of the files: `text`, one 0 / 1 / -1 column for each label, `weight`, and `source` and `comment_id` where
    the rows come from comments. `statistics` is what training.ml.data.report measured, with what was cut, left out and
    held out, and the `language` of all rows where it is known. While a dataset of the hub loads it is
    {"state": "loading"}, and {"state": "failed", "problem": …} where it cannot be, and `directory` is empty.
    """

    name = models.CharField(max_length=150, unique=True)
    description = models.TextField(blank=True)
    kind = models.CharField(max_length=16, choices=DatasetKind.choices)
    origin = models.CharField("hub name, folder or file name", max_length=500, blank=True)
    directory = models.CharField(
        max_length=500, blank=True, editable=False
    )  # relative to settings.DATASETS_DIR
    labels = ArrayField(models.CharField(max_length=64))
    rows = models.JSONField(default=dict)  # {"train": 127656, …}
    fingerprints = models.JSONField(default=dict)  # {"train": sha256 over texts, targets and weights, …}
    statistics = models.JSONField(default=dict)
    parts = models.JSONField(default=list)  # of a mixture: [{"dataset": id, "name": …, "weight": 2.0, …}, …]
    attribution = models.TextField(blank=True)
    license_name = models.CharField("licence", max_length=100, blank=True)
    licence_class = models.CharField(
        max_length=16, blank=True, choices=[(name, name) for name in CLASSES]
    )  # empty: that of the licence's name
    is_test_set = models.BooleanField("its test rows measure every version", default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = DatasetQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["is_test_set"], condition=Q(is_test_set=True), name="dataset_one_test_set"
            ),
            models.CheckConstraint(condition=Q(kind__in=DatasetKind.values), name="dataset_kind_known"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def path(self) -> Path:
        return Path(settings.DATASETS_DIR) / self.directory

    def file(self, split: str) -> Path:
        return self.path / f"{split}.parquet"

    @property
    def state(self) -> str:
        """Return the state: loading, failed or ready."""
        return str(self.statistics.get("state") or "ready") if not self.directory else "ready"

    @property
    def effective_licence_class(self) -> str:
        """Return the class that was chosen, else the site's own for its decisions, else that of the licence's name."""
        if self.licence_class:
            return self.licence_class
        if self.kind in (DatasetKind.DECISIONS, DatasetKind.GOLDEN):
            return OWN
        return licence_class_of(self.license_name)

    def total_rows(self) -> int:
        return sum(int(n) for n in dict[str, Any](self.rows).values())
