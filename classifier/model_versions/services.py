"""The registry of model versions: register, activate, roll back."""

import logging
import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from classifier.core.errors import ArtifactRejected, GateClosed, NothingToRollBackTo
from classifier.core.events import MODEL_PROMOTED, emit
from classifier.core.permissions import require_permission
from classifier.inference.artifact import Manifest
from classifier.model_versions.language_slots import assembly_with
from classifier.model_versions.memory import memory_check
from classifier.model_versions.model_files import files_check, files_put, files_verified
from classifier.model_versions.promotion_gate import gate_check
from classifier.models import (
    MODEL_VERSION_TRANSITIONS,
    ModelVersion,
    ModelVersionEvent,
    ModelVersionStatus,
    User,
)
from toxicsite.lib.jobs import enqueue_on_commit
from toxicsite.lib.lifecycle import IllegalTransition, LostRace, transition
from toxicsite.lib.upsert import get_or_insert

CLASSIFY_TASK = "classifier.classify"

logger = logging.getLogger(__name__)


def model_version_register(*, directory: Path, by: User | None = None) -> ModelVersion:
    """Verify the artifact in `directory`, copy it under settings.MODELS_DIR and record it as a candidate.

    Return the existing version when this very artifact is already registered, restoring a damaged copy of it. Raises
    ArtifactRejected.
    """
    require_permission(by, "classifier.add_modelversion")
    manifest = files_verified(directory)
    known = ModelVersion.objects.filter(version=manifest.version).first()
    if known is not None and known.manifest != dict(manifest.raw):
        raise ArtifactRejected(
            f"{manifest.version} is already registered with another manifest; give the artifact a new name."
        )
    _place(directory, manifest, is_known=known is not None)
    if known is not None:
        return known
    fields = {
        "name": manifest.name,
        "directory": manifest.version,
        "sha256": manifest.weights_sha256,
        "labels": list(manifest.labels),
        "thresholds": dict(manifest.thresholds),
        "primary_label": manifest.primary_label,
        "manifest": dict(manifest.raw),
    }
    with transaction.atomic():
        return get_or_insert(ModelVersion.objects.all(), version=manifest.version, defaults=fields)[0]


def model_version_activate(
    *, model_version: ModelVersion, by: User | None, reason: str = "", override_reason: str = ""
) -> None:
    """Put a version into production and retire the one before; workers load it within seconds.

    A candidate has to pass the quality gate (see promotion_gate), or `override_reason` says why it goes into
    production all the same; the history keeps both. Raises PermissionDenied, GateClosed, IllegalTransition (it is
    the active one), LostRace, ArtifactRejected (its files are gone or changed) or NotPossibleNow (workers have no room
    for it beside the versions by language), and then nothing has changed.
    """
    require_permission(by, "classifier.activate_modelversion")
    if model_version.status == ModelVersionStatus.ACTIVE:
        raise IllegalTransition(f"{model_version} is the active version already")
    gate = _gate(model_version, override_reason.strip())
    files_check(model_version)  # slow, so before the transaction; the worker checks again when it loads
    memory_check(assembly_with({}, default=model_version).versions)
    try:
        with transaction.atomic():
            before = ModelVersion.objects.select_for_update().active()
            if before is not None:
                transition(
                    before,
                    to=ModelVersionStatus.RETIRED,
                    allowed=MODEL_VERSION_TRANSITIONS,
                    by=by,
                    reason=f"replaced by {model_version}",
                )
            transition(
                model_version,
                to=ModelVersionStatus.ACTIVE,
                allowed=MODEL_VERSION_TRANSITIONS,
                by=by,
                reason=reason or override_reason.strip(),
                event={"gate": gate},
                activated_at=timezone.now(),
                is_shadow=False,
            )
            emit(
                MODEL_PROMOTED,
                {"model_version": model_version.pk, "before": before.pk if before is not None else None},
            )
            enqueue_on_commit(CLASSIFY_TASK)
    except IntegrityError as error:
        raise LostRace("another version was activated in this moment") from error


def model_version_roll_back(*, by: User | None, reason: str = "") -> ModelVersion:
    """Go back to the version that was in production before the active one; return it.

    Rolling back twice goes back two versions. Raises NothingToRollBackTo and what model_version_activate raises.
    """
    require_permission(by, "classifier.activate_modelversion")
    target = model_version_before_active()
    if target is None:
        raise NothingToRollBackTo("No other version was in production before the active one.")
    model_version_activate(model_version=target, by=by, reason=reason)
    return target


def model_version_before_active() -> ModelVersion | None:
    """Return the version that a roll back would activate, or None."""
    stack: list[int] = []
    activations = ModelVersionEvent.objects.filter(new=ModelVersionStatus.ACTIVE, language="").order_by("id")
    for version_id in activations.values_list("model_version_id", flat=True):
        if len(stack) > 1 and stack[-2] == version_id:
            stack.pop()  # this activation was a roll back
        else:
            stack.append(version_id)
    return ModelVersion.objects.get(pk=stack[-2]) if len(stack) > 1 else None


def _gate(candidate: ModelVersion, override_reason: str) -> dict[str, Any] | None:
    """Return what the history keeps of the gate's verdict. Raises GateClosed where the gate blocks without override."""
    verdict = gate_check(candidate)
    if verdict is None:
        return None
    if not verdict.passed and not override_reason:
        raise GateClosed(candidate, verdict.reasons)
    kept = verdict.to_dict()
    return kept if verdict.passed else {**kept, "overridden": override_reason}


def _place(directory: Path, manifest: Manifest, *, is_known: bool) -> None:
    """Copy the artifact into settings.MODELS_DIR, unless a whole copy is there; replace a damaged one."""
    target = Path(settings.MODELS_DIR) / manifest.version
    if os.path.lexists(target):
        try:
            copied = files_verified(target)
        except ArtifactRejected as error:
            logger.warning("A model's copy is damaged and is made again from %s: %s", directory, error)
        else:
            if copied.raw == manifest.raw:
                return
            if not is_known:
                raise ArtifactRejected(f"{target} already holds another artifact of this name.")
            logger.warning(
                "The manifest in %s was changed; the copy is made again from %s", target, directory
            )
    files_put(directory, manifest, target)
