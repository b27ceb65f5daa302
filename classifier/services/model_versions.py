"""Registering model versions and deciding which one is in production."""

from pathlib import Path

from classifier.models import ModelVersion, User


def model_version_register(*, directory: Path, by: User | None = None) -> ModelVersion:
    """Verify the artifact in `directory`, copy it under settings.MODELS_DIR and record it as a candidate.

    Gives the existing version when this very artifact is already registered. Raises ArtifactRejected.
    """
    raise NotImplementedError


def model_version_activate(*, model_version: ModelVersion, by: User | None, reason: str = "") -> None:
    """Put a version into production and retire the one before. Raises IllegalTransition or LostRace."""
    raise NotImplementedError


def model_version_roll_back(*, by: User | None, reason: str = "") -> ModelVersion:
    """Go back to the version that was in production before; return it. Raises NothingToRollBackTo, LostRace."""
    raise NotImplementedError
