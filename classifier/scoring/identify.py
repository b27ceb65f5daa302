"""The languages of texts that are scored, beside their scores."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from classifier.inference.language import identify
from classifier.models import ModelVersion


class CommonScores(Protocol):
    """What is known of a scored text, whether its language is identified yet or not."""

    @property
    def scores(self) -> Mapping[str, float]: ...
    @property
    def verdict(self) -> str: ...
    @property
    def windows(self) -> int: ...
    @property
    def read_as(self) -> str: ...
    @property
    def is_concern(self) -> bool: ...


class ModelScores(CommonScores, Protocol):
    """What a model says of one text: results of the engine have this form."""

    @property
    def concern(self) -> float | None: ...


@dataclass(frozen=True, slots=True)
class IdentifiedScores:
    """The scores of a text with its language, and whether the model that gave them knows it."""

    scores: Mapping[str, float]
    verdict: str
    windows: int
    read_as: str
    language: str
    language_supported: bool
    concern_score: float | None
    is_concern: bool


def with_languages(
    texts: Sequence[str], results: Sequence[ModelScores], version: ModelVersion
) -> list[IdentifiedScores]:
    """Add to each text's scores the language that it is identified as."""
    known = version.languages
    identified = [identify(text, known) for text in texts]
    return [
        IdentifiedScores(
            scores=result.scores,
            verdict=result.verdict,
            windows=result.windows,
            read_as=result.read_as,
            language=found.language,
            language_supported=found.is_supported,
            concern_score=result.concern,
            is_concern=result.is_concern,
        )
        for result, found in zip(results, identified, strict=True)
    ]
