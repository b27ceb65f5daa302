"""Makes `.venv` and installs the pinned packages: `python3 toxicsite/launcher/bootstrap.py [--test]`.

Runs on the system's own Python before anything is installed, so it uses the standard library only and is written in
words that an old Python understands as well, to be able to say that it is too old. A stamp in the environment holds
the digest of what was installed; while it matches, this takes milliseconds.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from typing import IO, Sequence

PROJECT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
VENV = os.path.join(PROJECT, ".venv")
PYTHON = os.path.join(VENV, "bin", "python")
WANTED = (3, 11)
NEEDED_DISK_MIB = 8 * 1024  # torch brings its GPU libraries with it
LOCKS = {"run": "requirements.lock", "test": "requirements-test.lock"}

# What pip says, and what to tell the person; the first that is found wins.
REASONS = [
    ("No space left on device", "the disk is full: free about 8 GiB and start again"),
    ("Disk quota exceeded", "the disk quota is used up: free about 8 GiB and start again"),
    ("No matching distribution found", "a package is not to be had for this machine or from this index"),
    (
        "error: command",
        "a package has to be compiled and that failed: install a C compiler (`apt-get install gcc`)",
    ),
    ("Failed building wheel", "a package could not be built: install a C compiler (`apt-get install gcc`)"),
    ("Failed to build", "a package could not be built: install a C compiler (`apt-get install gcc`)"),
    ("Temporary failure in name resolution", "the package index cannot be reached: check the network"),
    ("Name or service not known", "the package index cannot be reached: check the network"),
    ("Connection refused", "the package index refuses the connection: check the network or the proxy"),
    ("timed out", "the package index does not answer: check the network or the proxy"),
    ("CERTIFICATE_VERIFY_FAILED", "the package index shows a certificate that this machine does not trust"),
    ("Permission denied", "a file in .venv belongs to another account: remove .venv, or start as before"),
    ("THESE PACKAGES DO NOT MATCH THE HASHES", "a downloaded package is not the one that was pinned"),
]


class InstallError(Exception):
    """One sentence for the person at the terminal."""


def main(arguments: Sequence[str]) -> None:
    """Bring `.venv` up to date for running, or with `--test` for testing as well."""
    kind = "test" if "--test" in arguments else "run"
    digest = _digest(kind)
    if _stamped(kind) == digest and os.access(PYTHON, os.X_OK):
        return
    lock = _lock()
    try:
        if _stamped(kind) == digest and _works():  # another make was faster
            return
        if not _works():
            _make_environment(_find_python())
        _install(kind)
        for done in ("run", "test") if kind == "test" else ("run",):
            with open(_stamp(done), "w") as file:
                file.write(_digest(done))
    finally:
        lock.close()


def _find_python() -> str:
    """Return the interpreter to build with: this one when it is the right version, else one on the PATH."""
    if sys.version_info[:2] == WANTED:
        return sys.executable
    path = shutil.which("python%d.%d" % WANTED)
    if path is None:
        raise InstallError(
            "toxicsite needs Python %d.%d, and this is %d.%d: install python%d.%d (Debian: `apt-get install "
            "python3.11 python3.11-venv`), or name it: PYTHON=/path/to/python3.11 make run."
            % (WANTED + sys.version_info[:2] + WANTED)
        )
    return path


def _works() -> bool:
    """Return whether `.venv` holds a Python of the right version that runs (it does not after the system's was upgraded)."""
    if not os.path.exists(PYTHON):
        return False
    check = "import sys, pip; sys.exit(sys.version_info[:2] != %r)" % (WANTED,)
    return subprocess.call([PYTHON, "-c", check], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0


def _make_environment(python: str) -> None:
    free = shutil.disk_usage(PROJECT).free // (1024 * 1024)
    if free < NEEDED_DISK_MIB:
        raise InstallError(
            "The disk is nearly full: installing needs about %d MiB, and %s has %d."
            % (NEEDED_DISK_MIB, PROJECT, free)
        )
    _say("Making the virtual environment .venv")
    done = subprocess.run(
        [python, "-m", "venv", "--clear", VENV], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    output = done.stdout.decode("utf-8", "replace")
    if done.returncode == 0:
        return
    if "ensurepip" in output or "No module named venv" in output:
        raise InstallError(
            "This Python cannot make virtual environments: `apt-get install python3.11-venv` helps on Debian."
        )
    raise InstallError("The virtual environment could not be made: %s" % _reason(output))


def _install(kind: str) -> None:
    log_path = os.path.join(VENV, "install.log")
    _say("Installing the pinned packages of %s (several minutes the first time)" % LOCKS[kind])
    command = [
        PYTHON,
        "-m",
        "pip",
        "install",
        "--disable-pip-version-check",
        "--no-input",
        "--progress-bar",
        "off",
    ]
    for lock in ("run", "test") if kind == "test" else ("run",):
        command += ["-r", os.path.join(PROJECT, LOCKS[lock])]
    with open(log_path, "w", encoding="utf-8") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=PROJECT)
        for raw in process.stdout or ():
            line = raw.decode("utf-8", "replace")
            log.write(line)
            if line.startswith(("Collecting ", "Installing collected")):
                _say("    " + line.strip()[:100])
        code = process.wait()
    if code != 0:
        with open(log_path, encoding="utf-8") as log:
            raise InstallError(
                "Installing failed: %s; all of pip's words are in .venv/install.log." % _reason(log.read())
            )


def _reason(output: str) -> str:
    for words, sentence in REASONS:
        if words in output:
            detail = next((line.strip() for line in output.splitlines() if words in line), "")
            return "%s (%s)" % (sentence, detail[:160]) if words.startswith("No matching") else sentence
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1] if lines else "no reason given"


def _digest(kind: str) -> str:
    digest = hashlib.sha256()
    for lock in ("run", "test") if kind == "test" else ("run",):
        with open(os.path.join(PROJECT, LOCKS[lock]), "rb") as file:
            digest.update(file.read())
    digest.update(PROJECT.encode())  # the scripts of an environment hold its path
    return digest.hexdigest()


def _stamp(kind: str) -> str:
    return os.path.join(VENV, ".installed-" + kind)


def _stamped(kind: str) -> str:
    try:
        with open(_stamp(kind)) as file:
            return file.read()
    except OSError:
        return ""


def _lock() -> IO[str]:
    """Wait until no other installation runs; the kernel frees the lock however this process ends."""
    import fcntl

    file = open(os.path.join(PROJECT, "Makefile"))
    fcntl.flock(file, fcntl.LOCK_EX)
    return file


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except InstallError as error:
        sys.stderr.write("toxicsite: %s\n" % error)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.stderr.write("\nInterrupted; the next start goes on from here.\n")
        sys.exit(130)
    except (IOError, OSError) as error:
        sys.stderr.write("toxicsite: %s: %s\n" % (error.filename or "a file", error.strerror or error))
        sys.exit(1)
