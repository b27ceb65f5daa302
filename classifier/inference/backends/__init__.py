"""The engines that run a model, and the choice between them.

auto                cuda where there is a GPU; else for BERT the packed engine, in bf16 where the CPU multiplies it
                    natively and in fp32 elsewhere; generic for every other architecture
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

# How far a probability may be from the one that transformers gives in fp32; held by tests. int8 is the fastest of all
# and visibly less exact: it is never chosen automatically.
MAX_ABS_PROBABILITY_ERROR = {"fp32": 1e-4, "bf16": 0.02, "int8": 0.15, "generic": 0.02, "cuda": 0.02}

NAMES = ("auto", "fp32", "bf16", "int8", "generic", "cuda")


class Backend(Protocol):
    """Something that turns windows of token ids into logits."""

    @property
    def name(self) -> str: ...

    def logits(self, windows: Sequence[NDArray[numpy.int64]]) -> NDArray[numpy.float32]:
        """Return the logits, float32 [windows, outputs]."""
        ...


def load(name: str, folder: Path, manifest: Manifest, config: Mapping[str, Any]) -> Backend:
    """Return the engine called `name` with the folder's weights in it."""
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
