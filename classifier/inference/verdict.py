"""From probabilities to a verdict: the one rule, so that every caller draws the same line."""

from collections.abc import Mapping
from typing import Literal

Verdict = Literal["toxic", "non-toxic"]

TOXIC: Verdict = "toxic"
NON_TOXIC: Verdict = "non-toxic"


def verdict_for(scores: Mapping[str, float], thresholds: Mapping[str, float], primary_label: str) -> Verdict:
    """Return toxic when the primary label's probability reaches its threshold."""
    return TOXIC if scores[primary_label] >= thresholds[primary_label] else NON_TOXIC
