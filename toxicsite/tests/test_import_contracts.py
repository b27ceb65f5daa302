"""The import contracts bite: one planted import breaks the contract that it goes against."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

PLANTED = [
    # a feature that builds on one that builds on it
    ("classifier/comments/submission.py", "from classifier.privacy import services as planted", "no-circles"),
    # a verb that looks at a page
    ("classifier/webhooks/outbox.py", "from classifier.webhooks.pages import webhooks as planted", "faces"),
    # two rooms of the learning code that know each other
    ("training/ml/encoders/layers.py", "from training.ml.train import loop as planted", "no-circles"),
]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("contracts")
    for name in ("classifier", "training", "toxicsite"):
        shutil.copytree(
            settings.BASE_DIR / name,
            folder / name,
            ignore=lambda place, names: [each for each in names if each in ("node_modules", "__pycache__")],
        )
    shutil.copy(settings.BASE_DIR / "pyproject.toml", folder)
    return folder


@pytest.mark.parametrize(("path", "line", "contract"), PLANTED)
def test_one_planted_import_breaks_its_contract(copy: Path, path: str, line: str, contract: str) -> None:
    module = copy / path
    before = module.read_text()
    module.write_text(f"{before}\n\n{line}\n")
    try:
        done = _lint(copy, contract)
    finally:
        module.write_text(before)
    assert done.returncode == 1, done.stdout
    assert "BROKEN" in done.stdout


def _lint(folder: Path, contract: str) -> "subprocess.CompletedProcess[str]":
    command = [str(Path(sys.executable).with_name("lint-imports")), "--contract", contract]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)
