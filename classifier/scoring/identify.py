"""What is known of a scored text: its scores, and the language that it counts as."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


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
    """The scores of a text with the language that it counts as, and whether a version in production knows it."""

    scores: Mapping[str, float]
    verdict: str
    windows: int
    read_as: str
    language: str
    language_supported: bool
    concern_score: float | None
    is_concern: bool
