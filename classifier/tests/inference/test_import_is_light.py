"""The web process may import the room without torch; the packed engine runs without transformers."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def loaded_by(code: str) -> set[str]:
    program = f"{code}\nimport sys\nprint(*sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_importing_the_room_loads_no_engine() -> None:
    names = (
        "artifact",
        "explain",
        "normalise",
        "files.rows",
        "files.texts",
        "scorer",
        "tensors",
        "verdict",
        "windows",
    )
    loaded = loaded_by("\n".join(f"import classifier.inference.{name}" for name in names))
    assert not loaded & {"torch", "transformers", "tokenizers", "captum", "pyarrow", "django"}


def test_the_packed_engine_loads_no_transformers(model: Path) -> None:
    code = f"from classifier.inference.scorer import Scorer\nScorer({str(model)!r}, 'fp32').score(['you'])"
    loaded = loaded_by(code)
    assert "torch" in loaded
    assert not loaded & {"transformers", "captum", "django"}
