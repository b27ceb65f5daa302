"""Installing: what can go wrong on somebody's machine is said in one sentence."""

import shutil
import sys
from pathlib import Path

import pytest

from toxicsite.launcher import bootstrap


def test_it_refuses_another_python_and_says_which_one_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 2, "final", 0))
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(bootstrap.InstallError, match=r"^toxicsite needs Python 3\.11, and this is 3\.9"):
        bootstrap._find_python()


def test_it_takes_the_right_python_when_it_is_there_under_its_own_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 2, "final", 0))
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    assert bootstrap._find_python() == "/usr/bin/python3.11"


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        ("ERROR: Could not install: [Errno 28] No space left on device", "the disk is full"),
        ("error: command 'gcc' failed: No such file or directory", "install a C compiler"),
        ("socket.gaierror: [Errno -3] Temporary failure in name resolution", "check the network"),
        ("ERROR: No matching distribution found for torch==2.13.0", "torch==2.13.0"),
        ("Something nobody has seen before", "Something nobody has seen before"),
    ],
)
def test_it_translates_what_pip_says(output: str, sentence: str) -> None:
    assert sentence in bootstrap._reason("Collecting things\n" + output)


def test_a_changed_lock_makes_the_stamp_stale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "PROJECT", str(tmp_path))
    (tmp_path / "requirements.lock").write_text("django==5.2.19\n")
    before = bootstrap._digest("run")
    (tmp_path / "requirements.lock").write_text("django==5.2.20\n")
    assert bootstrap._digest("run") != before
