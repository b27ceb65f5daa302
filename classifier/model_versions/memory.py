"""The memory that versions need in a worker, against the budget MODEL_MEMORY_MIB."""

import math
from collections.abc import Sequence

from django.conf import settings

from classifier.core.errors import NotPossibleNow
from classifier.inference.artifact import WEIGHTS
from classifier.inference.errors import ArtifactInvalid
from classifier.inference.tensors import read_table
from classifier.models import ModelVersion

BYTES_OF_A_WEIGHT = 4
"""Weights are computed with in single precision, however they are stored."""
MIB = 1024 * 1024


def memory_needed(version: ModelVersion) -> int:
    """Return about how many MiB a worker needs for `version`, by the tables of contents and sizes of its files."""
    files = version.manifest.get("files") or {}
    sizes = {name: int((entry or {}).get("bytes") or 0) for name, entry in files.items()}
    try:
        weights = sum(math.prod(entry.shape) for entry in read_table(version.path / WEIGHTS).values())
    except (OSError, ArtifactInvalid):  # the files are away: as if all of it were stored in half precision
        weights = sizes.get(WEIGHTS, 0) // 2
    others = sum(size for name, size in sizes.items() if name != WEIGHTS)
    return math.ceil((weights * BYTES_OF_A_WEIGHT + others) / MIB)


def within_memory(versions: Sequence[ModelVersion]) -> list[ModelVersion]:
    """Return the versions that fit into the budget, in their order; the first always does: it is the default."""
    kept: list[ModelVersion] = []
    used = 0
    for version in versions:
        needed = memory_needed(version) if len(versions) > 1 else 0
        if not kept or _fits(used + needed):
            kept.append(version)
            used += needed
    return kept


def memory_check(versions: Sequence[ModelVersion]) -> None:
    """Refuse an assembly that a worker has no room for; one version alone always has. Raises NotPossibleNow."""
    if len(versions) < 2:
        return
    needed = {version: memory_needed(version) for version in versions}
    if not _fits(sum(needed.values())):
        each = ", ".join(f"{version} {mib:,}" for version, mib in needed.items())
        raise NotPossibleNow(
            f"The versions in production would need about {sum(needed.values()):,} MiB in each worker ({each}); "
            f"MODEL_MEMORY_MIB allows {settings.MODEL_MEMORY_MIB:,}. Raise it, or empty a language slot first."
        )


def _fits(mib: int) -> bool:
    return not settings.MODEL_MEMORY_MIB or mib <= settings.MODEL_MEMORY_MIB
