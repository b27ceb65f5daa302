"""The first rows of an uploaded file, as its page shows them before anything is stored or scored."""

from typing import Any

from classifier.core.visibility import sources_of
from classifier.models import Source, User
from classifier.transfers.import_rows import raw_text

DEFAULT_SOURCE = "import"
CELL_CHARACTERS = 160
ERRORS_SHOWN = 10


def preview_context(preview: Any) -> dict[str, Any]:
    """What `classifier/transfers/first_rows.html` shows of a preview: its cells and the rows that cannot be taken."""
    return {
        "preview": preview,
        "shown": [
            [_cell(value) for value in (row.raw if isinstance(row.raw, list) else [row.raw])]
            if row.values is None
            else [_cell(row.values.get(name)) for name in preview.names]
            for row in preview.rows
        ],
        "wrong": [
            {"line": row.line, "problems": problems} for row, problems in preview.errors[:ERRORS_SHOWN]
        ],
        "more_wrong": max(0, len(preview.errors) - ERRORS_SHOWN),
    }


def sources_offered(user: User) -> list[str]:
    """The sources that a person may bring rows into, as the form suggests them."""
    own = sources_of(user)
    return list((Source.objects.all() if own is None else own).values_list("slug", flat=True))


def _cell(value: Any) -> str:
    text = "" if value is None else raw_text(value)
    return text if len(text) <= CELL_CHARACTERS else f"{text[:CELL_CHARACTERS]}…"
