"""Conditions of a rule beside its pattern: who wrote the text, what it links to, how long it is, its language, copies.

All conditions of a rule must hold. What is not known of a text (its author, where it is only scored) holds no condition
about it.

- `authors`: the text is by one of these; `approved_below`: fewer comments of its author are approved in the source;
  `days_below`: the author's first comment there is younger, in days.
- `links_from`: so many different links or more; `link_hosts`: one of them leads to one of these hosts or below it.
- `characters_from`, `characters_to`: length of what is read, in characters, both ends included.
- `languages`: primary language subtags (BCP 47), such as "de".
- `copies_from`: so many comments of the source have the same folded text within a day, this one included.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from classifier.inference.markup import addresses
from classifier.inference.phrases import PatternError

LISTS: Mapping[str, int] = {"authors": 200, "link_hosts": 255, "languages": 35}
"""Conditions that are a list, with the characters that an entry may have."""
NUMBERS: Mapping[str, tuple[int, int]] = {
    "links_from": (1, 100),
    "characters_from": (1, 100_000),
    "characters_to": (1, 100_000),
    "copies_from": (2, 1_000),
    "approved_below": (1, 10_000),
    "days_below": (1, 3_650),
}
"""Conditions that are a number, with the least and the most."""
NAMES = (*LISTS, *NUMBERS)
ENTRIES_MAX = 500
OF_AUTHOR = frozenset(("approved_below", "days_below"))
_HOST = re.compile(r"(?:[\w-]{1,63}\.)*[\w-]{1,63}\Z")


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a text beside its words; None and "" where nothing is.

    `approved` counts the author's approved comments in the source, `days` is the age of their first one there.
    """

    author: str = ""
    language: str = ""
    copies: int = 1
    approved: int | None = None
    days: float | None = None


NO_FACTS = Facts()


class TextFacts:
    """What a text itself says, found when the first condition asks for it."""

    def __init__(self, text: str) -> None:
        self._text = text

    @property
    def characters(self) -> int:
        return len(self._text.strip())

    @cached_property
    def links(self) -> frozenset[str]:
        """The different links, without e-mail addresses."""
        found = (self._text[begin:end] for begin, end in addresses(self._text))
        return frozenset(link for link in found if "@" not in link.split("/")[0] and not _is_mail(link))

    @cached_property
    def hosts(self) -> frozenset[str]:
        return frozenset(host for host in map(host_of, self.links) if host)


def holds(conditions: Mapping[str, Any], facts: Facts, text: TextFacts) -> bool:
    """Return whether all conditions, which passed `checked_conditions`, hold."""
    return all(_holds(name, value, facts, text) for name, value in conditions.items())


def _holds(name: str, value: Any, facts: Facts, text: TextFacts) -> bool:
    known = _CHECKS[name](value, facts, text)
    return bool(known)


_CHECKS: Mapping[str, Callable[[Any, Facts, TextFacts], Any]] = {
    "authors": lambda value, facts, text: facts.author in value,
    "approved_below": lambda value, facts, text: facts.approved is not None and facts.approved < value,
    "days_below": lambda value, facts, text: facts.days is not None and facts.days < value,
    "links_from": lambda value, facts, text: len(text.links) >= value,
    "link_hosts": lambda value, facts, text: any(_is_below(host, value) for host in text.hosts),
    "characters_from": lambda value, facts, text: text.characters >= value,
    "characters_to": lambda value, facts, text: text.characters <= value,
    "languages": lambda value, facts, text: facts.language.partition("-")[0].lower() in value,
    "copies_from": lambda value, facts, text: facts.copies >= value,
}


def _is_below(host: str, wanted: Sequence[str]) -> bool:
    return any(host == one or host.endswith(f".{one}") for one in wanted)


def checked_conditions(conditions: Any) -> dict[str, Any]:
    """Return conditions in their canonical form. Raises PatternError, naming the condition."""
    if not isinstance(conditions, Mapping):
        raise PatternError("This must be an object of conditions.", "invalid_type")
    checked: dict[str, Any] = {}
    for name in conditions:
        if name not in NAMES:
            raise PatternError(f"{name} is no condition. Known are {', '.join(NAMES)}.", "unknown")
    for name in NAMES:
        value = conditions.get(name)
        if value is None or value == []:
            continue
        checked[name] = _checked_list(name, value) if name in LISTS else _checked_number(name, value)
    if checked.get("characters_from", 0) > checked.get("characters_to", 100_000):
        raise PatternError("characters_to: This is less than characters_from.", "invalid")
    return checked


def _checked_list(name: str, value: Any) -> list[str]:
    if not isinstance(value, list | tuple) or not all(isinstance(entry, str) for entry in value):
        raise PatternError(f"{name}: This must be a list of words.", "invalid_type")
    entries = list(dict.fromkeys(entry.strip() for entry in value if entry.strip()))
    if name == "link_hosts":
        entries = list(dict.fromkeys((host_of(entry) or entry).lower() for entry in entries))
        wrong = [entry for entry in entries if not _HOST.match(entry)]
        if wrong:
            raise PatternError(f"link_hosts: {wrong[0][:60]} is no host, such as shop.example.", "invalid")
    if name == "languages":
        entries = [entry.partition("-")[0].lower() for entry in entries]
    if len(entries) > ENTRIES_MAX or any(len(entry) > LISTS[name] or "\x00" in entry for entry in entries):
        message = f"{name}: At most {ENTRIES_MAX} entries of {LISTS[name]} characters are allowed."
        raise PatternError(message, "max_length")
    return entries


def _checked_number(name: str, value: Any) -> int:
    least, most = NUMBERS[name]
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise PatternError(f"{name}: This must be a whole number from {least} to {most:,}.", "invalid")
    return value


def host_of(link: str) -> str:
    """Return the host of a link, with or without a scheme, in small letters; empty where there is none."""
    try:
        return (urlsplit(link if "//" in link else f"//{link}").hostname or "").removeprefix("www.")
    except ValueError:  # brackets that hold no address
        return ""


def _is_mail(link: str) -> bool:
    return link.lower().startswith("mailto:")
