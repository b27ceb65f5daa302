"""Fixtures of the inference tests: nothing here touches a database."""

from pathlib import Path

import pytest

from classifier.tests.tiny_artifact import tiny_artifact


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A fresh model folder that a test may spoil."""
    return tiny_artifact(tmp_path / "model")


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder that no test changes."""
    return tiny_artifact(tmp_path_factory.mktemp("inference") / "model", seed=5)
