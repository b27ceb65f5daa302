"""Test suites: CSV files of cases by functionality, or of templates with identity terms.

Cases may have the columns of HateCheck (Röttger et al. 2021: test_case, label_gold, functionality, target_ident) or
the plain ones (text, expected, functionality, group, outcome); other columns are ignored. Templates hold `{identity}`,
which each identity term is put in for (Dixon et al. 2018). Everything is bounded, and a mistake names row, column and
remedy; rows are counted as a spreadsheet does, the header is row 1.
"""

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

MOST_BYTES = 8 << 20
MOST_CASES = 20_000
MOST_CHARACTERS = 5_000
MOST_NAME = 100
MOST_GROUPS = 300
MOST_FUNCTIONALITIES = 300
PLACEHOLDER = "{identity}"
SEPARATOR = "|"
SHIPPED = Path(__file__).parent / "suites_data"
CASES, TEMPLATES = "cases", "templates"
UNSUPPORTED, SUPPORTED = "unsupported", "supported"
KINDS = "Kinds of comments that classifiers get wrong"
IDENTITIES = "Identity terms in neutral and insulting sentences"
KIND_TITLES = {
    "emoji_abuse": "abuse in emoji",
    "evasion_leet": "leetspeak",
    "evasion_lookalike_letters": "look-alike letters",
    "evasion_spacing": "letters set apart",
    "fp_dialect_and_reclaimed": "left alone: dialect and reclaimed words",
    "fp_friendly_swearing": "left alone: friendly swearing",
    "fp_quotes_and_counterspeech": "left alone: quotes and counter-speech",
    "fp_self_harm_and_victims": "left alone: people who tell of their hurt",
    "fp_words_with_two_meanings": "left alone: words with two meanings",
    "long_text_dilution": "abuse in a long friendly text",
    "markup_splits_words": "markup inside words",
    "not_english": "not English",
}
"""The kinds of the shipped suite in words; the others read as they are called."""


def kind_title(name: str) -> str:
    """Name a kind, a functionality or a label in words: `identity_hate` is `identity hate`."""
    return KIND_TITLES.get(name) or name.replace("_", " ")


COLUMNS = {
    "text": ("text", "test_case"),
    "template": ("template",),
    "expected": ("expected", "label_gold", "label"),
    "functionality": ("functionality",),
    "group": ("group", "target_ident"),
    "outcome": ("outcome",),
    "identities": ("identities", "identity"),
    "term": ("term", "identity"),
}
YES = {"1", "true", "yes", "hateful", "toxic"}
NO = {"0", "false", "no", "non-hateful", "not hateful", "non-toxic", "not toxic"}


class SuiteError(ValueError):
    """A suite cannot be used; the message names row and column where there are any, and what to do."""

    def __init__(self, problem: str, fix: str, row: int | None = None, column: str | None = None) -> None:
        location = ", ".join(
            part for part in (f"row {row}" if row else "", f"column {column}" if column else "") if part
        )
        super().__init__(f"{location}: {problem}; {fix}" if location else f"{problem}; {fix}")
        self.row, self.column, self.problem, self.fix = row, column, problem, fix


@dataclass(frozen=True, slots=True)
class Case:
    """One text and whether the label is expected (1) or not (0); `group` is empty where the text mentions none.

    `outcome` says what is expected of the language besides: "unsupported" (the right answer is that the model does not
    know the language, whatever the score, and `expected` is 0) or "supported"; empty where it is not asked for.
    """

    text: str
    expected: int
    functionality: str = "all"
    group: str = ""
    outcome: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the case as JSON; `outcome` only where there is one, so that older suites stay as they are."""
        values = asdict(self)
        if not self.outcome:
            del values["outcome"]
        return values


def parse_suite(kind: str, data: bytes, terms: bytes | None = None) -> list[Case]:
    """Return the cases of an uploaded file: `kind` is "cases" or "templates" (with an optional file of terms)."""
    if kind == CASES:
        return parse_cases(data)
    if kind == TEMPLATES:
        return parse_templates(data, terms)
    raise SuiteError(f"there is no kind {kind!r} of suite", f"use {CASES} or {TEMPLATES}")


def parse_cases(data: bytes) -> list[Case]:
    """Return the cases of a CSV file. Raises SuiteError."""
    return cases_of_rows(
        _table(data, needed=("text", "expected"), allowed=("functionality", "group", "outcome"))
    )


def cases_of_rows(rows: Iterable[tuple[int, Mapping[str, str]]]) -> list[Case]:
    """Return the cases of (row number, cells by our own column names). Raises SuiteError."""
    cases = []
    for row, cells in rows:
        outcome = _outcome(cells.get("outcome") or "", row)
        silent = outcome == UNSUPPORTED and not cells["expected"].strip()
        cases.append(
            Case(
                _text(cells["text"], row, "text", MOST_CHARACTERS),
                0 if silent else _expected(cells["expected"], row),
                _text(cells.get("functionality") or "all", row, "functionality", MOST_NAME),
                _text(cells["group"], row, "group", MOST_NAME) if cells.get("group") else "",
                outcome,
            )
        )
        _check_count(len(cases), row)
    return _checked(cases)


def column_places(header: Sequence[str]) -> dict[str, int]:
    """Return where the columns of cases stand in a header, by our own names. Raises SuiteError."""
    lowered = [name.strip().lower() for name in header]
    return _columns(lowered, ("text", "expected"), ("functionality", "group", "outcome"))


def parse_templates(data: bytes, terms: bytes | None = None) -> list[Case]:
    """Return every template with every identity term in it. Raises SuiteError.

    The terms come from the second file (one a line under the header `term`, with a `group` beside it if several terms
    mean one group), or from the templates' column `identities`, separated by "|"; a template that leaves the column
    empty takes every term of the file.
    """
    listed = _terms(terms) if terms is not None else {}
    rows = []
    for row, cells in _table(data, needed=("template", "expected"), allowed=("functionality", "identities")):
        template = _text(cells["template"], row, "template", MOST_CHARACTERS)
        if PLACEHOLDER not in template:
            raise SuiteError(
                f"{template[:60]!r} has no {PLACEHOLDER}",
                f"write {PLACEHOLDER} where the term belongs",
                row,
                "template",
            )
        own = {
            part.strip(): part.strip()
            for part in (cells.get("identities") or "").split(SEPARATOR)
            if part.strip()
        }
        for term in own:
            _text(term, row, "identities", MOST_NAME)
        functionality = _text(cells.get("functionality") or "templates", row, "functionality", MOST_NAME)
        rows.append((row, template, _expected(cells["expected"], row), functionality, own))
    every = dict(listed)
    for *_, own in rows:
        every.update({term: listed.get(term, term) for term in own})
    if not every:
        raise SuiteError(
            "there are no identity terms",
            "fill the column identities, or add a second file with a column term",
        )
    cases = []
    for row, template, expected, functionality, own in rows:
        for term in own or every:
            text = _text(template.replace(PLACEHOLDER, term), row, "template", MOST_CHARACTERS)
            cases.append(Case(text, expected, functionality, every[term]))
            _check_count(len(cases), row)
    return _checked(cases)


def shipped_suites() -> list[dict[str, Any]]:
    """Return our own suites as stored ones look, with `id` None.

    Neutral and insulting sentences by identity term, and 15 kinds of comments that classifiers get wrong, whose
    `functionality` is the kind.
    """
    templates, terms, kinds = (
        (SHIPPED / name).read_bytes()
        for name in ("identity_templates.csv", "identity_terms.csv", "kinds.csv")
    )
    return [
        {
            "id": None,
            "name": name,
            "kind": kind,
            "label": "toxic",
            "cases": [case.to_dict() for case in cases],
        }
        for name, kind, cases in (
            (IDENTITIES, TEMPLATES, parse_templates(templates, terms)),
            (KINDS, CASES, parse_cases(kinds)),
        )
    ]


def suite_fingerprint(cases: Sequence[Case]) -> str:
    """Return the sha256 over the cases: the same one means the same questions and expected answers."""
    return hashlib.sha256(
        json.dumps([case.to_dict() for case in cases], ensure_ascii=True).encode()
    ).hexdigest()


def _table(
    data: bytes, *, needed: tuple[str, ...], allowed: tuple[str, ...]
) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield (row number, cells by our own column names) of each row that is not empty."""
    if len(data) > MOST_BYTES:
        raise SuiteError(
            f"the file has {len(data):,} bytes", f"at most {MOST_BYTES:,} are accepted; split the suite"
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SuiteError(f"byte {error.start:,} is not UTF-8", "save the file as UTF-8") from None
    if "\x00" in text:
        raise SuiteError("the file holds NUL characters", "save it as plain CSV in UTF-8")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    row = 0
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        row = 1
        where = _columns(header, needed, allowed)
        for row, cells in enumerate(reader, start=2):
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                raise SuiteError(
                    f"there are {len(cells)} cells under {len(header)} columns",
                    "put quotes around a text with commas",
                    row,
                )
            yield row, {name: cells[index] for name, index in where.items()}
    except csv.Error as error:
        raise SuiteError(
            f"this is not CSV ({error})", "put quotes around texts, and double the quotes inside", row + 1
        ) from None


def _columns(header: list[str], needed: tuple[str, ...], allowed: tuple[str, ...]) -> dict[str, int]:
    where = {}
    for name in (*needed, *allowed):
        places = [index for index, title in enumerate(header) if title in COLUMNS[name]]
        if len(places) > 1:
            raise SuiteError(
                f"{' and '.join(header[index] for index in places)} mean the same",
                "keep one of them",
                1,
                name,
            )
        if places:
            where[name] = places[0]
        elif name in needed:
            raise SuiteError(
                f"the column is missing; there are: {', '.join(header)[:200] or 'none'}",
                f"name one {' or '.join(COLUMNS[name])} in the first row",
                1,
                name,
            )
    return where


def _terms(data: bytes) -> dict[str, str]:
    terms = {}
    for row, cells in _table(data, needed=("term",), allowed=("group",)):
        term = _text(cells["term"], row, "term", MOST_NAME)
        terms[term] = _text(cells.get("group") or term, row, "group", MOST_NAME)
    return terms


def _text(value: str, row: int, column: str, most: int) -> str:
    cleaned = value.strip()
    if not cleaned:
        raise SuiteError("the cell is empty", "fill it, or leave the row out", row, column)
    if len(cleaned) > most:
        raise SuiteError(f"{len(cleaned):,} characters", f"at most {most:,} are accepted", row, column)
    return cleaned


def _expected(value: str, row: int) -> int:
    cleaned = value.strip().lower()
    if cleaned in YES or cleaned in NO:
        return int(cleaned in YES)
    raise SuiteError(
        f"{value[:40]!r} is no expected answer", "write 1 or 0, or hateful or non-hateful", row, "expected"
    )


def _outcome(value: str, row: int) -> str:
    cleaned = value.strip().lower()
    if cleaned in ("", UNSUPPORTED, SUPPORTED):
        return cleaned
    raise SuiteError(
        f"{value[:40]!r} is no outcome",
        f"write {UNSUPPORTED} or {SUPPORTED} about the language, or leave the cell empty",
        row,
        "outcome",
    )


def _check_count(count: int, row: int) -> None:
    if count > MOST_CASES:
        raise SuiteError(f"more than {MOST_CASES:,} cases", "split the suite, or use fewer terms", row)


def _checked(cases: list[Case]) -> list[Case]:
    if not cases:
        raise SuiteError("the file holds no cases", "add rows under the header")
    for name, kinds, most in (
        ("functionality", {case.functionality for case in cases}, MOST_FUNCTIONALITIES),
        ("group", {case.group for case in cases}, MOST_GROUPS),
    ):
        if len(kinds) > most:
            raise SuiteError(f"{len(kinds):,} different values", f"at most {most} are reported", None, name)
    return cases
