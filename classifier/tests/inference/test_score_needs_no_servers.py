"""`manage.py score` works where neither a database nor a queue can be reached."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_it_scores_with_dead_servers(model: Path, tmp_path: Path) -> None:
    environment = os.environ | {
        "DATABASE_URL": "postgres://nobody:wrong@127.0.0.1:1/none",
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "VAR_DIR": str(tmp_path),
    }
    done = subprocess.run(
        [sys.executable, "-W", "error", "manage.py", "score", "I hate you", "--version", str(model)],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["text"] == "I hate you"
    assert "1 text scored" in done.stderr
