"""Calls that two services answered, as pairs of scores: which ones a person sees, and how the scores compare.

A comparison is of a reference service, or of a file of old scores (a transfer of the kind `compare`). Counts are exact;
scores are read of at most PAIRS_MAX of the latest pairs. By default only pairs of the version in production count:
another version has other scores.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db.models import Count, Exists, Max, Min, OuterRef, Q, QuerySet
from django.db.models.fields.json import KeyTransform

from classifier.core.visibility import narrow, sources_of, unlooked
from classifier.models import (
    ApiKey,
    GoldenItem,
    ModelVersion,
    ModelVersionStatus,
    ReferenceCall,
    ReferenceService,
    Suggestion,
    Transfer,
    User,
)
from classifier.references.agreement import Agreement, agreement_at

PAIRS_MAX = 20_000
LOOKED_AT = 200
STRONGEST = 25
ANY_VERSION = "any"
Failure = ReferenceCall.Failure


@dataclass(frozen=True)
class ComparisonChoice:
    """Which calls are compared, and at which threshold; exactly one of `service` and `file` is set.

    `version` None is the version in production; `any_version` counts all of them together. `last_id` leaves out calls
    that came later, so that what was previewed is what is used.
    """

    service: ReferenceService | None = None
    file: Transfer | None = None
    attribute: str = ""
    threshold: float = 0.8
    api_key: ApiKey | None = None
    begin: date | None = None
    end: date | None = None
    version: ModelVersion | None = None
    any_version: bool = False
    last_id: int | None = None

    @property
    def wire(self) -> str:
        if self.service is not None:
            return self.service.wire
        return str(self.file.options.get("wire", "perspective")) if self.file is not None else ""

    @property
    def other_name(self) -> str:
        """Return the name of the other service for pages."""
        if self.service is not None:
            return self.service.name
        name = self.file.options.get("service_name") if self.file is not None else ""
        return str(name or "the old scores")

    def to_data(self) -> dict[str, Any]:
        """Return the choice as a score map stores the origin of its pairs."""
        data: dict[str, Any] = {
            "service": self.service and {"id": self.service.pk, "name": self.service.name},
            "file": self.file and {"id": self.file.pk, "name": self.file.options.get("name", "")},
            "key": self.api_key and {"id": self.api_key.pk, "prefix": self.api_key.prefix},
            "begin": self.begin and self.begin.isoformat(),
            "end": self.end and self.end.isoformat(),
            "last_id": self.last_id,
        }
        return {name: value for name, value in data.items() if value is not None}


@dataclass(frozen=True)
class Pairs:
    """Scores of the same texts; `ids` are the ids of the calls, the newest first."""

    ids: list[int]
    ours: list[float]
    theirs: list[float]
    with_text: list[bool]

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True)
class Disagreement:
    """One call on which the services differ much. `text` is empty where none is kept."""

    call: ReferenceCall
    ours: float
    theirs: float
    text: str
    known: str = ""  # the answer of the known answer made from it: approve or remove
    suggested: str = ""  # what a suggestion made from it says: toxic or not


@dataclass(frozen=True)
class ReferenceComparison:
    """What the page, the API and the preview of a map show. `pairs_in_all` may be above the number of read pairs."""

    choice: ComparisonChoice
    calls: int
    answered: int
    failures: dict[str, int]
    pairs_in_all: int
    pairs: Pairs
    versions: list[tuple[ModelVersion, int]]
    version: ModelVersion | None
    first_day: date | None
    last_day: date | None
    agreement: Agreement = field(default_factory=lambda: Agreement(0.0, 0, 0, 0, 0))

    @property
    def other_versions(self) -> int:
        """Count the pairs that are left out because other versions than the chosen one scored them."""
        return 0 if self.choice.any_version else sum(n for v, n in self.versions if v != self.version)


def calls_seen_by(user: User | None) -> QuerySet[ReferenceCall]:
    """Return the calls of the sources that `user` sees, without the comment of their open blind review."""
    return narrow(ReferenceCall.objects.all(), user).filter(unlooked(user, "comment_id"))


def services_compared() -> QuerySet[ReferenceService]:
    """Return every reference service by name; a removed one as long as its calls are kept."""
    kept = Exists(ReferenceCall.objects.filter(service=OuterRef("pk")))
    return ReferenceService.objects.filter(Q(deleted_at__isnull=True) | kept).order_by("name", "pk")


def comparison_files(user: User) -> QuerySet[Transfer]:
    """Return comparisons of files: those whose source `user` sees, and their own, newest first."""
    rows = Transfer.objects.filter(kind=Transfer.Kind.COMPARE).select_related("by").order_by("-id")
    own = sources_of(user)
    if own is None:
        return rows
    slugs = list(own.values_list("slug", flat=True))
    seen = Q(options__source__in=slugs)
    return rows.filter(seen if user.only_sources else seen | Q(by=user))


def calls_of(choice: ComparisonChoice, user: User | None) -> QuerySet[ReferenceCall]:
    """Return the calls of a comparison, of every version and whether or not both services answered."""
    rows = calls_seen_by(user)
    if choice.file is not None:
        rows = rows.filter(transfer=choice.file)
    else:
        rows = rows.filter(service=choice.service, transfer__isnull=True)
    if choice.api_key is not None:
        rows = rows.filter(api_key=choice.api_key)
    if choice.begin is not None:
        rows = rows.filter(created_at__gte=_midnight(choice.begin))
    if choice.end is not None:
        rows = rows.filter(created_at__lt=_midnight(choice.end + timedelta(days=1)))
    if choice.last_id is not None:
        rows = rows.filter(pk__lte=choice.last_id)
    return rows


def active_model() -> ModelVersion | None:
    return ModelVersion.objects.filter(status=ModelVersionStatus.ACTIVE).defer("manifest").first()


def versions_of(choice: ComparisonChoice, user: User | None) -> list[tuple[ModelVersion, int]]:
    """Return the versions that scored pairs of this attribute, with counts; the one in production first."""
    rows = _both(calls_of(choice, user), choice.attribute).filter(model_version__isnull=False)
    counted = {row["model_version"]: row["n"] for row in rows.values("model_version").annotate(n=Count("pk"))}
    versions = ModelVersion.objects.defer("manifest").filter(pk__in=counted)
    ranked = sorted(versions, key=lambda row: (row.status != ModelVersionStatus.ACTIVE, -row.pk))
    return [(row, counted[row.pk]) for row in ranked]


def attributes_of(choice: ComparisonChoice, user: User | None, known: Iterable[str]) -> list[str]:
    """Return the attributes that the latest calls have scores of, in the order of `known`."""
    scored: set[str] = set()
    rows = calls_of(choice, user).filter(failure=Failure.NONE).order_by("-pk")
    for ours, theirs in rows.values_list("ours", "theirs")[:LOOKED_AT]:
        scored |= set(ours) & set(theirs)
    ranked = [name for name in known if name in scored]
    return [*ranked, *sorted(scored - set(ranked))]


def keys_of(choice: ComparisonChoice, user: User | None) -> list[ApiKey]:
    """Return the keys whose calls are part of the comparison."""
    used = calls_of(replace(choice, api_key=None), user).filter(api_key__isnull=False)
    return list(ApiKey.objects.filter(pk__in=used.values("api_key")).order_by("name", "pk"))


def chosen_version(choice: ComparisonChoice) -> ModelVersion | None:
    return None if choice.any_version else choice.version or active_model()


def pairs_rows(choice: ComparisonChoice, user: User | None) -> QuerySet[ReferenceCall]:
    """Return the calls with a score of the attribute from both services, by the chosen version."""
    rows = _both(calls_of(choice, user), choice.attribute)
    if choice.any_version:
        return rows
    version = chosen_version(choice)
    return rows.filter(model_version=version) if version is not None else rows.none()


def pairs_of(choice: ComparisonChoice, user: User | None, most: int = PAIRS_MAX) -> Pairs:
    """Return the scores of the latest pairs, by one query."""
    rows = (
        pairs_rows(choice, user)
        .annotate(own=KeyTransform(choice.attribute, "ours"), other=KeyTransform(choice.attribute, "theirs"))
        .annotate(kept=_with_text())
        .order_by("-pk")
        .values_list("pk", "own", "other", "kept")
    )
    pairs = Pairs([], [], [], [])
    for pk, own, other, kept in rows[:most]:
        if not _is_score(own) or not _is_score(other):
            continue
        pairs.ids.append(pk)
        pairs.ours.append(float(own))
        pairs.theirs.append(float(other))
        pairs.with_text.append(bool(kept))
    return pairs


def reference_comparison(choice: ComparisonChoice, user: User | None) -> ReferenceComparison:
    """Compare the two services: calls, failures by reason, versions, pairs and their agreement at the threshold."""
    calls = calls_of(choice, user)
    failures = {row["failure"]: row["n"] for row in calls.values("failure").annotate(n=Count("pk"))}
    span = calls.aggregate(first=Min("created_at"), last=Max("created_at"))
    pairs = pairs_of(choice, user)
    answered = failures.pop(Failure.NONE, 0)
    return ReferenceComparison(
        choice=choice,
        calls=answered + sum(failures.values()),
        answered=answered,
        failures=dict(sorted(failures.items(), key=lambda item: (-item[1], item[0]))),
        pairs_in_all=len(pairs) if len(pairs) < PAIRS_MAX else pairs_rows(choice, user).count(),
        pairs=pairs,
        versions=versions_of(choice, user),
        version=chosen_version(choice),
        first_day=_day(span["first"]),
        last_day=_day(span["last"]),
        agreement=agreement_at(pairs.ours, pairs.theirs, choice.threshold),
    )


def disagreements_of(
    comparison: ReferenceComparison, user: User | None, most: int = STRONGEST
) -> list[Disagreement]:
    """Return the calls with a kept text whose scores differ most, among the pairs that were read."""
    pairs = comparison.pairs
    ranked = sorted(
        (index for index in range(len(pairs)) if pairs.with_text[index]),
        key=lambda index: -abs(pairs.ours[index] - pairs.theirs[index]),
    )[:most]
    scores = {pairs.ids[index]: (pairs.ours[index], pairs.theirs[index]) for index in ranked}
    rows = (
        calls_seen_by(user)
        .select_related("comment", "comment__source", "source", "api_key")
        .in_bulk(list(scores))
    )
    return _marked([(rows[pk], *scores[pk]) for pk in scores if pk in rows], comparison.choice.attribute)


def disagreement_of(call: ReferenceCall, attribute: str) -> Disagreement:
    """Return one call, with the known answer or suggestion made from it so far."""
    own, other = call.ours.get(attribute, 0.0), call.theirs.get(attribute, 0.0)
    return _marked([(call, float(own), float(other))], attribute)[0]


def text_of(call: ReferenceCall) -> str:
    """Return the text of a call: its own copy, or that of the comment that the call stored; "" if there is none."""
    if call.text or call.comment is None or call.comment.text_purged_at is not None:
        return call.text
    return call.comment.text


def _marked(rows: Sequence[tuple[ReferenceCall, float, float]], attribute: str) -> list[Disagreement]:
    comments = [call.comment_id for call, _, _ in rows if call.comment_id is not None]
    golden = GoldenItem.objects.filter(comment__in=comments, retired_at__isnull=True)
    known = dict(golden.values_list("comment", "expected"))
    made = Suggestion.objects.filter(
        context__reference_call__in=[call.pk for call, _, _ in rows], rejected_at__isnull=True
    )
    suggested = {row.context["reference_call"]: max(row.labels.values(), default=0.0) for row in made}
    return [
        Disagreement(
            call=call,
            ours=own,
            theirs=other,
            text=text_of(call),
            known=known.get(call.comment_id, "") if call.comment_id is not None else "",
            suggested=""
            if call.pk not in suggested
            else "toxic"
            if suggested[call.pk] >= 0.5
            else "not toxic",
        )
        for call, own, other in rows
    ]


def _both(rows: QuerySet[ReferenceCall], attribute: str) -> QuerySet[ReferenceCall]:
    return rows.filter(failure=Failure.NONE, ours__has_key=attribute, theirs__has_key=attribute)


def _with_text() -> Q:
    return ~Q(text="") | Q(comment__isnull=False, comment__text_purged_at__isnull=True)


def _is_score(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _day(moment: datetime | None) -> date | None:
    return None if moment is None else moment.astimezone(UTC).date()
