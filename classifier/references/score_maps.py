"""Score maps: fitted from compared calls, saved in versions, switched on for a key, and applied to its answers.

With a map on, a program that has the other service's threshold in its code flags the share that it flagged before. A
map is fitted on the scores of one model version; where another version answers, the map stays in use, and pages and
replies say which version it was fitted on. Maps are never changed, so a process reads each of them once.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import nextafter
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from classifier.api_keys.rules import audit_name
from classifier.core.audit import audit_record
from classifier.core.permissions import require_permission
from classifier.core.validation import InvalidInput, ValidationProblem
from classifier.models import ApiKey, ModelVersion, ModelVersionStatus, ScoreMap, User
from classifier.references.pairs import ComparisonChoice, chosen_version, pairs_of

ADD = "classifier.add_scoremap"
SEE_CALLS = "classifier.view_referencecall"
CHANGE_KEY = "classifier.change_apikey"
NAME_CHARACTERS = 100
NOTE_CHARACTERS = 500
NAME_LOCK = 0x736D6170  # the first number of the advisory locks on names of maps
CACHED = 256
HEADER = "Toxicsite-Score-Map"


@dataclass(frozen=True)
class ActiveMap:
    """A map as it is applied to answers. `points` are {attribute: (own scores, mapped scores)}."""

    name: str
    version: int
    wire: str
    fitted_on: str
    points: dict[str, tuple[tuple[float, ...], tuple[float, ...]]]

    def covers(self, attribute: str) -> bool:
        return attribute in self.points

    def apply(self, attribute: str, score: float) -> float:
        """Return the mapped score, or `score` itself where the map does not cover the attribute."""
        points = self.points.get(attribute)
        return score if points is None else apply_between(*points, score)

    @property
    def header(self) -> str:
        """Return the value of the reply header; the name is percent-encoded, so that it is ASCII."""
        return f"{quote(self.name, safe=' ')} v{self.version}; fitted-on={quote(self.fitted_on)}"

    @property
    def body(self) -> dict[str, Any]:
        """Return the map as replies in Perspective's format name it."""
        return {"name": self.name, "version": self.version, "fittedOn": self.fitted_on}

    @property
    def snake_body(self) -> dict[str, Any]:
        """Return the same with names as OpenAI's format spells them."""
        return {"name": self.name, "version": self.version, "fitted_on": self.fitted_on}


@dataclass(frozen=True)
class FittedMap:
    """A map that nobody has saved yet. `choice` ends at the last call that was used."""

    choice: ComparisonChoice
    method: str
    model_version: ModelVersion
    attributes: dict[str, dict[str, Any]]
    too_few: dict[str, int]  # attributes that were left out, with their number of pairs


def apply_between(xs: Sequence[float], ys: Sequence[float], score: float) -> float:
    """Return the value at `score` of the line through the points (xs, ys): linear between them, constant outside."""
    at = bisect_right(xs, score)
    if at == 0:
        return ys[0]
    if at == len(xs):
        return ys[-1]
    low, high = ys[at - 1], ys[at]
    if low == high or score == xs[at - 1]:
        return low
    value = low + (high - low) * ((score - xs[at - 1]) / (xs[at] - xs[at - 1]))
    # Rounding must not lift a score onto the threshold at the next point.
    return min(max(value, low), nextafter(high, 0.0))


def score_map_of(api_key: ApiKey) -> ActiveMap | None:
    """Return the map that is switched on for a key; each process reads a map once, because maps never change."""
    return None if api_key.score_map_id is None else _active(api_key.score_map_id)


@lru_cache(maxsize=CACHED)
def _active(score_map_id: int) -> ActiveMap:
    row = ScoreMap.objects.select_related("model_version").get(pk=score_map_id)
    points = {
        name: (tuple(x for x, _ in fitted["points"]), tuple(y for _, y in fitted["points"]))
        for name, fitted in row.attributes.items()
    }
    return ActiveMap(row.name, row.version, row.wire, row.model_version.version, points)


def score_map_fit(
    *, choice: ComparisonChoice, method: str, attributes: Sequence[str], by: User | None
) -> FittedMap:
    """Fit a map on the pairs of the choice, without saving it; its threshold is the choice's.

    An attribute with fewer than settings.REFERENCE_MAP_MIN_PAIRS pairs is left out. Raises InvalidInput where no
    attribute has enough, and PermissionDenied.
    """
    require_permission(by, SEE_CALLS)
    # numpy is only needed here, not by the process that answers.
    from classifier.references.map_fitting import FITS, map_fit

    version = chosen_version(choice)
    if method not in FITS:
        raise InvalidInput(
            [ValidationProblem("method", f"This must be {' or '.join(FITS)}.", "invalid_choice")]
        )
    if version is None:
        message = "A map is fitted on the scores of one model version. Choose which."
        raise InvalidInput([ValidationProblem("version", message, "required")])
    if not attributes:
        raise InvalidInput([ValidationProblem("attributes", "No attribute has scores of both.", "required")])
    least = settings.REFERENCE_MAP_MIN_PAIRS
    fitted: dict[str, dict[str, Any]] = {}
    too_few: dict[str, int] = {}
    last = 0
    for attribute in attributes:
        pairs = pairs_of(replace(choice, attribute=attribute), by)
        if len(pairs) < least:
            too_few[attribute] = len(pairs)
            continue
        last = max(last, pairs.ids[0])
        fitted[attribute] = map_fit(
            pairs.ours, pairs.theirs, method=method, threshold=choice.threshold
        ).to_data()
    if not fitted:
        raise InvalidInput([ValidationProblem("attributes", _too_few(too_few, least), "too_few")])
    return FittedMap(replace(choice, last_id=last), method, version, fitted, too_few)


def score_map_save(
    *, fitted: FittedMap, name: str, note: str = "", by: User | None, api_key: ApiKey | None = None
) -> ScoreMap:
    """Keep a fitted map as the next version of `name`. Raises InvalidInput and PermissionDenied."""
    require_permission(by, ADD)
    name, note = name.strip(), note.strip()
    problems = []
    if not name:
        problems.append(ValidationProblem("name", "Give the map a name.", "required"))
    for field, value, most in (("name", name, NAME_CHARACTERS), ("note", note, NOTE_CHARACTERS)):
        if len(value) > most or (not value.isprintable() and field == "name") or "\x00" in value:
            message = f"At most {most} characters, and no control characters, are allowed."
            problems.append(ValidationProblem(field, message, "max_length"))
    if problems:
        raise InvalidInput(problems)
    choice = fitted.choice
    with transaction.atomic():
        with connection.cursor() as cursor:  # concurrent saves under one name take turns
            cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [NAME_LOCK, name])
        before = ScoreMap.objects.filter(name=name).order_by("-version").first()
        if before is not None and before.wire != choice.wire:
            message = f"A map of this name is for {before.get_wire_display()}. Choose another name."
            raise InvalidInput([ValidationProblem("name", message, "conflict")])
        row = ScoreMap.objects.create(
            name=name,
            version=before.version + 1 if before is not None else 1,
            wire=choice.wire,
            method=fitted.method,
            model_version=fitted.model_version,
            threshold=choice.threshold,
            attributes=fitted.attributes,
            origin=choice.to_data(),
            note=note,
            created_by=by,
        )
        audit_record(
            verb="score_map.save",
            by=by,
            api_key=api_key,
            subject=str(row),
            count=max(attribute["pairs"] for attribute in fitted.attributes.values()),
            data={"method": row.method, "attributes": sorted(row.attributes), "origin": row.origin},
        )
    return row


def score_map_switch(*, api_key: ApiKey, score_map: ScoreMap | None, by: User | None) -> bool:
    """Switch a map on for a key, or off with None; False where it was so already. Raises PermissionDenied."""
    require_permission(by, CHANGE_KEY)
    with transaction.atomic():
        row = ApiKey.objects.select_for_update(of=("self",)).select_related("score_map").get(pk=api_key.pk)
        if row.score_map_id == (score_map.pk if score_map is not None else None):
            return False
        before = row.score_map
        ApiKey.objects.filter(pk=row.pk).update(
            score_map=score_map, score_map_since=Now() if score_map is not None else None
        )
        audit_record(
            verb="key.score_map",
            by=by,
            subject=audit_name(row),
            data={
                "before": str(before) if before is not None else None,
                "after": str(score_map) if score_map is not None else None,
            },
        )
    api_key.refresh_from_db(fields=["score_map", "score_map_since"])
    return True


def score_maps() -> QuerySet[ScoreMap]:
    """Return every version of every map, newest first."""
    return ScoreMap.objects.select_related("model_version", "created_by").order_by("-pk")


def is_outdated(score_map: ScoreMap) -> bool:
    """Return whether the model version that answers differs from the one that the map was fitted on."""
    return score_map.model_version.status != ModelVersionStatus.ACTIVE


def keys_with_map(score_map: ScoreMap | None = None) -> QuerySet[ApiKey]:
    """Return the usable keys with a map switched on: any map, or only this one."""
    rows = ApiKey.objects.filter(revoked_at__isnull=True).exclude(expires_at__lte=Now())
    rows = rows.filter(score_map__isnull=False) if score_map is None else rows.filter(score_map=score_map)
    return rows.select_related("score_map", "score_map__model_version").order_by("name", "pk")


def keys_to_map() -> QuerySet[ApiKey]:
    """Return the usable keys for which a map can be switched on."""
    return (
        ApiKey.objects.filter(revoked_at__isnull=True).exclude(expires_at__lte=Now()).order_by("name", "pk")
    )


def keys_with_outdated_map() -> list[ApiKey]:
    """List the keys whose map was fitted on another version than the one in production, which answers through it."""
    rows = keys_with_map().exclude(score_map__model_version__status=ModelVersionStatus.ACTIVE)
    return list(rows)


def _too_few(counts: dict[str, int], least: int) -> str:
    pairs = ", ".join(
        f"{name} {count:,}" for name, count in sorted(counts.items(), key=lambda item: -item[1])
    )
    return (
        f"A map needs at least {least:,} pairs of one model version; there are: {pairs}. "
        "Collect more calls, or compare a file of old scores."
    )
