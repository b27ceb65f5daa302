"""The versions of a policy as a page lists them: who, when, why, and what each changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from classifier.inference.bands import BANDS
from classifier.models import Policy, ShadowPolicy
from classifier.services.in_force import CurrentPolicy
from classifier.views.policy_form import title_of

NAMES = {
    "automatic": "decides by itself",
    "fail_mode": "without a worker",
    "nudge_threshold": "nudge from",
    "reason_required": "a reason is required",
    "appeal_days": "days to appeal",
}


@dataclass(frozen=True)
class VersionRow:
    """One version; `changes` are sentences against the version before, None for the first."""

    policy: Policy
    changes: list[str] | None


def version_rows(versions: Sequence[Policy]) -> list[VersionRow]:
    """Versions of one policy, newest first, each with what it changed; of the last one nothing is told."""
    rows = []
    for place, policy in enumerate(versions):
        before = versions[place + 1] if place + 1 < len(versions) else None
        rows.append(VersionRow(policy, changes(before, policy) if before else None))
    return rows


def draft_changes(now: CurrentPolicy, draft: ShadowPolicy) -> list[str]:
    """What a draft says otherwise than the policy in force, a sentence each."""
    return _band_changes(now.bands, draft.bands) + _change(
        "automatic", [band for band in BANDS if now.is_automatic(band)], draft.automatic
    )


def changes(before: Policy, after: Policy) -> list[str]:
    """What differs, a sentence each."""
    found = _band_changes(before.bands, after.bands)
    for name in NAMES:
        found += _change(name, getattr(before, name), getattr(after, name))
    old_reasons, new_reasons = (
        {row["code"]: row["title"] for row in each.reasons} for each in (before, after)
    )
    for code in {**old_reasons, **new_reasons}:
        if code not in new_reasons:
            found.append(f"reason {code} is gone")
        elif code not in old_reasons:
            found.append(f"reason {code} is new")
        elif old_reasons[code] != new_reasons[code]:
            found.append(
                f"reason {code} reads \N{LEFT DOUBLE QUOTATION MARK}{new_reasons[code]}\N{RIGHT DOUBLE QUOTATION MARK}"
            )
    return found


def _change(name: str, old: Any, new: Any) -> list[str]:
    return [] if old == new else [f"{NAMES[name]}: {_shown(old)} \N{RIGHTWARDS ARROW} {_shown(new)}"]


def _band_changes(
    before: Mapping[str, Mapping[str, Any]], after: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    found = []
    for label in {**before, **after}:
        for band in ("review", "remove"):
            old, new = before.get(label, {}).get(band), after.get(label, {}).get(band)
            if old != new:
                found.append(
                    f"{title_of(label)}, {band} from: {_shown(old)} \N{RIGHTWARDS ARROW} {_shown(new)}"
                )
    return found


def _shown(value: Any) -> str:
    if value is None:
        return "never"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(value) or "nothing"
    return f"{value:g}" if isinstance(value, float) else str(value)
