"""What an API key may be, what a user may give to it, and what the audit keeps of it."""

import math
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone

from classifier.core.validation import ValidationProblem
from classifier.core.visibility import sources_of
from classifier.models import ApiKey, ApiScope, MissingAttributes, Source, User

QUOTA_MAX = 2**31 - 1


def key_problems(
    name: str, owner: User, scopes: Sequence[str], expires_at: datetime | None, by: User | None
) -> list[ValidationProblem]:
    """List problems of name, owner, scopes and expiry. A key acts as its owner, who may do no more than `by`."""
    problems = []
    if not name.strip() or len(name) > 100:
        problems.append(ValidationProblem("name", "A name of 1 to 100 characters is needed.", "invalid"))
    if not owner.is_active:
        problems.append(ValidationProblem("owner", "This person is deactivated.", "invalid"))
    elif by is not None and owner.is_superuser and not by.is_superuser:
        message = "Only a superuser makes keys that act as a superuser."
        problems.append(ValidationProblem("owner", message, "not_allowed"))
    unknown = sorted(set(scopes) - set(ApiScope.values))
    if unknown or not scopes:
        known = ", ".join(ApiScope.values)
        problems.append(ValidationProblem("scopes", f"Give one or more of {known}.", "invalid_choice"))
    if expires_at is not None and expires_at <= timezone.now():
        problems.append(ValidationProblem("expires_at", "This moment has passed.", "invalid"))
    return problems


def quota_problems(requests_per_minute: int | None, texts_per_day: int | None) -> list[ValidationProblem]:
    quotas = {"requests_per_minute": requests_per_minute, "texts_per_day": texts_per_day}
    message = f"A whole number from 1 to {QUOTA_MAX:,}, or nothing."
    return [
        ValidationProblem(field, message, "invalid")
        for field, quota in quotas.items()
        if quota is not None and not 1 <= quota <= QUOTA_MAX
    ]


def missing_problems(choice: str, constant: float | None) -> list[ValidationProblem]:
    """List problems of what stands for missing attributes: a constant needs a number, and nothing else has one."""
    if choice not in MissingAttributes.values:
        message = f"Give one of {', '.join(MissingAttributes.values)}."
        return [ValidationProblem("missing_attributes", message, "invalid_choice")]
    if choice != MissingAttributes.CONSTANT:
        message = "Leave this empty, or choose the constant score for missing attributes."
        return [] if constant is None else [ValidationProblem("missing_constant", message, "not_allowed")]
    if constant is None:
        message = "The constant score needs a number from 0 to 1."
        return [ValidationProblem("missing_constant", message, "required")]
    if isinstance(constant, bool) or not math.isfinite(constant) or not 0 <= constant <= 1:
        return [ValidationProblem("missing_constant", "A number from 0 to 1.", "out_of_range")]
    return []


def source_problems(
    chosen: Sequence[Source], by: User | None, before: Collection[Source] | None = None
) -> list[ValidationProblem]:
    """List problems of a key's sources: nobody gives sources that they do not see; those of `before` may stay."""
    own = sources_of(by)
    if own is None or (before is not None and set(chosen) == set(before)):
        return []
    seen = set(own)
    if not chosen:
        message = "You do not see every source, so name those that the key is for."
    elif not set(chosen) <= seen:
        message = "You can only give sources that you see yourself."
    else:
        return []
    return [ValidationProblem("sources", message, "not_allowed")]


def audit_name(key: ApiKey) -> str:
    """Return how the audit names a key: readable, without anything secret."""
    return f"{key.name} ({key.prefix}…)"


def audit_data(key: ApiKey, sources: Sequence[Source]) -> dict[str, Any]:
    """Return what the audit keeps of a key."""
    return {
        "name": key.name,
        "owner": key.owner.get_username(),
        "scopes": list(key.scopes),
        "sources": sorted(source.slug for source in sources),
        "requests_per_minute": key.requests_per_minute,
        "texts_per_day": key.texts_per_day,
        "expires_at": key.expires_at.isoformat() if key.expires_at else None,
        "missing_attributes": key.missing_attributes,
        "missing_constant": key.missing_constant,
        "lifts_scores": key.lifts_scores,
    }
