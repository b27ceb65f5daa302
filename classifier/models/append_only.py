"""Rows that are written once and never changed: predictions and histories."""

from typing import Any

from django.db import models


class AppendOnlyError(Exception):
    """Somebody tried to change or delete a row of a history."""


class AppendOnlyQuerySet(models.QuerySet[Any]):
    """Refuses the bulk changes; the database trigger refuses what goes around it."""

    def update(self, **kwargs: Any) -> int:
        raise AppendOnlyError(f"{self.model._meta.verbose_name_plural} are append-only")

    def delete(self) -> tuple[int, dict[str, int]]:
        raise AppendOnlyError(f"{self.model._meta.verbose_name_plural} are append-only")


class AppendOnlyModel(models.Model):
    """A row that may be inserted and read. Erasure by law is the one exception, see migration 0002."""

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None and not self._state.adding:
            raise AppendOnlyError(f"{self._meta.verbose_name} {self.pk} is append-only")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise AppendOnlyError(f"{self._meta.verbose_name} {self.pk} is append-only")
