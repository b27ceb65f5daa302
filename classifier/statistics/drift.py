"""Drift: whether a model version scores today's comments as it scored its first ones, and a warning where it does not.

The measure is the population stability index of the scores of one and the same version: the last 7 days against the
version's first 30 days before them. Below 0.1 is stable, from 0.25 on the scores are of another population (Siddiqi,
Credit Risk Scorecards, Wiley 2006). With MIN_SAMPLE comments on both sides an index above 0.1 comes by chance in fewer
than one in a thousand comparisons: without change it is (1 / n + 1 / m) times a chi-square variable with 19 degrees of
freedom (Yurdakul 2018), whose 99.9 % quantile is 43.8.

An episode of drift begins when the index reaches SHIFTED and ends when it is below WATCH again. Both write a row into
the audit, from which the next check knows where the episode stands; subscribers of events get one warning an episode.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta

from django.db import transaction
from django.db.models import JSONField
from django.db.models.expressions import RawSQL
from django.utils import timezone

from classifier.core.audit import audit_record
from classifier.core.events import DRIFT_WARNING, emit
from classifier.core.measures import SCORE_BINS, population_stability
from classifier.core.visibility import narrow
from classifier.model_versions.assembly import slots_in_production
from classifier.models import AuditEntry, DayStatistic, ModelVersion, Source, User
from classifier.statistics.day_numbers import Numbers, numbers_in

RECENT_DAYS = 7
REFERENCE_DAYS = 30
LOOK_BACK_DAYS = 400
MIN_SAMPLE = 1_000
WATCH, SHIFTED = 0.1, 0.25
WARNING, OVER = "drift.warning", "drift.over"
"""Verbs of the audit: an episode of drift has begun, it has ended."""


@dataclass(frozen=True)
class Drift:
    """Scores of one version in one source (None: in all sources seen); `index` is None while there are too few."""

    version: str
    source: Source | None
    reference: list[int]
    recent: list[int]
    since: date | None
    index: float | None
    language: str = ""
    """The language of whose slot the version is; "" for the default."""

    @property
    def subject(self) -> str:
        """What the audit calls it."""
        return f"{self.version} for {self.language}" if self.language else self.version

    @property
    def level(self) -> str:
        """The level of drift: few (too few scores), stable, watch or shifted."""
        if self.index is None:
            return "few"
        return "shifted" if self.index >= SHIFTED else "watch" if self.index >= WATCH else "stable"

    @property
    def counts(self) -> tuple[int, int]:
        """The numbers of comments in the reference and in the last days."""
        return sum(self.reference), sum(self.recent)


def drifts_of(
    *,
    version: str,
    today: date,
    user: User | None,
    source: Source | None = None,
    live: Iterable[tuple[int, Numbers]] = (),
    language: str = "",
) -> list[Drift]:
    """Measure the drift of everything that `user` sees, then of each source, by name; `live` adds today's numbers.

    `source` narrows it to one, `language` to the texts in one. A source without recent comments of the version is left
    out.
    """
    path = ["by_language", language, "versions", version] if language else ["versions", version]
    scores = RawSQL("numbers #> %s", [[*path, "scores"]], output_field=JSONField())
    rows = narrow(DayStatistic.objects.all(), user).filter(
        day__gte=today - timedelta(days=LOOK_BACK_DAYS), numbers__versions__has_key=version
    )
    if language:
        rows = rows.filter(numbers__by_language__has_key=language)
    if source is not None:
        rows = rows.filter(source=source)
    scored = [
        row for row in rows.order_by("day").values_list("day", "source_id", scores) if row[2] is not None
    ]
    for source_id, numbers in live:
        of_language = numbers_in(numbers, language) if language else numbers
        if (of_version := of_language["versions"].get(version)) is not None:
            scored.append((today, source_id, of_version["scores"]))
    by_source: dict[int, list[tuple[date, list[int]]]] = defaultdict(list)
    for day, source_id, bins in scored:
        by_source[source_id].append((day, bins))
    whole = replace(
        _drift(version, source, [(day, bins) for day, _, bins in scored], today), language=language
    )
    if language or source is not None or len(by_source) < 2:
        return [whole]
    names = Source.objects.in_bulk(by_source)
    single = [_drift(version, names[pk], rows, today) for pk, rows in by_source.items() if pk in names]
    return [
        whole,
        *sorted((drift for drift in single if any(drift.recent)), key=lambda drift: str(drift.source)),
    ]


def standing_warnings(*, version: str) -> list[AuditEntry]:
    """List the warnings of this version that have not ended: at most one of the whole site and one of each source."""
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


def drift_check() -> list[Drift]:
    """Check the active version, in the whole and in each source, and those of the slots of languages.

    Return the drifts that now cause a warning.
    """
    version = ModelVersion.objects.active()
    if version is None:
        return []
    today = timezone.now().date()
    drifts = drifts_of(version=version.version, today=today, user=None)
    for language, judge in slots_in_production().items():
        drifts += drifts_of(version=judge.version, today=today, user=None, language=language)
    return [drift for drift in drifts if drift.index is not None and _warn_or_end(drift)]


def _warn_or_end(drift: Drift) -> bool:
    """Record that an episode begins or ends; return whether it begins."""
    assert drift.index is not None
    with transaction.atomic():
        last = (
            AuditEntry.objects.filter(verb__in=[WARNING, OVER], subject=drift.subject, source=drift.source)
            .order_by("-id")
            .first()
        )
        warned = last is not None and last.verb == WARNING
        begins, ends = not warned and drift.index >= SHIFTED, warned and drift.index < WATCH
        if not begins and not ends:
            return False
        reference, recent = drift.counts
        measured = {"index": round(drift.index, 4), "reference": reference, "recent": recent}
        audit_record(
            verb=WARNING if begins else OVER, source=drift.source, subject=drift.subject, data=measured
        )
        if begins:
            source = drift.source.pk if drift.source is not None else None
            emit(DRIFT_WARNING, {"version": drift.version, "source": source, **measured})
    return begins
