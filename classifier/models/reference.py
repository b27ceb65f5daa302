"""A reference service beside ours: the service a site used before, what it answered, and maps between the scores."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from classifier.models.append_only import AppendOnlyModel


class Wire(models.TextChoices):
    """A wire format that a reference service speaks."""

    PERSPECTIVE = "perspective", "Perspective"
    OPENAI = "openai", "OpenAI Moderation"


class ReferenceMode(models.TextChoices):
    """What an API key does with its reference service."""

    OFF = "off", "Off"
    OBSERVE = "observe", "Observe"
    FOLLOW = "follow", "Follow"

    @property
    def colour(self) -> str:
        return {"off": "grey", "observe": "blue", "follow": "amber"}[self.value]


class ReferenceService(models.Model):
    """A service that is asked beside ours. Its own key is encrypted with the site's secret key.

    `url` is the base URL, without the path of a call. After `ends_on`, the service's last day (UTC), it is not asked.
    `missed` counts observed calls that expired before they could be asked.
    """

    name = models.CharField(max_length=100)
    wire = models.CharField(max_length=16, choices=Wire.choices)
    url = models.URLField(max_length=500)
    sealed_key = models.BinaryField(null=True, editable=False)
    model = models.CharField(max_length=100, blank=True)  # what OpenAI's wire asks for by `model`
    timeout_seconds = models.FloatField(default=2.0)
    calls_per_second = models.FloatField(default=1.0)
    share = models.FloatField(default=1.0)  # of a key's calls that are observed
    keeps_texts = models.BooleanField(default=True)
    ends_on = models.DateField(null=True, blank=True)
    is_enabled = models.BooleanField(default=True)
    missed = models.PositiveBigIntegerField(default=0, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    deleted_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(timeout_seconds__gt=0)
                & Q(calls_per_second__gt=0)
                & Q(share__gte=0)
                & Q(share__lte=1),
                name="referenceservice_numbers",
            )
        ]

    def __str__(self) -> str:
        return self.name


class ScoreMap(AppendOnlyModel):
    """One version of a monotone map from this site's scores to those of a reference service; never changed.

    `attributes`: {name: {"points": [[ours, theirs], …], "pairs", "error", "error_before", "share_before",
    "share_after"}}; between points the map is linear, outside it is constant. `origin` says which pairs it was fitted
    on: key, service, file, first and last day.
    """

    class Method(models.TextChoices):
        QUANTILE = "quantile", "Quantiles: flags the same share"
        ISOTONIC = "isotonic", "Isotonic regression: the expected score"

    name = models.CharField(max_length=100)
    version = models.PositiveIntegerField()
    wire = models.CharField(max_length=16, choices=Wire.choices)
    method = models.CharField(max_length=16, choices=Method.choices)
    model_version = models.ForeignKey("classifier.ModelVersion", on_delete=models.PROTECT, related_name="+")
    threshold = models.FloatField()  # the caller's threshold at which the shares are counted
    attributes = models.JSONField()
    origin = models.JSONField(default=dict)
    note = models.CharField(max_length=500, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["name", "version"], name="scoremap_version")]

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"


class ReferenceCall(models.Model):
    """One call that both services were asked, or one row of a file with scores of the other service.

    `ours` and `theirs` are {attribute: score} under the wire's names; `ours` before any map. Where one of them has no
    answer its scores are empty and `failure` (theirs) says why. The text is kept only where the call may be stored.
    """

    class Failure(models.TextChoices):
        NONE = "", "Answered"
        TIMEOUT = "timeout", "Too slow"
        CONNECTION = "connection", "Not reached"
        REFUSED = "refused", "Refused the call"
        QUOTA = "quota", "Over its quota"
        SERVER = "server", "Failed itself"
        ANSWER = "answer", "Gave an answer that cannot be read"
        RATE = "rate", "Over the calls a second set here"
        PAUSED = "paused", "Paused after failures in a row"
        OFF = "off", "Switched off or ended"
        KEY = "key", "Its key cannot be read"

    class AnsweredBy(models.TextChoices):
        OWN = "own", "This site"
        REFERENCE = "reference", "The reference service"

    api_key = models.ForeignKey(
        "classifier.ApiKey", on_delete=models.PROTECT, null=True, related_name="reference_calls"
    )
    service = models.ForeignKey(ReferenceService, on_delete=models.PROTECT, null=True, related_name="calls")
    transfer = models.ForeignKey(
        "classifier.Transfer", on_delete=models.CASCADE, null=True, related_name="reference_calls"
    )
    source = models.ForeignKey("classifier.Source", on_delete=models.PROTECT, null=True, related_name="+")
    comment = models.ForeignKey(
        "classifier.Comment", on_delete=models.PROTECT, null=True, related_name="reference_calls"
    )
    wire = models.CharField(max_length=16, choices=Wire.choices)
    mode = models.CharField(max_length=8, choices=ReferenceMode.choices)
    answered_by = models.CharField(max_length=16, choices=AnsweredBy.choices, default=AnsweredBy.OWN)
    model_version = models.ForeignKey(
        "classifier.ModelVersion", on_delete=models.PROTECT, null=True, related_name="+"
    )
    ours = models.JSONField(default=dict)
    theirs = models.JSONField(default=dict)
    failure = models.CharField(max_length=16, choices=Failure.choices, blank=True, default=Failure.NONE)
    failure_detail = models.CharField(max_length=300, blank=True)
    milliseconds = models.PositiveIntegerField(null=True)  # how long the other service took
    text = models.TextField(blank=True)
    text_purged_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(db_index=True)  # when the caller was answered

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["service", "-created_at"], name="referencecall_service"),
            models.Index(fields=["api_key", "-created_at"], name="referencecall_key"),
            models.Index(
                fields=["source", "created_at"], condition=~Q(text=""), name="referencecall_with_text"
            ),
        ]

    def __str__(self) -> str:
        return f"reference call {self.pk}"


class ClientSeen(models.Model):
    """A program that called a dialect with a key: what it calls itself and what it has asked for."""

    api_key = models.ForeignKey("classifier.ApiKey", on_delete=models.CASCADE, related_name="clients_seen")
    dialect = models.CharField(max_length=16)
    user_agent = models.CharField(max_length=200, blank=True)
    attributes = ArrayField(models.CharField(max_length=100), default=list)
    languages = ArrayField(models.CharField(max_length=35), default=list)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()

    class Meta:
        ordering = ["-last_seen_at"]
        verbose_name_plural = "clients seen"
        constraints = [
            models.UniqueConstraint(fields=["api_key", "dialect", "user_agent"], name="clientseen_once")
        ]

    def __str__(self) -> str:
        return f"{self.dialect} {self.user_agent}"
