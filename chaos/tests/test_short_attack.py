"""A short attack with a fixed seed: a handful of faults, and nothing that was accepted is lost, doubled or stuck."""

import re
import subprocess
import sys

import pytest

from toxicsite.launcher.environment import PROJECT

SECONDS = 20
FAULTS = ("kill-classify-worker", "kill-child", "flush-redis", "crash-postgres", "full-disk")


@pytest.mark.long
def test_nothing_is_lost_in_a_short_attack() -> None:
    command = [sys.executable, "-m", "chaos", "--duration", str(SECONDS), "--seed", "17", "--disk-mib", "768"]
    done = subprocess.run(
        [*command, "--faults", *FAULTS], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    told = done.stdout + done.stderr
    assert done.returncode == 0, told
    assert "SEED=17 DURATION=20" in done.stdout
    assert "Everything held." in done.stdout
    accepted = re.search(r"^\| comments +\| ([\d,]+) +\| ([\d,]+) ", done.stdout, re.MULTILINE)
    assert accepted is not None, told
    assert int(accepted[2].replace(",", "")) > 0, told
    faults = re.search(r"^(\d+) faults in ", done.stdout, re.MULTILINE)
    assert faults is not None, told
    assert int(faults[1]) > 0, told
