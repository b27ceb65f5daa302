"""The calls that were made with an Idempotency-Key, so that a repeated one gives the same result."""

from django.conf import settings
from django.db import models


class IdempotentRequest(models.Model):
    """One call. `result` is the id of what it made; its answer is written anew from that, so no text is kept here."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)  # of method, address and body, keyed with the site's secret
    result = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="idempotentrequest_once")]
        indexes = [models.Index(fields=["created_at"], name="idempotentrequest_created")]

    def __str__(self) -> str:
        return f"request {self.pk}"
