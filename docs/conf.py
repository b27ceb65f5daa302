"""Sphinx configuration. Build the pages with `make docs`; nothing is fetched while building, warnings are errors."""

import tomllib
from pathlib import Path
from typing import Any

import yaml
from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parent.parent
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

OPERATIONS_MARK = "<!-- operations of version 1 -->"
_METHODS = ("get", "post", "put", "patch", "delete")


def operations_table() -> str:
    """List every operation of the committed OpenAPI file, one Markdown table for each first part of the path."""
    text = (ROOT / "classifier" / "api" / "openapi.yaml").read_text(encoding="utf-8")
    paths: dict[str, dict[str, Any]] = yaml.safe_load(text)["paths"]
    groups: dict[str, list[str]] = {}
    for path, operations in paths.items():
        group = path.removeprefix("/api/v1/").split("/")[0]
        for method in _METHODS:
            if method in operations:
                summary = operations[method]["summary"]
                groups.setdefault(group, []).append(f"| `{method.upper()}` | `{path}` | {summary} |")
    head = "| method | path | what it does |\n|---|---|---|"
    return "\n\n".join("\n".join((f"## {group}", "", head, *rows)) for group, rows in sorted(groups.items()))


def _insert_operations(app: Sphinx, docname: str, source: list[str]) -> None:
    if OPERATIONS_MARK in source[0]:
        source[0] = source[0].replace(OPERATIONS_MARK, operations_table())


def setup(app: Sphinx) -> dict[str, bool]:
    """Fill in what is generated from the code."""
    app.connect("source-read", _insert_operations)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
