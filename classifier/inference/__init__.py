"""Turning text into probabilities: pure Python, shared by the worker, the commands and training.

from classifier.inference import Scorer
Scorer("models/starter").score(["thank you"])
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from classifier.inference.scorer import Scorer as Scorer

__all__ = ["Scorer"]


def __getattr__(name: str) -> Any:
    """Load the scorer only where it is asked for: most modules here need neither torch nor a tokenizer."""
    if name != "Scorer":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from classifier.inference.scorer import Scorer

    return Scorer
