"""What can go wrong in a service, named for what happened; `classifier/core/error_kinds.py` says what faces answer."""

from collections.abc import Sequence
from typing import Any

from classifier.models import Decision, ModelVersion, Policy, User
from toxicsite.lib.broker import NoBroker

__all__ = [
    "SCORING_ERRORS",
    "ApiKeyInvalid",
    "ArtifactRejected",
    "BatchTimeout",
    "ClaimTaken",
    "DecisionConflict",
    "GateClosed",
    "ModelBroken",
    "NoBroker",
    "NoModel",
    "NoWorker",
    "NotPossibleNow",
    "NothingToRollBackTo",
    "PolicyConflict",
    "ScoreTimeout",
    "TextGone",
    "VersionConflict",
    "WrongFilter",
]


class NoWorker(Exception):
    """No classification worker is running."""


class NoModel(NoWorker):
    """A worker runs, but has no model: no version is active, or (ModelBroken) the active one cannot be loaded."""


class ModelBroken(NoModel):
    """The active version cannot be loaded, and no other one answers; the message is a sentence for anybody."""


class ScoreTimeout(Exception):
    """The worker did not answer before the deadline."""


class BatchTimeout(ScoreTimeout):
    """The worker did not answer about all texts of a batch in time; `answered` are the answers about the first."""

    def __init__(self, message: str, answered: Sequence[Any] = ()) -> None:
        self.answered = list(answered)
        super().__init__(message)


SCORING_ERRORS = (
    NoBroker,
    NoWorker,
    ScoreTimeout,
)  # why a text has no score although nothing is wrong with it


class ArtifactRejected(Exception):
    """The folder is no usable model artifact; the message says why."""


class NothingToRollBackTo(Exception):
    """No other version was in production before the active one, so there is nothing to roll back to."""


class GateClosed(Exception):
    """The quality gate keeps a candidate out of production; the message and `reasons` say what failed."""

    def __init__(self, version: ModelVersion, reasons: Sequence[str]) -> None:
        self.reasons = list(reasons)
        super().__init__(f"The quality gate keeps {version} out of production. {' '.join(reasons)}")


class ApiKeyInvalid(Exception):
    """The key is unknown, revoked or expired; the caller is not told which."""


class DecisionConflict(Exception):
    """This cannot be decided or undone any more; the message says why, `decision` is what came between, if anything."""

    def __init__(self, message: str, decision: Decision | None = None) -> None:
        super().__init__(message)
        self.decision = decision


class ClaimTaken(Exception):
    """Another moderator (`by`) works on the comment, or, where `by` is None, it no longer waits for a decision."""

    def __init__(self, message: str, by: User | None) -> None:
        super().__init__(message)
        self.by = by


class NotPossibleNow(Exception):
    """The state of the object, or what depends on it, does not allow this; the message says why."""


class TextGone(NotPossibleNow):
    """The text was erased, so that nobody can score, edit or judge it any more."""

    def __init__(self) -> None:
        super().__init__("The text of this comment was erased; it cannot be judged, edited or scored again.")


class VersionConflict(Exception):
    """The object has changed since the caller read it."""

    def __init__(
        self, message: str = "It has changed since you read it. Read it again, then change it."
    ) -> None:
        super().__init__(message)


class WrongFilter(ValueError):
    """A filter has a value that it cannot have; `field` names it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class PolicyConflict(Exception):
    """Somebody saved another version since this one was opened; `newest` is theirs."""

    def __init__(self, newest: Policy) -> None:
        super().__init__(f"Version {newest.version} was saved in the meantime. Look at it, then save again.")
        self.newest = newest
