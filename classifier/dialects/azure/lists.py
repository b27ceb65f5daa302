"""The verbs of blocklists: they are lists of this site's rules, and their items the rules that are on.

Any list whose name Azure allows is a blocklist, however it was made. Adding an item creates a rule of the list, or
switches on the one that has this text; removing one switches its rule off. A rule is never deleted, because the reasons
of old comments name it. The rules of a list count for every comment of their source like any other rule. What an
operator changes on the page of a rule holds here as well: its pattern is the item's text, and a rule that is off or in
shadow mode is no item.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from classifier.core.audit import audit_record
from classifier.core.permissions import require_permission
from classifier.core.source_access import require_scope
from classifier.core.validation import InvalidInput, ValidationProblem
from classifier.models import Rule, RuleList, RuleState, Source, User
from classifier.policies.rule_lists import STATE, rule_list_create, rule_list_update
from classifier.policies.rules import rule_create, rule_disable, rule_enable, rule_update

NAME_CHARACTERS = 64
NAME = rf"^[0-9A-Za-z._~-]{{1,{NAME_CHARACTERS}}}$"
RULE_NAME_CHARACTERS = 100
HITS = Q(kind__in=[Rule.Kind.PHRASE, Rule.Kind.REGEX], band__in=[Rule.RuleBand.REVIEW, Rule.RuleBand.REMOVE])


@dataclass(frozen=True)
class ItemDraft:
    """An item to add or change; `description` None: it stays as it is."""

    text: str
    description: str | None = None


def lists_of(source_id: int | None) -> list[RuleList]:
    """List the lists of a source and those for all sources, by name; a source's own hides the other of its name."""
    rows = RuleList.objects.filter(Q(source=None) | Q(source=source_id), name__regex=NAME)
    rows = rows.select_related("source")
    own = {row.name for row in rows if row.source_id is not None}
    return [row for row in rows if row.source_id is not None or row.name not in own]


def lists_named(names: Sequence[str], source_id: int | None) -> list[RuleList]:
    """Return those of `lists_of(source_id)` that have one of `names`, in the order of the names."""
    if not names:
        return []
    by_name = {row.name: row for row in lists_of(source_id)}
    return [by_name[name] for name in names if name in by_name]


def items_in(lists: Sequence[RuleList]) -> QuerySet[Rule]:
    """List the items of these lists: their rules that are on and hold a text back."""
    return Rule.objects.filter(HITS, STATE[RuleState.ON], rule_list__in=lists).order_by("id")


def list_save(
    *, name: str, description: str | None, source: Source | None, by: User | None
) -> tuple[RuleList, bool]:
    """Create a list, or change its description (None: leave it); return it and whether it is new.

    Raises PermissionDenied.
    """
    require_permission(by, "classifier.add_rule")
    source_id = source.pk if source is not None else None
    found = lists_named([name], source_id)
    if not found:
        try:
            made = rule_list_create(name=name, description=description or "", source=source, by=by)
        except InvalidInput:
            found = lists_named([name], source_id)  # another call was faster
            if not found:
                raise
        else:
            return made, True
    [row] = found
    require_scope(by, row.source)
    if description is not None and description != row.description:
        row = rule_list_update(rule_list=row, description=description, by=by)
    return row, False


def items_save(*, row: RuleList, drafts: Sequence[ItemDraft], by: User | None) -> list[Rule]:
    """Add items, or change the description of those whose text the list has already; all of them or none.

    Raises InvalidInput, whose fields are `blocklistItems[2].text`, and PermissionDenied.
    """
    require_permission(by, "classifier.add_rule")
    require_scope(by, row.source)
    saved = []
    with transaction.atomic():
        locked = RuleList.objects.select_for_update(of=("self",)).select_related("source").get(pk=row.pk)
        wanted = {draft.text for draft in drafts}
        rules = locked.rules.filter(HITS, kind=Rule.Kind.PHRASE, pattern__in=wanted)
        # Of several with one text, the one that is on.
        known = {rule.pattern: rule for rule in rules.order_by("enabled", "-is_shadow", "-id")}
        for index, draft in enumerate(drafts):
            rule = known.get(draft.text)
            if rule is None:
                rule = known[draft.text] = _created_rule(locked, draft, f"blocklistItems[{index}].text", by)
            else:
                if rule.state != RuleState.ON:
                    rule_enable(rule=rule, by=by)
                if draft.description is not None and draft.description != rule.description:
                    rule_update(rule=rule, description=draft.description, by=by)
            saved.append(rule)
    return saved


def items_remove(*, row: RuleList, ids: Sequence[UUID], by: User | None) -> int:
    """Switch the rules of items off; return how many there were. Raises PermissionDenied."""
    require_permission(by, "classifier.change_rule")
    require_scope(by, row.source)
    with transaction.atomic():
        rules = list(items_in([row]).filter(item_id__in=ids).select_related("source"))
        for rule in rules:
            rule_disable(rule=rule, by=by)
        if rules:
            audit_record(
                verb="blocklist.remove", by=by, source=row.source, subject=row.name, count=len(rules)
            )
    return len(rules)


def _created_rule(row: RuleList, draft: ItemDraft, field: str, by: User | None) -> Rule:
    name = " ".join(f"{row.name}: {draft.text}".split())[:RULE_NAME_CHARACTERS]
    try:
        return rule_create(
            name=name,
            description=draft.description or "",
            kind=Rule.Kind.PHRASE,
            pattern=draft.text,
            source=row.source,
            rule_list=row,
            by=by,
        )
    except InvalidInput as error:
        problem = error.problems[0]
        raise InvalidInput([ValidationProblem(field, problem.message, problem.code)]) from None
