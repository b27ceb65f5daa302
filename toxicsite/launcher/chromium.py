"""Sees to it that browser tests find a Chromium: Debian's package, installed when missing and we are root."""

import os
import shutil
import subprocess
import sys

from toxicsite.launcher.errors import LauncherError

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


def chromium() -> str | None:
    """The path of an installed Chromium; CHROMIUM names another one."""
    named = os.environ.get("CHROMIUM")
    return named if named else next((path for name in NAMES if (path := shutil.which(name))), None)


def ensure_chromium() -> None:
    """Install Chromium with apt-get when there is none; raises LauncherError when that is not for us to do."""
    if chromium() is not None:
        return
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        raise LauncherError(
            "The browser tests need Chromium: install it (Debian: `sudo apt-get install chromium`), "
            "or name one: CHROMIUM=/path/to/chrome make test."
        )
    sys.stdout.write("Installing Chromium for the browser tests\n")
    sys.stdout.flush()
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    install = [apt, "install", "--yes", "--no-install-recommends", "chromium"]
    for command in ([apt, "update"], install):
        done = subprocess.run(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        if done.returncode != 0:
            lines = [line for line in done.stdout.splitlines() if line.startswith("E:")]
            reason = lines[0].removeprefix("E:").strip() if lines else f"exit code {done.returncode}"
            raise LauncherError(f"Chromium could not be installed: {reason}")
