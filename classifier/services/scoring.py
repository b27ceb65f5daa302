"""Scoring text at once, through the same worker as stored comments; nothing of it is stored."""

from collections.abc import Sequence
from dataclasses import dataclass

from classifier.models import Comment


@dataclass(frozen=True)
class ExplainedWord:
    """`begin` and `end` are code-point offsets into the text; `value` above 0 pushes towards toxic."""

    begin: int
    end: int
    text: str
    value: float


@dataclass(frozen=True)
class TextExplanation:
    label: str
    score: float
    base: float
    words: tuple[ExplainedWord, ...]


@dataclass(frozen=True)
class ScoredText:
    """The verdict on one text. `score` and `threshold` are those of the primary label."""

    scores: dict[str, float]
    verdict: str
    score: float
    threshold: float
    windows: int
    model_version: str
    explanation: TextExplanation | None = None


@dataclass(frozen=True)
class TextProblem:
    """Why one text of several got no verdict (`code` such as `too_long` or `failed`)."""

    code: str
    message: str


def score_texts(
    *, texts: Sequence[str], explain: bool = False, deadline: float
) -> list[ScoredText | TextProblem]:
    """Score `texts` within `deadline` seconds; the answers come in the order of the texts.

    Raises InvalidInput, NoBroker, NoWorker, NoModel (a NoWorker) or ScoreTimeout.
    """
    raise NotImplementedError


def comment_explain(*, comment: Comment, deadline: float) -> ScoredText | TextProblem:
    """Explain a stored comment with the active version; raises as score_texts does."""
    raise NotImplementedError
