"""The web process starts without the libraries that run models."""

import json
import subprocess
import sys
from pathlib import Path

from toxicsite.launcher.environment import PROJECT
from toxicsite.tests.launcher_process import launcher_environment

HEAVY = {"torch", "transformers", "peft", "datasets", "onnxruntime", "openvino", "sklearn", "accelerate"}
CODE = """
import json, sys
import toxicsite.wsgi
from django.urls import get_resolver

def resolve(patterns):
    for pattern in patterns:
        if hasattr(pattern, "url_patterns"):
            resolve(pattern.url_patterns)
        else:
            assert callable(pattern.callback)

resolve(get_resolver().url_patterns)
print(json.dumps(sorted(name for name in sys.modules if "." not in name)))
"""


def test_the_web_process_with_all_its_addresses_loads_no_model_library(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CODE],
        env=launcher_environment(VAR_DIR=str(tmp_path)),
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(json.loads(done.stdout.splitlines()[-1]))
    assert {"django", "toxicsite", "classifier"} <= loaded
    assert loaded & HEAVY == set()
