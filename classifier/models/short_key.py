"""A second form of an API key for clients of Akismet, whose keys stand in host names or in WordPress's settings."""

from django.conf import settings
from django.db import models
from django.db.models import Q


class ShortKeyForm(models.TextChoices):
    """The places that a second form is made for."""

    HOST = "host", "For a host name: lower-case letters and digits"
    WORDPRESS = "wordpress", "For the settings page of WordPress: twelve hexadecimal digits"


class ShortKey(models.Model):
    """One second form of a key, kept as a digest; it opens Akismet's addresses alone, with the rights of the key."""

    api_key = models.ForeignKey("classifier.ApiKey", on_delete=models.CASCADE, related_name="short_keys")
    form = models.CharField(max_length=16, choices=ShortKeyForm.choices)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, editable=False, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["api_key_id", "form"]
        constraints = [
            models.UniqueConstraint(fields=["api_key", "form"], name="shortkey_one_of_a_form"),
            models.CheckConstraint(condition=Q(digest__regex=r"^[0-9a-f]{64}$"), name="shortkey_digest_hex"),
        ]

    def __str__(self) -> str:
        return f"{self.form} form of key {self.api_key_id}"
