"""Installs what tests need and pip does not bring: Chromium (Debian's package) and the npm clients of dialects."""

import hashlib
import os
import shutil
import subprocess
import sys

from toxicsite.launcher.environment import PROJECT
from toxicsite.launcher.errors import LauncherError

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
NODE_FOLDER = PROJECT / "classifier" / "tests" / "dialects" / "clients" / "node"
STAMP = NODE_FOLDER / "node_modules" / ".installed"
NPM_SECONDS = 600


def chromium() -> str | None:
    """Return the path of an installed Chromium; CHROMIUM names another one."""
    named = os.environ.get("CHROMIUM")
    return named if named else next((path for name in CHROMIUMS if (path := shutil.which(name))), None)


def ensure_chromium() -> None:
    """Install Chromium with apt-get when there is none; raises LauncherError where only the user can do that."""
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


def ensure_node_clients() -> None:
    """Install what package-lock.json names, once; without Node their tests are skipped and say so."""
    digest = hashlib.sha256((NODE_FOLDER / "package-lock.json").read_bytes()).hexdigest()
    if STAMP.is_file() and STAMP.read_text() == digest:
        return
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        sys.stdout.write("Node 20 or later is not installed, so the tests of npm clients will be skipped\n")
        return
    sys.stdout.write("Installing the npm clients of the tests\n")
    sys.stdout.flush()
    try:
        done = subprocess.run(
            [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"],
            cwd=NODE_FOLDER,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=NPM_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise LauncherError(
            f"npm did not install the clients of the tests within {NPM_SECONDS} seconds."
        ) from None
    if done.returncode != 0:
        lines = [line.strip() for line in done.stdout.splitlines() if line.strip()]
        raise LauncherError(
            f"npm could not install the clients of the tests: {lines[-1] if lines else 'no reason'}"
        )
    STAMP.write_text(digest)
