"""Checks of input that pages, API, admin and commands share: comments, slugs, whole numbers and ids of rows.

Pages and the API translate the problems that are found here; nobody repeats the checks.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from classifier.inference.language import UNDETERMINED, normal_tag
from classifier.models import AUTHOR_REF_MAX_CHARACTERS, EXTERNAL_ID_MAX_CHARACTERS, TextFormat

SLUG = re.compile(r"^[-a-zA-Z0-9_]{1,64}\Z")
CONTEXT_ENTRIES_MAX = 20
CONTEXT_CHARACTERS_MAX = 64 * 1024
SURROGATE = re.compile("[\ud800-\udfff]")
ROW_ID_MAX = 2**63 - 1  # what a column of Postgres holds; a larger number in a query is an error


@dataclass(frozen=True)
class ValidationProblem:
    """One thing wrong with one field; `field` is a path such as `text` or `items[3].external_id`."""

    field: str
    message: str
    code: str


class InvalidInput(Exception):
    """The input breaks the rules; `problems` names every field that does, and nothing was stored."""

    def __init__(self, problems: Sequence[ValidationProblem]) -> None:
        self.problems = list(problems)
        super().__init__("; ".join(f"{p.field}: {p.message}" for p in self.problems))


@dataclass(frozen=True)
class CommentInput:
    """A comment that has passed validation."""

    text: str
    external_id: str | None = None
    author_ref: str = ""
    context: tuple[str, ...] = ()  # what it answers to, the nearest last
    text_format: str = ""  # one of TextFormat; empty: as the policy of its source says
    languages: tuple[str, ...] = ()  # of the text, as its sender states them


def text_problem(value: Any, field: str = "text") -> ValidationProblem | None:
    """Say what keeps `value` from being the text of a comment, or None."""
    if value is None or value == "":
        return ValidationProblem(field, "This field may not be empty.", "required")
    problem = _string_problem(value, field)
    if problem is not None:
        return problem
    if not value.strip():
        return ValidationProblem(field, "This field may not be blank.", "blank")
    limit = settings.COMMENT_MAX_CHARACTERS
    if len(value) > limit:
        message = f"This text has {len(value):,} characters; at most {limit:,} are allowed."
        return ValidationProblem(field, message, "max_length")
    return None


def format_problem(value: Any, field: str = "format") -> ValidationProblem | None:
    """Say what keeps `value` (None or "": the policy's) from being the format of a text, or None."""
    if value is None or value == "" or (isinstance(value, str) and value in TextFormat.values):
        return None
    return ValidationProblem(field, f"This must be one of {', '.join(TextFormat.values)}.", "invalid_choice")


def language_problem(value: Any, field: str = "language") -> ValidationProblem | None:
    """Say what keeps `value` (None or "": identified) from being the language of a text, or None."""
    if value is None or value == "":
        return None
    try:
        if isinstance(value, str) and not normal_tag(value).startswith(UNDETERMINED):
            return None
    except ValueError:
        pass
    message = (
        "This must be a language tag, such as de or pt-BR; leave it out to have the language identified."
    )
    return ValidationProblem(field, message, "invalid")


def words_problem(value: Any, field: str, limit: int) -> ValidationProblem | None:
    """Say what keeps `value` from being a message, an answer or a reference of up to `limit` characters, or None."""
    return _reference_problem(value, field, limit)


def context_problems(value: Any, field: str) -> list[ValidationProblem]:
    """Return what keeps `value` (None or a list of texts) from being the context of a comment."""
    if value is None:
        return []
    if not isinstance(value, list | tuple):
        return [ValidationProblem(field, "This must be a list of texts.", "invalid_type")]
    if len(value) > CONTEXT_ENTRIES_MAX:
        message = f"This list has {len(value):,} texts; at most {CONTEXT_ENTRIES_MAX} are allowed."
        return [ValidationProblem(field, message, "max_items")]
    checked = [
        _reference_problem(text, f"{field}[{index}]", CONTEXT_CHARACTERS_MAX)
        for index, text in enumerate(value)
    ]
    problems = [problem for problem in checked if problem is not None]
    if not problems and sum(map(len, value)) > CONTEXT_CHARACTERS_MAX:
        message = f"Together at most {CONTEXT_CHARACTERS_MAX:,} characters are allowed."
        problems.append(ValidationProblem(field, message, "max_length"))
    return problems


def validate_texts(texts: Any, *, field: str = "texts") -> list[str]:
    """Return `texts` when each may be scored; raise InvalidInput otherwise."""
    _check_batch(texts, field)
    problems = [text_problem(text, f"{field}[{index}]") for index, text in enumerate(texts)]
    _raise_if_any(problems)
    return list(texts)


def validate_comment(
    *,
    text: Any,
    external_id: Any = None,
    author_ref: Any = "",
    context: Any = None,
    text_format: Any = "",
    language: Any = "",
    prefix: str = "",
) -> CommentInput:
    """Return the validated comment; raise InvalidInput with every problem of it."""
    _raise_if_any(_comment_problems(text, external_id, author_ref, context, text_format, language, prefix))
    return CommentInput(
        text, external_id, author_ref or "", tuple(context or ()), text_format or "", _stated(language)
    )


def validate_comments(items: Any, *, field: str = "items") -> list[CommentInput]:
    """Return the validated comments; raise InvalidInput with the problems of all of them."""
    _check_batch(items, field)
    problems: list[ValidationProblem | None] = []
    first_with_id: dict[str, int] = {}
    for index, item in enumerate(items):
        where = f"{field}[{index}]"
        if not isinstance(item, Mapping):
            problems.append(ValidationProblem(where, "This must be an object.", "invalid_type"))
            continue
        item_problems = _comment_problems(
            item.get("text"),
            item.get("external_id"),
            item.get("author_ref", ""),
            item.get("context"),
            item.get("format"),
            item.get("language"),
            f"{where}.",
        )
        problems.extend(item_problems)
        external_id = item.get("external_id")
        if isinstance(external_id, str) and first_with_id.setdefault(external_id, index) != index:
            message = f"The same external_id as {field}[{first_with_id[external_id]}]."
            problems.append(ValidationProblem(f"{where}.external_id", message, "duplicate"))
    _raise_if_any(problems)
    return [
        CommentInput(
            item["text"],
            item.get("external_id"),
            item.get("author_ref") or "",
            tuple(item.get("context") or ()),
            item.get("format") or "",
            _stated(item.get("language")),
        )
        for item in items
    ]


def validate_source_slug(value: Any, field: str = "source") -> str:
    """Return the slug of a source; raise InvalidInput when it is none."""
    if not isinstance(value, str) or not SLUG.match(value):
        message = "This must be 1 to 64 letters, digits, hyphens or underscores."
        raise InvalidInput([ValidationProblem(field, message, "invalid")])
    return value


def whole_number(text: Any, most: int = ROW_ID_MAX) -> int | None:
    """Return the number from 0 to `most` that `text` writes in ASCII digits, or None.

    For what comes as text in an address, a form or a command: `int` would also take "+1", " 1", "1_0" and digits of
    other scripts, and raises an error for thousands of digits.
    """
    digits = str(text)
    if not (digits.isascii() and digits.isdigit() and len(digits) <= len(str(most))):
        return None
    number = int(digits)
    return number if number <= most else None


def row_id(text: Any) -> int | None:
    """Return the id of a row that `text` writes, or None; the first id is 1."""
    return whole_number(text) or None


def _comment_problems(
    text: Any, external_id: Any, author_ref: Any, context: Any, text_format: Any, language: Any, prefix: str
) -> list[ValidationProblem]:
    problems = [text_problem(text, f"{prefix}text"), *context_problems(context, f"{prefix}context")]
    problems.append(format_problem(text_format, f"{prefix}format"))
    problems.append(language_problem(language, f"{prefix}language"))
    if external_id is not None:
        problems.append(_reference_problem(external_id, f"{prefix}external_id", EXTERNAL_ID_MAX_CHARACTERS))
        if external_id == "":
            problems.append(ValidationProblem(f"{prefix}external_id", "This may not be empty.", "blank"))
    if author_ref is not None:
        problems.append(_reference_problem(author_ref, f"{prefix}author_ref", AUTHOR_REF_MAX_CHARACTERS))
    return [problem for problem in problems if problem is not None]


def _stated(language: Any) -> tuple[str, ...]:
    return (normal_tag(language),) if language else ()


def _reference_problem(value: Any, field: str, limit: int) -> ValidationProblem | None:
    problem = _string_problem(value, field)
    if problem is None and len(value) > limit:
        return ValidationProblem(field, f"At most {limit:,} characters are allowed.", "max_length")
    return problem


def _string_problem(value: Any, field: str) -> ValidationProblem | None:
    if not isinstance(value, str):
        return ValidationProblem(field, "This must be a string.", "invalid_type")
    if "\x00" in value:
        return ValidationProblem(field, "NUL characters are not allowed.", "null_characters")
    if SURROGATE.search(value):
        message = "This is not valid Unicode (it holds a lone surrogate)."
        return ValidationProblem(field, message, "invalid_unicode")
    return None


def _check_batch(items: Any, field: str) -> None:
    if not isinstance(items, list | tuple):
        raise InvalidInput([ValidationProblem(field, "This must be a list.", "invalid_type")])
    if not items:
        raise InvalidInput([ValidationProblem(field, "This list may not be empty.", "required")])
    limit = settings.BATCH_MAX_COMMENTS
    if len(items) > limit:
        message = f"This list has {len(items):,} items; at most {limit:,} are allowed."
        raise InvalidInput([ValidationProblem(field, message, "max_items")])


def _raise_if_any(problems: Sequence[ValidationProblem | None]) -> None:
    real = [problem for problem in problems if problem is not None]
    if real:
        raise InvalidInput(real)
