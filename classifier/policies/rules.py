"""Rules beside the model: create, change, enable and disable them, and try them out before they affect anybody."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import transaction

from classifier.core.audit import audit_record, author_pseudonym
from classifier.core.permissions import require_permission
from classifier.core.source_access import require_scope
from classifier.core.validation import InvalidInput, ValidationProblem, text_problem
from classifier.inference import rules as engine
from classifier.inference.conditions import checked_conditions
from classifier.inference.phrases import PatternError
from classifier.inference.rule_files import checked_tags
from classifier.inference.rules import LEFT_OUT, RuleHit, RuleSet
from classifier.models import RULE_DESCRIPTION_CHARACTERS, Rule, RuleList, RuleState, Source, User
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
VERBS = {RuleState.ON: "rule.enable", RuleState.OFF: "rule.disable", RuleState.SHADOW: "rule.shadow"}
NO_CONDITION = "A rule for any text needs a condition: without one it would hit every comment."
BAND_WRONG = "This must be review, remove, approve or exception."
BANDS = tuple(Rule.RuleBand.values)
FIELDS = (
    "name",
    "description",
    "kind",
    "pattern",
    "folds",
    "ignore_accents",
    "leave_out",
    "exceptions",
    "conditions",
    "band",
    "source",
    "rule_list",
    "tags",
)
PATTERN_FIELDS = ("kind", "pattern", "folds", "ignore_accents", "leave_out", "exceptions", "conditions")
DEFAULTS: Mapping[str, Any] = {
    "description": "",
    "folds": True,
    "ignore_accents": False,
    "leave_out": None,
    "exceptions": (),
    "conditions": {},
    "band": "review",
    "source": None,
    "rule_list": None,
    "tags": (),
}


def rule_create(*, state: str = RuleState.ON, by: User | None, **fields: Any) -> Rule:
    """Create a rule from FIELDS, of which DEFAULTS may be left out (source None: for all sources).

    It is in force within seconds, unless its state says else. `leave_out` None: what suits the pattern.

    Raises InvalidInput and PermissionDenied.
    """
    require_permission(by, "classifier.add_rule")
    require_scope(by, fields.get("source"))
    checked = checked_fields({**DEFAULTS, **fields})
    with transaction.atomic():
        rule = Rule.objects.create(**checked, **state_fields(state), created_by=by)
        _record("rule.create", rule, by, {name: _plain(checked[name]) for name in FIELDS})
    active_policies.forget()
    return rule


def rule_update(*, rule: Rule, by: User | None, **changes: Any) -> Rule:
    """Change some of FIELDS; the audit keeps their old values. Raises InvalidInput and PermissionDenied."""
    require_permission(by, "classifier.change_rule")
    with transaction.atomic():
        locked = Rule.objects.select_for_update(of=("self",)).get(pk=rule.pk)
        before = {name: getattr(locked, name) for name in FIELDS}
        fields = checked_fields({**before, **changes})
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


def state_fields(state: str) -> dict[str, bool]:
    """Return the columns of a rule that say its state. Raises InvalidInput."""
    if state not in RuleState.values:
        known = ", ".join(RuleState.values)
        raise InvalidInput([_problem("state", f"This must be one of {known}.", "invalid_choice")])
    return {"enabled": state != RuleState.OFF, "is_shadow": state == RuleState.SHADOW}


def rule_set_state(*, rule: Rule, state: str, by: User | None) -> Rule:
    """Switch a rule on, off or into shadow mode; one that is off is kept, because old comments name it.

    Raises InvalidInput and PermissionDenied.
    """
    return _switch(rule, state, by)


def rule_enable(*, rule: Rule, by: User | None) -> Rule:
    """Enable a rule. Raises PermissionDenied."""
    return _switch(rule, RuleState.ON, by)


def rule_disable(*, rule: Rule, by: User | None) -> Rule:
    """Disable a rule; it is kept, because the reasons of old comments name it. Raises PermissionDenied."""
    return _switch(rule, RuleState.OFF, by)


def rule_try_out(*, text: str, by: User | None, **pattern: Any) -> list[RuleHit]:
    """Return the hits of an unsaved pattern (PATTERN_FIELDS) in a text; nothing is stored.

    Raises InvalidInput and PermissionDenied.
    """
    require_permission(by, "classifier.test_rule")
    problem = text_problem(text)
    if problem is not None:
        raise InvalidInput([problem])
    return RuleSet([engine_draft(pattern)]).hits(text)


def rule_preview_recent(
    *, band: str = "review", source: Source | None = None, by: User | None, **pattern: Any
) -> RulePreview:
    """Preview what an unsaved rule would have caught in recent comments. Raises InvalidInput and PermissionDenied."""
    require_permission(by, "classifier.test_rule")
    require_permission(by, "classifier.view_comment")
    if band not in BANDS:
        raise InvalidInput([_problem("band", BAND_WRONG, "invalid_choice")])
    return rule_preview(rule=engine_draft(pattern, band=band), source=source, user=by)


def engine_draft(pattern: Mapping[str, Any], *, band: str = "review") -> engine.Rule:
    """Return an unsaved pattern (PATTERN_FIELDS) as the engine takes it. Raises InvalidInput."""
    fields = {name: value for name, value in DEFAULTS.items() if name in PATTERN_FIELDS}
    checked, problems = _checked_pattern({**fields, **pattern})
    if problems:
        raise InvalidInput(problems)
    return engine.Rule(
        0,
        "",
        checked["kind"],
        checked["pattern"],
        checked["folds"],
        band,
        ignore_accents=checked["ignore_accents"],
        leave_out=tuple(checked["leave_out"]),
        exceptions=tuple(checked["exceptions"]),
        conditions=checked["conditions"],
    )


def rules_try_out(*, text: str, source: Source | None = None, by: User | None) -> list[RuleHit]:
    """Return the hits of a source's rules in a text; nothing is stored. Raises InvalidInput and PermissionDenied."""
    require_permission(by, "classifier.test_rule")
    problem = text_problem(text)
    if problem is not None:
        raise InvalidInput([problem])
    source_id = source.pk if source else None
    return policy_for(source_id).hits(rules_for(source_id), text)


def _switch(rule: Rule, state: str, by: User | None) -> Rule:
    require_permission(by, "classifier.change_rule")
    fields = state_fields(state)
    with transaction.atomic():
        locked = Rule.objects.select_for_update(of=("self",)).get(pk=rule.pk)
        require_scope(by, locked.source)
        if locked.state != state:
            for name, value in fields.items():
                setattr(locked, name, value)
            locked.save(update_fields=[*fields, "updated_at"])
            _record(VERBS[RuleState(state)], locked, by, {})
    active_policies.forget()
    rule.refresh_from_db()
    return rule


def checked_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return all FIELDS of a rule, cleaned. Raises InvalidInput with every problem."""
    unknown = sorted(set(fields) - set(FIELDS))
    if unknown:
        raise TypeError(f"a rule has no field {unknown[0]}")
    problems: list[ValidationProblem] = []
    name = fields["name"].strip()
    if not name or len(name) > NAME_CHARACTERS or "\x00" in name:
        problems.append(_problem("name", f"A name has 1 to {NAME_CHARACTERS} characters.", "invalid"))
    if len(fields["description"]) > RULE_DESCRIPTION_CHARACTERS or "\x00" in fields["description"]:
        message = f"At most {RULE_DESCRIPTION_CHARACTERS:,} characters are allowed."
        problems.append(_problem("description", message, "max_length"))
    if fields["band"] not in BANDS:
        problems.append(_problem("band", BAND_WRONG, "invalid_choice"))
    rule_list: RuleList | None = fields["rule_list"]
    if rule_list is not None and rule_list.source != fields["source"]:
        problems.append(_problem("source", "A rule of a list is for the source of the list.", "invalid"))
    tags: list[str] = []
    try:
        tags = list(checked_tags(fields["tags"]))
    except ValueError as error:
        problems.append(_problem("tags", str(error), "invalid"))
    pattern, found = _checked_pattern(fields)
    if problems := [*problems, *found]:
        raise InvalidInput(problems)
    return {**fields, **pattern, "name": name, "tags": tags}


def _checked_pattern(fields: Mapping[str, Any]) -> tuple[dict[str, Any], list[ValidationProblem]]:
    """Return the PATTERN_FIELDS, cleaned, and what is wrong with them."""
    kind, pattern = fields["kind"], fields["pattern"]
    problems: list[ValidationProblem] = []
    leave_out = fields["leave_out"]
    if leave_out is None:
        leave_out = engine.left_out_by_default(kind, pattern)
    if not isinstance(leave_out, list | tuple) or any(part not in LEFT_OUT for part in leave_out):
        problems.append(_problem("leave_out", f"Use some of {', '.join(LEFT_OUT)}.", "invalid_choice"))
        leave_out = ()
    exceptions = fields["exceptions"]
    if not isinstance(exceptions, list | tuple) or not all(isinstance(one, str) for one in exceptions):
        problems.append(_problem("exceptions", "This must be a list of phrases.", "invalid_type"))
        exceptions = ()
    exceptions = list(dict.fromkeys(one.strip() for one in exceptions if one.strip()))
    checked = {
        "kind": kind,
        "pattern": pattern,
        "folds": bool(fields["folds"]),
        "ignore_accents": bool(fields["ignore_accents"]),
        "leave_out": [part for part in LEFT_OUT if part in leave_out],
        "exceptions": exceptions,
        "conditions": {},
    }
    if kind not in Rule.Kind.values:
        problems.append(_problem("kind", "This must be phrase, regex or any.", "invalid_choice"))
        return checked, problems
    try:
        checked["conditions"] = checked_conditions(fields["conditions"])
    except PatternError as error:
        problems.append(_problem("conditions", error.message, error.code))
    else:
        if kind == Rule.Kind.ANY and not checked["conditions"]:
            problems.append(_problem("conditions", NO_CONDITION, "required"))
    if fields.get("band") == Rule.RuleBand.EXCEPTION and (checked["conditions"] or kind == Rule.Kind.ANY):
        problems.append(_problem("conditions", "An exception has a pattern alone.", "invalid"))
    try:
        engine.check_pattern(kind, pattern, folds=checked["folds"], ignore_accents=checked["ignore_accents"])
    except PatternError as error:
        problems.append(_problem("pattern", error.message, error.code))
    try:
        engine.check_exceptions(exceptions)
    except PatternError as error:
        problems.append(_problem("exceptions", error.message, error.code))
    return checked, problems


def _problem(field: str, message: str, code: str) -> ValidationProblem:
    return ValidationProblem(field, message, code)


def _plain(value: Any) -> Any:
    """Return the value of a field as the audit keeps it, which never names an author."""
    if isinstance(value, RuleList):
        return value.name
    if isinstance(value, dict) and "authors" in value:  # conditions
        return {**value, "authors": [author_pseudonym(name) for name in value["authors"]]}
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
