"""Where comments come from: the web box, or one site or forum behind the API."""

from django.conf import settings
from django.db import models


class Source(models.Model):
    slug = models.SlugField(max_length=64, unique=True)
    name = models.CharField(max_length=200)
    retention_days = models.PositiveIntegerField(
        "days until a comment's text is purged",
        null=True,
        blank=True,
        help_text="Empty: kept. Counts and decisions stay.",
    )
    language = models.CharField(
        "language of its comments",
        max_length=35,
        blank=True,
        default="",
        db_default="",
        help_text="A tag such as de. It counts where the language of a text is not clear. Empty: none is usual.",
    )
    language_fixed = models.BooleanField(
        "every comment is in this language",
        default=False,
        db_default=False,
        help_text="The language of its texts is then never identified.",
    )

    retired_at = models.DateTimeField(  # it takes no new comments since then
        null=True, blank=True, editable=False
    )

    class Meta:
        ordering = ["slug"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(language_fixed=False) | ~models.Q(language=""),
                name="source_fixed_language_is_named",
            )
        ]

    def __str__(self) -> str:
        return self.name


class SourceAccess(models.Model):
    """One source that a person sees who does not see all of them."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="source_access")
    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="access")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "source"], name="sourceaccess_once")]

    def __str__(self) -> str:
        return f"{self.user_id} sees {self.source_id}"
