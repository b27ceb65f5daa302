"""Scoring text at once, through the same worker as stored comments; nothing of it is stored."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from classifier.models import Comment
from classifier.services import transport
from classifier.services.errors import NoModel
from classifier.services.validation import validate_texts


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
class TextSpan:
    """The scores of one window of a text that is longer than the model reads at once."""

    begin: int
    end: int
    scores: dict[str, float]


@dataclass(frozen=True)
class ScoredText:
    """The verdict on one text. `score` and `threshold` are those of the primary label."""

    scores: dict[str, float]
    verdict: str
    score: float
    threshold: float
    windows: int
    model_version: str
    spans: tuple[TextSpan, ...] = ()
    explanation: TextExplanation | None = None


@dataclass(frozen=True)
class TextProblem:
    """Why one text of several got no verdict (`code` is `too_long` or `failed`)."""

    code: str
    message: str


def score_texts(
    *, texts: Sequence[str], explain: bool = False, deadline: float
) -> list[ScoredText | TextProblem]:
    """Score `texts` within `deadline` seconds; the answers come in the order of the texts.

    Raises InvalidInput, NoBroker, NoWorker, NoModel (a NoWorker) or ScoreTimeout.
    """
    payload = {"texts": validate_texts(texts), "explain": explain}
    reply = transport.ask(payload, deadline=deadline)
    if "problem" in reply:
        raise NoModel(reply["problem"])
    return [_decode(item) for item in reply["items"]]


def comment_explain(*, comment: Comment, deadline: float) -> ScoredText | TextProblem:
    """Explain a stored comment with the active version; raises as score_texts does. A purged text has no words."""
    if comment.text_purged_at is not None:
        return TextProblem("purged", "The text was purged, so no word of it can be shown.")
    return score_texts(texts=[comment.text], explain=True, deadline=deadline)[0]


def _decode(item: dict[str, Any]) -> ScoredText | TextProblem:
    if "code" in item:
        return TextProblem(**item)
    spans = tuple(TextSpan(**span) for span in item.pop("spans"))
    explanation = item.pop("explanation")
    if explanation is not None:
        words = tuple(ExplainedWord(**word) for word in explanation.pop("words"))
        explanation = TextExplanation(**explanation, words=words)
    return ScoredText(**item, spans=spans, explanation=explanation)
