"""What this machine's processor does best, asked once: device, precision, attention."""

import os
import platform
from pathlib import Path
from typing import TYPE_CHECKING, Any

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


def hardware() -> dict[str, Any]:
    """Return processor, cores in use, memory in GiB, and the GPU's name where there is one."""
    import torch

    model = platform.processor() or platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    except OSError:
        pass
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    gpu = torch.cuda.get_device_name(0) if torch.cuda.is_available() else None
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "memory_gib": round(memory),
        "gpu": gpu,
    }
