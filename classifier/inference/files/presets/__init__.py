"""Exports of other systems as rows of comments: what each is called, and how a file is recognised."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from classifier.inference.files.presets.json_exports import (
    commento_rows,
    coral_rows,
    isso_rows,
    remark42_rows,
)
from classifier.inference.files.presets.rows import PresetRow
from classifier.inference.files.presets.tables import discourse_rows, wordpress_table_rows
from classifier.inference.files.presets.xml_exports import disqus_rows, wxr_rows

_SNIFFED = 1 << 16


@dataclass(frozen=True)
class Preset:
    """A system's export: its title, the file that is meant, and the reader of its rows."""

    title: str
    file: str
    rows: Callable[[Path], Iterator[PresetRow]]


PRESETS = {
    "wordpress": Preset("WordPress export (WXR)", "XML of Tools, Export, or of wp export", wxr_rows),
    "wordpress-table": Preset(
        "WordPress comments table", "CSV or JSON of the table wp_comments", wordpress_table_rows
    ),
    "disqus": Preset("Disqus", "XML of the admin's Export, packed (.xml.gz) or not", disqus_rows),
    "discourse": Preset(
        "Discourse",
        "CSV or JSON of posts: Data Explorer, user_archive.csv or queued_posts.csv",
        discourse_rows,
    ),
    "coral": Preset("Coral", "JSON of mongoexport's collection comments", coral_rows),
    "isso": Preset("Isso", "JSON or CSV of its table comments, or its generic JSON of threads", isso_rows),
    "remark42": Preset("Remark42", "a backup, packed (.gz) or not", remark42_rows),
    "commento": Preset("Commento", "an export, packed (.json.gz) or not", commento_rows),
}


def preset_of(path: Path) -> str:
    """Return the name of the system whose export this seems to be, by its beginning; empty for a plain table."""
    try:
        with path.open("rb") as stream:
            start = stream.read(_SNIFFED).decode("utf-8", "replace").lstrip("\ufeff \t\r\n")
    except OSError:
        return ""
    if start.startswith("<"):
        if "http://wordpress.org/export/" in start:
            return "wordpress"
        return "disqus" if "http://disqus.com" in start else ""
    head = start[:4_096].replace(" ", "").replace("\n", "").replace("\r", "").replace("\t", "")
    if head.startswith('{"version":'):
        return "commento" if '"comments":[' in head else "remark42" if '"users":' in head else ""
    if head.startswith(("{", "[{")):
        if '"revisions":' in start and '"authorID":' in start:
            return "coral"
        if '"tid":' in head and '"mode":' in head and '"remote_addr":' in head:
            return "isso"
        return ""
    first = start.partition("\n")[0].lower()
    if "comment_content" in first and "comment_approved" in first:
        return "wordpress-table"
    if "post_number" in first and ("raw" in first or "cooked" in first):
        return "discourse"
    if "post_raw" in first and ("topic_title" in first or "verdict" in first):
        return "discourse"
    names = {name.strip().strip('"') for name in first.replace(";", ",").replace("\t", ",").split(",")}
    return "isso" if {"tid", "mode", "remote_addr", "text"} <= names else ""
