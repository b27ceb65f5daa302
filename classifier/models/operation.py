"""What the operator did with the installation as a whole: backups made, and sending put on hold."""

from django.conf import settings
from django.db import models
from django.db.models import Q


class OutgoingHold(models.Model):
    """A time in which nothing leaves this site by itself; open until somebody resumes sending.

    A restored copy begins with one, so that it does not send again what the original site has sent since.
    """

    reason = models.CharField(max_length=300)
    since = models.DateTimeField(auto_now_add=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    released_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                models.Value(1), condition=Q(released_at__isnull=True), name="outgoinghold_one_open"
            )
        ]

    def __str__(self) -> str:
        return self.reason


class BackupRecord(models.Model):
    """One backup that `manage.py backup` finished."""

    folder = models.CharField(max_length=1000)
    bytes = models.PositiveBigIntegerField()
    began_at = models.DateTimeField()
    finished_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.folder
