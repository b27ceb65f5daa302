"""The page about ASVS has every point of levels 1 and 2, counts them right, and names what exists."""

import re
from collections import Counter
from typing import NamedTuple

from toxicsite.launcher.environment import PROJECT

PAGE = PROJECT / "docs/operate/asvs.md"
STATES = {"holds", "part", "operator", "n.a.", "open"}
# How many points of level 1 or 2 each section of ASVS 5.0.0 has; they come first, those of level 3 behind them.
POINTS = {
    **{
        "1.1": 2,
        "1.2": 9,
        "1.3": 11,
        "1.4": 3,
        "1.5": 2,
        "2.1": 3,
        "2.2": 3,
        "2.3": 4,
        "2.4": 1,
        "3.2": 2,
        "3.3": 4,
    },
    **{
        "3.4": 6,
        "3.5": 5,
        "3.7": 2,
        "4.1": 3,
        "4.2": 1,
        "4.3": 2,
        "4.4": 4,
        "5.1": 1,
        "5.2": 3,
        "5.3": 2,
        "5.4": 3,
    },
    **{
        "6.1": 3,
        "6.2": 12,
        "6.3": 4,
        "6.4": 4,
        "6.5": 5,
        "6.6": 3,
        "6.8": 4,
        "7.1": 3,
        "7.2": 4,
        "7.3": 2,
        "7.4": 5,
    },
    **{"7.5": 2, "7.6": 2, "8.1": 2, "8.2": 3, "8.3": 1, "8.4": 1, "9.1": 3, "9.2": 4, "10.1": 2, "10.2": 2},
    **{
        "10.3": 4,
        "10.4": 11,
        "10.5": 5,
        "10.6": 2,
        "10.7": 3,
        "11.1": 2,
        "11.2": 3,
        "11.3": 3,
        "11.4": 4,
        "11.5": 1,
    },
    **{
        "11.6": 1,
        "12.1": 3,
        "12.2": 2,
        "12.3": 4,
        "13.1": 1,
        "13.2": 5,
        "13.3": 2,
        "13.4": 5,
        "14.1": 2,
        "14.2": 4,
    },
    **{
        "14.3": 3,
        "15.1": 3,
        "15.2": 3,
        "15.3": 7,
        "16.1": 1,
        "16.2": 5,
        "16.3": 4,
        "16.4": 3,
        "16.5": 3,
        "17.1": 1,
    },
    **{"17.2": 4, "17.3": 2},
}
LEVEL_1 = set(
    "1.2.1 1.2.2 1.2.3 1.2.4 1.2.5 1.3.1 1.3.2 1.5.1 2.1.1 2.2.1 2.2.2 2.3.1 3.2.1 3.2.2 3.3.1 3.4.1 3.4.2 3.5.1 "
    "3.5.2 3.5.3 4.1.1 4.4.1 5.2.1 5.2.2 5.3.1 5.3.2 6.1.1 6.2.1 6.2.2 6.2.3 6.2.4 6.2.5 6.2.6 6.2.7 6.2.8 6.3.1 "
    "6.3.2 6.4.1 6.4.2 7.2.1 7.2.2 7.2.3 7.2.4 7.4.1 7.4.2 8.1.1 8.2.1 8.2.2 8.3.1 9.1.1 9.1.2 9.1.3 9.2.1 10.4.1 "
    "10.4.2 10.4.3 10.4.4 10.4.5 11.3.1 11.3.2 11.4.1 12.1.1 12.2.1 12.2.2 13.4.1 14.2.1 14.3.1 15.1.1 15.2.1 "
    "15.3.1".split()
)


class Row(NamedTuple):
    point: str
    level: int
    state: str
    answer: str


def rows() -> list[Row]:
    found = re.findall(
        r"^\| (\d+\.\d+\.\d+) \| ([12]) \| (\S+) \| (.+) \|$", PAGE.read_text(encoding="utf-8"), re.M
    )
    return [Row(point, int(level), state, answer) for point, level, state, answer in found]


def test_every_point_of_both_levels_is_there_once_with_its_level() -> None:
    expected = [f"{section}.{number}" for section, most in POINTS.items() for number in range(1, most + 1)]
    assert len(expected) == 253
    assert [row.point for row in rows()] == expected
    assert {row.point for row in rows() if row.level == 1} == LEVEL_1


def test_the_states_are_those_of_the_page_and_counted_right() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for name, levels in (("1", {1}), ("2", {2}), ("both", {1, 2})):
        chosen = [row for row in rows() if row.level in levels]
        count = Counter(row.state for row in chosen)
        assert set(count) <= STATES
        told = " | ".join(str(count[state]) for state in ("holds", "part", "operator", "n.a.", "open"))
        assert f"| {name} | {told} | {len(chosen)} |" in page


def test_what_holds_names_a_test_a_setting_a_rule_or_a_page_or_says_that_no_test_looks() -> None:
    evidence = re.compile(
        r"`[\w/]+\.(py|html|yaml)`|`[A-Z_]{4,}|\]\([\w./-]+\)|ruff S\d|no test of ours|table \*"
    )
    weak = [row.point for row in rows() if row.state == "holds" and not evidence.search(row.answer)]
    assert weak == []


def test_every_file_that_the_page_names_exists() -> None:
    """Settings and addresses of all pages are held by test_docs.py."""
    named = set(re.findall(r"`([\w./-]+\.(?:py|html|yaml))`", PAGE.read_text(encoding="utf-8")))
    assert len(named) > 60
    assert [path for path in sorted(named) if not (PROJECT / path).is_file()] == []


def test_what_is_open_says_what_is_missing() -> None:
    assert [row.point for row in rows() if row.state in ("open", "part") and len(row.answer) < 10] == []
