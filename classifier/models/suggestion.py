"""Labels that others suggest for a text: feedback through the API, which training can use."""

from django.conf import settings
from django.db import models
from django.db.models import Q


class Suggestion(models.Model):
    """One suggestion: {label: 0 to 1} in the model's names. Erasing or purging empties `text` and keeps the row."""

    text = models.TextField()
    labels = models.JSONField()
    source = models.ForeignKey("classifier.Source", on_delete=models.PROTECT, related_name="suggestions")
    comment = models.ForeignKey(
        "classifier.Comment", on_delete=models.PROTECT, null=True, related_name="suggestions"
    )
    api_key = models.ForeignKey(
        "classifier.ApiKey", on_delete=models.PROTECT, null=True, related_name="suggestions"
    )
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    author_ref = models.CharField(max_length=200, blank=True)
    languages = models.JSONField(default=list)
    context = models.JSONField(default=dict)  # as the client sent it: context, communityId, sessionId
    created_at = models.DateTimeField(auto_now_add=True)
    text_purged_at = models.DateTimeField(null=True, editable=False)
    rejected_at = models.DateTimeField(null=True, editable=False)  # training leaves it out
    rejected_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, editable=False, related_name="+"
    )

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(text="") | Q(text_purged_at__isnull=False), name="suggestion_text_not_empty"
            )
        ]
        indexes = [models.Index(fields=["created_at"], name="suggestion_created")]

    def __str__(self) -> str:
        return f"suggestion {self.pk}"
