"""The versions of a policy for a page: each with its changes, in sentences."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from classifier.inference.bands import BANDS, OF_THE_MODEL
from classifier.models import Policy, ShadowPolicy
from classifier.policies.active_policies import CurrentPolicy
from classifier.policies.pages.forms import title_of
from classifier.policies.versions import FieldChange, band_changes, differing, with_changes
from classifier.web.formatting import language_title

NAMES = {
    "automatic": "decides automatically",
    "fail_mode": "without a worker",
    "unknown_language": "languages that the model does not know",
    "concern": "people who tell of their own hurt",
    "concern_text": "what the site says to them",
    "nudge_threshold": "nudge from",
    "reason_required": "a reason is required",
    "appeal_days": "days to appeal",
    "text_format": "format of texts",
    "leave_out": "left out of rules and scores",
}


@dataclass(frozen=True)
class VersionRow:
    """One version; `changes` are sentences about what it changed, None for the first version."""

    policy: Policy
    changes: list[str] | None


def version_rows(versions: Sequence[Policy]) -> list[VersionRow]:
    """Describe consecutive versions of one policy, newest first, each with what it changed."""
    return [
        VersionRow(
            version.policy,
            None if version.changes is None else [_sentence(change) for change in version.changes],
        )
        for version in with_changes(versions)
    ]


def draft_changes(now: CurrentPolicy, draft: ShadowPolicy) -> list[str]:
    """Describe each difference between the policy in force and a draft in a sentence."""
    automatic = [band for band in BANDS if now.is_automatic(band)]
    changes = band_changes(now.bands, draft.bands) + differing(("automatic",), automatic, draft.automatic)
    return [_sentence(change) for change in changes]


def _sentence(change: FieldChange) -> str:
    match change.path:
        case ("bands", label, band):
            name = f"{title_of(label)}, {band} from"
        case ("language_bands", language, label, band):
            name = f"{language_title(language)}, {title_of(label)}, {band} from"
        case ("reasons", code):
            return _reason_sentence(code, change)
        case _:
            name = NAMES[change.field]
    return f"{name}: {_shown(change.before)} \N{RIGHTWARDS ARROW} {_shown(change.after)}"


def _reason_sentence(code: str, change: FieldChange) -> str:
    if change.after is None:
        return f"reason {code} is gone"
    if change.before is None:
        return f"reason {code} is new"
    return f"reason {code} reads \N{LEFT DOUBLE QUOTATION MARK}{change.after}\N{RIGHT DOUBLE QUOTATION MARK}"


def _shown(value: Any) -> str:
    if value is None:
        return "never"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(value) or "nothing"
    if isinstance(value, float):
        return f"{value:g}"
    return "balanced" if value == OF_THE_MODEL else str(value) or "nothing"
