"""`manage.py train` and the registry behind it: any recipe by name, checked before torch is loaded."""

import json
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from training.ml.config import ConfigError
from training.ml.job.failures import failure


def test_the_registry_of_recipes_loads_without_torch() -> None:
    look = (
        "import sys, training.ml.recipes.registry; "
        "print([m for m in ('torch', 'transformers', 'peft') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_a_dry_run_prints_the_whole_configuration() -> None:
    out = StringIO()
    call_command(
        "train", "teacher", "--set", "loop.epochs=0", "--set", "data.train=a", "--dry-run", stdout=out
    )
    config = json.loads(out.getvalue())
    assert config["loop"]["epochs"] == 0
    assert config["data"]["validation"] == "a"


@pytest.mark.parametrize("change", ["loop.epochs=-1", "loop.nothing=1", "loop.epochs"])
def test_a_wrong_change_is_refused_in_a_sentence(change: str, tmp_path: Path) -> None:
    told = r"^loop\.epochs: -1\.0 is too small|^loop\.nothing: LoopConfig has no|^'loop\.epochs' is not FIELD=VALUE$"
    with pytest.raises(CommandError, match=told):
        call_command("train", "teacher", "--set", change, "--output", str(tmp_path / "run"))
    assert not (tmp_path / "run").exists()


def test_a_configuration_that_does_not_fit_is_told_as_it_was_said() -> None:
    told = failure(ConfigError("use the teacher's labels", "data.labels"))
    assert told.kind == "config"
    assert "data.labels: use the teacher's labels" in told.message
