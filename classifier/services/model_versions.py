"""Registering model versions and deciding which one is in production."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from classifier.inference.artifact import Manifest, verify
from classifier.inference.errors import ArtifactInvalid, ArtifactMismatch
from classifier.models import (
    MODEL_VERSION_TRANSITIONS,
    ModelVersion,
    ModelVersionEvent,
    ModelVersionStatus,
    User,
)
from classifier.services.errors import ArtifactRejected, NothingToRollBackTo
from classifier.services.events import MODEL_PROMOTED, emit
from classifier.services.permissions import require_permission
from classifier.services.promotion_gate import GateClosed, gate_check
from toxicsite.lib.jobs import enqueue_on_commit
from toxicsite.lib.lifecycle import IllegalTransition, LostRace, transition

CLASSIFY_TASK = "classifier.classify"


def model_version_register(*, directory: Path, by: User | None = None) -> ModelVersion:
    """Verify the artifact in `directory`, copy it under settings.MODELS_DIR and record it as a candidate.

    Gives the existing version when this very artifact is already registered. Raises ArtifactRejected.
    """
    require_permission(by, "classifier.add_modelversion")
    manifest = _verified(directory)
    known = ModelVersion.objects.filter(version=manifest.version).first()
    if known is not None and known.manifest != dict(manifest.raw):
        raise ArtifactRejected(
            f"{manifest.version} is already registered with another manifest; give the artifact a new name."
        )
    _place(directory, manifest)
    if known is not None:
        return known
    try:
        with transaction.atomic():
            return ModelVersion.objects.create(
                version=manifest.version,
                name=manifest.name,
                directory=manifest.version,
                sha256=manifest.weights_sha256,
                labels=list(manifest.labels),
                thresholds=dict(manifest.thresholds),
                primary_label=manifest.primary_label,
                manifest=dict(manifest.raw),
            )
    except IntegrityError:  # registered by somebody else in this moment
        return ModelVersion.objects.get(version=manifest.version)


def model_version_activate(
    *, model_version: ModelVersion, by: User | None, reason: str = "", override_reason: str = ""
) -> None:
    """Put a version into production and retire the one before; workers follow within seconds.

    A candidate has to pass the quality gate (see promotion_gate), or `override_reason` says why it goes into
    production all the same; the history keeps both. Raises PermissionDenied, GateClosed, IllegalTransition (it is
    the active one), LostRace or ArtifactRejected (its files are gone or changed), and then nothing has changed.
    """
    require_permission(by, "classifier.activate_modelversion")
    if model_version.status == ModelVersionStatus.ACTIVE:
        raise IllegalTransition(f"{model_version} is the active version already")
    gate = _gate(model_version, override_reason.strip())
    _verified(model_version.path)  # slow, so before the transaction; the worker checks again when it loads
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
    """The version that a roll back would activate, or None."""
    stack: list[int] = []
    activations = ModelVersionEvent.objects.filter(new=ModelVersionStatus.ACTIVE).order_by("id")
    for version_id in activations.values_list("model_version_id", flat=True):
        if len(stack) > 1 and stack[-2] == version_id:
            stack.pop()  # this was a way back
        else:
            stack.append(version_id)
    return ModelVersion.objects.get(pk=stack[-2]) if len(stack) > 1 else None


def _gate(candidate: ModelVersion, override_reason: str) -> dict[str, Any] | None:
    """What the history keeps of the gate's judgement. Raises GateClosed where nobody overrides it."""
    verdict = gate_check(candidate)
    if verdict is None:
        return None
    if not verdict.passed and not override_reason:
        raise GateClosed(candidate, verdict)
    kept = verdict.to_dict()
    return kept if verdict.passed else {**kept, "overridden": override_reason}


def _verified(directory: Path) -> Manifest:
    try:
        return verify(directory)
    except (ArtifactInvalid, ArtifactMismatch) as error:
        raise ArtifactRejected(str(error)) from error


def _place(directory: Path, manifest: Manifest) -> None:
    """Copy the artifact to its place, whole or not at all, and check the copy."""
    root = Path(settings.MODELS_DIR)
    place = root / manifest.version
    if place.exists():
        if _verified(place).raw != manifest.raw:
            raise ArtifactRejected(f"{place} already holds another artifact of this name.")
        return
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root, prefix=".incoming-") as incoming:
        copy = Path(incoming) / manifest.version
        copy.mkdir()
        for name in ("manifest.json", *manifest.files):
            shutil.copyfile(directory / name, copy / name)
        if _verified(copy).raw != manifest.raw:
            raise ArtifactRejected(f"{directory} changed while it was being copied.")
        try:
            copy.rename(place)
        except OSError:
            if not place.exists():
                raise
