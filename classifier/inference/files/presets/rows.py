"""What a preset makes of each comment of an export."""

from dataclasses import dataclass, field
from typing import Any

FIELDS = (  # in the order of a row's values; those of an import's columns
    "text",
    "external_id",
    "parent",
    "author",
    "source",
    "created_at",
    "action",
    "decided_at",
    "reason",
    "reports",
    "text_format",
)
DELETED = "This comment was deleted there, and its text is gone."


@dataclass(frozen=True)
class PresetRow:
    """A comment of an export: its line in the file, and its values by FIELDS, or the problem why it is none."""

    line: int
    values: dict[str, Any] = field(default_factory=dict)
    problem: str = ""


def row(line: int, **values: Any) -> PresetRow:
    """Return a row with what is known, or with the problem that its text is gone."""
    text = values.get("text")
    known = {name: values[name] for name in FIELDS if values.get(name) not in (None, "")}
    if not isinstance(text, str) or not text.strip():
        return PresetRow(line, known, DELETED)
    return PresetRow(line, known)
