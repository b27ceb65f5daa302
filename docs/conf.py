"""Sphinx configuration. Build the pages with `make docs`; nothing is fetched while building, warnings are errors."""

import sys
import tomllib
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from toxicsite.lib.operations import OPERATIONS_MARK, operations_table  # noqa: E402 found by the line above

API_FILE = ROOT / "classifier" / "api" / "openapi.yaml"
_PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

project = str(_PROJECT["name"])
author = "the toxicsite contributors"
copyright = author
release = version = str(_PROJECT["version"])

extensions = ["myst_parser"]
exclude_patterns = ["_build"]
myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence", "deflist", "fieldlist"]
nitpicky = True

html_theme = "furo"
html_title = f"{project} {release}"
html_show_sphinx = False
html_copy_source = False


def _insert_operations(app: Sphinx, docname: str, source: list[str]) -> None:
    if OPERATIONS_MARK in source[0]:
        source[0] = source[0].replace(OPERATIONS_MARK, operations_table(API_FILE))


def setup(app: Sphinx) -> dict[str, bool]:
    """Fill in what is generated from the code."""
    app.connect("source-read", _insert_operations)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
