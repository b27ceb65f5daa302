"""Tables of comments under the names of their own database: WordPress and Discourse.

Formats: WordPress's table wp_comments; Discourse's table posts (Data Explorer), and `user_archive.csv` and
`queued_posts.csv` of `app/jobs/regular/export_user_archive.rb`.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from classifier.inference.files.presets.json_exports import table_rows
from classifier.inference.files.presets.rows import PresetRow, row
from classifier.inference.files.presets.xml_exports import wordpress_row

_POST_URL = re.compile(r"/t/(?:[^/]+/)?(\d+)/(\d+)/?\Z")
_FLAGS = ("off_topic_count", "inappropriate_count", "spam_count", "illegal_count", "notify_moderators_count")
_VERDICTS = {
    "approved": "approve",
    "1": "approve",
    "rejected": "remove",
    "2": "remove",
    "4": "remove",
    "deleted": "remove",
}


def wordpress_table_rows(path: Path) -> Iterator[PresetRow]:
    """Yield the comments of the table, with its spam."""
    for entry in table_rows(path, frozenset({"commentcontent"})):
        if entry.values is None:
            yield PresetRow(entry.line, {}, entry.problem)
        else:
            yield wordpress_row(entry.line, {name.lower(): value for name, value in entry.values.items()})


def discourse_rows(path: Path) -> Iterator[PresetRow]:
    """Yield posts. A post is named by topic and number, as its replies name it: `topic/number`.

    A post that somebody deleted for its author counts as removed; flags come along as reports.
    """
    for entry in table_rows(path, frozenset({"raw", "postraw", "cooked"})):
        if entry.values is None:
            yield PresetRow(entry.line, {}, entry.problem)
        else:
            yield _discourse_row(entry.line, {name.lower(): value for name, value in entry.values.items()})


def _discourse_row(line: int, values: Mapping[str, Any]) -> PresetRow:
    typed = values.get("raw") or values.get("post_raw")
    topic, number = values.get("topic_id"), values.get("post_number")
    if number is None and (found := _POST_URL.search(str(values.get("url") or ""))):
        topic, number = found[1], found[2]
    parent = values.get("reply_to_post_number")
    deleted = values.get("deleted_at") not in (None, "")
    by_author = str(values.get("user_deleted") or "").lower() in ("true", "t", "1")
    action = "remove" if deleted and not by_author else None
    if "verdict" in values:
        action = _VERDICTS.get(str(values["verdict"]).lower())
    flags = sum(int(str(values.get(name))) for name in _FLAGS if str(values.get(name) or "").isdecimal())
    return row(
        line,
        text=typed or values.get("cooked") or values.get("post_cooked"),
        external_id=f"{topic}/{number}" if topic and number else values.get("id"),
        parent=f"{topic}/{parent}" if topic and parent not in (None, "") else None,
        author=values.get("username") or values.get("user_id"),
        created_at=values.get("created_at"),
        action=action,
        decided_at=values.get("deleted_at") if action == "remove" and deleted else None,
        reports=min(flags, 1_000) or None,
        text_format="markdown" if typed else "html",
    )
