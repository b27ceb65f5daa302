"""`make audit` reports faults of packages, and never takes a package that was not looked up for a sound one."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from toxicsite.launcher import audit
from toxicsite.launcher.environment import PROJECT
from toxicsite.launcher.errors import LauncherError

SOUND: dict[str, Any] = {"name": "django", "version": "5.2.19", "vulns": []}
FAULTY: dict[str, Any] = {
    "name": "sample",
    "version": "1.0",
    "vulns": [
        {"id": "PYSEC-2026-1", "fix_versions": ["1.1"], "aliases": [], "description": "…"},
        {"id": "PYSEC-2026-2", "fix_versions": [], "aliases": [], "description": "…"},
    ],
}
SKIPPED: dict[str, Any] = {
    "name": "torch",
    "skip_reason": "Dependency not found on PyPI and could not be audited",
}


def report(*packages: dict[str, Any]) -> str:
    return json.dumps({"dependencies": list(packages), "fixes": []})


def answered(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str) -> None:
    monkeypatch.setenv("VAR_DIR", str(tmp_path))
    monkeypatch.setattr(audit, "_installed", lambda folder: folder)
    monkeypatch.setattr(audit, "_ask", lambda python, locks: text)


def test_each_fault_is_named_with_the_version_that_mends_it() -> None:
    faults, unknown = audit.read_report(report(SOUND, FAULTY))
    assert faults == [
        "sample 1.0: PYSEC-2026-1, mended in 1.1",
        "sample 1.0: PYSEC-2026-2, no version without it yet",
    ]
    assert unknown == []


def test_faults_end_with_1_and_none_with_0(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answered(monkeypatch, tmp_path, report(SOUND, FAULTY))
    assert audit.audit() == 1
    assert "2 known faults." in capsys.readouterr().out
    answered(monkeypatch, tmp_path, report(SOUND))
    assert audit.audit() == 0
    assert "No known faults." in capsys.readouterr().out


def test_a_package_that_was_not_looked_up_is_an_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    answered(monkeypatch, tmp_path, report(SOUND, SKIPPED))
    with pytest.raises(
        LauncherError, match=r"^1 packages could not be looked up.*: torch\. It needs the network"
    ):
        audit.audit()


@pytest.mark.parametrize("text", ["", "no network", "[]", "{}", '{"dependencies": []}'])
def test_no_report_is_an_error(text: str) -> None:
    with pytest.raises(LauncherError, match=r"^pip-audit (gave no report|found no packages)"):
        audit.read_report(text)


def test_a_program_that_fails_or_hangs_is_told_with_what_it_needs() -> None:
    with pytest.raises(LauncherError, match=r"^it failed: bad luck\. It needs the network"):
        audit._run(["sh", "-c", "echo bad luck >&2; exit 3"], 10, "it failed")
    with pytest.raises(LauncherError, match=r"^it failed: no answer within 0\.2 seconds"):
        audit._run(["sleep", "5"], 0.2, "it failed")
    assert audit._run(["sh", "-c", "echo report; exit 1"], 10, "it failed", also=(1,)) == "report\n"


def test_what_can_run_code_while_it_is_read_cannot_be_imported(tmp_path: Path) -> None:
    """Hold the rules of ruff that stand for checks of bandit."""
    for line in (
        "import pickle",
        "from marshal import loads",
        "import torch; torch.load('x')",
        "x = 'a\u202eb'",
    ):
        done = subprocess.run(
            [PROJECT / ".venv/bin/ruff", "check", "--stdin-filename", "classifier/core/planted.py", "-"],
            input=f'"""Planted."""\n\n{line}\n',
            capture_output=True,
            text=True,
            cwd=PROJECT,
            check=False,
        )
        assert "TID251" in done.stdout or "PLE2502" in done.stdout, line
