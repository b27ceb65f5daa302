"""Exports in XML, read as a stream: WordPress's WXR and Disqus.

Formats: `wp-admin/includes/export.php` of WordPress (WXR 1.0 to 1.2); for Disqus, whose exporter is not public, what
the importers of Isso (`isso/migrate.py`), Remark42 (`backend/app/migrator/disqus.go`) and Commento
(`api/domain_import_disqus.go`) read.

XML of strangers may be made to do harm: a document type, and with it every entity, is refused, and depth and sizes are
bounded.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.parsers import expat

from classifier.inference.files.lines import LINE_BYTES, FileUnreadable
from classifier.inference.files.presets.rows import PresetRow, row

_READ = 1 << 16
_DEEPEST = 64
_CONTROL = bytes(code for code in range(32) if code not in (9, 10, 13))  # no XML has them, many exports do
_WXR = "http://wordpress.org/export/"
_DISQUS = "http://disqus.com"
_DISQUS_ID = "http://disqus.com/disqus-internals id"
_WORDPRESS_DECISIONS = {"1": "approve", "spam": "remove", "trash": "remove", "post-trashed": "remove"}
Values = dict[str, str]


def wxr_rows(path: Path) -> Iterator[PresetRow]:
    """Yield the comments of all posts. WordPress itself leaves spam out of its export."""
    for line, values in _elements(path, lambda name: name.startswith(_WXR) and name.endswith(" comment")):
        local = {name.rpartition(" ")[2]: text for name, text in values.items()}
        yield wordpress_row(line, local)


def wordpress_row(line: int, values: dict[str, Any]) -> PresetRow:
    """Return a comment under WordPress's names of columns, in lower case."""
    kind = str(values.get("comment_type") or "comment")
    if kind in ("pingback", "trackback"):
        return PresetRow(line, {}, f"This is a {kind}, not a comment.")
    time = str(values.get("comment_date_gmt") or "")
    user = str(values.get("comment_user_id") or values.get("user_id") or "0")
    return row(
        line,
        text=values.get("comment_content"),
        external_id=values.get("comment_id"),
        parent=values.get("comment_parent"),
        author=user if user != "0" else values.get("comment_author"),
        created_at=f"{time}Z" if time and not time.startswith("0000") else None,
        action=_WORDPRESS_DECISIONS.get(str(values.get("comment_approved"))),
        reason="spam" if values.get("comment_approved") == "spam" else None,
        text_format="html",
    )


def disqus_rows(path: Path) -> Iterator[PresetRow]:
    """Yield the posts: spam and deleted ones as removed; that the others stand is nobody's decision."""
    for line, values in _elements(path, lambda name: name == f"{_DISQUS} post"):
        local = {name.removeprefix(f"{_DISQUS} "): text for name, text in values.items()}
        spam, deleted = local.get("isSpam") == "true", local.get("isDeleted") == "true"
        yield row(
            line,
            text=local.get("message"),
            external_id=local.get(f"@{_DISQUS_ID}") or local.get("id"),
            parent=local.get(f"parent@{_DISQUS_ID}"),
            author=local.get("author/username") or local.get("author/name"),
            created_at=local.get("createdAt"),
            action="remove" if spam or deleted else None,
            reason="spam" if spam else None,
            text_format="html",
        )


def _elements(path: Path, wanted: Callable[[str], bool]) -> Iterator[tuple[int, Values]]:
    """Yield the line and the parts of each wanted element: texts by their path, attributes by `path@name`.

    Raises FileUnreadable.
    """
    collector = _Collector(wanted)
    with path.open("rb") as stream:
        wide = stream.read(2) in (b"\xff\xfe", b"\xfe\xff")
        stream.seek(0)
        while True:
            piece = stream.read(_READ)
            collector.feed(piece if wide else piece.translate(None, _CONTROL), final=not piece)
            yield from collector.taken()
            if not piece:
                return


class _Collector:
    """Handlers of expat that hold one wanted element at a time."""

    def __init__(self, wanted: Callable[[str], bool]) -> None:
        self._wanted = wanted
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._begin
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.EntityDeclHandler = self._doctype
        self._depth = 0
        self._path: list[str] | None = None  # below the wanted element
        self._line = 0
        self._size = 0
        self._values: dict[str, list[str]] = {}
        self._done: list[tuple[int, Values]] = []

    def feed(self, piece: bytes, *, final: bool) -> None:
        try:
            self._parser.Parse(piece, final)
        except expat.ExpatError as error:
            raise FileUnreadable(
                f"Line {error.lineno:,} is not XML ({expat.errors.messages.get(error.code, 'wrong')})."
            ) from None

    def taken(self) -> list[tuple[int, Values]]:
        done, self._done = self._done, []
        return done

    def _doctype(self, *_: Any) -> None:
        raise FileUnreadable("This XML declares a document type; exports have none, so it is not read.")

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise FileUnreadable(f"Line {self._parser.CurrentLineNumber:,} is nested too deeply.")
        if self._path is None:
            if not self._wanted(name):
                return
            self._path, self._values = [], {}
            self._line, self._size = self._parser.CurrentLineNumber, 0
        else:
            self._path.append(name if not self._path else name.rpartition(" ")[2])
        for key, value in attributes.items():
            self._add(f"{'/'.join(self._path)}@{key}", value)

    def _text(self, text: str) -> None:
        if self._path:
            self._add("/".join(self._path), text)

    def _add(self, key: str, text: str) -> None:
        self._size += len(text) + 16
        if self._size > LINE_BYTES:
            raise FileUnreadable(
                f"The entry in line {self._line:,} is longer than {LINE_BYTES:,} characters."
            )
        self._values.setdefault(key, []).append(text)

    def _end(self, name: str) -> None:
        self._depth -= 1
        if self._path is None:
            return
        if self._path:
            self._path.pop()
            return
        values = {key: "".join(parts).strip() for key, parts in self._values.items()}
        self._done.append((self._line, values))
        self._path = None
