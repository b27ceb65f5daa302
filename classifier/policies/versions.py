"""The versions of a policy, and what each changed against the one before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from classifier.models import Policy, Source

PLAIN = ("automatic", "fail_mode", "nudge_threshold", "reason_required", "appeal_days")


@dataclass(frozen=True)
class FieldChange:
    """`path` leads to one value, such as ("bands", "toxic", "review"); None where it was not, or is not any more."""

    path: tuple[str, ...]
    before: Any
    after: Any

    @property
    def field(self) -> str:
        return ".".join(self.path)


@dataclass(frozen=True)
class Version:
    """`changes` is None for the first version, which nothing came before."""

    policy: Policy
    changes: list[FieldChange] | None


def policy_versions(*, source: Source | None) -> "QuerySet[Policy]":
    """All versions of a source's own policy (None: the site's), newest first."""
    return Policy.objects.filter(source=source).select_related("source", "created_by").order_by("-version")


def with_changes(policies: Sequence[Policy]) -> list[Version]:
    """Consecutive versions of one policy, newest first, each with what it changed; one query more at most."""
    if not policies:
        return []
    last = policies[-1]
    older = Policy.objects.filter(source=last.source_id, version=last.version - 1).first()
    before: list[Policy | None] = [*policies[1:], older]
    return [
        Version(policy, policy_changes(old, policy) if old is not None else None)
        for policy, old in zip(policies, before, strict=True)
    ]


def policy_changes(before: Policy, after: Policy) -> list[FieldChange]:
    """What differs between two versions, value by value."""
    found = band_changes(before.bands, after.bands)
    for name in PLAIN:
        found += differing((name,), getattr(before, name), getattr(after, name))
    old, new = ({row["code"]: row["title"] for row in each.reasons} for each in (before, after))
    for code in {**old, **new}:
        found += differing(("reasons", code), old.get(code), new.get(code))
    return found


def band_changes(
    before: Mapping[str, Mapping[str, Any]], after: Mapping[str, Mapping[str, Any]]
) -> list[FieldChange]:
    found = []
    for label in {**before, **after}:
        for band in ("review", "remove"):
            old, new = before.get(label, {}).get(band), after.get(label, {}).get(band)
            found += differing(("bands", label, band), old, new)
    return found


def differing(path: tuple[str, ...], old: Any, new: Any) -> list[FieldChange]:
    return [] if old == new else [FieldChange(path, old, new)]
