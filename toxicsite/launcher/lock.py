"""`make lock`: writes requirements.lock and requirements-test.lock from pyproject.toml and what is installed.

The lock holds the installed version of every package that pyproject.toml names or that such a package needs,
and nothing else that happens to lie in the environment. Versions lose their local part (`+cpu`), and the GPU
libraries of torch stay out: which ones a machine needs, torch's own wheel for that machine says, with exact
versions.
"""

import importlib.metadata
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from toxicsite.launcher.environment import PROJECT
from toxicsite.launcher.errors import LauncherError

LEFT_TO_TORCH = ("nvidia-", "cuda-", "triton")
HEAD = "# Written by `make lock` from pyproject.toml, which gives the reason for each direct dependency.\n"


def write_locks(folder: Path = PROJECT) -> None:
    """Write both locks; the test lock holds only what the other one does not."""
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    run = dict(pins(project["dependencies"]))
    test = dict(pins(project["optional-dependencies"]["test"]))
    test = {name: line for name, line in test.items() if name not in run}
    for file_name, lines in (("requirements.lock", run), ("requirements-test.lock", test)):
        (folder / file_name).write_text(HEAD + "".join(f"{line}\n" for _, line in sorted(lines.items())))


def pins(direct: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield (name, lock line) of the direct requirements and everything they need."""
    waiting = [Requirement(text) for text in direct]
    # A direct requirement for other machines only (its marker is false here) is taken over as it stands.
    for requirement in waiting:
        if requirement.marker is not None and not requirement.marker.evaluate():
            yield canonicalize_name(requirement.name), str(requirement)
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        if (name, frozenset(requirement.extras)) in seen or name.startswith(LEFT_TO_TORCH):
            continue
        if requirement.marker is not None and not any(
            requirement.marker.evaluate({"extra": extra}) for extra in ("", *requirement.extras)
        ):
            continue
        seen.add((name, frozenset(requirement.extras)))
        try:
            distribution = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            raise LauncherError(
                f"{requirement} is not installed: install it into .venv first, then lock."
            ) from None
        version = Version(distribution.version)
        if version not in requirement.specifier and version.public not in requirement.specifier:
            raise LauncherError(f"{name} {version} is installed, but {requirement} is asked for.")
        yield name, f"{name}=={version.public}"
        for text in distribution.requires or ():
            needed = Requirement(text)
            marker, needed_for = needed.marker, ("", *requirement.extras)
            if marker is None or any(marker.evaluate({"extra": extra}) for extra in needed_for):
                needed.marker = None
                waiting.append(needed)
