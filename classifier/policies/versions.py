"""The versions of a policy, and what each of them changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from classifier.models import Policy, Source

PLAIN = (
    "automatic",
    "fail_mode",
    "unknown_language",
    "nudge_threshold",
    "reason_required",
    "appeal_days",
    "text_format",
    "leave_out",
    "concern",
    "concern_text",
)


@dataclass(frozen=True)
class FieldChange:
    """A changed value: `path` leads to it, such as ("bands", "toxic", "review"); None if it was, or is now, absent."""

    path: tuple[str, ...]
    before: Any
    after: Any

    @property
    def field(self) -> str:
        return ".".join(self.path)


@dataclass(frozen=True)
class Version:
    """A version with its changes from the one before; `changes` is None for the first version."""

    policy: Policy
    changes: list[FieldChange] | None


def policy_versions(*, source: Source | None) -> "QuerySet[Policy]":
    """List all versions of a source's own policy (None: the site's), newest first."""
    return Policy.objects.filter(source=source).select_related("source", "created_by").order_by("-version")


def with_changes(policies: Sequence[Policy]) -> list[Version]:
    """Add to consecutive versions of one policy, newest first, what each changed; at most one more query."""
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
    """List the differences between two versions, value by value."""
    changes = band_changes(before.bands, after.bands)
    for language in {**before.language_bands, **after.language_bands}:
        old_bands, new_bands = (row.language_bands.get(language, {}) for row in (before, after))
        changes += band_changes(old_bands, new_bands, ("language_bands", language))
    for name in PLAIN:
        changes += differing((name,), getattr(before, name), getattr(after, name))
    old, new = ({row["code"]: row["title"] for row in policy.reasons} for policy in (before, after))
    for code in {**old, **new}:
        changes += differing(("reasons", code), old.get(code), new.get(code))
    return changes


def band_changes(
    before: Mapping[str, Mapping[str, Any]],
    after: Mapping[str, Mapping[str, Any]],
    path: tuple[str, ...] = ("bands",),
) -> list[FieldChange]:
    changes = []
    for label in {**before, **after}:
        for band in ("review", "remove"):
            old, new = before.get(label, {}).get(band), after.get(label, {}).get(band)
            changes += differing((*path, label, band), old, new)
    return changes


def differing(path: tuple[str, ...], old: Any, new: Any) -> list[FieldChange]:
    return [] if old == new else [FieldChange(path, old, new)]
