"""The engines that run a model, and the choice between them.

auto    the packed engine at the best precision that the CPU's instructions support, for BERT;
        CUDA where there is a GPU, and the generic engine for every other architecture
fp32, bf16, int8    the packed engine at that precision
generic             any architecture through transformers, on the CPU
cuda                the same on a GPU, in half precision
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy
from numpy.typing import NDArray

from classifier.inference.artifact import Manifest
from classifier.inference.errors import BackendUnavailable

NAMES = ("auto", "fp32", "bf16", "int8", "generic", "cuda")


class Backend(Protocol):
    """Something that turns windows of token ids into logits."""

    @property
    def name(self) -> str: ...

    def logits(self, windows: Sequence[NDArray[numpy.int64]]) -> NDArray[numpy.float32]:
        """float32 [windows, outputs]."""
        ...


def load(name: str, folder: Path, manifest: Manifest, config: Mapping[str, Any]) -> Backend:
    """The engine called `name` with the folder's weights in it."""
    if name not in NAMES:
        raise BackendUnavailable(f"backend {name!r} is not known; choose one of {', '.join(NAMES)}")
    from classifier.inference.backends import torch_generic, torch_packed

    if name == "auto":
        if torch_generic.has_gpu():
            name = "cuda"
        elif torch_packed.supports(config, manifest.outputs):
            name = torch_packed.best_precision()
        else:
            name = "generic"
    if name in ("cuda", "generic"):
        return torch_generic.load("cuda" if name == "cuda" else "cpu", folder, manifest, config)
    return torch_packed.load(name, folder, manifest, config)
