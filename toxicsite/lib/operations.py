"""The table of the API's operations that the documentation shows."""

from pathlib import Path
from typing import Any

import yaml

OPERATIONS_MARK = "<!-- operations of version 1 -->"
METHODS = ("get", "post", "put", "patch", "delete")


def operations_table(file: Path) -> str:
    """List every operation of an OpenAPI file, one Markdown table for each first part of the path."""
    paths: dict[str, dict[str, Any]] = yaml.safe_load(file.read_text(encoding="utf-8"))["paths"]
    groups: dict[str, list[str]] = {}
    for path, operations in paths.items():
        group = path.removeprefix("/api/v1/").split("/")[0]
        for method in METHODS:
            if method in operations:
                summary = operations[method]["summary"]
                groups.setdefault(group, []).append(f"| `{method.upper()}` | `{path}` | {summary} |")
    head = "| method | path | what it does |\n|---|---|---|"
    return "\n\n".join("\n".join((f"## {group}", "", head, *rows)) for group, rows in sorted(groups.items()))
