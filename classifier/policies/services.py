"""Policies of sources: save a new version, restore an old one, read the newest one."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import connection, connections, transaction

from classifier.core.audit import audit_record
from classifier.core.errors import PolicyConflict
from classifier.core.permissions import require_permission
from classifier.core.source_access import require_scope
from classifier.core.validation import InvalidInput, ValidationProblem
from classifier.inference.bands import DEFAULT_BANDS, check_bands
from classifier.models import ConcernMode, FailMode, Policy, Source, TextFormat, UnknownLanguage, User
from classifier.policies import active_policies
from classifier.policies.active_policies import CurrentPolicy, policy_for
from classifier.policies.fields import policy_check

__all__ = [
    "CurrentPolicy",
    "PolicyConflict",
    "policies_ensure_after_migrate",
    "policy_for",
    "policy_newest",
    "policy_restore",
    "policy_save",
    "policy_turn",
]

POLICY_LOCK = 0x9011C7
FIELDS = (
    "bands",
    "automatic",
    "fail_mode",
    "unknown_language",
    "concern",
    "concern_text",
    "nudge_threshold",
    "reasons",
    "reason_required",
    "appeal_days",
    "text_format",
    "leave_out",
    "language_bands",
)
DEFAULT_REASONS = (
    ("insult", "Insults somebody"),
    ("threat", "Threatens somebody"),
    ("hate", "Attacks people for who they are"),
    ("obscene", "Obscene"),
    ("spam", "Spam or advertising"),
    ("private_data", "Private data of somebody"),
)
DEFAULT_NOTE = "The policy that every site starts with: a person reviews what the model calls toxic."


def policy_save(
    *,
    source: Source | None,
    bands: Mapping[str, Mapping[str, Any]],
    automatic: Iterable[str] = (),
    fail_mode: str = FailMode.CLOSED,
    unknown_language: str = UnknownLanguage.REVIEW,
    concern: str = ConcernMode.REVIEW,
    concern_text: str = "",
    nudge_threshold: float | None = None,
    reasons: Iterable[Mapping[str, str]] = (),
    reason_required: bool = False,
    appeal_days: int = 14,
    text_format: str = TextFormat.TEXT,
    leave_out: Iterable[str] = (),
    language_bands: Mapping[str, Mapping[str, Mapping[str, Any]]] | None = None,
    note: str = "",
    seen_version: int | None = None,
    by: User | None,
) -> Policy:
    """Write the next version of a source's policy (None: the site's own); it is in force within seconds.

    `seen_version`: the version that the change is based on (0: none yet). Raises PolicyConflict if that is not the
    newest version any more, InvalidInput and PermissionDenied.
    """
    require_permission(by, "classifier.add_policy")
    require_scope(by, source)
    fields = policy_check(
        bands=bands,
        automatic=automatic,
        fail_mode=fail_mode,
        unknown_language=unknown_language,
        concern=concern,
        concern_text=concern_text,
        nudge_threshold=nudge_threshold,
        reasons=reasons,
        reason_required=reason_required,
        appeal_days=appeal_days,
        text_format=text_format,
        leave_out=leave_out,
        language_bands=language_bands,
        note=note,
    )
    with transaction.atomic():
        policy_turn(source)
        newest = policy_newest(source=source)
        if seen_version is not None and seen_version != (newest.version if newest else 0):
            if newest is None:
                raise InvalidInput([ValidationProblem("seen_version", "No version exists yet.", "invalid")])
            raise PolicyConflict(newest)
        policy = Policy.objects.create(
            source=source, version=newest.version + 1 if newest else 1, created_by=by, **fields
        )
        audit_record(
            verb="policy.save",
            by=by,
            source=source,
            subject=f"{source.slug if source else 'site'} v{policy.version}",
            data={"version": policy.version, "changed": _changed(newest, fields), "note": policy.note},
        )
        transaction.on_commit(active_policies.forget)
    active_policies.forget()
    return policy


def policy_restore(
    *, policy: Policy, note: str = "", seen_version: int | None = None, by: User | None
) -> Policy:
    """Save an old version again as the newest one. Raises what policy_save raises."""
    return policy_save(
        source=policy.source,
        **{name: getattr(policy, name) for name in FIELDS},
        note=note.strip() or f"Version {policy.version} again",
        seen_version=seen_version,
        by=by,
    )


def policy_newest(*, source: Source | None) -> Policy | None:
    """Read the newest version of a source's own policy, past any cache; None if it follows the site's policy."""
    return Policy.objects.filter(source=source).order_by("-version").first()


def policies_ensure_after_migrate(sender: Any, using: str = "default", **kwargs: Any) -> None:
    """Create version 1 of the site's own policy after a migration, if the table exists and has none (post_migrate)."""
    active_policies.forget()
    if Policy._meta.db_table not in connections[using].introspection.table_names():
        return
    site = Policy.objects.using(using).filter(source=None)
    if not site.exists():
        Policy.objects.using(using).create(
            source=None,
            version=1,
            bands=check_bands(DEFAULT_BANDS),
            reasons=[{"code": code, "title": title} for code, title in DEFAULT_REASONS],
            note=DEFAULT_NOTE,
        )


def _changed(before: Policy | None, fields: Mapping[str, Any]) -> list[str]:
    return [name for name in FIELDS if before is None or getattr(before, name) != fields[name]]


def policy_turn(source: Source | None) -> None:
    """Lock this source's policy and its draft in shadow mode against other changes until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(%s, %s)", [POLICY_LOCK, (source.pk if source else 0) % 2**31]
        )
