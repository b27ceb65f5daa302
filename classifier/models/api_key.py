"""A key for the API: shown once, kept as a digest, found by its readable prefix."""

from datetime import datetime

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from classifier.models.reference import ReferenceMode


class MissingAttributes(models.TextChoices):
    """What a reply has for an attribute of Perspective that no label of the model covers."""

    LEAVE_OUT = "leave_out", "Left out of the answer"
    REFUSE = "refuse", "The call is refused"
    CONSTANT = "constant", "A constant score"


class ApiScope(models.TextChoices):
    SUBMIT = "submit", "Submit comments"
    READ = "read", "Read its own comments and verdicts"
    SCORE = "score", "Score text without storing it"
    MODERATE = "moderate", "Work in the queue: decisions, appeals, reports, policies, statistics"
    TRAIN = "train", "Train, measure and promote models"
    ADMIN = "admin", "Imports, exports, erasure and webhooks"


class ApiKey(models.Model):
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=16, unique=True, editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="api_keys")
    scopes = ArrayField(models.CharField(max_length=16, choices=ApiScope.choices))
    sources = models.ManyToManyField(  # beside what the owner may see
        "classifier.Source", blank=True, related_name="+", help_text="Only these sources; none chosen: all."
    )
    requests_per_minute = models.PositiveIntegerField(
        null=True, blank=True, help_text="Empty: the server's own limit."
    )
    texts_per_day = models.PositiveIntegerField(null=True, blank=True, help_text="Empty: unlimited.")
    replaces = models.OneToOneField(  # a key made by rotating; the old one goes on until it expires
        "self", on_delete=models.PROTECT, null=True, blank=True, editable=False, related_name="replaced_by"
    )
    missing_attributes = models.CharField(
        max_length=16, choices=MissingAttributes.choices, default=MissingAttributes.LEAVE_OUT
    )
    missing_constant = models.FloatField(null=True, blank=True)  # from 0 to 1
    lifts_scores = models.BooleanField(
        default=False
    )  # to the policy's threshold where a rule or policy flags
    reference = models.ForeignKey(
        "classifier.ReferenceService", on_delete=models.PROTECT, null=True, blank=True, related_name="keys"
    )
    reference_mode = models.CharField(
        max_length=8, choices=ReferenceMode.choices, default=ReferenceMode.OFF, editable=False
    )
    reference_since = models.DateTimeField(null=True, blank=True, editable=False)
    score_map = models.ForeignKey(
        "classifier.ScoreMap", on_delete=models.PROTECT, null=True, blank=True, related_name="keys"
    )
    score_map_since = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)

    line_ids: list[int] | None = None  # set by api_key_authenticate on the key that it returns; no column

    class Meta:
        verbose_name = "API key"
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(digest__regex=r"^[0-9a-f]{64}$"), name="apikey_digest_hex"),
            models.CheckConstraint(
                condition=Q(scopes__contained_by=ApiScope.values) & Q(scopes__len__gt=0),
                name="apikey_scopes_known",
            ),
            models.CheckConstraint(
                condition=Q(missing_constant__isnull=True)
                | (Q(missing_constant__gte=0) & Q(missing_constant__lte=1)),
                name="apikey_missing_constant_share",
            ),
            models.CheckConstraint(
                condition=~Q(missing_attributes=MissingAttributes.CONSTANT)
                | Q(missing_constant__isnull=False),
                name="apikey_missing_constant_given",
            ),
            models.CheckConstraint(
                condition=Q(reference_mode=ReferenceMode.OFF) | Q(reference__isnull=False),
                name="apikey_reference_given",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def line(self) -> list[int]:
        """List the ids of the keys that replaced each other by rotation, oldest first; they share their quotas."""
        return self.line_ids or [self.pk]

    def is_usable(self, now: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)


class ApiKeyUsage(models.Model):
    """The use of one key on one day (UTC): counted in Redis, written here every minute."""

    api_key = models.ForeignKey(ApiKey, on_delete=models.CASCADE, related_name="usage")
    day = models.DateField()
    requests = models.PositiveBigIntegerField(default=0)
    texts = models.PositiveBigIntegerField(default=0)
    errors = models.PositiveBigIntegerField(default=0)  # answers from 400 on, without 429
    refused = models.PositiveBigIntegerField(default=0)  # over the quota

    class Meta:
        ordering = ["-day"]
        constraints = [models.UniqueConstraint(fields=["api_key", "day"], name="apikeyusage_once")]

    def __str__(self) -> str:
        return f"{self.api_key_id} on {self.day}"
