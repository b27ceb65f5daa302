"""The lock files: every direct dependency pinned with a reason, nothing that holds on one machine only."""

import re
import tomllib

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from toxicsite.launcher.environment import PROJECT

LOCKS = ("requirements.lock", "requirements-test.lock")


def pinned() -> dict[str, str]:
    lines = [line for lock in LOCKS for line in (PROJECT / lock).read_text().splitlines()]
    found = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(requirement.name): str(requirement.specifier) for requirement in found}


def test_every_direct_dependency_is_pinned_as_the_project_says() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    direct = [
        Requirement(text) for text in project["dependencies"] + project["optional-dependencies"]["test"]
    ]
    locked = pinned()
    assert {name: locked.get(name) for r in direct if (name := canonicalize_name(r.name))} == {
        canonicalize_name(r.name): str(r.specifier) for r in direct
    }


def test_every_direct_dependency_has_its_line_of_reason() -> None:
    text = (PROJECT / "pyproject.toml").read_text().split("dependencies = [", 1)[1].split("[tool.", 1)[0]
    lines = [line for line in text.splitlines() if "==" in line]
    assert [line for line in lines if not re.search(r'",  # .{10,}', line)] == []


def test_the_locks_hold_exact_public_versions_and_no_addresses() -> None:
    for lock in LOCKS:
        for line in (PROJECT / lock).read_text().splitlines()[1:]:
            assert re.fullmatch(r"[a-z0-9-]+==[0-9][0-9a-z.]*(; [^/]+)?", line), line


def test_the_gpu_libraries_are_left_to_torch() -> None:
    assert [name for name in pinned() if name.startswith(("nvidia-", "cuda-", "triton"))] == []
