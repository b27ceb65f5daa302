"""Installs the npm clients that the client tests drive, by `npm ci` into a folder that git ignores."""

import hashlib
import shutil
import subprocess
import sys

from toxicsite.launcher.environment import PROJECT
from toxicsite.launcher.errors import LauncherError

FOLDER = PROJECT / "classifier" / "tests" / "dialects" / "clients" / "node"
STAMP = FOLDER / "node_modules" / ".installed"
SECONDS = 600


def ensure_node_clients() -> None:
    """Install what package-lock.json names, once; without Node their tests are skipped and say so."""
    digest = hashlib.sha256((FOLDER / "package-lock.json").read_bytes()).hexdigest()
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
            cwd=FOLDER,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise LauncherError(
            f"npm did not install the clients of the tests within {SECONDS} seconds."
        ) from None
    if done.returncode != 0:
        lines = [line.strip() for line in done.stdout.splitlines() if line.strip()]
        raise LauncherError(
            f"npm could not install the clients of the tests: {lines[-1] if lines else 'no reason'}"
        )
    STAMP.write_text(digest)
