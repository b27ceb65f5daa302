"""Which devices this worker trains on, asked without torch: the process that asks stays small."""

import os
import re
import shutil
import socket
import subprocess
from dataclasses import dataclass
from functools import cache

NO_DEVICE = ("", "-1", "none", "void")


@dataclass(frozen=True)
class Devices:
    """`name` is unique to the devices, on every host: one run at a time; `gpus` is 0 for the processor."""

    name: str
    gpus: int

    @property
    def processes(self) -> int:
        return max(self.gpus, 1)


def worker_devices() -> Devices:
    """The GPUs that CUDA_VISIBLE_DEVICES leaves to this worker, all of them for one run; else the processor."""
    host = socket.gethostname()
    present = _gpus()
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        chosen = [part.strip() for part in visible.split(",")]
        if chosen[0].lower() in NO_DEVICE:
            present = []
        elif present:
            present = [part for part in chosen if part]
    if not present:
        return Devices(f"{host} cpu"[-200:], 0)
    return Devices(f"{host} gpu {','.join(present)}"[-200:], len(present))


@cache
def _gpus() -> list[str]:
    """The numbers of the NVIDIA GPUs of this machine."""
    command = shutil.which("nvidia-smi")
    if command is None:
        return []
    try:
        listed = subprocess.run([command, "-L"], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.SubprocessError):
        return []
    return re.findall(r"^GPU (\d+):", listed.stdout, re.MULTILINE)
