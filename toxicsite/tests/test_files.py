"""Files are replaced whole or not at all, and the helper for that costs the pure rooms no framework."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from toxicsite.launcher.environment import PROJECT
from toxicsite.lib.files import replace_folder, replacing, write_json


def test_a_file_is_replaced_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "card.json"
    path.write_text("before")
    write_json(path, {"é": 1})
    assert json.loads(path.read_text()) == {"é": 1}
    assert list(tmp_path.iterdir()) == [path]


def _fail_half_way(path: Path) -> None:
    path.write_text("half")
    raise OSError("the disk is full")


@pytest.mark.parametrize("durable", [False, True])
def test_the_old_file_stays_when_the_new_one_fails(tmp_path: Path, durable: bool) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("before")
    with pytest.raises(OSError, match="full"), replacing(path, durable=durable) as aside:
        _fail_half_way(aside)
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_durable_file_takes_its_place(tmp_path: Path) -> None:
    with replacing(tmp_path / "new", durable=True) as aside:
        aside.write_text("after")
    assert (tmp_path / "new").read_text() == "after"


def test_the_first_error_is_the_one_that_is_raised(tmp_path: Path) -> None:
    (tmp_path / f"new.{os.getpid()}.writing").mkdir()  # cannot be unlinked
    with (
        pytest.raises(IsADirectoryError, match=r"^\[Errno 21\] Is a directory:"),
        replacing(tmp_path / "new") as aside,
    ):
        aside.write_text("anything")


def test_a_folder_replaces_another(tmp_path: Path) -> None:
    for name in ("model", "model.writing", "model.old"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "name").write_text(name)
    replace_folder(tmp_path / "model.writing", tmp_path / "model")
    assert (tmp_path / "model" / "name").read_text() == "model.writing"
    assert list(tmp_path.iterdir()) == [tmp_path / "model"]


def test_the_helper_loads_neither_django_nor_celery() -> None:
    program = "import sys, toxicsite.lib.files; print([m for m in ('django', 'celery') if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
