"""Policies of sources: saving a new version, bringing an old one back, and the one in force."""

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.db import connection, connections, transaction

from classifier.inference.bands import DEFAULT_BANDS, BandsError, check_automatic, check_bands
from classifier.models import FailMode, Policy, Source, User
from classifier.services import in_force
from classifier.services.access import require_scope
from classifier.services.audit import audit_record
from classifier.services.in_force import CurrentPolicy, policy_for
from classifier.services.permissions import require_permission
from classifier.services.validation import SLUG, InvalidInput, ValidationProblem

__all__ = [
    "CurrentPolicy",
    "PolicyConflict",
    "draft_check",
    "policies_ensure_after_migrate",
    "policy_check",
    "policy_for",
    "policy_newest",
    "policy_restore",
    "policy_save",
    "policy_turn",
]

POLICY_LOCK = 0x9011C7
NOTE_CHARACTERS = 500
TITLE_CHARACTERS = 100
REASONS_MAX = 50
APPEAL_DAYS_MAX = 3_650
FIELDS = (
    "bands",
    "automatic",
    "fail_mode",
    "nudge_threshold",
    "reasons",
    "reason_required",
    "appeal_days",
)
DEFAULT_REASONS = (
    ("insult", "Insults somebody"),
    ("threat", "Threatens somebody"),
    ("hate", "Attacks people for who they are"),
    ("obscene", "Obscene"),
    ("spam", "Spam or advertising"),
    ("private_data", "Private data of somebody"),
)
DEFAULT_NOTE = "The policy that every site starts with: a person looks at what the model calls toxic."


class PolicyConflict(Exception):
    """Somebody saved another version since this one was opened; `newest` is theirs."""

    def __init__(self, newest: Policy) -> None:
        super().__init__(f"Version {newest.version} was saved in the meantime. Look at it, then save again.")
        self.newest = newest


def policy_save(
    *,
    source: Source | None,
    bands: Mapping[str, Mapping[str, Any]],
    automatic: Iterable[str] = (),
    fail_mode: str = FailMode.CLOSED,
    nudge_threshold: float | None = None,
    reasons: Iterable[Mapping[str, str]] = (),
    reason_required: bool = False,
    appeal_days: int = 14,
    note: str = "",
    seen_version: int | None = None,
    by: User | None,
) -> Policy:
    """Write the next version of a source's policy (None: the site's own); it is in force within seconds.

    `seen_version`: the version that the change was made from (0: none yet); PolicyConflict where it is not the newest
    any more. Raises InvalidInput, PermissionDenied.
    """
    require_permission(by, "classifier.add_policy")
    require_scope(by, source)
    fields = policy_check(
        bands=bands,
        automatic=automatic,
        fail_mode=fail_mode,
        nudge_threshold=nudge_threshold,
        reasons=reasons,
        reason_required=reason_required,
        appeal_days=appeal_days,
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
        transaction.on_commit(in_force.forget)
    in_force.forget()
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
    """The newest version of a source's own policy, past any cache; None where it follows the site's."""
    return Policy.objects.filter(source=source).order_by("-version").first()


def policy_check(
    *,
    bands: Any,
    automatic: Any,
    fail_mode: Any,
    nudge_threshold: Any,
    reasons: Any,
    reason_required: Any,
    appeal_days: Any,
    note: Any = "",
) -> dict[str, Any]:
    """The fields of a policy in their written form. Raises InvalidInput with the problems of all fields."""
    fields, problems = _written(
        ("bands", check_bands, bands),
        ("automatic", check_automatic, automatic),
        ("fail_mode", _fail_mode, fail_mode),
        ("nudge_threshold", _nudge_threshold, nudge_threshold),
        ("reasons", _reasons, reasons),
        ("appeal_days", _appeal_days, appeal_days),
        ("note", _note, note),
    )
    fields["reason_required"] = bool(reason_required)
    if not problems and reason_required and not fields["reasons"]:
        message = "Name at least one reason, or do not require one."
        problems.append(ValidationProblem("reasons", message, "required"))
    if problems:
        raise InvalidInput(problems)
    return fields


def draft_check(*, bands: Any, automatic: Any, note: Any = "") -> dict[str, Any]:
    """What says what happens to a comment, in its written form. Raises InvalidInput with all problems."""
    fields, problems = _written(
        ("bands", check_bands, bands), ("automatic", check_automatic, automatic), ("note", _note, note)
    )
    if problems:
        raise InvalidInput(problems)
    return fields


def policies_ensure_after_migrate(sender: Any, using: str = "default", **kwargs: Any) -> None:
    """Receiver of post_migrate: version 1 of the site's own policy, where the table is there and holds none."""
    in_force.forget()
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


def _written(
    *checks: tuple[str, Callable[[Any], Any], Any],
) -> tuple[dict[str, Any], list[ValidationProblem]]:
    """The values as their checks write them, and what is wrong with the others."""
    fields: dict[str, Any] = {}
    problems: list[ValidationProblem] = []
    for name, check, value in checks:
        try:
            fields[name] = check(value)
        except BandsError as error:
            problems.append(ValidationProblem(error.field, error.message, error.code))
        except InvalidInput as error:
            problems.extend(error.problems)
    return fields, problems


def _changed(before: Policy | None, fields: Mapping[str, Any]) -> list[str]:
    return [name for name in FIELDS if before is None or getattr(before, name) != fields[name]]


def policy_turn(source: Source | None) -> None:
    """Until the transaction ends, nobody else changes this source's policy, or the draft in its shadow."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(%s, %s)", [POLICY_LOCK, (source.pk if source else 0) % 2**31]
        )


def _refuse(field: str, message: str, code: str) -> InvalidInput:
    return InvalidInput([ValidationProblem(field, message, code)])


def _fail_mode(value: Any) -> str:
    if value not in FailMode.values:
        raise _refuse("fail_mode", "This must be open or closed.", "invalid_choice")
    return str(value)


def _nudge_threshold(value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _refuse("nudge_threshold", "This must be a number from 0 to 1, or null.", "invalid_type")
    if not math.isfinite(value) or not 0 <= value <= 1:
        raise _refuse("nudge_threshold", "This must be a number from 0 to 1.", "out_of_range")
    return float(value)


def _appeal_days(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise _refuse("appeal_days", "This must be a whole number of days.", "invalid_type")
    if not 0 <= value <= APPEAL_DAYS_MAX:
        raise _refuse("appeal_days", f"This must be from 0 to {APPEAL_DAYS_MAX:,} days.", "out_of_range")
    return value


def _note(value: Any) -> str:
    note = value.strip() if isinstance(value, str) else ""
    if not isinstance(value, str) or "\x00" in note:
        raise _refuse("note", "This must be text.", "invalid_type")
    if len(note) > NOTE_CHARACTERS:
        raise _refuse("note", f"At most {NOTE_CHARACTERS} characters are allowed.", "max_length")
    return note


def _reasons(value: Any) -> list[dict[str, str]]:
    if isinstance(value, str | Mapping) or not isinstance(value, Iterable):
        raise _refuse("reasons", "This must be a list of reasons.", "invalid_type")
    found: dict[str, dict[str, str]] = {}
    for place, reason in enumerate(value):
        path = f"reasons[{place}]"
        if not isinstance(reason, Mapping) or set(reason) != {"code", "title"}:
            raise _refuse(path, "A reason has a code and a title.", "invalid_type")
        code, title = reason["code"], reason["title"]
        if not isinstance(code, str) or not SLUG.match(code):
            message = "A code has 1 to 64 letters, digits, hyphens or underscores."
            raise _refuse(f"{path}.code", message, "invalid")
        if (
            not isinstance(title, str)
            or not title.strip()
            or len(title) > TITLE_CHARACTERS
            or "\x00" in title
        ):
            raise _refuse(f"{path}.title", f"A title has 1 to {TITLE_CHARACTERS} characters.", "invalid")
        if code in found:
            raise _refuse(f"{path}.code", "This code is there twice.", "duplicate")
        found[code] = {"code": code, "title": title.strip()}
    if len(found) > REASONS_MAX:
        raise _refuse("reasons", f"At most {REASONS_MAX} reasons are allowed.", "max_items")
    return list(found.values())
