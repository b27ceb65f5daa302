"""What is measured: anything that answers texts with probabilities, a served model folder or a baseline."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from classifier.inference.scorer import Scorer
from training.ml.evaluation.served_model import score_matrix
from training.ml.progress import Listener

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Size:
    """Bytes on disk; numbers in the weights, and how many of them the last training changed (None: not known)."""

    bytes: int
    parameters: int
    trainable_parameters: int | None


class Subject(Protocol):
    """A thing with a version that scores texts; `explain` returns [] where it cannot say."""

    @property
    def version(self) -> str: ...

    @property
    def backend(self) -> str: ...

    @property
    def labels(self) -> tuple[str, ...]: ...

    @property
    def thresholds(self) -> Mapping[str, float]: ...

    @property
    def primary(self) -> str: ...

    @property
    def size(self) -> Size: ...

    def score(self, texts: Sequence[str], listener: Listener | None = None) -> "NDArray[np.float64]": ...

    def explain(self, text: str, label: str) -> list[dict[str, Any]]: ...


class ServedModel:
    """A model folder, scored and explained by the engine that serves it."""

    def __init__(self, folder: Path, backend: str = "auto") -> None:
        self.scorer = Scorer(folder, backend=backend)
        manifest = self.scorer.manifest
        self.version, self.backend = self.scorer.version, self.scorer.backend_name
        self.labels, self.thresholds = manifest.labels, dict(manifest.thresholds)
        self.primary = manifest.primary_label
        self.size = Size(
            sum(entry.bytes for entry in manifest.files.values()),
            int(manifest.raw.get("parameters") or 0),
            _trainable(manifest.raw),
        )

    def score(self, texts: Sequence[str], listener: Listener | None = None) -> "NDArray[np.float64]":
        """Return probabilities [texts, labels]."""
        return score_matrix(self.scorer, texts, listener)

    def explain(self, text: str, label: str) -> list[dict[str, Any]]:
        """Return the words' pushes in log-odds towards `label`, at their code points of `text`."""
        from classifier.inference.explain import explain

        words = explain(self.scorer, text, label).words
        return [
            {"begin": word.begin, "end": word.end, "text": word.text, "value": word.value} for word in words
        ]


def _trainable(manifest: Mapping[str, Any]) -> int | None:
    for place in (manifest, manifest.get("provenance") or {}):
        value = place.get("trainable_parameters")
        if isinstance(value, int):
            return value
    return None
