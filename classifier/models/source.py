"""Where comments come from: the web box, or one site or forum behind the API."""

from django.db import models


class Source(models.Model):
    slug = models.SlugField(max_length=64, unique=True)
    name = models.CharField(max_length=200)

    class Meta:
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.name
