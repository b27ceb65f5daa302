"""Problems that a page shows when a text cannot be scored: a title, a sentence and a status for each kind of error."""

from dataclasses import dataclass

from classifier.core.error_kinds import ErrorKind, details_of
from classifier.scoring.score_texts import TextProblem


@dataclass(frozen=True)
class ScoringProblem:
    """The words and the status for one problem; `short` is for pages with room for only a few words."""

    title: str
    detail: str
    status: int
    short: str
    icon: str = "pause"
    tone: str = "wait"


PROBLEMS = {
    ErrorKind.NO_WORKER: ScoringProblem(
        "No worker is running",
        "Nothing was scored, nothing was stored. Store the comment, and it is scored when a worker is back.",
        503,
        "No worker is running",
    ),
    ErrorKind.NO_MODEL: ScoringProblem(
        "No model is active",
        "A worker is running but has no model to score with. An administrator can activate one.",
        503,
        "No model is active",
    ),
    ErrorKind.NO_BROKER: ScoringProblem(
        "The queue cannot be reached",
        "Nothing was scored, nothing was stored. Store the comment, and it is scored when the queue is back.",
        503,
        "The queue cannot be reached",
        icon="broken",
    ),
    ErrorKind.TIMEOUT: ScoringProblem(
        "No verdict in time",
        "The worker is busy and did not answer before the deadline. Nothing was stored. Try again in a moment.",
        504,
        "The worker is busy",
        icon="clock",
    ),
}


def problem_of(error: Exception | TextProblem) -> ScoringProblem:
    """Return the problem to show for what a scoring service raised or answered; raise an unknown error again."""
    if isinstance(error, TextProblem):
        return _unscorable(error.message)
    details = details_of(error)
    if details is None:
        raise error
    if details.kind is ErrorKind.MODEL_BROKEN:
        detail = (
            f"{details.sentence} Nothing was stored. "
            "An administrator has to mend it or activate another version."
        )
        return ScoringProblem("The model cannot be loaded", detail, 503, "The model cannot be loaded")
    return PROBLEMS.get(details.kind) or _unscorable(details.sentence)


def _unscorable(message: str) -> ScoringProblem:
    return ScoringProblem("This text cannot be scored", message, 422, "Cannot be scored", "broken", "error")
