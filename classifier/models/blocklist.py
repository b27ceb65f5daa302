"""Named lists of rules as the Azure dialect manages them: each item of a list is one of this site's rules."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

BLOCKLIST_NAME_CHARACTERS = 64
BLOCKLIST_DESCRIPTION_CHARACTERS = 1_024
BLOCKLIST_NAME = r"^[0-9A-Za-z._~-]+$"


class Blocklist(models.Model):
    """A list of a source (no source: for all sources); its name is unique within the source."""

    name = models.CharField(max_length=BLOCKLIST_NAME_CHARACTERS)
    description = models.CharField(max_length=BLOCKLIST_DESCRIPTION_CHARACTERS, blank=True)
    source = models.ForeignKey(
        "classifier.Source", on_delete=models.PROTECT, null=True, blank=True, related_name="blocklists"
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, editable=False, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["source", "name"], nulls_distinct=False, name="blocklist_source_name"
            ),
            models.CheckConstraint(condition=Q(name__regex=BLOCKLIST_NAME), name="blocklist_name_in_address"),
        ]

    def __str__(self) -> str:
        return self.name


class BlocklistItem(models.Model):
    """One rule of a list, under the id that Azure's clients know it by; its text is the rule's pattern."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    blocklist = models.ForeignKey(Blocklist, on_delete=models.CASCADE, related_name="items")
    rule = models.OneToOneField("classifier.Rule", on_delete=models.CASCADE, related_name="blocklist_item")
    description = models.CharField(max_length=BLOCKLIST_DESCRIPTION_CHARACTERS, blank=True)

    class Meta:
        ordering = ["rule_id"]

    def __str__(self) -> str:
        return str(self.id)
