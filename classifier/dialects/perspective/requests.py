"""Read a request: its objects as protocol buffers read JSON, the comment, its context and languages.

Names are in camelCase or snake_case, null is absent, and an unknown name is an error.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from classifier.api.field_errors import printable
from classifier.comments.context import Context
from classifier.core.validation import SURROGATE
from classifier.dialects.perspective.errors import invalid
from classifier.inference.html_text import read_html
from classifier.model_versions.assembly import Assembly
from classifier.models import ContextKind, TextFormat

TEXT_LIMIT = 20_480
CONTEXT_LIMIT = 64 * 1024
ENTRIES_KEPT = 100  # entries kept of a context that is cut
NAME_LIMIT = 200
LANGUAGES_LIMIT = 35
TEXT_TYPES = ("TEXT_TYPE_UNSPECIFIED", "PLAIN_TEXT", "HTML")
PAIR = ("article", "parentComment")
SCORE_TYPES = ("PROBABILITY", "SCORE_TYPE_UNSPECIFIED", "STD_DEV_SCORE", "PERCENTILE", "RAW")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*\Z")
UNDETERMINED = ("", "und", "mul", "zxx", "mis")
_UNDERSCORE = re.compile(r"_([a-z])")
_NUMBER = re.compile(r"-?[0-9]{1,40}(\.[0-9]{1,40})?([eE][-+]?[0-9]{1,2})?\Z")
TYPES: Mapping[type, str] = {str: "TYPE_STRING", bool: "TYPE_BOOL", float: "TYPE_FLOAT"}


class Fields:
    """One object of the request, read by name; `where` is its path in messages."""

    def __init__(self, value: Any, known: tuple[str, ...], where: str = "") -> None:
        self.where = where
        if not isinstance(value, dict):
            raise self.wrong("", "message")
        self.values: dict[str, Any] = {}
        for name, field in value.items():
            camel = _UNDERSCORE.sub(lambda match: match.group(1).upper(), name)
            if camel not in known:
                at = f" at '{where}'" if where else ""
                raise invalid(
                    f'Invalid JSON payload received. Unknown name "{printable(name)}"{at}: Cannot find field.'
                )
            if field is not None:
                self.values[camel] = field

    def path(self, name: str) -> str:
        return ".".join(part for part in (self.where, name) if part)

    def wrong(self, name: str, kind: str) -> Exception:
        return invalid(f"Invalid value at '{self.path(name)}' ({kind})")

    def text(self, name: str, *, most: int | None = None) -> str:
        value = self.values.get(name, "")
        if not isinstance(value, str) or "\x00" in value or SURROGATE.search(value):
            raise self.wrong(name, TYPES[str])
        if most is not None and len(value) > most:
            raise invalid(f"'{self.path(name)}' has more than {most} characters")
        return value

    def flag(self, name: str) -> bool:
        value = self.values.get(name, False)
        if not isinstance(value, bool):
            raise self.wrong(name, TYPES[bool])
        return value

    def number(self, name: str) -> float | None:
        value = self.values.get(name)
        if value is None:
            return None
        if isinstance(value, str) and _NUMBER.match(value):  # protocol buffers take numbers in quotes too
            value = float(value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.wrong(name, TYPES[float])
        return float(value) if abs(value) < 1e308 else (1.0 if value > 0 else -1.0) * 1e308

    def words(self, name: str, *, most: int) -> list[str]:
        """Return a list of words; a bare string is a list of one, because some clients send it so."""
        value = self.values.get(name, [])
        if isinstance(value, str):
            value = [value]
        if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
            raise self.wrong(name, TYPES[str])
        if len(value) > most or any(len(word) > most for word in value):
            raise invalid(f"'{self.path(name)}' is too long")
        return value

    def choice(self, name: str, known: tuple[str, ...]) -> str:
        value = self.values.get(name, known[0])
        if not isinstance(value, str) or value not in known:
            raise self.wrong(name, "TYPE_ENUM")
        return value

    def mapping(self, name: str) -> dict[str, Any]:
        value = self.values.get(name, {})
        if not isinstance(value, dict):
            raise self.wrong(name, "message")
        return value

    def each(self, name: str, read: Callable[[Any, str], Any]) -> list[Any]:
        value = self.values.get(name, [])
        if not isinstance(value, list):
            raise self.wrong(name, "message")
        return [read(item, f"{self.path(name)}[{index}]") for index, item in enumerate(value)]


@dataclass(frozen=True)
class SentText:
    """The text of a comment as it was sent, and its format."""

    text: str
    text_format: str

    @property
    def seen(self) -> str:
        """The text that a reader sees."""
        return read_html(self.text).seen.text if self.text_format == TextFormat.HTML else self.text


def read_comment(value: Any) -> SentText:
    """Return the comment's text, of which a reader sees something."""
    if value is None:
        raise empty()
    fields = Fields(value, ("text", "type"), "comment")
    text, kind = fields.text("text"), fields.choice("type", TEXT_TYPES)
    if not text.strip():
        raise empty()
    size = len(text.encode())
    if size > TEXT_LIMIT:
        raise invalid(
            f"Comment text was too many bytes. Value ({size}) exceeded limit ({TEXT_LIMIT}).",
            "COMMENT_TOO_LONG",
        )
    sent = SentText(text, TextFormat.HTML if kind == "HTML" else TextFormat.TEXT)
    if not sent.seen.strip():
        raise empty()
    return sent


def empty() -> Exception:
    return invalid("Comment must be non-empty.", "COMMENT_EMPTY")


def read_context(value: Any) -> dict[str, Any]:
    """Return the context as it was sent, after checking its form: it is stored with the comment and never scored.

    A context larger than CONTEXT_LIMIT is cut and does not fail the call: some clients send whole articles.
    """
    if value is None:
        return {}
    fields = Fields(value, ("entries", "articleAndParentComment"), "context")
    fields.each("entries", _entry)
    both = fields.values.get("articleAndParentComment")
    if both is not None:
        pair = Fields(both, PAIR, "context.articleAndParentComment")
        for name in PAIR:
            if name in pair.values:
                _entry(pair.values[name], pair.path(name))
    return dict(value) if len(json.dumps(value)) <= CONTEXT_LIMIT else _cut_context(fields)


def _cut_context(fields: Fields) -> dict[str, Any]:
    """Cut the context to CONTEXT_LIMIT: the last entries; short texts whole, longer ones cut to the same length."""
    both = Fields(fields.values.get("articleAndParentComment") or {}, PAIR)
    entries = (fields.values.get("entries") or [])[-ENTRIES_KEPT:]
    given = [*entries, *(both.values.get(name) for name in PAIR)]
    texts = [((entry or {}).get("text") or "").encode() for entry in given]
    size = _shared(sorted(map(len, texts)), CONTEXT_LIMIT)
    kept = [
        _cut(entry, text, size) if entry and text else {} for entry, text in zip(given, texts, strict=True)
    ]
    pair = {name: entry for name, entry in zip(PAIR, kept[-len(PAIR) :], strict=True) if entry}
    parts = {"entries": [entry for entry in kept[: -len(PAIR)] if entry], "articleAndParentComment": pair}
    return {name: part for name, part in parts.items() if part}


def _shared(sizes: list[int], most: int) -> int:
    """Return the length at which rising `sizes` are cut, so that together they are at most `most`."""
    for index, size in enumerate(sizes):
        share = most // (len(sizes) - index)
        if size > share:
            return share
        most -= size
    return max(sizes, default=0)


def _cut(entry: dict[str, Any], text: bytes, size: int) -> dict[str, Any]:
    kept = text[:size].decode(errors="ignore")
    if len(text) > size and entry.get("type") == "HTML" and kept.rfind("<") > kept.rfind(">"):
        kept = kept[: kept.rfind("<")]  # a tag that is cut would be read as text
    return {**entry, "text": kept}


def kept_context(context: dict[str, Any], session: str) -> Context:
    """Return what is stored with a comment of a context from `read_context`: its texts without their tags."""
    both = Fields(
        context.get("articleAndParentComment") or context.get("article_and_parent_comment") or {}, PAIR
    )
    entries = [
        (ContextKind.ARTICLE, both.values.get("article")),
        *((ContextKind.BEFORE, entry) for entry in context.get("entries") or []),
        (ContextKind.PARENT, both.values.get("parentComment")),
    ]
    texts = [(kind, _plain(entry)) for kind, entry in entries if entry]
    return Context(tuple((kind, text) for kind, text in texts if text.strip()), session)


def check_languages(asked: list[str], name: str, assembly: Assembly) -> None:
    """Refuse a language that the caller asked for and no version in production is declared for."""
    declared = {primary(language) for language in assembly.languages}
    if declared and not all(primary(language) in declared for language in asked):
        raise unsupported(name, "requestedLanguages", asked)


def unsupported(name: str, field: str, languages: list[str]) -> Exception:
    """Return the error for languages that the caller asked for (`requestedLanguages`) or that were identified.

    Google's server writes the same sentence for both; the detail says which (`detectedLanguages`).
    """
    message = f"Attribute {name} does not support request languages: {', '.join(map(printable, languages))}"
    detail = {field: languages, "attribute": name}
    return invalid(
        message, "LANGUAGE_NOT_SUPPORTED_BY_ATTRIBUTE", languageNotSupportedByAttributeError=detail
    )


def read_languages(fields: Fields) -> list[str]:
    asked = fields.words("languages", most=LANGUAGES_LIMIT)
    if any(language.lower() in UNDETERMINED for language in asked):
        raise invalid("Unable to detect language", "LANGUAGE_DETECTION_FAILED")
    if not all(_LANGUAGE.match(language) for language in asked):
        raise invalid("'languages' has an entry that is no BCP-47 code")
    return asked


def primary(language: str) -> str:
    """Return the primary language: `en` of `en-GB`."""
    return language.replace("_", "-").partition("-")[0].lower()


def unknown(name: str) -> Exception:
    return invalid(f"Unknown requested attribute: {printable(name)}")


def uncovered(name: str) -> Exception:
    """Return the error for a key that refuses calls which ask for a real attribute without a label here."""
    return invalid(
        f"Unknown requested attribute: {printable(name)} (no label of this server's model covers it, and this key "
        "refuses calls that ask for it; set what stands for missing attributes on the key's page)"
    )


def _entry(value: Any, where: str) -> None:
    fields = Fields(value, ("text", "type"), where)
    fields.text("text")
    fields.choice("type", TEXT_TYPES)


def _plain(entry: dict[str, Any]) -> str:
    text = entry.get("text") or ""
    return read_html(text).seen.text if entry.get("type") == "HTML" else text
