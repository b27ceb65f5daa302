"""Fixtures of the launcher's tests."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def closed_folder() -> Iterator[Path]:
    """A new folder that only we may enter, as somebody's home is.

    Not pytest's own: every pytest that starts on the machine closes the folder above those again, and takes away the
    passage that the launcher has given to Postgres' account.
    """
    folder = Path(tempfile.mkdtemp(prefix="toxicsite test ", dir="/tmp"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
