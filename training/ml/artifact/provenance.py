"""Where a result comes from: seed, configuration, data fingerprint, versions, commit, hardware, time, memory."""

import platform
import resource
import subprocess
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from training.ml.hardware import hardware

PACKAGES = (
    "torch",
    "transformers",
    "datasets",
    "accelerate",
    "tokenizers",
    "safetensors",
    "numpy",
    "scikit-learn",
)


def package_versions() -> dict[str, str]:
    """Return the versions of the packages that decide a result."""
    versions = {}
    for name in PACKAGES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions


def commit() -> str:
    """Return the commit of the running code, "unknown" outside a checkout, with "+changes" when it was edited."""
    root = Path(__file__).resolve().parents[2]
    try:
        head = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=root, capture_output=True, text=True, timeout=10
        )
        if head.returncode:
            return "unknown"
        diff = subprocess.run(["git", "diff", "--quiet", "HEAD"], cwd=root, capture_output=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return head.stdout.strip() + ("+changes" if diff.returncode else "")


def peak_memory_mib() -> int:
    """Return the largest resident size of this process so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def provenance(
    *, config: dict[str, Any], data: dict[str, Any], seconds: float, **more: Any
) -> dict[str, Any]:
    """Return everything that someone needs to judge or repeat a run."""
    return {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "config": config,
        "data": data,
        "duration_seconds": round(seconds, 1),
        "peak_memory_mib": peak_memory_mib(),
        "packages": package_versions(),
        "python": platform.python_version(),
        "commit": commit(),
        "hardware": hardware(),
        **more,
    }
