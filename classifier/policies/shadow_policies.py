"""Shadow mode of a policy's draft: start it on live comments, stop it, and put the draft in force."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from classifier.core.audit import audit_record
from classifier.core.permissions import require_permission
from classifier.core.source_access import require_scope
from classifier.core.validation import InvalidInput, ValidationProblem
from classifier.models import (
    SHADOW_POLICY_TRANSITIONS,
    Policy,
    ShadowPolicy,
    ShadowPolicyStatus,
    Source,
    User,
)
from classifier.policies import active_policies
from classifier.policies.draft_report import shadow_policy_running
from classifier.policies.fields import draft_check
from classifier.policies.services import FIELDS, policy_newest, policy_save, policy_turn
from toxicsite.lib.lifecycle import transition

CHANGE = "classifier.add_policy"
OF_A_DRAFT = ("bands", "automatic")
SAME = "The draft is the same as the policy in force, so there is nothing to compare."


def shadow_policy_start(
    *,
    source: Source | None,
    bands: Mapping[str, Mapping[str, Any]],
    automatic: Iterable[str] = (),
    note: str = "",
    by: User | None,
) -> ShadowPolicy:
    """Run a draft in shadow mode for `source` (None: for every source that follows the site's policy).

    It judges new comments, and nobody acts on its judgements. It replaces a draft that runs there; one with the same
    bands goes on and is returned. Raises PermissionDenied, and InvalidInput, also if the draft equals the policy in
    force.
    """
    require_permission(by, CHANGE)
    require_scope(by, source)
    fields = draft_check(bands=bands, automatic=automatic, note=note)
    with transaction.atomic():
        policy_turn(source)
        now = policy_newest(source=source) or policy_newest(source=None)
        if now is not None and all(getattr(now, name) == fields[name] for name in OF_A_DRAFT):
            raise InvalidInput([ValidationProblem("bands", SAME, "unchanged")])
        before = shadow_policy_running(source=source)
        if before is not None and all(getattr(before, name) == fields[name] for name in OF_A_DRAFT):
            return before
        if before is not None:
            _end(before, ShadowPolicyStatus.REPLACED, by=by, reason="another draft took its place")
        shadow = ShadowPolicy.objects.create(source=source, created_by=by, **fields)
        shadow.history.create(old="", new=shadow.status, actor=by, reason=fields["note"])
        _record("policy.shadow_start", shadow, by, note=shadow.note, replaced=before and before.pk)
    active_policies.forget()
    return shadow


def shadow_policy_stop(*, shadow: ShadowPolicy, reason: str = "", by: User | None) -> None:
    """Stop a draft; its judgements are kept.

    Raises PermissionDenied, and IllegalTransition or LostRace if it has ended already.
    """
    require_permission(by, CHANGE)
    require_scope(by, shadow.source)
    with transaction.atomic():
        policy_turn(shadow.source)
        _end(shadow, ShadowPolicyStatus.STOPPED, by=by, reason=reason)
        _record("policy.shadow_stop", shadow, by, reason=reason)
    active_policies.forget()


def shadow_policy_put_in_force(
    *, shadow: ShadowPolicy, note: str = "", seen_version: int | None = None, by: User | None
) -> Policy:
    """Save a draft as the next version of its policy; fields that a draft does not have keep their values.

    `seen_version` as for policy_save. Raises what policy_save raises, and IllegalTransition if it was done before.
    """
    require_permission(by, CHANGE)
    require_scope(by, shadow.source)
    with transaction.atomic():
        policy_turn(shadow.source)
        now = policy_newest(source=shadow.source) or policy_newest(source=None)
        kept = {name: getattr(now, name) for name in FIELDS} if now is not None else {}
        policy = policy_save(
            source=shadow.source,
            **{**kept, "bands": shadow.bands, "automatic": shadow.automatic},
            note=note.strip() or shadow.note or f"Tried as draft {shadow.pk}",
            seen_version=seen_version,
            by=by,
        )
        reason = f"version {policy.version}"
        _end(shadow, ShadowPolicyStatus.IN_FORCE, by=by, reason=reason, policy=policy)
        _record("policy.shadow_in_force", shadow, by, version=policy.version)
    active_policies.forget()
    return policy


def _end(shadow: ShadowPolicy, to: str, *, by: User | None, reason: str, **fields: Any) -> None:
    ended: dict[str, Any] = {"ended_at": Now()} if shadow.ended_at is None else {}
    transition(
        shadow, to=to, allowed=SHADOW_POLICY_TRANSITIONS, by=by, reason=reason[:500], **ended, **fields
    )
    if ended:
        shadow.ended_at = timezone.now()


def _record(verb: str, shadow: ShadowPolicy, by: User | None, **data: Any) -> None:
    audit_record(
        verb=verb,
        by=by,
        source=shadow.source,
        subject=f"{shadow.source.slug if shadow.source else 'site'} draft {shadow.pk}",
        data={"draft": shadow.pk, **{name: value for name, value in data.items() if value}},
    )
    transaction.on_commit(active_policies.forget)
