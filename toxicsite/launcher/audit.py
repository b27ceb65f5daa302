"""`make audit`: asks the advisories of PyPI about every package of the lock files, by pip-audit.

It needs the network, so no test calls it. pip-audit has a virtual environment of its own below VAR_DIR, because what it
needs is no business of the site. A package that could not be looked up is a failure too, never a silent pass.
"""

import json
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from toxicsite.launcher.environment import PROJECT, read_options
from toxicsite.launcher.errors import LauncherError

PIP_AUDIT = "pip-audit==2.10.1"
LOCKS = ("requirements.lock", "requirements-test.lock")
INSTALL_SECONDS, ASK_SECONDS = 600, 900
NEEDS_NETWORK = (
    "It needs the network: the Python package index for pip-audit itself, pypi.org for its advisories."
)


def audit() -> int:
    """Print each package with a known fault and return 1 if there is one; raises LauncherError if nothing is known."""
    locks = [PROJECT / name for name in LOCKS]
    sys.stdout.write(f"Asking for known faults of what {' and '.join(LOCKS)} name. {NEEDS_NETWORK}\n")
    sys.stdout.flush()
    faults, unknown = read_report(_ask(_installed(read_options().var / "audit"), locks))
    for line in faults:
        sys.stdout.write(f"{line}\n")
    if unknown:
        raise LauncherError(
            f"{len(unknown)} packages could not be looked up, so this says nothing about them: "
            f"{', '.join(unknown[:8])}{' …' if len(unknown) > 8 else ''}. {NEEDS_NETWORK}"
        )
    sys.stdout.write(f"{len(faults)} known faults.\n" if faults else "No known faults.\n")
    return 1 if faults else 0


def read_report(text: str) -> tuple[list[str], list[str]]:
    """Return a line for each fault, and the names of packages that were not looked up. Raises LauncherError."""
    try:
        packages: list[dict[str, Any]] = json.loads(text)["dependencies"]
    except (ValueError, KeyError, TypeError):
        raise LauncherError(f"pip-audit gave no report. {NEEDS_NETWORK}") from None
    if not packages:
        raise LauncherError("pip-audit found no packages in the lock files.")
    faults = [
        f"{package['name']} {package['version']}: {fault['id']}, {_mended(fault['fix_versions'])}"
        for package in packages
        for fault in package.get("vulns", ())
    ]
    return faults, [package["name"] for package in packages if "skip_reason" in package]


def _mended(versions: Sequence[str]) -> str:
    return f"mended in {', '.join(versions)}" if versions else "no version without it yet"


def _installed(folder: Path) -> Path:
    """Return the Python of an environment that has pip-audit, made once."""
    python = folder / "bin" / "python"
    if not python.is_file():
        venv.create(folder, with_pip=True, clear=True)
    _run(
        [str(python), "-m", "pip", "install", "--quiet", PIP_AUDIT],
        INSTALL_SECONDS,
        "pip-audit was not installed",
    )
    return python


def _ask(python: Path, locks: Sequence[Path]) -> str:
    files = [word for lock in locks for word in ("--requirement", str(lock))]
    command = [str(python), "-m", "pip_audit", "--no-deps", "--disable-pip", "--format", "json", *files]
    return _run(command, ASK_SECONDS, "pip-audit failed", also=(1,))  # 1: there are faults, or no network


def _run(command: Sequence[str], seconds: float, problem: str, also: Sequence[int] = ()) -> str:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=seconds, cwd=PROJECT
        )
    except subprocess.TimeoutExpired:
        raise LauncherError(f"{problem}: no answer within {seconds} seconds. {NEEDS_NETWORK}") from None
    if done.returncode not in (0, *also):
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise LauncherError(f"{problem}: {lines[-1] if lines else 'no reason'}. {NEEDS_NETWORK}")
    return done.stdout
