"""Whether a model version scores today's comments as it scored its first ones: population stability of its scores.

Only scores of one and the same version are compared. The last 7 days are held against the version's first 30 days
before them. Below 0.1 is stable, from 0.25 on the scores are of another population (Siddiqi, Credit Risk Scorecards,
Wiley 2006). With MIN_SAMPLE comments on both sides an index above 0.1 comes by chance in fewer than one in a
thousand comparisons: without change it is (1 / n + 1 / m) times a chi-square variable with 19 degrees of freedom
(Yurdakul 2018), whose 99.9 % quantile is 43.8.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import JSONField
from django.db.models.expressions import RawSQL

from classifier.core.measures import SCORE_BINS, population_stability
from classifier.core.visibility import narrow
from classifier.models import AuditEntry, DayStatistic, Source, User
from classifier.statistics.day_numbers import Numbers

RECENT_DAYS = 7
REFERENCE_DAYS = 30
LOOK_BACK_DAYS = 400
MIN_SAMPLE = 1_000
WATCH, SHIFTED = 0.1, 0.25
WARNING, OVER = "drift.warning", "drift.over"
"""Verbs of the audit: an episode of drift has begun, it has ended."""


@dataclass(frozen=True)
class Drift:
    """Scores of one version in one source (None: all that are looked at); `index` is None while there are too few."""

    version: str
    source: Source | None
    reference: list[int]
    recent: list[int]
    since: date | None
    index: float | None

    @property
    def level(self) -> str:
        """few, stable, watch or shifted."""
        if self.index is None:
            return "few"
        return "shifted" if self.index >= SHIFTED else "watch" if self.index >= WATCH else "stable"

    @property
    def counts(self) -> tuple[int, int]:
        """How many comments the reference and the last days hold."""
        return sum(self.reference), sum(self.recent)


def drifts_of(
    *,
    version: str,
    today: date,
    user: User | None,
    source: Source | None = None,
    live: Iterable[tuple[int, Numbers]] = (),
) -> list[Drift]:
    """The drift of everything that `user` sees, then of each source, by name; `live` adds what today has brought.

    `source` narrows it to one. A source without recent comments of the version is left out.
    """
    scores = RawSQL("numbers #> ARRAY['versions', %s, 'scores']", [version], output_field=JSONField())
    rows = narrow(DayStatistic.objects.all(), user).filter(
        day__gte=today - timedelta(days=LOOK_BACK_DAYS), numbers__versions__has_key=version
    )
    if source is not None:
        rows = rows.filter(source=source)
    found = list(rows.order_by("day").values_list("day", "source_id", scores))
    for source_id, numbers in live:
        if (said := numbers["versions"].get(version)) is not None:
            found.append((today, source_id, said["scores"]))
    by_source: dict[int, list[tuple[date, list[int]]]] = defaultdict(list)
    for day, source_id, bins in found:
        by_source[source_id].append((day, bins))
    whole = _drift(version, source, [(day, bins) for day, _, bins in found], today)
    if source is not None or len(by_source) < 2:
        return [whole]
    names = Source.objects.in_bulk(by_source)
    single = [_drift(version, names[pk], rows, today) for pk, rows in by_source.items() if pk in names]
    return [whole, *sorted((one for one in single if any(one.recent)), key=lambda one: str(one.source))]


def standing_warnings(*, version: str) -> list[AuditEntry]:
    """The warnings of this version that have not ended: at most one of the whole site and one of each source."""
    rows = AuditEntry.objects.filter(verb__in=[WARNING, OVER], subject=version)
    latest = rows.order_by("source_id", "-id").distinct("source_id").select_related("source")
    return [entry for entry in latest if entry.verb == WARNING]


def _drift(version: str, source: Source | None, rows: list[tuple[date, list[int]]], today: date) -> Drift:
    begin = today - timedelta(days=RECENT_DAYS - 1)
    since = min((day for day, _ in rows), default=None)
    until = begin if since is None else min(begin, since + timedelta(days=REFERENCE_DAYS))
    reference = _sum(bins for day, bins in rows if day < until)
    recent = _sum(bins for day, bins in rows if begin <= day <= today)
    enough = min(sum(reference), sum(recent)) >= MIN_SAMPLE
    index = population_stability(reference, recent) if enough else None
    return Drift(version, source, reference, recent, since, index)


def _sum(many: Iterable[list[int]]) -> list[int]:
    total = [0] * SCORE_BINS
    for bins in many:
        total = [a + b for a, b in zip(total, bins, strict=True)]
    return total
