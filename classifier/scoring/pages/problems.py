"""What a page says when no score can be had: one title, one honest sentence, one status for each cause."""

from dataclasses import dataclass

from classifier.core.errors import ModelBroken, NoBroker, NoModel, NoWorker, ScoreTimeout
from classifier.scoring.score_texts import TextProblem

SCORING_ERRORS = (NoBroker, NoWorker, ScoreTimeout)


@dataclass(frozen=True)
class Problem:
    title: str
    detail: str
    status: int
    short: str
    icon: str = "pause"
    tone: str = "wait"


NO_WORKER = Problem(
    "No worker is running",
    "Nothing was scored, nothing was stored. Store the comment, and it is scored when a worker is back.",
    503,
    "No worker is running",
)
NO_MODEL = Problem(
    "No model is active",
    "A worker is running but has no model to score with. An administrator can activate one.",
    503,
    "No model is active",
)
NO_BROKER = Problem(
    "The queue cannot be reached",
    "Nothing was scored, nothing was stored. Store the comment, and it is scored when the queue is back.",
    503,
    "The queue cannot be reached",
    icon="broken",
)
TIMEOUT = Problem(
    "No verdict in time",
    "The worker is busy and did not answer before the deadline. Nothing was stored. Try again in a moment.",
    504,
    "The worker is busy",
    icon="clock",
)


def problem_of(error: Exception | TextProblem) -> Problem:
    """The problem to show for what a scoring service raised or answered."""
    if isinstance(error, TextProblem):
        return Problem(
            "This text cannot be scored", error.message, 422, "Cannot be scored", "broken", "error"
        )
    if isinstance(error, ModelBroken):
        detail = f"{error} Nothing was stored. An administrator has to mend it or activate another version."
        return Problem("The model cannot be loaded", detail, 503, "The model cannot be loaded")
    if isinstance(error, NoModel):
        return NO_MODEL
    if isinstance(error, NoWorker):
        return NO_WORKER
    return TIMEOUT if isinstance(error, ScoreTimeout) else NO_BROKER
