"""Errors about fields: where in the request, what is wrong, and a stable code; made from DRF's nested details."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NotRequired, TypedDict
from urllib.parse import quote

Path = tuple[str | int, ...]
NAME_MAX_CHARACTERS = 100
_NOT_AN_ITEM = ("non_field_errors",)
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


class FieldError(TypedDict):
    """An error in one place: a JSON pointer as a URI fragment (RFC 6901), a parameter of the query, or a header."""

    pointer: NotRequired[str]
    parameter: NotRequired[str]
    header: NotRequired[str]
    message: str
    code: str


def field_error(path: Path, message: str, code: str) -> FieldError:
    """Make an error about the body; `message` is a predicate ("must be a string") or a whole sentence."""
    return {"pointer": pointer(path), "message": _sentence(path, message), "code": code}


def parameter_error(name: str, message: str, code: str) -> FieldError:
    return {"parameter": printable(name), "message": _sentence((name,), message), "code": code}


def header_error(name: str, message: str, code: str) -> FieldError:
    return {"header": name, "message": f"{name} {message}.", "code": code}


def flatten(detail: Any, path: Path = ()) -> list[FieldError]:
    """Return the errors of a body in `detail`, the nested structure that DRF's serializers raise."""
    return [field_error(where, message, code) for where, message, code in _leaves(detail, path)]


def flatten_parameters(detail: Any) -> list[FieldError]:
    """Like `flatten`, for the query string."""
    return [
        parameter_error(str(where[0]) if where else "query", message, code)
        for where, message, code in _leaves(detail, ())
    ]


def path_of(field: str) -> Path:
    """Return the path of a field as the services name it, such as `items[3].text`."""
    return tuple(int(part) if part.isdigit() else part for part in re.findall(r"[^.\[\]]+", field))


def pointer(path: Path) -> str:
    parts = (printable(str(part)).replace("~", "~0").replace("/", "~1") for part in path)
    return "#" + "".join("/" + quote(part, safe="~!$&'()*+,;=:@") for part in parts)


def printable(name: str) -> str:
    """Make a field name of the caller safe to send back: short, without lone surrogates and control characters."""
    clean = name.encode("utf-8", "backslashreplace").decode()
    clean = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in clean)
    return clean if len(clean) <= NAME_MAX_CHARACTERS else clean[:NAME_MAX_CHARACTERS] + "…"


def _sentence(path: Path, message: str) -> str:
    if message[:1].isupper() or message.endswith("."):
        return f"{_spoken(path)}: {message}"
    return f"{_spoken(path)} {message}."


def _spoken(path: Path) -> str:
    """Write a path as `items[3].text`; a name that is no plain word is quoted."""
    if not path:
        return "The body"
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            name = printable(part)
            text += ("." if text else "") + (name if _PLAIN_NAME.match(name) else f'"{name}"')
    return text


def _leaves(detail: Any, path: Path) -> Iterator[tuple[Path, str, str]]:
    if isinstance(detail, Mapping):
        for key, value in detail.items():
            yield from _leaves(value, path if key in _NOT_AN_ITEM else (*path, key))
    elif isinstance(detail, Iterable) and not isinstance(detail, str):
        for position, value in enumerate(detail):
            yield from _leaves(value, path if isinstance(value, str) else (*path, position))
    else:
        yield path, str(detail), str(getattr(detail, "code", "invalid"))
