"""The numbers of the last days: days that are over are read as they were kept, today is counted on the spot.

Page and API show the same: `dashboard_of` gives everything, and `summary` turns the counts of a day or of many days
into what people read.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db.models import Min

from classifier.core.measures import Kappa, cohen_kappa, seconds_quantile
from classifier.core.visibility import narrow, sources_of
from classifier.model_versions.assembly import slots_in_production
from classifier.models import Comment, DayStatistic, ModelVersion, Source, User
from classifier.review.queue_numbers import QueueState, queue_state
from classifier.statistics.day_numbers import Numbers, added_up, day_numbers, numbers_in
from classifier.statistics.drift import Drift, drifts_of

SPANS = (7, 30, 90)
COUNTED_LIVE = 2
"""Today and one more day are counted on the spot; other days without kept numbers are listed as missing."""


@dataclass(frozen=True)
class Day:
    """The numbers of a day in all chosen sources; `kept` is False for a day that was counted on the spot."""

    day: date
    numbers: Numbers
    kept: bool


@dataclass(frozen=True)
class PersonRow:
    """One moderator's numbers, `numbers` as in no_numbers()["people"]."""

    name: str
    numbers: Mapping[str, Any]

    @property
    def decisions(self) -> int:
        return int(sum(self.numbers[action] for action in ("approve", "remove", "escalate", "skip")))

    @property
    def final(self) -> int:
        return int(self.numbers["approve"] + self.numbers["remove"])

    @property
    def overturned(self) -> float | None:
        return self.numbers["overturned"] / self.final if self.final else None

    @property
    def median(self) -> float | None:
        return seconds_quantile(self.numbers["seconds"]["bins"], 0.5)

    @property
    def agreement(self) -> Kappa:
        return agreement_of(self.numbers["agreement"])


@dataclass(frozen=True)
class Dashboard:
    """All numbers of a dashboard; `source` None: every source that the user sees. `days` ends with today (UTC)."""

    source: Source | None
    days: list[Day]
    total: Numbers
    missing: list[date]
    people: list[PersonRow]
    queue: QueueState
    version: str | None
    drifts: list[Drift]
    language: str = ""
    languages: list[str] = field(default_factory=list)


def dashboard_of(
    *, user: User | None, source: Source | None, days: int, now: datetime, language: str = ""
) -> Dashboard:
    """Gather the numbers of the last `days` days, ending today, in the sources that `user` sees (or one of them).

    `language` narrows the numbers of days to texts in it; people, reports and times are not counted by language.
    """
    today = now.astimezone(UTC).date()
    span = [today - timedelta(days=back) for back in reversed(range(days))]
    chosen = _chosen(user, source)
    kept = _kept(user, source, span[0], today)
    live, missing = _counted(span, today, kept, chosen)
    rows = [_day(day, live, kept) for day in span]
    total = added_up(row.numbers for row in rows)
    languages = sorted(total["by_language"], key=lambda tag: -total["by_language"][tag]["inbound"])
    if language:
        rows = [replace(row, numbers=numbers_in(row.numbers, language)) for row in rows]
        total = numbers_in(total, language)
    active = ModelVersion.objects.active()
    drifts = []
    if active is not None:
        drifts = drifts_of(
            version=active.version, today=today, user=user, source=source, live=live.by_source(today)
        )
        for slot, judge in slots_in_production().items():
            drifts += drifts_of(
                version=judge.version,
                today=today,
                user=user,
                source=source,
                live=live.by_source(today),
                language=slot,
            )
    return Dashboard(
        source=source,
        days=rows,
        total=total,
        missing=missing,
        people=_people(total),
        queue=queue_state(sources=chosen, now=now),
        version=active.version if active is not None else None,
        drifts=drifts,
        language=language,
        languages=languages,
    )


def agreement_of(table: Mapping[str, int]) -> Kappa:
    """Measure how far the model's verdicts and the decisions of people who saw them agree."""
    return cohen_kappa(
        [
            [table["toxic_remove"], table["toxic_approve"]],
            [table["calm_remove"], table["calm_approve"]],
        ]
    )


def summary(numbers: Mapping[str, Any]) -> dict[str, Any]:
    """Turn the counts of a day or of many days into what is shown; a share of nothing is None."""
    manual, automatic = numbers["manual"], numbers["automatic"]
    undone, replaced, times = numbers["undone"], numbers["replaced"], numbers["seconds"]
    final = sum(counts[action] for counts in (manual, automatic) for action in ("approve", "remove"))
    taken_back = sum(counts[whose] for counts in (undone, replaced) for whose in ("others", "automatic"))
    overturned = taken_back + numbers["appeals"]["overturned"]
    agreed = agreement_of(numbers["agreement"])
    return {
        "inbound": numbers["inbound"],
        "unscored": numbers["unscored"],
        "toxic": sum(version["toxic"] for version in numbers["versions"].values()),
        "languages": dict(
            numbers.get("languages", {})
        ),  # days that were kept before they were counted have none
        "by_language": _summaries(numbers),
        "automatic": dict(automatic),
        "manual": dict(manual),
        "bulk": numbers["bulk"],
        "handling": {
            "count": times["count"],
            "mean": times["sum"] / times["count"] if times["count"] else None,
            "median": seconds_quantile(times["bins"], 0.5),
            "p90": seconds_quantile(times["bins"], 0.9),
        },
        "overturned": {
            "count": overturned,
            "decisions": final,
            "share": overturned / final if final else None,
        },
        "agreement": {
            **numbers["agreement"],
            "count": agreed.n,
            "share": agreed.share,
            "kappa": agreed.value,
        },
        "appeals": dict(numbers["appeals"]),
        "reports": numbers["reports"],
    }


def _summaries(numbers: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what is shown of each language."""
    shown = ("inbound", "toxic", "overturned", "agreement")
    by_language = {}
    for language in numbers.get("by_language") or {}:
        whole = summary(numbers_in(numbers, language))
        by_language[language] = {name: whole[name] for name in shown}
    return by_language


class _Live(dict[date, list[Numbers]]):
    """The numbers of days that were counted on the spot, also by source."""

    def __init__(self) -> None:
        super().__init__()
        self.sources: dict[date, list[tuple[int, Numbers]]] = defaultdict(list)

    def by_source(self, day: date) -> list[tuple[int, Numbers]]:
        return self.sources[day]


def _chosen(user: User | None, source: Source | None) -> list[int] | None:
    """Return the ids of the chosen sources; None for all."""
    if source is not None:
        return [source.pk]
    own = sources_of(user)
    return None if own is None else list(own.values_list("pk", flat=True))


def _kept(user: User | None, source: Source | None, begin: date, today: date) -> dict[date, list[Numbers]]:
    """Return the kept numbers by day; a counted day has an entry, even if the user sees none of its sources."""
    days = DayStatistic.objects.filter(day__gte=begin, day__lt=today)
    by_day: dict[date, list[Numbers]] = {
        day: [] for day in days.order_by("day").values_list("day", flat=True).distinct()
    }
    rows = narrow(days, user)
    if source is not None:
        rows = rows.filter(source=source)
    for day, numbers in rows.order_by().values_list("day", "numbers"):
        by_day[day].append(numbers)
    return by_day


def _counted(
    span: list[date], today: date, kept: Mapping[date, Any], chosen: list[int] | None
) -> tuple[_Live, list[date]]:
    first = Comment.objects.aggregate(first=Min("created_at"))["first"]
    begin = today if first is None else first.astimezone(UTC).date()
    open_days = [day for day in reversed(span) if day not in kept and begin <= day]
    live = _Live()
    for day in open_days[:COUNTED_LIVE]:
        counted = day_numbers(day)
        seen = [(pk, numbers) for pk, numbers in counted.items() if chosen is None or pk in chosen]
        live[day] = [numbers for _, numbers in seen]
        live.sources[day] = seen
    return live, sorted(open_days[COUNTED_LIVE:])


def _day(day: date, live: _Live, kept: Mapping[date, list[Numbers]]) -> Day:
    return Day(day, added_up(live[day] if day in live else kept.get(day, [])), kept=day in kept)


def _people(total: Numbers) -> list[PersonRow]:
    names = User.objects.in_bulk([int(pk) for pk in total["people"]])
    rows = [
        PersonRow(names[int(pk)].get_username() if int(pk) in names else f"person {pk}", numbers)
        for pk, numbers in total["people"].items()
    ]
    return sorted(rows, key=lambda row: (-row.decisions, row.name))
