"""The quick starts of the docs do what they say, as a new user would run them."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from classifier.api_keys.services import api_key_create
from classifier.models import Comment, ModelVersion, User

PAGE = Path(settings.BASE_DIR) / "docs" / "api" / "quick-start.md"


def block(language: str) -> str:
    """The first fenced block of this language."""
    found = re.search(rf"^```{language}\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    assert found is not None, language
    return found.group(1)


def run(command: list[str], url: str, owner: User) -> list[str]:
    """The lines that a quick-start prints."""
    _, key = api_key_create(name="quick-start", owner=owner, scopes=["score", "submit", "read"])
    done = subprocess.run(
        command,
        env={**os.environ, "TOXICSITE_URL": url, "TOXICSITE_KEY": key},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_the_python_quick_start_runs(server: str, model: ModelVersion, owner: User, tmp_path: Path) -> None:
    (tmp_path / "start.py").write_text(block("python"))
    rude, kind, stored, action = run([sys.executable, str(tmp_path / "start.py")], server, owner)
    assert [rude.split()[0], kind.split()[0]] == ["toxic", "non-toxic"]
    assert rude.split()[-1] == model.version
    comment = Comment.objects.get(external_id="post-81")
    assert stored == f"201 classified {server}/api/v1/comments/{comment.pk}/"
    assert action == "review"


def test_the_javascript_quick_start_runs(
    server: str, model: ModelVersion, owner: User, tmp_path: Path
) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node is not installed; this test needs Node 20 or later")
    (tmp_path / "start.mjs").write_text(block("javascript"))
    scored, stored, listed = run([node, str(tmp_path / "start.mjs")], server, owner)
    assert scored.startswith("toxic 0.")
    assert "idiot" in scored
    assert stored.endswith("classified non-toxic")
    assert listed == "1 null"
