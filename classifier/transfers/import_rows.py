"""Turn a row of a file into a comment: the mapping of columns to fields, and the checks of each value."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from classifier.core.validation import (
    InvalidInput,
    ValidationProblem,
    format_problem,
    validate_comment,
    validate_source_slug,
    whole_number,
    words_problem,
)

FIELDS = {
    "text": "Text",
    "external_id": "External ID",
    "author": "Author",
    "source": "Source",
    "created_at": "Written at",
    "action": "Decision",
    "decided_at": "Decided at",
    "reason": "Reason of the decision",
    "reports": "Number of reports",
    "text_format": "Format of the text",
}
ALSO_CALLED = {
    "text": ("comment_text", "comment", "body", "content", "message"),
    "external_id": ("id", "comment_id", "post_id"),
    "author": ("author_ref", "user", "username", "user_id", "author_id"),
    "source": ("site", "forum"),
    "created_at": ("created", "timestamp", "time", "date", "posted_at"),
    "action": ("decision",),
    "decided_at": ("decision_at",),
    "reason": ("decision_reason", "reason_code"),
    "reports": ("report_count", "flags"),
    "text_format": (),  # a column "format" may well be about something else
}
ACTIONS = ("approve", "remove")
REASON_CHARACTERS = 64
REPORTS_MAX = 1_000
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
AHEAD = timedelta(days=1)  # tolerance, because clocks differ


@dataclass(frozen=True)
class ImportedRow:
    """A row that may be stored; `source` is a slug, None the import's own."""

    text: str
    external_id: str | None
    author: str
    source: str | None
    created_at: datetime | None
    action: str | None
    decided_at: datetime | None
    reason: str
    reports: int
    text_format: str = ""


def columns_found(names: Iterable[str]) -> dict[str, str]:
    """Find the columns of fields by their names: {field: column}."""
    known = {name.strip().lower().replace(" ", "_"): name for name in reversed(list(names))}
    columns: dict[str, str] = {}
    for name, others in ALSO_CALLED.items():
        column = next((known[alias] for alias in (name, *others) if alias in known), None)
        if column is not None and column not in columns.values():
            columns[name] = column
    return columns


def columns_checked(columns: Mapping[str, Any]) -> dict[str, str]:
    """Check a chosen mapping {field: column}. Raises InvalidInput."""
    problems = [
        ValidationProblem(f"columns.{name}", "There is no such field.", "unknown")
        for name in columns
        if name not in FIELDS
    ]
    chosen = {name: column for name, column in columns.items() if column not in ("", None)}
    problems += [
        ValidationProblem(f"columns.{name}", "This must be the name of a column.", "invalid_type")
        for name, column in chosen.items()
        if not isinstance(column, str)
    ]
    if not problems and "text" not in chosen:
        problems = [ValidationProblem("columns.text", "Say which column holds the text.", "required")]
    if problems:
        raise InvalidInput(problems)
    return chosen


def row_read(values: Mapping[str, Any], columns: Mapping[str, str]) -> ImportedRow:
    """Return the row as a comment. Raises InvalidInput with every problem, by the names of FIELDS."""
    given = {name: _or_none(values.get(column)) for name, column in columns.items()}
    problems: list[ValidationProblem] = []

    def read(name: str, reader: Callable[[Any], Any], default: Any = None) -> Any:
        if given.get(name) is None:
            return default
        try:
            return reader(given[name])
        except ValueError as error:
            problems.append(ValidationProblem(name, str(error), "invalid"))
        except InvalidInput as error:
            problems.extend(error.problems)
        return default

    text, external_id, author = given.get("text"), _name(given.get("external_id")), _name(given.get("author"))
    try:
        validate_comment(text=text, external_id=external_id, author_ref=author)
    except InvalidInput as error:
        problems += [_renamed(problem) for problem in error.problems]
    row = ImportedRow(
        text=text or "",
        external_id=external_id,
        author=author or "",
        source=read("source", validate_source_slug),
        created_at=read("created_at", _moment),
        action=read("action", _action),
        decided_at=read("decided_at", _moment),
        reason=read("reason", _reason, ""),
        reports=read("reports", _reports, 0),
        text_format=read("text_format", _text_format, ""),
    )
    if "action" not in (problem.field for problem in problems) and row.action is None:
        problems += [
            ValidationProblem(name, "This needs a decision (approve or remove).", "without_decision")
            for name in ("decided_at", "reason")
            if given.get(name) is not None
        ]
    if problems:
        raise InvalidInput(problems)
    return row


def _text_format(value: Any) -> str:
    problem = format_problem(value, "text_format")
    if problem is not None:
        raise InvalidInput([problem])
    return str(value)


def _or_none(value: Any) -> Any:
    return None if value == "" else value


def _name(value: Any) -> Any:
    """Return an id as text: in JSON ids are often numbers."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _renamed(problem: ValidationProblem) -> ValidationProblem:
    name = "author" if problem.field == "author_ref" else problem.field
    return ValidationProblem(name, problem.message, problem.code)


def _moment(value: Any) -> datetime:
    moment: datetime | date | None = None
    if isinstance(value, str):
        with suppress(ValueError):  # the right form, but no such date
            moment = parse_datetime(value.strip()) or parse_date(value.strip())
    if moment is None:
        raise ValueError("This must be a time such as 2026-11-24T09:30:00Z.")
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, time())
    moment = moment if timezone.is_aware(moment) else moment.replace(tzinfo=UTC)
    if not EARLIEST <= moment <= timezone.now() + AHEAD:
        raise ValueError("This time lies before 1970 or in the future.")
    return moment


def _action(value: Any) -> str:
    action = value.strip().lower() if isinstance(value, str) else ""
    if action not in ACTIONS:
        raise ValueError(f"This must be {' or '.join(ACTIONS)}.")
    return action


def _reason(value: Any) -> str:
    problem = words_problem(value, "reason", REASON_CHARACTERS)
    if problem is not None:
        raise InvalidInput([problem])
    return str(value).strip()


def _reports(value: Any) -> int:
    text = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
    number = whole_number(text, REPORTS_MAX)
    if number is None:
        raise ValueError(f"This must be a whole number from 0 to {REPORTS_MAX:,}.")
    return number
