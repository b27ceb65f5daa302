"""Warns when the scores of the version in production are no longer those of its first weeks: once an episode.

An episode begins when the population stability index reaches SHIFTED and ends when it is below WATCH again; both leave
a row in the audit, by which the next look knows where it stands. A warning is also told to who hears of events.
"""

from django.db import transaction
from django.utils import timezone

from classifier.core.audit import audit_record
from classifier.core.events import DRIFT_WARNING, emit
from classifier.models import AuditEntry, ModelVersion
from classifier.statistics.drift import OVER, SHIFTED, WARNING, WATCH, Drift, drifts_of


def drift_check() -> list[Drift]:
    """Look at the active version, in the whole and in each source; returns what it has warned of now."""
    version = ModelVersion.objects.active()
    if version is None:
        return []
    found = drifts_of(version=version.version, today=timezone.now().date(), user=None)
    return [drift for drift in found if drift.index is not None and _take_note(drift)]


def _take_note(drift: Drift) -> bool:
    """Write what has begun or ended; whether it was a warning."""
    assert drift.index is not None
    with transaction.atomic():
        last = (
            AuditEntry.objects.filter(verb__in=[WARNING, OVER], subject=drift.version, source=drift.source)
            .order_by("-id")
            .first()
        )
        warned = last is not None and last.verb == WARNING
        begins, ends = not warned and drift.index >= SHIFTED, warned and drift.index < WATCH
        if not begins and not ends:
            return False
        reference, recent = drift.counts
        measured = {"index": round(drift.index, 4), "reference": reference, "recent": recent}
        audit_record(
            verb=WARNING if begins else OVER, source=drift.source, subject=drift.version, data=measured
        )
        if begins:
            source = drift.source.pk if drift.source is not None else None
            emit(DRIFT_WARNING, {"version": drift.version, "source": source, **measured})
    return begins
