"""Rules beside the model: create, change, enable and disable them, and try them out before they affect anybody."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import transaction

from classifier.core.audit import audit_record
from classifier.core.permissions import require_permission
from classifier.core.source_access import require_scope
from classifier.core.validation import InvalidInput, ValidationProblem, text_problem
from classifier.inference import rules as engine
from classifier.inference.phrases import PatternError
from classifier.inference.rules import RuleHit, RuleSet
from classifier.models import Rule, Source, User
from classifier.policies import active_policies
from classifier.policies.active_policies import policy_for, rules_for
from classifier.policies.preview import RulePreview, rule_preview

__all__ = [
    "rule_create",
    "rule_disable",
    "rule_enable",
    "rule_preview_recent",
    "rule_try_out",
    "rule_update",
    "rules_for",
    "rules_try_out",
]

NAME_CHARACTERS = 100
BANDS = ("review", "remove")
FIELDS = ("name", "kind", "pattern", "folds", "band", "source")


def rule_create(
    *,
    name: str,
    kind: str,
    pattern: str,
    folds: bool = True,
    band: str = "review",
    source: Source | None = None,
    enabled: bool = True,
    by: User | None,
) -> Rule:
    """Create a rule (source None: for all sources); it is in force within seconds.

    Raises InvalidInput and PermissionDenied.
    """
    require_permission(by, "classifier.add_rule")
    require_scope(by, source)
    fields = _checked(name=name, kind=kind, pattern=pattern, folds=folds, band=band, source=source)
    with transaction.atomic():
        rule = Rule.objects.create(**fields, enabled=enabled, created_by=by)
        _record("rule.create", rule, by, {name: _plain(fields[name]) for name in FIELDS})
    active_policies.forget()
    return rule


def rule_update(*, rule: Rule, by: User | None, **changes: Any) -> Rule:
    """Change some of FIELDS; the audit keeps their old values. Raises InvalidInput and PermissionDenied."""
    require_permission(by, "classifier.change_rule")
    with transaction.atomic():
        locked = Rule.objects.select_for_update(of=("self",)).get(pk=rule.pk)
        before = {name: getattr(locked, name) for name in FIELDS}
        fields = _checked(**{**before, **changes})
        for touched in {before["source"], fields["source"]}:
            require_scope(by, touched)
        changed = {
            name: [_plain(before[name]), _plain(fields[name])]
            for name in FIELDS
            if before[name] != fields[name]
        }
        if changed:
            for name in changed:
                setattr(locked, name, fields[name])
            locked.save(update_fields=[*changed, "updated_at"])
            _record("rule.update", locked, by, changed)
    active_policies.forget()
    rule.refresh_from_db()
    return rule


def rule_enable(*, rule: Rule, by: User | None) -> Rule:
    """Enable a rule. Raises PermissionDenied."""
    return _switch(rule, True, by)


def rule_disable(*, rule: Rule, by: User | None) -> Rule:
    """Disable a rule; it is kept, because the reasons of old comments name it. Raises PermissionDenied."""
    return _switch(rule, False, by)


def rule_try_out(*, kind: str, pattern: str, folds: bool = True, text: str, by: User | None) -> list[RuleHit]:
    """Return the hits of an unsaved pattern in a text; nothing is stored. Raises InvalidInput and PermissionDenied."""
    require_permission(by, "classifier.test_rule")
    problem = text_problem(text)
    if problem is not None:
        raise InvalidInput([problem])
    _check_pattern(kind, pattern, folds)
    return RuleSet([engine.Rule(0, "", kind, pattern, folds)]).hits(text)


def rule_preview_recent(
    *,
    kind: str,
    pattern: str,
    folds: bool = True,
    band: str = "review",
    source: Source | None = None,
    by: User | None,
) -> RulePreview:
    """Preview what an unsaved rule would have caught in recent comments. Raises InvalidInput and PermissionDenied."""
    require_permission(by, "classifier.test_rule")
    require_permission(by, "classifier.view_comment")
    if band not in BANDS:
        raise InvalidInput([_problem("band", "This must be review or remove.", "invalid_choice")])
    _check_pattern(kind, pattern, folds)
    rule = engine.Rule(0, "", kind, pattern, folds, band)
    return rule_preview(rule=rule, source=source, user=by)


def rules_try_out(*, text: str, source: Source | None = None, by: User | None) -> list[RuleHit]:
    """Return the hits of a source's rules in a text; nothing is stored. Raises InvalidInput and PermissionDenied."""
    require_permission(by, "classifier.test_rule")
    problem = text_problem(text)
    if problem is not None:
        raise InvalidInput([problem])
    source_id = source.pk if source else None
    return rules_for(source_id).hits(policy_for(source_id).for_rules(text))


def _switch(rule: Rule, enabled: bool, by: User | None) -> Rule:
    require_permission(by, "classifier.change_rule")
    with transaction.atomic():
        locked = Rule.objects.select_for_update(of=("self",)).get(pk=rule.pk)
        require_scope(by, locked.source)
        if locked.enabled != enabled:
            locked.enabled = enabled
            locked.save(update_fields=["enabled", "updated_at"])
            _record("rule.enable" if enabled else "rule.disable", locked, by, {})
    active_policies.forget()
    rule.refresh_from_db()
    return rule


def _checked(**fields: Any) -> dict[str, Any]:
    problems: list[ValidationProblem] = []
    unknown = sorted(set(fields) - set(FIELDS))
    if unknown:
        raise TypeError(f"a rule has no field {unknown[0]}")
    name = fields["name"].strip()
    if not name or len(name) > NAME_CHARACTERS or "\x00" in name:
        problems.append(_problem("name", f"A name has 1 to {NAME_CHARACTERS} characters.", "invalid"))
    if fields["band"] not in BANDS:
        problems.append(_problem("band", "This must be review or remove.", "invalid_choice"))
    try:
        _check_pattern(fields["kind"], fields["pattern"], bool(fields["folds"]))
    except InvalidInput as error:
        problems.extend(error.problems)
    if problems:
        raise InvalidInput(problems)
    return {**fields, "name": name, "folds": bool(fields["folds"])}


def _check_pattern(kind: str, pattern: str, folds: bool) -> None:
    try:
        if kind not in Rule.Kind.values:
            raise InvalidInput([_problem("kind", "This must be phrase or regex.", "invalid_choice")])
        engine.check_pattern(kind, pattern, folds=folds)
    except PatternError as error:
        raise InvalidInput([_problem("pattern", error.message, error.code)]) from None


def _problem(field: str, message: str, code: str) -> ValidationProblem:
    return ValidationProblem(field, message, code)


def _plain(value: Any) -> Any:
    return value.slug if isinstance(value, Source) else value


def _record(verb: str, rule: Rule, by: User | None, data: dict[str, Any]) -> None:
    audit_record(verb=verb, by=by, source=rule.source, subject=rule.name, data={"rule": rule.pk, **data})


def spans_of(hits: Iterable[RuleHit]) -> Sequence[tuple[int, int]]:
    """Return the spans of all hits in their text, in order; overlapping spans are merged."""
    merged: list[tuple[int, int]] = []
    for begin, end in sorted(span for hit in hits for span in hit.spans):
        if merged and begin < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return merged
