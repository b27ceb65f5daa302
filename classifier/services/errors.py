"""What can go wrong in a service, named for what happened."""

from toxicsite.lib.broker import NoBroker

__all__ = [
    "ApiKeyInvalid",
    "ArtifactRejected",
    "DecisionConflict",
    "NoBroker",
    "NoModel",
    "NoWorker",
    "NothingToRollBackTo",
    "ScoreTimeout",
]


class NoWorker(Exception):
    """No classification worker is running."""


class NoModel(NoWorker):
    """A worker runs, but no model version is active (or the active one cannot be loaded)."""


class ScoreTimeout(Exception):
    """The worker did not answer before the deadline."""


class ArtifactRejected(Exception):
    """The folder is no usable model artifact; the message says why."""


class NothingToRollBackTo(Exception):
    """No other version was in production before the active one."""


class ApiKeyInvalid(Exception):
    """The key is unknown, revoked or expired; which one is not told."""


class DecisionConflict(Exception):
    """The comment is not in a state in which this can be decided or undone; the message says why."""
