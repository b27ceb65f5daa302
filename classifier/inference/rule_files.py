"""Rules read from files: word lists as text or CSV, and what Discourse, Mastodon and Lemmy export.

- `text`: a phrase a line; `/…/` is a regular expression; lines that begin with `#` are comments.
- `csv`: a header with `pattern` (or word, phrase, term, keyword) and any of the other columns of COLUMNS, read as all
  files of rows are (`files/`): with its delimiter, encoding and line ends found out.
- `discourse`: the JSON of `/admin/customize/watched_words.json`, or the file that its page downloads for one action (a
  word a line, then perhaps a replacement and whether the case counts). discourse/discourse, app/models/watched_word.rb
  and app/services/word_watcher.rb: a star stands for any run without white space; a site may take all words for
  regular expressions.
- `mastodon`: the JSON of `/api/v2/filters` or `/api/v1/filters`. mastodon/mastodon, app/serializers/rest: a keyword
  that is no whole word may stand within words.
- `lemmy`: the JSON of `/api/v3/site`, or the slur filter itself, which is one regular expression that takes either case
  (LemmyNet/lemmy, crates/utils/src/utils/slurs.rs); its alternatives become rules of their own.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from classifier.inference.conditions import checked_conditions
from classifier.inference.files.encodings import Encoding, MemoryFile, encoding_of
from classifier.inference.files.layout import Reading, folded_name, foreign_kind, layout_of
from classifier.inference.files.lines import FileUnreadable
from classifier.inference.files.rows import FileRow, raw_text, rows_of
from classifier.inference.phrases import PatternError
from classifier.inference.rules import LEFT_OUT, Rule, check_rule, left_out_by_default

Format = Literal["text", "csv", "discourse", "mastodon", "lemmy"]
FORMATS: Mapping[Format, str] = {
    "text": "A phrase a line",
    "csv": "CSV with a header",
    "discourse": "Discourse: watched words",
    "mastodon": "Mastodon: filters",
    "lemmy": "Lemmy: slur filter",
}
COLUMNS = (
    "pattern",
    "kind",
    "name",
    "band",
    "disguises",
    "ignore_accents",
    "leave_out",
    "exceptions",
    "conditions",
    "tags",
)
RULES_MAX = 20_000
NAME_CHARACTERS = 100
TAGS_MAX = 10
TAG_CHARACTERS = 40
_ALIASES = {
    "word": "pattern",
    "words": "pattern",
    "phrase": "pattern",
    "term": "pattern",
    "keyword": "pattern",
    "text": "pattern",
    "title": "name",
    "action": "band",
    "type": "kind",
    "folds": "disguises",
    "tag": "tags",
}
_TRUE = frozenset(("true", "yes", "1", "on", "x", "t", "y"))
_FALSE = frozenset(("false", "no", "0", "off", "", "f", "n"))
_BANDS = {
    "review": "review",
    "remove": "remove",
    "exception": "exception",
    "approve": "approve",
    "pass": "approve",
    "allow": "exception",
    "block": "remove",
    "silence": "remove",
    "censor": "review",
    "require_approval": "review",
    "flag": "review",
}
_CHANGES_TEXT = frozenset(("link", "replace", "tag"))


class RuleFileError(ValueError):
    """A file of which no line can be read; the message is for the person who chose it."""


@dataclass(frozen=True, slots=True)
class LineProblem:
    """A line that is no rule, and why."""

    line: int
    text: str
    message: str


@dataclass(frozen=True, slots=True)
class ReadRule:
    """A rule of a file, by its line (or its number, in JSON), with its tags."""

    line: int
    rule: Rule
    tags: tuple[str, ...] = ()


@dataclass
class RuleFile:
    """What a file holds; `format` and `encoding` are those that it was read in."""

    format: Format
    encoding: Encoding
    rules: list[ReadRule] = field(default_factory=list)
    problems: list[LineProblem] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Defaults:
    """What a rule is where its line does not say; `regexes`: lines are regular expressions."""

    band: str = "review"
    folds: bool = True
    ignore_accents: bool = False
    regexes: bool = False


Row = tuple[int, str, dict[str, Any]]
"""The line, what is shown of it where it is wrong, and the fields that it gives."""


def read_rule_file(
    data: bytes | str,
    *,
    format: Format | None = None,
    defaults: Defaults = Defaults(),
    name: str = "",
    encoding: str = "",
) -> RuleFile:
    """Read the rules of a file; `format` None and `encoding` "" are found out.

    `name` is that of the file, which may name an action. Raises RuleFileError where nothing can be read.
    """
    whole = data.encode(errors="replace") if isinstance(data, str) else data
    if what := foreign_kind(whole[:64]):
        raise RuleFileError(f"This file is {what}.")
    text, used = (data, Encoding("utf-8")) if isinstance(data, str) else decoded(data, encoding)
    text = text.replace("\r\n", "\n").replace("\r", "\n").lstrip("\ufeff")
    if not text.strip():
        raise RuleFileError("This file is empty.")
    format = format or _format_of(text, name)
    read = RuleFile(format, used)
    rows = _csv_rows(whole, used) if format == "csv" else _READERS[format](text, name)
    for line, shown, fields in rows:
        if len(read.rules) >= RULES_MAX:
            raise RuleFileError(f"At most {RULES_MAX:,} rules are read at once. Split the file.")
        try:
            read.rules.append(_rule(line, fields, defaults))
        except (PatternError, ValueError) as error:
            message = error.message if isinstance(error, PatternError) else str(error)
            read.problems.append(LineProblem(line, shown[:120], message))
    return read


def decoded(data: bytes, encoding: str = "") -> tuple[str, Encoding]:
    """Return the text of a file and its encoding, one of ENCODINGS, which is found out where none is named."""
    used = encoding_of(MemoryFile(data), encoding)
    return data[used.mark :].decode(used.name, errors="replace").lstrip("\ufeff"), used


def _format_of(text: str, name: str) -> Format:
    if text.lstrip()[:1] in ("{", "["):
        data = _json(text)
        if isinstance(data, list):
            return "mastodon"
        return "discourse" if "words" in data else "lemmy"
    if "watched-words" in name:
        return "discourse"
    lines = (line.strip() for line in text.split("\n") if line.strip())
    header = next(lines)
    if header[:4].lower() == "sep=" and len(header) <= 5:
        return "csv"
    names = [_column(cell) for cell in re.split(r"[,;\t|]", header)]
    if "pattern" in names and (len(names) > 1 or header.strip().lower() == "pattern"):
        return "csv"
    return "text"


def _rule(line: int, fields: Mapping[str, Any], defaults: Defaults) -> ReadRule:
    if "wrong" in fields:
        raise ValueError(fields["wrong"])
    pattern = fields["pattern"].strip()
    kind = fields.get("kind") or ("regex" if defaults.regexes else "phrase")
    leave_out = fields.get("leave_out")
    rule = Rule(
        0,
        (fields.get("name") or pattern or "Any text")[:NAME_CHARACTERS].strip(),
        kind,
        pattern,
        fields.get("folds", defaults.folds),
        fields.get("band") or defaults.band,
        ignore_accents=fields.get("ignore_accents", defaults.ignore_accents),
        leave_out=left_out_by_default(kind, pattern) if leave_out is None else leave_out,
        exceptions=fields.get("exceptions", ()),
        conditions=fields.get("conditions", {}),
    )
    check_rule(rule)
    tags = checked_tags(fields.get("tags", ()))
    return ReadRule(line, rule, tags)


def checked_tags(tags: Any) -> tuple[str, ...]:
    """Return tags in small letters, each once. Raises ValueError."""
    if not isinstance(tags, list | tuple) or not all(isinstance(tag, str) for tag in tags):
        raise ValueError("Tags are a list of words.")
    cleaned = tuple(dict.fromkeys(tag.strip().lower() for tag in tags if tag.strip()))
    if len(cleaned) > TAGS_MAX or any(len(tag) > TAG_CHARACTERS or "\x00" in tag for tag in cleaned):
        raise ValueError(f"At most {TAGS_MAX} tags of {TAG_CHARACTERS} characters are allowed.")
    return cleaned


def _text_rows(text: str, name: str) -> Iterator[Row]:
    for number, line in enumerate(text.split("\n"), start=1):
        phrase = line.strip()
        if not phrase or phrase.startswith("#"):
            continue
        if len(phrase) > 2 and phrase[0] == phrase[-1] == "/":
            yield number, phrase, {"pattern": phrase[1:-1], "kind": "regex"}
        else:
            yield number, phrase, {"pattern": phrase}


def _csv_rows(data: bytes, encoding: Encoding) -> Iterator[Row]:
    file = MemoryFile(data)
    names = {folded_name(name) for name in ("pattern", *_ALIASES)}
    try:
        layout = layout_of(file, Reading("csv", encoding.name), names=names)
        columns = [_column(name) for name in layout.header]
        if "pattern" not in columns:
            raise RuleFileError(f"The header has no column pattern. Known columns: {', '.join(COLUMNS)}.")
        for row in rows_of(file, layout):
            cells, problem = _cells(row, len(columns))
            if cells is None:
                yield row.line, raw_text(row.raw), {"pattern": "", "wrong": problem}
                continue
            if not any(cell.strip() for cell in cells):
                continue
            by_column = dict(zip(columns, cells, strict=True))
            try:
                yield row.line, by_column["pattern"], _csv_fields(by_column)
            except ValueError as error:  # PatternError is one too
                yield row.line, layout.delimiter.join(cells), {"pattern": "", "wrong": str(error)}
    except FileUnreadable as error:
        raise RuleFileError(f"This cannot be read as CSV: {error}") from None


def _cells(row: FileRow, width: int) -> tuple[list[str] | None, str]:
    """Return the cells of a row, of which empty ones at the end may be left out; or None and what is wrong with it."""
    if row.values is not None:
        return list(row.values.values()), ""
    if isinstance(row.raw, list) and len(row.raw) < width:
        return [*row.raw, *[""] * (width - len(row.raw))], ""
    return None, row.problem


def _csv_fields(cells: Mapping[str, str]) -> dict[str, Any]:
    fields: dict[str, Any] = {"pattern": cells["pattern"]}
    if kind := cells.get("kind", "").strip().lower():
        if kind not in ("phrase", "regex", "any"):
            raise ValueError(f"kind: {kind} is none of phrase, regex, any.")
        fields["kind"] = kind
    if name := cells.get("name", "").strip():
        fields["name"] = name
    if band := cells.get("band", "").strip().lower():
        fields["band"] = _band(band)
    for column, target in (("disguises", "folds"), ("ignore_accents", "ignore_accents")):
        if column in cells and cells[column].strip():
            fields[target] = _bool(cells[column], column)
    if "leave_out" in cells and cells["leave_out"].strip():
        parts = tuple(re.split(r"[\s,;|]+", cells["leave_out"].strip().lower()))
        parts = () if parts == ("nothing",) else parts
        if wrong := [part for part in parts if part not in LEFT_OUT]:
            raise ValueError(f"leave_out: {wrong[0]} is none of {', '.join(LEFT_OUT)}, nothing.")
        fields["leave_out"] = parts
    if conditions := cells.get("conditions", "").strip():
        try:
            fields["conditions"] = checked_conditions(json.loads(conditions))
        except json.JSONDecodeError:
            raise ValueError("conditions: This is no JSON object.") from None
    for column in ("exceptions", "tags"):
        values = tuple(value.strip() for value in cells.get(column, "").split("|") if value.strip())
        if values:
            fields[column] = values
    return fields


def _discourse_rows(text: str, name: str) -> Iterator[Row]:
    if text.lstrip()[:1] == "{":
        data = _json(text)
        regexes = bool(data.get("regular_expressions"))
        for number, word in enumerate(_listed(data, "words"), start=1):
            action, written = str(word.get("action") or ""), str(word.get("word") or "")
            yield (
                number,
                written,
                _discourse(written, action, bool(word.get("case_sensitive")), regexes=regexes),
            )
        return
    actions = "|".join((*_BANDS, *_CHANGES_TEXT))
    named = re.search(rf"watched-words-({actions})\b", name)
    try:
        rows = list(csv.reader(text.split("\n")))
    except csv.Error as error:
        raise RuleFileError(f"This cannot be read as CSV: {error}.") from None
    for number, row in enumerate(rows, start=1):
        if row and row[0].strip():
            case = len(row) > 2 and row[2].strip().lower() == "true"
            yield number, row[0], _discourse(row[0], named[1] if named else "", case, regexes=None)


def _discourse(word: str, action: str, case_sensitive: bool, *, regexes: bool | None) -> dict[str, Any]:
    if action in _CHANGES_TEXT:
        return {"pattern": "", "wrong": f"Discourse's action {action} changes a text and holds none back."}
    fields: dict[str, Any] = {"band": _BANDS.get(action, ""), "tags": (action,) if action else ()}
    word = re.sub(r"\*+", "*", word.strip())
    inner = word.strip("*")
    if regexes:
        return {**fields, "pattern": word, "kind": "regex", "folds": not case_sensitive}
    if case_sensitive or (regexes is False and "*" in inner):
        body = r"\S*".join(re.escape(piece) for piece in word.split("*"))
        edge = [r"\b" if side.isalnum() else "" for side in (word[:1], word[-1:])]
        kept = {"pattern": f"{edge[0]}{body}{edge[1]}", "kind": "regex", "name": word}
        return {**fields, **kept, **({"folds": False} if case_sensitive else {})}
    return {**fields, "pattern": word}


def _mastodon_rows(text: str, name: str) -> Iterator[Row]:
    data = _json(text)
    number = 0
    for filtered in data if isinstance(data, list) else [data]:
        if not isinstance(filtered, dict):
            raise RuleFileError("This is not what Mastodon answers for filters: a list of objects.")
        title = str(filtered.get("title") or filtered.get("phrase") or "")
        ended = _has_ended(filtered.get("expires_at"))
        for keyword in _listed(filtered, "keywords") if "keywords" in filtered else [filtered]:
            number += 1
            written = str(keyword.get("keyword") or keyword.get("phrase") or "").strip()
            fields: dict[str, Any] = {"pattern": written, "kind": "phrase"}
            if not keyword.get("whole_word", True) and written:
                left = "*" if written[0].isalnum() else ""
                right = "*" if written[-1].isalnum() else ""
                fields.update(pattern=f"{left}{written}{right}", name=written)
            if "title" in filtered and title:
                fields["tags"] = (title[:TAG_CHARACTERS],)
            if ended:
                fields = {"pattern": "", "wrong": "This filter has expired."}
            yield number, written, fields


def _lemmy_rows(text: str, name: str) -> Iterator[Row]:
    if text.lstrip()[:1] == "{":
        data = _json(text)
        site = data.get("site_view", data)
        site = site.get("local_site", site) if isinstance(site, dict) else {}
        pattern = site.get("slur_filter_regex") if isinstance(site, dict) else None
        if not isinstance(pattern, str) or not pattern.strip():
            raise RuleFileError("This has no slur_filter_regex. The site may have no slur filter.")
    else:
        pattern = text.strip()
    for number, alternative in enumerate(alternatives(pattern), start=1):
        yield number, alternative, {"pattern": alternative, "kind": "regex", "tags": ("lemmy",)}


def alternatives(pattern: str) -> list[str]:
    """Return the alternatives of a pattern that is nothing else, or the pattern alone."""
    pattern = pattern.strip()
    opened = re.match(r"\((\?:)?", pattern)
    if opened and _closing(pattern, 0) == len(pattern) - 1:
        pattern = pattern[opened.end() : -1]
    pieces, begin = [], 0
    for at in _bars(pattern):
        pieces.append(pattern[begin:at])
        begin = at + 1
    pieces.append(pattern[begin:])
    return [piece for piece in pieces if piece]


def _bars(pattern: str) -> Iterator[int]:
    depth = 0
    for at, sign in _signs(pattern):
        depth += (sign == "(") - (sign == ")")
        if sign == "|" and depth == 0:
            yield at


def _closing(pattern: str, begin: int) -> int:
    depth = 0
    for at, sign in _signs(pattern):
        depth += (sign == "(") - (sign == ")")
        if at >= begin and sign == ")" and depth == 0:
            return at
    return -1


def _signs(pattern: str) -> Iterator[tuple[int, str]]:
    """Yield the brackets and bars of a pattern that are neither escaped nor in a class."""
    at, in_class = 0, False
    while at < len(pattern):
        sign = pattern[at]
        if sign == "\\":
            at += 2
            continue
        if in_class:
            in_class = sign != "]"
        elif sign == "[":
            in_class = True
        elif sign in "()|":
            yield at, sign
        at += 1


def _listed(data: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    rows = data.get(key)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise RuleFileError(f"The field {key} must be a list of objects.")
    return rows


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RuleFileError(f"This begins like JSON and is none: {error}.") from None


def _column(cell: str) -> str:
    name = cell.strip().strip('"').lower().replace(" ", "_")
    return _ALIASES.get(name, name)


def _band(value: str) -> str:
    if value not in _BANDS:
        raise ValueError(f"band: {value} is none of review, remove, approve, exception.")
    return _BANDS[value]


def _bool(value: str, column: str) -> bool:
    small = value.strip().lower()
    if small in _TRUE or small in _FALSE:
        return small in _TRUE
    raise ValueError(f"{column}: {value[:20]} is neither true nor false.")


def _has_ended(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        ends = datetime.fromisoformat(value.replace("Z", "+00:00"))
    except ValueError:
        return False
    return (ends if ends.tzinfo else ends.replace(tzinfo=UTC)) < datetime.now(UTC)


_READERS: Mapping[Format, Callable[[str, str], Iterator[Row]]] = {
    "text": _text_rows,
    "discourse": _discourse_rows,
    "mastodon": _mastodon_rows,
    "lemmy": _lemmy_rows,
}
