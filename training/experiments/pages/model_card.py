"""The model card, which is Markdown of our own making, as blocks that a template can show."""

import re
from dataclasses import dataclass, field

LINK = re.compile(r"\*\*|`")


@dataclass(frozen=True)
class Block:
    """`kind` is title, heading, text or table; a table has rows, the first of which is its head."""

    kind: str
    text: str = ""
    rows: list[list[str]] = field(default_factory=list)


def card_blocks(markdown: str) -> list[Block]:
    """Cut the card into blocks at its empty lines; what is not understood is text."""
    return [block for part in markdown.split("\n\n") if (block := _block(part.strip())) is not None]


def _block(part: str) -> Block | None:
    if not part:
        return None
    if part.startswith("#"):
        level = len(part) - len(part.lstrip("#"))
        return Block("title" if level == 1 else "heading", _plain(part.lstrip("# ")))
    if part.startswith("|"):
        lines = [line for line in part.splitlines() if not set(line) <= set("|-: ")]
        return Block("table", rows=[[_plain(cell) for cell in line.strip("|").split("|")] for line in lines])
    return Block("text", _plain(part))


def _plain(text: str) -> str:
    return LINK.sub("", text).strip()
