"""Hold back and release what leaves this site by itself: webhooks, notices and calls to reference services.

A copy that was restored from a backup begins on hold: its outbox may hold what the original site has sent since. Code
that sends anything else to others asks `outgoing_hold()` first.
"""

from django.db import IntegrityError, transaction
from django.utils import timezone

from classifier.core.audit import audit_record
from classifier.models import OutgoingHold, User


def outgoing_hold() -> OutgoingHold | None:
    """Return the hold that is open, None while things are sent."""
    return OutgoingHold.objects.filter(released_at__isnull=True).first()


def outgoing_stop(*, reason: str, by: User | None) -> OutgoingHold:
    """Put sending on hold, and return the hold; one that is open already stays as it is."""
    try:
        with transaction.atomic():
            hold = OutgoingHold.objects.create(reason=reason[:300], by=by)
            audit_record(verb="outgoing.hold", by=by, data={"reason": hold.reason})
    except IntegrityError:
        there = outgoing_hold()
        if there is None:
            raise
        return there
    return hold


def outgoing_resume(*, by: User | None) -> OutgoingHold | None:
    """Let things be sent again; return the hold that ended, None where there was none."""
    with transaction.atomic():
        hold = OutgoingHold.objects.select_for_update().filter(released_at__isnull=True).first()
        if hold is not None:
            hold.released_at = timezone.now()
            hold.save(update_fields=["released_at"])
            audit_record(verb="outgoing.resume", by=by, data={"reason": hold.reason})
    return hold
