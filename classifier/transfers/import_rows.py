"""Turn a row of a file into a comment: the mapping of columns to fields, and the reading of each value."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone

from classifier.core.validation import (
    InvalidInput,
    ValidationProblem,
    format_problem,
    validate_comment,
    validate_source_slug,
    whole_number,
    words_problem,
)
from classifier.inference.files.layout import folded_name
from classifier.inference.files.rows import FileRow
from classifier.inference.files.values import (
    APPROVE,
    DATE_ORDERS,
    DECISIONS,
    NO_DECISION,
    REMOVE,
    guess_decision,
    guess_order,
    is_date_of_digits,
    is_decision_word,
    read_decision,
    read_id,
    read_time,
    zone_of,
)
from classifier.models import EXTERNAL_ID_MAX_CHARACTERS
from classifier.transfers.previews import TEXT_NAMES

FIELDS = {
    "text": "Text",
    "external_id": "External ID",
    "parent": "External ID of its parent",
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
    "text": TEXT_NAMES[1:],
    "external_id": ("id", "comment_id", "post_id", "uuid"),
    "parent": ("parent_id", "comment_parent", "in_reply_to", "in_reply_to_id", "reply_to", "reply_to_id"),
    "author": ("author_ref", "user", "username", "user_id", "author_id", "author_name", "comment_author"),
    "source": ("site", "forum"),
    "created_at": (
        *("created", "created_utc", "timestamp", "time", "date", "posted_at", "published_at"),
        *("comment_date_gmt", "comment_date", "date_gmt", "datetime"),
    ),
    "action": ("decision",),
    "decided_at": ("decision_at",),
    "reason": ("decision_reason", "reason_code"),
    "reports": ("report_count", "flags"),
    "text_format": (),  # a column "format" may well be about something else
}
# Columns that are taken for decisions only where every value in them is known to be one.
MAYBE_DECISIONS = (
    *("moderation_status", "comment_approved", "status", "state", "approved", "is_approved", "published"),
    *("removed", "is_removed", "deleted", "is_deleted", "rejected", "spam", "is_spam", "hidden", "is_hidden"),
)
NO_PARENT = ("", "0", "null", "None", "nan")
TIMES = ("created_at", "decided_at")
REASON_CHARACTERS = 64
REPORTS_MAX = 1_000
DECISION_VALUES_MOST = 50
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
AHEAD = timedelta(days=1)  # tolerance, because clocks differ


@dataclass(frozen=True)
class ValueRules:
    """How the values of a file are read.

    `time_zone` is that of times that name none (UTC); `dates`, one of DATE_ORDERS, the order of dates of digits.
    `decisions` maps values, in lower case, to approve, remove or none; `has_words` is true where words decide.
    """

    time_zone: str = ""
    dates: str = ""
    decisions: Mapping[str, str] = field(default_factory=dict)
    has_words: bool = False

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "ValueRules":
        return cls(**{name: values[name] for name in cls.__dataclass_fields__ if name in values})

    def to_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    def checked(self) -> "ValueRules":
        """Return the rules with values in lower case. Raises InvalidInput."""
        problems = []
        try:
            zone_of(self.time_zone)
        except ValueError as error:
            problems.append(ValidationProblem("time_zone", str(error), "invalid"))
        if self.dates and self.dates not in DATE_ORDERS:
            message = f"This must be {' or '.join(DATE_ORDERS)}."
            problems.append(ValidationProblem("dates", message, "invalid_choice"))
        if len(self.decisions) > DECISION_VALUES_MOST:
            message = f"At most {DECISION_VALUES_MOST} values can be mapped."
            problems.append(ValidationProblem("decisions", message, "max_items"))
        for value, decision in self.decisions.items():
            if decision not in DECISIONS:
                message = f"{str(value)[:40]!r} must be mapped to {', '.join(DECISIONS)}."
                problems.append(ValidationProblem("decisions", message, "invalid_choice"))
        if problems:
            raise InvalidInput(problems)
        return replace(self, decisions={str(key).strip().lower(): to for key, to in self.decisions.items()})


NO_RULES = ValueRules()


@dataclass(frozen=True)
class DecisionValue:
    """A value in the column of decisions, how often the first rows have it, and what it is taken for, if known."""

    value: str
    count: int
    decision: str | None
    guessed: bool


@dataclass(frozen=True)
class ImportedRow:
    """A row that may be stored; `source` is a slug, None the import's own; `parent` is the external id it answers."""

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
    parent: str | None = None


def columns_found(names: Iterable[str], rows: Iterable[FileRow] = ()) -> dict[str, str]:
    """Find the columns of fields by their names: {field: column}; for decisions also by the values of `rows`."""
    known = {folded_name(name): name for name in reversed(list(names))}
    columns: dict[str, str] = {}
    for name, others in ALSO_CALLED.items():
        aliases = map(folded_name, (name, *others))
        column = next((known[alias] for alias in aliases if alias in known), None)
        if column is not None and column not in columns.values():
            columns[name] = column
    if "action" not in columns:
        held = list(rows)
        for alias in MAYBE_DECISIONS:
            column = known.get(folded_name(alias))
            if column is None or column in columns.values():
                continue
            found = decision_values(held, column, NO_RULES)
            if found and all(value.decision for value in found):
                columns["action"] = column
                break
    return columns


def columns_checked(columns: Mapping[str, Any], header: str = "") -> dict[str, str]:
    """Check a chosen mapping {field: column}; `header` says what was taken as the header. Raises InvalidInput."""
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
        message = f"Say which column holds the text.{header}"
        problems = [ValidationProblem("columns.text", message, "required")]
    if problems:
        raise InvalidInput(problems)
    return chosen


def decision_values(rows: Iterable[FileRow], column: str, rules: ValueRules) -> list[DecisionValue]:
    """Return the values of the column of decisions, the most frequent first, with what each is taken for."""
    counts: dict[str, int] = {}
    for row in rows:
        value = (row.values or {}).get(column)
        if value is None or isinstance(value, list | dict) or not (key := str(value).strip()):
            continue
        if key in counts or len(counts) < DECISION_VALUES_MOST:
            counts[key] = counts.get(key, 0) + 1
    has_words = rules.has_words or any(map(is_decision_word, counts))
    values = []
    for key, count in sorted(counts.items(), key=lambda item: -item[1]):
        chosen = rules.decisions.get(key.lower())
        decision = chosen or guess_decision(key, column, has_words=has_words)
        values.append(DecisionValue(key, count, decision, chosen is None))
    return values


def rules_found(rows: Iterable[FileRow], columns: Mapping[str, str], rules: ValueRules) -> ValueRules:
    """Return the rules with what the first rows say where nobody has chosen: the order of dates, and the decisions."""
    held = list(rows)
    times = [(row.values or {}).get(columns[name]) for name in TIMES if name in columns for row in held]
    dates = rules.dates or guess_order(times)
    if not dates and any(map(is_date_of_digits, times)):
        dates = DATE_ORDERS[0]
    values = decision_values(held, columns["action"], rules) if "action" in columns else []
    known = {value.value.lower(): value.decision for value in values if value.decision is not None}
    has_words = rules.has_words or any(is_decision_word(value.value) for value in values)
    return replace(rules, dates=dates, decisions={**known, **rules.decisions}, has_words=has_words)


class RowReader:
    """Reads rows by a mapping of columns and the rules of a file."""

    def __init__(self, columns: Mapping[str, str], rules: ValueRules) -> None:
        self.columns = columns
        self.rules = rules
        self.zone = zone_of(rules.time_zone)

    def __call__(self, row: FileRow) -> tuple[ImportedRow | None, list[ValidationProblem]]:
        """Return the row as a comment, or its problems."""
        if row.values is None:
            return None, [ValidationProblem("", row.problem, "malformed")]
        try:
            return self.read(row.values), []
        except InvalidInput as error:
            return None, error.problems

    def read(self, values: Mapping[str, Any]) -> ImportedRow:
        """Return the row as a comment. Raises InvalidInput with every problem, by the names of FIELDS."""
        given = {name: _or_none(values.get(column)) for name, column in self.columns.items()}
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

        text = given.get("text")
        external_id, author = read("external_id", read_id), read("author", read_id)
        try:
            validate_comment(text=text, external_id=external_id, author_ref=author)
        except InvalidInput as error:
            problems += [_renamed(problem) for problem in error.problems]
        row = ImportedRow(
            text=text or "",
            external_id=external_id,
            author=author or "",
            source=read("source", validate_source_slug),
            created_at=read("created_at", self._time),
            action=read("action", self._decision),
            decided_at=read("decided_at", self._time),
            reason=read("reason", _reason, ""),
            reports=read("reports", _reports, 0),
            text_format=read("text_format", _text_format, ""),
            parent=read("parent", _parent),
        )
        if "action" not in (problem.field for problem in problems) and row.action is None:
            decided = given.get("action") is not None
            problems += [
                ValidationProblem(name, "This needs a decision (approve or remove).", "without_decision")
                for name in ("decided_at", "reason")
                if given.get(name) is not None and not decided
            ]
            row = replace(row, decided_at=None, reason="")
        if problems:
            raise InvalidInput(problems)
        return row

    def _time(self, value: Any) -> datetime:
        moment = read_time(value, zone=self.zone, order=self.rules.dates)
        if not EARLIEST <= moment <= timezone.now() + AHEAD:
            raise ValueError("This time lies before 1970 or in the future.")
        return moment

    def _decision(self, value: Any) -> str | None:
        column = self.columns["action"]
        return read_decision(value, column, chosen=self.rules.decisions, has_words=self.rules.has_words)


def _text_format(value: Any) -> str:
    problem = format_problem(value, "text_format")
    if problem is not None:
        raise InvalidInput([problem])
    return str(value)


def _parent(value: Any) -> str | None:
    parent = read_id(value)
    if parent in NO_PARENT or (isinstance(value, float) and value != value):
        return None
    problem = words_problem(parent, "parent", EXTERNAL_ID_MAX_CHARACTERS)
    if problem is not None:
        raise InvalidInput([problem])
    return str(parent)


def _or_none(value: Any) -> Any:
    return None if value == "" else value


def _renamed(problem: ValidationProblem) -> ValidationProblem:
    name = "author" if problem.field == "author_ref" else problem.field
    return ValidationProblem(name, problem.message, problem.code)


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


DECISION_CHOICES = {APPROVE: "Approve", REMOVE: "Remove", NO_DECISION: "Nobody decided"}
