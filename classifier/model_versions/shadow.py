"""Letting a version score live traffic silently before anybody relies on it, and ending that."""

from django.db import IntegrityError, transaction

from classifier.core.permissions import require_permission
from classifier.models import ModelVersion, ModelVersionEvent, ModelVersionStatus, User
from toxicsite.lib.jobs import enqueue_on_commit
from toxicsite.lib.lifecycle import IllegalTransition, LostRace

CLASSIFY_TASK = "classifier.classify"
SHADOW_STARTED = "Scores live traffic silently"
SHADOW_STOPPED = "No longer scores live traffic"


def shadow_start(*, model_version: ModelVersion, by: User | None, reason: str = "") -> None:
    """Let `model_version` score live traffic too, in the shadow of the active one and instead of another shadow.

    Raises PermissionDenied, IllegalTransition (it is in production, or the shadow already) or LostRace.
    """
    require_permission(by, "classifier.activate_modelversion")
    try:
        with transaction.atomic():
            version = ModelVersion.objects.select_for_update().get(pk=model_version.pk)
            if version.status == ModelVersionStatus.ACTIVE:
                raise IllegalTransition(f"{version} is in production; it cannot be its own shadow")
            if version.is_shadow:
                raise IllegalTransition(f"{version} scores live traffic silently already")
            before = ModelVersion.objects.select_for_update().shadow()
            if before is not None:
                _set(before, on=False, by=by, reason=f"replaced by {version}")
            _set(version, on=True, by=by, reason=reason)
            enqueue_on_commit(CLASSIFY_TASK)
    except IntegrityError as error:
        raise LostRace("another version became the shadow in this moment") from error
    model_version.is_shadow = True


def shadow_stop(*, model_version: ModelVersion, by: User | None, reason: str = "") -> None:
    """End it; what the version said so far stays. Raises PermissionDenied or IllegalTransition (it is no shadow)."""
    require_permission(by, "classifier.activate_modelversion")
    with transaction.atomic():
        version = ModelVersion.objects.select_for_update().get(pk=model_version.pk)
        if not version.is_shadow:
            raise IllegalTransition(f"{version} does not score live traffic silently")
        _set(version, on=False, by=by, reason=reason)
        enqueue_on_commit(CLASSIFY_TASK)  # so that a worker frees its memory soon
    model_version.is_shadow = False


def _set(version: ModelVersion, *, on: bool, by: User | None, reason: str) -> None:
    ModelVersion.objects.filter(pk=version.pk).update(is_shadow=on)
    said = SHADOW_STARTED if on else SHADOW_STOPPED
    ModelVersionEvent.objects.create(
        model_version=version,
        old=version.status,
        new=version.status,
        actor=by,
        reason=f"{said}: {reason}" if reason else said,
    )
