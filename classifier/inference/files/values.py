"""Values of cells as people have them: times, ids, decisions, labels and scores. Each reader raises ValueError."""

import math
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

DAY_FIRST, MONTH_FIRST = "day-first", "month-first"
DATE_ORDERS = (DAY_FIRST, MONTH_FIRST)
APPROVE, REMOVE, NO_DECISION = "approve", "remove", "none"
DECISIONS = (APPROVE, REMOVE, NO_DECISION)

NO_TIME = "This must be a time such as 2026-11-24T09:30:00Z."
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_CLOCK = (
    r"(?P<hour>\d{1,2})[:.](?P<minute>\d{2})(?:[:.](?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?"
    r"\s*(?P<half>[ap]\.?m\.?(?![A-Za-z]))?"
)
_ZONE = (
    r"(?P<zone>Z|(?:UTC|GMT)?[+-]\d{1,2}:?(?:\d{2})?(?:\[[^\]]*\])?|\(?[A-Z]{2,5}\)?"
    r"|[A-Za-z]+(?:/[A-Za-z_+\-0-9]+){1,2})"
)
_REST = rf"(?:(?:T|,?\s+(?:at\s+)?|\s*-\s*){_CLOCK}(?:\s*{_ZONE})?)?(?:\s*\([A-Za-z ]+\))?\Z"
_MONTH_NAME = r"(?P<name>[A-Za-z]{3,9})\.?"
_WEEKDAY = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,?\s+)?"
_FORMS = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        rf"(?P<year>\d{{4}})[-/.](?P<month>\d{{1,2}})[-/.](?P<day>\d{{1,2}}){_REST}",
        rf"{_WEEKDAY}(?P<day>\d{{1,2}})(?:st|nd|rd|th|\.)?[\s-]+{_MONTH_NAME},?[\s-]+(?P<year>\d{{4}}){_REST}",
        rf"{_WEEKDAY}{_MONTH_NAME}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<year>\d{{4}}){_REST}",
        rf"{_WEEKDAY}{_MONTH_NAME}\s+(?P<day>\d{{1,2}})\s+{_CLOCK}(?:\s+{_ZONE})?\s+(?P<year>\d{{4}})\Z",
    )
)
_IN_DIGITS = re.compile(
    rf"(?P<first>\d{{1,2}})(?P<mark>[/.-])(?P<second_part>\d{{1,2}})(?P=mark)(?P<year>\d{{4}}|\d{{2}}){_REST}",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"-?\d{1,20}(?:[.,]\d{1,12})?\Z")
_HOURS = {
    **{
        "z": 0,
        "ut": 0,
        "utc": 0,
        "gmt": 0,
        "wet": 0,
        "west": 1,
        "bst": 1,
        "cet": 1,
        "cest": 2,
        "eet": 2,
        "eest": 3,
    },
    **{
        "msk": 3,
        "jst": 9,
        "kst": 9,
        "est": -5,
        "edt": -4,
        "cst": -6,
        "cdt": -5,
        "mst": -7,
        "mdt": -6,
        "pst": -8,
    },
    **{"pdt": -7, "aest": 10, "aedt": 11},
}
_OFFSET = re.compile(r"(?:UTC|GMT)?([+-])(\d{1,2}):?(\d{2})?(?:\[[^\]]*\])?\Z", re.IGNORECASE)
_SHEET_BEGIN = datetime(1899, 12, 30)
_SHEET_DAYS = (25_569, 73_051)  # 1970 to 2100
_MANGLED = re.compile(
    r"-?\d(?:[.,]\d+)?[Ee]\+\d{2,3}\Z"
)  # with its sign: 12e4 may be an id in hexadecimal digits

_APPROVED = frozenset(
    "approve approved accept accepted allow allowed publish published visible ok okay good keep kept ham notspam legit "
    "clean passed pass valid live shown none_spam active normal".split()
)
_REMOVED = frozenset(
    "remove removed reject rejected rejection spam trash trashed delete deleted hide hidden block blocked ban banned "
    "deny denied junk posttrashed declined bad abuse abusive toxic unapproved disapproved systemwithheld withheld "
    "banuser confirmedspam".split()
)
_UNDECIDED = frozenset(
    "pending hold onhold waiting awaiting moderation inreview review new queued unmoderated premod none unknown "
    "undecided na nan null reported flagged draft".split()
)
_TRUE, _FALSE = frozenset({"1", "true", "yes", "y", "t"}), frozenset({"0", "false", "no", "n", "f"})
_REMOVING = re.compile(
    r"remov|delet|spam|trash|reject|hidden|hide|ban|block|junk|toxic|abus|withheld", re.IGNORECASE
)

_HARMFUL = frozenset(
    "toxic hate hateful hatespeech offensive abusive abuse insult insulting obscene threat profane profanity "
    "harassment spam bad remove removed rejected attack aggressive off hof hs oag cag sexist racist unsafe".split()
)
_HARMLESS = frozenset(
    "nontoxic nottoxic neutral normal clean ok okay ham good harmless benign civil safe approve approved neither nag "
    "not nothate nohate nonhate notoffensive nonoffensive notabusive nonabusive noattack friendly".split()
)
_GENERAL = frozenset("toxic toxicity offensive abusive abuse hate hateful harmful label unsafe".split())
_UNSAID = frozenset({"", "-1", "-1.0", "na", "nan", "null", "unknown", "?", "n/a"})


def zone_of(name: str) -> tzinfo:
    """Return the time zone `name`, such as Europe/Berlin, UTC or +02:00. Raises ValueError."""
    zone = _zone(name.strip()) if name.strip() else UTC
    if zone is None:
        raise ValueError(
            f"There is no time zone {name[:40]!r}; write one such as Europe/Berlin, UTC or +02:00."
        )
    return zone


def read_time(value: Any, *, zone: tzinfo = UTC, order: str = "") -> datetime:
    """Return the moment that a cell names; without a zone of its own it is a local time of `zone`.

    Read are ISO 8601, RFC 2822 and other dates with English month names, days of digits in `order` (by DAY_FIRST where
    neither the number nor the order says), seconds, milliseconds and microseconds since 1970, and the day numbers of
    spreadsheets. Raises ValueError.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(NO_TIME)
    text = str(value).strip()
    if _NUMBER.match(text):
        return _counted(float(text.replace(",", ".")), zone)
    for form in _FORMS:
        if match := form.match(text):
            parts = match.groupdict()
            month = _month(parts["name"]) if parts.get("name") else int(parts["month"])
            return _moment(int(parts["year"]), month, int(parts["day"]), parts, zone)
    if match := _IN_DIGITS.match(text):
        first, second = int(match["first"]), int(match["second_part"])
        swapped = order == MONTH_FIRST and match["mark"] != "."
        day, month = (second, first) if swapped else (first, second)
        if month > 12 and day <= 12:
            raise ValueError(
                f"There is no such day if dates are {order or DAY_FIRST}; say which order they have."
            )
        year = int(match["year"])
        year += 2000 if year < 70 else 1900 if year < 100 else 0
        return _moment(year, month, day, match.groupdict(), zone)
    raise ValueError(NO_TIME)


def guess_order(values: Iterable[Any]) -> str:
    """Tell by dates of digits whether the day or the month comes first; empty where none of them tells."""
    for value in values:
        match = _IN_DIGITS.match(value.strip()) if isinstance(value, str) else None
        if match and match["mark"] != ".":
            first, second = int(match["first"]), int(match["second_part"])
            if 12 < first <= 31 and second <= 12:
                return DAY_FIRST
            if 12 < second <= 31 and first <= 12:
                return MONTH_FIRST
    return ""


def is_date_of_digits(value: Any) -> bool:
    """Tell whether reading the date depends on the order of day and month."""
    match = _IN_DIGITS.match(value.strip()) if isinstance(value, str) else None
    return match is not None and match["mark"] != "."


def read_id(value: Any) -> Any:
    """Return an id as text; in JSON ids are often numbers. Raises ValueError for one that a spreadsheet has rounded."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    if isinstance(value, str) and _MANGLED.match(value.strip()):
        raise ValueError(
            f"A spreadsheet turned this id into {value.strip()[:40]}, and its digits are lost. Export it again with "
            "the column as text."
        )
    return value


def guess_decision(value: Any, column: str = "", *, has_words: bool = False) -> str | None:
    """Guess which of DECISIONS a value means in a column of this name; None where nothing is known of it.

    0 and false mean removal, except in columns that are named after it (is_deleted, spam) and beside words such as
    spam and trash (`has_words`), as WordPress has them: there 0 is a comment that nobody has decided about.
    """
    word = _word(value)
    if word in _TRUE or word in _FALSE:
        if _REMOVING.search(column) and "unspam" not in column.lower():
            return REMOVE if word in _TRUE else APPROVE
        if word in _TRUE:
            return APPROVE
        return NO_DECISION if has_words and word == "0" else REMOVE
    for words, decision in ((_APPROVED, APPROVE), (_REMOVED, REMOVE), (_UNDECIDED, NO_DECISION)):
        if word in words:
            return decision
    return NO_DECISION if isinstance(value, str) and not value.strip() else None


def is_decision_word(value: Any) -> bool:
    """Tell whether the value names a decision by a word and not by 0, 1, true or false."""
    return _word(value) in _APPROVED | _REMOVED | _UNDECIDED


def read_decision(
    value: Any, column: str = "", *, chosen: Mapping[str, str] | None = None, has_words: bool = False
) -> str | None:
    """Return approve, remove or None (nobody decided). `chosen` maps values, in lower case, to DECISIONS.

    Raises ValueError.
    """
    key = str(value).strip().lower()
    decision = (chosen or {}).get(key) or guess_decision(value, column, has_words=has_words)
    if decision not in DECISIONS:
        raise ValueError(
            f"It is not known what {str(value)[:40]!r} decides; map it to {', '.join(DECISIONS)}."
        )
    return None if decision == NO_DECISION else decision


def read_score(value: Any) -> float | None:
    """Return a score from 0 to 1; None where the cell is empty. Raises ValueError."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    score = _number(value)
    if score is None:
        raise ValueError("This is no number.")
    if not 0 <= score <= 1:
        raise ValueError("This is not from 0 to 1.")
    return score


def read_label(
    value: Any,
    label: str = "toxic",
    column: str = "",
    *,
    cut: float = 0.5,
    words: Mapping[str, int] | None = None,
) -> int:
    """Return 1, 0, or -1 for unknown (also an empty cell); a number between 0 and 1 is 1 from `cut` on.

    `words` maps words, in lower case, to 0, 1 and -1. Known besides are yes and no, true and false, the name of the
    label or its column, and its opposite (not hate, non-toxic); of a label for harm in general also the classes that
    public sets use (offensive, hate, OFF), and for each those of harmless rows (normal, NOT). Raises ValueError.
    """
    if value is None:
        return -1
    text = str(value).strip().lower()
    if words and text in words:
        return words[text]
    if isinstance(value, bool):
        return int(value)
    number = _number(value)
    if number is not None:
        if number == -1:
            return -1
        if 0 <= number <= 1:
            return int(number >= cut)
    elif isinstance(value, str):
        word, own = _word(value), {_word(label), _word(column)} - {""}
        opposites = {f"{no}{name}" for no in ("no", "not", "non") for name in own}
        if word in _TRUE or word in own or (word in _HARMFUL and _word(label) in _GENERAL):
            return 1
        if word in _FALSE or word in opposites or word in _HARMLESS:
            return 0
        if text in _UNSAID:
            return -1
    elif isinstance(value, float) and math.isnan(value):
        return -1
    raise ValueError(
        "A label is 0, 1, true, false, yes or no, a share from 0 to 1, or a word that is mapped to 0 or 1, and -1 or "
        "nothing where it is unknown."
    )


def is_graded(value: Any) -> bool:
    """Tell whether a label is a share between 0 and 1."""
    number = _number(value)
    return number is not None and 0 < number < 1


def label_words(text: str) -> dict[str, int]:
    """Read `OFF=1, NOT=0` as {word in lower case: label}. Raises ValueError."""
    words = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        word, _, label = (side.strip() for side in part.partition("="))
        if not word or label not in ("0", "1", "-1"):
            raise ValueError(f"{part[:40]!r}: write WORD=1, WORD=0 or WORD=-1, separated by commas.")
        words[word.lower()] = int(label)
    return words


def _word(value: Any) -> str:
    """Return the value as a bare word: `Not spam`, `not-spam` and `NOT_SPAM` are one."""
    text = str(value).strip().lower() if isinstance(value, str | int | bool) else ""
    return "".join(character for character in text if character.isalnum())


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    text = str(value).strip()
    if re.fullmatch(r"-?\d*,\d+", text):  # a decimal comma
        text = text.replace(",", ".")
    with suppress(ValueError, OverflowError):
        number = float(text) if "_" not in text else math.nan
        if math.isfinite(number):
            return number
    return None


def _counted(number: float, zone: tzinfo) -> datetime:
    """Return the moment of a number: days of a spreadsheet, or what passed since 1970 in units of a plausible size."""
    if _SHEET_DAYS[0] <= number < _SHEET_DAYS[1]:
        return (_SHEET_BEGIN + timedelta(days=number)).replace(tzinfo=zone)
    for unit in (1.0, 1e3, 1e6, 1e9):
        if 1e8 <= number / unit < 1e10:  # 1973 to 2286
            return datetime.fromtimestamp(number / unit, UTC)
    raise ValueError(NO_TIME)


def _moment(year: int, month: int, day: int, parts: Mapping[str, str | None], zone: tzinfo) -> datetime:
    hour = int(parts.get("hour") or 0)
    half = (parts.get("half") or "").lower()
    if half and not 1 <= hour <= 12:
        raise ValueError(NO_TIME)
    if half:
        hour = hour % 12 + (12 if half.startswith("p") else 0)
    name = (parts.get("zone") or "").strip("()")
    own = _zone(name) if name else zone
    if own is None:
        raise ValueError(f"The time zone {name[:40]!r} is not known.")
    fraction = int(((parts.get("fraction") or "") + "000000")[:6])
    second = int(parts.get("second") or 0)
    try:
        return datetime(year, month, day, hour, int(parts.get("minute") or 0), second, fraction, own)
    except ValueError:
        raise ValueError(NO_TIME) from None


def _month(name: str) -> int:
    short = name[:3].lower()
    if short not in _MONTHS:
        raise ValueError(NO_TIME)
    return _MONTHS.index(short) + 1


def _zone(name: str) -> tzinfo | None:
    if name.lower() in _HOURS:
        hours = _HOURS[name.lower()]
        return timezone(timedelta(hours=hours)) if hours else UTC
    if match := _OFFSET.match(name):
        offset = timedelta(hours=int(match[2]), minutes=int(match[3] or 0))
        return timezone(offset if match[1] == "+" else -offset) if offset < timedelta(hours=24) else None
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):  # no such zone, a path, a folder of zones
        return None
