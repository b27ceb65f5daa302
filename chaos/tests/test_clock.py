"""The site's wall clock can be moved alone: monotonic clocks and this process keep theirs."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from chaos.clock import make_clock

SHOW = "import time, datetime; print(time.time(), time.monotonic(), datetime.datetime.now().timestamp())"


def test_only_wall_clocks_of_the_processes_that_have_it_move(tmp_path: Path) -> None:
    clock = make_clock(tmp_path)
    if clock is None:
        pytest.skip("it needs Linux and a C compiler")

    def shown() -> list[float]:
        environment = {**os.environ, **clock.variables}
        output = subprocess.run(
            [sys.executable, "-c", SHOW], env=environment, capture_output=True, text=True, check=True
        ).stdout
        return [float(word) for word in output.split()]

    wall, monotonic, date = shown()
    assert abs(wall - date) < 100
    clock.set(100_000)
    moved = shown()
    assert [round((moved[at] - value) / 100_000) for at, value in enumerate((wall, monotonic, date))] == [
        1,
        0,
        1,
    ]
    assert time.time() < moved[0] - 50_000
    clock.set(-100_000)
    assert shown()[0] < wall - 50_000
