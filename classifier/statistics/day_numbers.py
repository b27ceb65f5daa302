"""The numbers of one day, counted from the rows themselves, and how numbers of several days and sources add up.

Everything counts on the day (UTC) on which it happened: a comment when it came in, with the first verdict of the model;
a decision, an undo, an appeal or a report when it was made. These rows are written once and stay when texts are purged
or an author is erased, so that a day can be counted again at any time with the same result.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from operator import add
from typing import Any

from django.db import connection

from classifier.core.measures import SCORE_BINS, SECONDS_FIRST, SECONDS_STEPS
from classifier.inference.language import base_language

Numbers = dict[str, Any]

COMMENTS = """
SELECT source_id, version, verdict, bin, language, count(*),
    count(*) FILTER (WHERE version IS NULL AND status = 'pending')
FROM (
    SELECT DISTINCT ON (comment.id)
        comment.source_id, comment.status, version.version, prediction.verdict, prediction.language,
        least(%(score_bins)s - 1, floor(prediction.score * %(score_bins)s))::int AS bin
    FROM classifier_comment comment
    LEFT JOIN classifier_prediction prediction ON prediction.comment_id = comment.id
    LEFT JOIN classifier_modelversion version ON version.id = prediction.model_version_id
    WHERE comment.created_at >= %(begin)s AND comment.created_at < %(end)s
    ORDER BY comment.id, prediction.id
) AS first_verdict
GROUP BY 1, 2, 3, 4, 5
"""
DECISIONS = """
SELECT
    comment.source_id, prediction.language, made.action, made.automatic, made.bulk_id IS NOT NULL, made.by_id,
    prediction.verdict,
    CASE WHEN made.seconds IS NOT NULL
        THEN floor(%(steps)s * ln(greatest(made.seconds, %(first)s) / %(first)s) / ln(2))::int END,
    count(*), sum(made.seconds)
FROM classifier_decision made
JOIN classifier_comment comment ON comment.id = made.comment_id
LEFT JOIN classifier_prediction prediction ON prediction.id = made.prediction_id
WHERE made.created_at >= %(begin)s AND made.created_at < %(end)s AND made.action <> 'undo'
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
"""
UNDONE = """
SELECT
    comment.source_id, prediction.language, undone.by_id,
    CASE WHEN undone.automatic THEN 'automatic' WHEN undo.by_id = undone.by_id THEN 'own' ELSE 'others' END, count(*)
FROM classifier_decision undo
JOIN classifier_decision undone ON undone.id = undo.undoes_id
JOIN classifier_comment comment ON comment.id = undo.comment_id
LEFT JOIN classifier_prediction prediction ON prediction.id = undone.prediction_id
WHERE undo.created_at >= %(begin)s AND undo.created_at < %(end)s AND undo.action = 'undo'
    AND undone.action IN ('approve', 'remove')
    AND NOT EXISTS (
        SELECT FROM classifier_appeal appeal WHERE appeal.decision_id = undone.id AND appeal.status = 'overturned'
    )
GROUP BY 1, 2, 3, 4
"""
# A person replaced a decision by another one. After an edit it is another text; appeals are counted on their own.
REPLACED = """
SELECT
    comment.source_id, prediction.language, stood.by_id,
    CASE WHEN stood.automatic THEN 'automatic' WHEN made.by_id = stood.by_id THEN 'own' ELSE 'others' END, count(*)
FROM classifier_decision made
JOIN classifier_comment comment ON comment.id = made.comment_id
JOIN LATERAL (
    SELECT before.id, before.action, before.by_id, before.automatic, before.created_at, before.prediction_id
    FROM classifier_decision before
    WHERE before.comment_id = made.comment_id AND before.id < made.id AND before.action IN ('approve', 'remove', 'undo')
    ORDER BY before.id DESC LIMIT 1
) AS stood ON stood.action IN ('approve', 'remove') AND stood.action <> made.action
LEFT JOIN classifier_prediction prediction ON prediction.id = stood.prediction_id
WHERE made.created_at >= %(begin)s AND made.created_at < %(end)s AND made.action IN ('approve', 'remove')
    AND NOT made.automatic
    AND NOT EXISTS (
        SELECT FROM classifier_appeal appeal WHERE appeal.decision_id = stood.id AND appeal.status = 'overturned'
    )
    AND NOT EXISTS (
        SELECT FROM classifier_commentevent event
        WHERE event.comment_id = made.comment_id AND event.reason LIKE 'text edited:%%'
            AND event.created_at >= stood.created_at AND event.created_at <= made.created_at
    )
GROUP BY 1, 2, 3, 4
"""
APPEALS = """
SELECT comment.source_id, NULL, 'opened', NULL, count(*)
FROM classifier_appeal appeal JOIN classifier_comment comment ON comment.id = appeal.comment_id
WHERE appeal.created_at >= %(begin)s AND appeal.created_at < %(end)s
GROUP BY 1
UNION ALL
SELECT
    comment.source_id, prediction.language, appeal.status,
    CASE WHEN made.automatic THEN NULL ELSE made.by_id END, count(*)
FROM classifier_appeal appeal
JOIN classifier_decision made ON made.id = appeal.decision_id
JOIN classifier_comment comment ON comment.id = appeal.comment_id
LEFT JOIN classifier_prediction prediction ON prediction.id = made.prediction_id
WHERE appeal.resolved_at >= %(begin)s AND appeal.resolved_at < %(end)s AND appeal.status <> 'open'
GROUP BY 1, 2, 3, 4
"""
REPORTS = """
SELECT comment.source_id, count(*)
FROM classifier_report report JOIN classifier_comment comment ON comment.id = report.comment_id
WHERE report.created_at >= %(begin)s AND report.created_at < %(end)s
GROUP BY 1
"""
ACTIONS = ("approve", "remove", "escalate", "skip")
OF_LANGUAGE = (
    "inbound",
    "versions",
    "automatic",
    "manual",
    "bulk",
    "undone",
    "replaced",
    "appeals",
    "agreement",
)


def no_numbers() -> Numbers:
    """Return the numbers of a day on which nothing happened. All leaves are counts, so numbers add up leaf by leaf.

    `unscored`: came in and waits for its verdict (a failed comment does not). `versions`: {version: {"toxic",
    "calm", "scores": 20 bins}} of the first verdicts. `languages`: {tag: count} of the same. `manual` are decisions
    of people, `bulk` those of them that were made in bulk. `undone` counts final decisions that were undone: one's
    own, those of others, automatic ones; `replaced` those that a person replaced by another decision. What an
    appeal overturned counts under `appeals` alone. `agreement` crosses the model's verdict with what a person
    decided one by one. `by_language`: {language: such numbers of the texts in it}, as far as OF_LANGUAGE names them;
    decisions and what became of them count under the language of the verdict that they were about. `seconds` is a
    histogram as measures.seconds_quantile reads it. `people`: {id: …}, by who made the decisions.
    """
    return {
        "inbound": 0,
        "unscored": 0,
        "versions": {},
        "languages": {},
        "automatic": dict.fromkeys(ACTIONS, 0),
        "manual": dict.fromkeys(ACTIONS, 0),
        "bulk": 0,
        "seconds": {"sum": 0.0, "count": 0, "bins": {}},
        "undone": {"own": 0, "others": 0, "automatic": 0},
        "replaced": {"own": 0, "others": 0, "automatic": 0},
        "appeals": {"opened": 0, "upheld": 0, "overturned": 0},
        "reports": 0,
        "agreement": _agreement(),
        "by_language": {},
        "people": {},
    }


def numbers_in(numbers: Mapping[str, Any], language: str) -> Numbers:
    """Return the numbers of the texts in one language; days that were kept before they were counted have none."""
    return {**no_numbers(), **(numbers.get("by_language") or {}).get(language, {})}


def _of_language(numbers: Numbers, language: str | None) -> list[Numbers]:
    """Return where something about a text in this language is counted: all texts, and those in the language."""
    if not language:
        return [numbers]
    fresh = no_numbers()
    base = base_language(language)
    own = numbers["by_language"].setdefault(base, {name: fresh[name] for name in OF_LANGUAGE})
    return [numbers, own]


def day_numbers(day: date) -> dict[int, Numbers]:
    """Count one day: {source id: numbers}, without sources where nothing happened."""
    begin = datetime.combine(day, time(), tzinfo=UTC)
    span: dict[str, datetime | float] = {
        "begin": begin,
        "end": begin + timedelta(days=1),
        "score_bins": SCORE_BINS,
        "first": SECONDS_FIRST,
        "steps": SECONDS_STEPS,
    }
    by_source: dict[int, Numbers] = defaultdict(no_numbers)
    with connection.cursor() as cursor:
        for statement, read in (
            (COMMENTS, _read_comments),
            (DECISIONS, _read_decisions),
            (UNDONE, partial(_read_taken_back, "undone")),
            (REPLACED, partial(_read_taken_back, "replaced")),
            (APPEALS, _read_appeals),
            (REPORTS, _read_reports),
        ):
            cursor.execute(statement, span)
            for source, *row in cursor.fetchall():
                read(by_source[source], *row)
    return dict(by_source)


def added_up(many: Iterable[Mapping[str, Any]]) -> Numbers:
    """Return the sum of the numbers of several days or sources."""
    total = no_numbers()
    for numbers in many:
        _add(total, numbers)
    return total


def _add(total: dict[str, Any], numbers: Mapping[str, Any]) -> None:
    """Add `numbers` to `total`, by exact types, because this runs through hundreds of days and sources for one page."""
    for name, value in numbers.items():
        kind = type(value)
        if kind is dict:
            inner = total.get(name)
            if inner is None:
                inner = total[name] = {}
            _add(inner, value)
        elif kind is list:
            before = total.get(name)
            total[name] = list(map(add, before, value)) if before else value[:]
        else:
            total[name] = total.get(name, 0) + value


def _agreement() -> dict[str, int]:
    return dict.fromkeys(("toxic_remove", "toxic_approve", "calm_remove", "calm_approve"), 0)


def _person(numbers: Numbers, by: int) -> dict[str, Any]:
    fresh = {
        **dict.fromkeys((*ACTIONS, "bulk", "overturned"), 0),
        "seconds": {"sum": 0.0, "count": 0, "bins": {}},
        "agreement": _agreement(),
    }
    person: dict[str, Any] = numbers["people"].setdefault(str(by), fresh)
    return person


def _read_comments(
    numbers: Numbers,
    version: str | None,
    verdict: str,
    bin_: int,
    language: str | None,
    count: int,
    unscored: int,
) -> None:
    numbers["inbound"] += count
    numbers["unscored"] += unscored
    if version is None:
        return
    if language:
        numbers["languages"][language] = numbers["languages"].get(language, 0) + count
    for holder in _of_language(numbers, language):
        none = {"toxic": 0, "calm": 0, "scores": [0] * SCORE_BINS}
        of_version = holder["versions"].setdefault(version, none)
        of_version["toxic" if verdict == "toxic" else "calm"] += count
        of_version["scores"][bin_] += count
        if holder is not numbers:
            holder["inbound"] += count


def _read_decisions(
    numbers: Numbers,
    language: str | None,
    action: str,
    automatic: bool,
    bulk: bool,
    by: int | None,
    verdict: str | None,
    bin_: int | None,
    count: int,
    seconds: float | None,
) -> None:
    places = _of_language(numbers, language)
    for place in places:
        place["automatic" if automatic else "manual"][action] += count
    if automatic:
        return
    person = None if by is None else _person(numbers, by)
    if person is not None:
        person[action] += count
    for holder in places if person is None else (*places, person):
        if bulk:
            holder["bulk"] += count
            continue
        if bin_ is not None and "seconds" in holder:
            times = holder["seconds"]
            times["sum"] += seconds or 0.0
            times["count"] += count
            times["bins"][str(bin_)] = times["bins"].get(str(bin_), 0) + count
        if verdict is not None and action in ("approve", "remove"):
            holder["agreement"][f"{'toxic' if verdict == 'toxic' else 'calm'}_{action}"] += count


def _read_taken_back(
    how: str, numbers: Numbers, language: str | None, by: int | None, whose: str, count: int
) -> None:
    for place in _of_language(numbers, language):
        place[how][whose] += count
    if whose == "others" and by is not None:
        _person(numbers, by)["overturned"] += count


def _read_appeals(numbers: Numbers, language: str | None, what: str, by: int | None, count: int) -> None:
    for place in _of_language(numbers, language):
        place["appeals"][what] += count
    if what == "overturned" and by is not None:
        _person(numbers, by)["overturned"] += count


def _read_reports(numbers: Numbers, count: int) -> None:
    numbers["reports"] += count
