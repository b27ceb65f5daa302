"""What this machine's processor does best, asked once: device, precision, attention."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def cpu_flags() -> frozenset[str]:
    """Return the CPU's feature flags where Linux tells them, else an empty set."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("flags"):
                return frozenset(line.split(":", 1)[1].split())
    except OSError:
        pass
    return frozenset()


def best_device() -> str:
    """Return "cuda" where a GPU is there, else "cpu"."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def best_precision(device: str) -> str:
    """Return "bf16" where the hardware multiplies it natively (AVX-512 BF16, AMX, Ampere and later), else "fp32"."""
    import torch

    if device == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported() else "fp16"
    return "bf16" if cpu_flags() & {"avx512_bf16", "amx_bf16"} else "fp32"


def choose_precision(wanted: str, device: str) -> str:
    """Resolve "auto" to the best precision of `device`; anything else stays."""
    return best_precision(device) if wanted == "auto" else wanted


def choose_attention(wanted: str, *, has_sdpa: bool, device: str | None = None) -> str:
    """Resolve "auto": plain matrix products on a CPU (the fused backward pass is slower there), SDPA on a GPU.

    `has_sdpa` says whether transformers has SDPA for the architecture; MPNet, for one, gets "eager" on a GPU too.
    `device` is this machine's best one unless given.
    """
    if wanted != "auto":
        return wanted
    return "sdpa" if has_sdpa and (device or best_device()) == "cuda" else "eager"


def autocast(device: str, precision: str) -> "torch.autocast":
    """Return the autocast context of a precision; a disabled one for fp32."""
    import torch

    kind = {"bf16": torch.bfloat16, "fp16": torch.float16}.get(precision, torch.bfloat16)
    return torch.autocast(device, kind, enabled=precision != "fp32")
