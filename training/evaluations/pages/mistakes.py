"""Mistakes and likely label errors of an evaluation: texts with the words that did it, always to be shown blurred."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from classifier.scoring.pages.verdict import Segment, text_segments
from classifier.scoring.score_texts import ExplainedWord
from classifier.web.formatting import percent
from training.web.formatting import count, label_title, number

SHOWN = 300


@dataclass(frozen=True)
class Mistake:
    """A row that the version got wrong, and how sure it was."""

    row: int
    segments: list[Segment]
    score: str
    threshold: str
    cut: bool


@dataclass(frozen=True)
class LabelIssue:
    """A row whose given label the version doubts."""

    row: int
    text: str
    label: str
    given: str
    chance: str


def mistakes(report: Mapping[str, Any]) -> dict[str, list[Mistake]]:
    """False alarms and misses, the most confident first."""
    found: dict[str, list[Mistake]] = {"false positive": [], "false negative": []}
    for error in report.get("errors") or []:
        found.setdefault(str(error.get("kind")), []).append(_mistake(error))
    return found


def label_issues(report: Mapping[str, Any], key: str = "label_issues") -> list[LabelIssue]:
    """Likely label errors of the test rows, or (key="train_label_issues") of the training rows."""
    rows = []
    for one in report.get(key) or []:
        title = label_title(str(one.get("label", ""))).lower()
        given = f"{title}: yes" if one.get("given") else f"{title}: no"
        text = str(one.get("text", ""))
        text = text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
        rows.append(
            LabelIssue(int(number(one.get("row")) or 0), text, title, given, _percent(one.get("score")))
        )
    return rows


def marked_words(report: Mapping[str, Any]) -> dict[str, str]:
    """How far its reasons are those of moderators, for people; empty where no test row has marked words."""
    found = report.get("marked_words") or {}
    if not found:
        return {}
    return {
        "share": _percent(found.get("share")),
        "interval": f"{_percent(found.get('low'))} to {_percent(found.get('high'))}",
        "chance": _percent(found.get("chance")),
        "rows": count(found.get("rows")),
        "words": count(found.get("words")),
    }


def _mistake(error: Mapping[str, Any]) -> Mistake:
    text = str(error.get("text", ""))
    words = [
        ExplainedWord(int(word["begin"]), int(word["end"]), str(word.get("text", "")), float(word["value"]))
        for word in error.get("words") or []
        if {"begin", "end", "value"} <= set(word)
    ]
    return Mistake(
        int(number(error.get("row")) or 0),
        text_segments(text, words),
        _percent(error.get("score")),
        _percent(error.get("threshold")),
        bool(error.get("cut")),
    )


def _percent(value: Any) -> str:
    known = number(value)
    return "" if known is None else percent(known)
