"""Rows that are written once and never changed: predictions and histories."""

from typing import Any

from django.conf import settings
from django.db import models


class AppendOnlyError(Exception):
    """A row that is append-only was about to be changed or deleted."""


class AppendOnlyQuerySet(models.QuerySet[Any]):
    """Refuse bulk changes; a trigger of the database refuses whatever bypasses this."""

    def update(self, **kwargs: Any) -> int:
        raise AppendOnlyError(f"{self.model._meta.verbose_name_plural} are append-only")

    def delete(self) -> tuple[int, dict[str, int]]:
        raise AppendOnlyError(f"{self.model._meta.verbose_name_plural} are append-only")


class AppendOnlyModel(models.Model):
    """A row that may only be inserted and read. Erasing a person is the one exception: see the first migration."""

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None and not self._state.adding:
            raise AppendOnlyError(f"{self._meta.verbose_name} {self.pk} is append-only")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise AppendOnlyError(f"{self._meta.verbose_name} {self.pk} is append-only")


class HistoryRow(AppendOnlyModel):
    """One change of status, by toxicsite.lib.lifecycle; a subclass adds the object, `related_name="history"`."""

    old = models.CharField(max_length=16)
    new = models.CharField(max_length=16)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    reason = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        abstract = True
        ordering = ["-id"]
