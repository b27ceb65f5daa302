"""What an API key does with a reference service: nothing, observe it, or follow it."""

from django.db import transaction
from django.utils import timezone

from classifier.api_keys.rules import audit_name
from classifier.core.audit import audit_record
from classifier.core.errors import NotPossibleNow
from classifier.core.permissions import require_permission
from classifier.core.source_access import require_scope
from classifier.models import ApiKey, ReferenceMode, ReferenceService, User
from classifier.references.selectors import ENDED, REMOVED, why_over
from classifier.references.services import VIEW

CHANGE = "classifier.change_apikey"


def reference_mode_set(
    *, api_key: ApiKey, mode: ReferenceMode, service: ReferenceService | None, by: User | None
) -> ApiKey:
    """Let a key observe or follow `service`, or ask none (OFF keeps which one it was).

    Raises PermissionDenied, also where `by` does not see all that the key reaches, and NotPossibleNow where the service
    is not asked any more or the key is not usable.
    """
    require_permission(by, CHANGE)
    require_permission(by, VIEW)
    now = timezone.now()
    with transaction.atomic():
        key = ApiKey.objects.select_for_update(of=("self",)).select_related("reference").get(pk=api_key.pk)
        for source in key.sources.all() or (None,):
            require_scope(by, source)
        if mode != ReferenceMode.OFF:
            if service is None:
                raise NotPossibleNow("Choose a reference service first.")
            if not key.is_usable(now):
                raise NotPossibleNow("This key is revoked or expired.")
            if over := why_over(service, now):
                raise NotPossibleNow(_over(service, over))
        chosen = key.reference if mode == ReferenceMode.OFF else service
        if (key.reference_mode, key.reference_id) == (mode, chosen.pk if chosen else None):
            return key
        before = {"mode": key.reference_mode, "service": str(key.reference or "")}
        key.reference, key.reference_mode, key.reference_since = chosen, mode, now
        key.save(update_fields=["reference", "reference_mode", "reference_since"])
        data = {"before": before, "after": {"mode": mode.value, "service": str(chosen or "")}}
        audit_record(verb="key.reference", by=by, subject=audit_name(key), data=data)
    return key


def _over(service: ReferenceService, why: str) -> str:
    if why == ENDED and service.ends_on is not None:
        return f"{service.name} ended on {service.ends_on:%-d %B %Y}."
    return f"{service.name} was removed." if why == REMOVED else f"{service.name} is switched off."
