"""A wall clock that can be moved for the site alone: a small library between its processes and the system's clock.

It is compiled when chaos starts, so it needs a C compiler and Linux; without them the clock is not moved, and the table
says so. Monotonic clocks stay as they are, as when a person or NTP sets the time of a machine.
"""

import shutil
import struct
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).with_name("clock.c")


class Clock:
    """The offset of the site's clock, in a file that all its processes have mapped."""

    def __init__(self, folder: Path) -> None:
        self.file, self.library = folder / "clock", folder / "clock.so"
        self.set(0)
        self.file.chmod(0o644)
        self.library.chmod(0o755)

    def set(self, seconds: int) -> None:
        mode = "r+b" if self.file.exists() else "wb"
        with self.file.open(mode) as file:
            file.write(struct.pack("=q", seconds))

    @property
    def variables(self) -> dict[str, str]:
        return {"LD_PRELOAD": str(self.library), "CHAOS_CLOCK": str(self.file)}


def make_clock(folder: Path) -> Clock | None:
    """Compile the library into `folder`; None where this machine cannot, or where it has no effect."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None or not sys.platform.startswith("linux"):
        return None
    command = [compiler, "-shared", "-fPIC", "-O2", "-o", str(folder / "clock.so"), str(SOURCE), "-ldl"]
    if subprocess.run(command, capture_output=True, check=False).returncode != 0:
        return None
    clock = Clock(folder)
    clock.set(1_000_000)
    shown = subprocess.run(
        [sys.executable, "-c", "import time; print(time.time())"],
        env=clock.variables,
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    now = subprocess.run(
        [sys.executable, "-c", "import time; print(time.time())"], capture_output=True, text=True, check=True
    ).stdout
    clock.set(0)
    return clock if shown and float(shown) - float(now) > 900_000 else None
