"""The examples of the page about moving here, run as they stand there."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import render_to_string
from django.test import Client

from classifier.models import ModelVersion
from classifier.tests.dialects.clients.conftest import NODE

pytestmark = pytest.mark.django_db(transaction=True)
FOLDER = Path(settings.BASE_DIR) / "templates" / "classifier" / "dialects" / "examples"
PROGRAMS = {"py": sys.executable, "mjs": "node", "sh": "bash"}


def test_every_example_runs_and_is_answered(
    server: str, model: ModelVersion, key: str, tmp_path: Path
) -> None:
    names = sorted(path.name for path in FOLDER.iterdir())
    assert len(names) == 15
    for name in names:
        kind = name.split(".")[1]
        needs = {"mjs": "node", "sh": "curl"}.get(kind)
        if needs is not None and shutil.which(needs) is None:
            continue
        code = render_to_string(f"classifier/dialects/examples/{name}", {"url": server, "key": key})
        folder = NODE if kind == "mjs" else tmp_path
        file = tmp_path / f"example.{kind}"  # a file called openai.py would be imported
        file.write_text(code)
        command = [PROGRAMS[kind], *(["--input-type=module", "-e", code] if kind == "mjs" else [str(file)])]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, f"{name}: {done.stderr}"
        assert done.stdout.strip(), name


def test_the_page_shows_this_servers_own_address_and_labels(client: Client, model: ModelVersion) -> None:
    page = client.get("/api/migrate/").content.decode()
    assert "http://testserver/$discovery/rest?version=v1alpha1" in page
    assert page.count(">answered<") == (6 if model.name in ("starter", "tiny") else len(model.labels))
    assert "declared for: en." in page
