"""The verbs of blocklists. A list holds rules: adding an item creates a rule, removing one switches its rule off.

A rule is never deleted, because the reasons of old comments name it. The rules of a list count for every comment of
their source like any other rule. What an operator changes on the page of a rule holds here as well: its pattern is the
item's text, and a rule that is switched off hits nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from classifier.core.audit import audit_record
from classifier.core.permissions import require_permission
from classifier.core.source_access import require_scope
from classifier.core.validation import InvalidInput, ValidationProblem
from classifier.models import Blocklist, BlocklistItem, Rule, Source, User
from classifier.policies.rules import rule_create, rule_disable

RULE_NAME_CHARACTERS = 100


@dataclass(frozen=True)
class ItemDraft:
    """An item to add or change; `description` None: it stays as it is."""

    text: str
    description: str | None = None


def lists_of(source_id: int | None) -> list[Blocklist]:
    """List the lists of a source and those for all sources, by name; a source's own hides the other of its name."""
    rows = Blocklist.objects.filter(Q(source=None) | Q(source=source_id)).select_related("source")
    own = {row.name for row in rows if row.source_id is not None}
    return [row for row in rows if row.source_id is not None or row.name not in own]


def lists_named(names: Sequence[str], source_id: int | None) -> list[Blocklist]:
    """Return those of `lists_of(source_id)` that have one of `names`, in the order of the names."""
    if not names:
        return []
    by_name = {row.name: row for row in lists_of(source_id)}
    return [by_name[name] for name in names if name in by_name]


def list_save(
    *, name: str, description: str | None, source: Source | None, by: User | None
) -> tuple[Blocklist, bool]:
    """Create a list, or change its description (None: leave it); return it and whether it is new.

    Raises PermissionDenied.
    """
    require_permission(by, "classifier.add_rule")
    with transaction.atomic():
        found = lists_named([name], source.pk if source is not None else None)
        if not found:
            require_scope(by, source)
            created, is_new = Blocklist.objects.get_or_create(
                name=name, source=source, defaults={"description": description or "", "created_by": by}
            )
            if is_new:
                audit_record(verb="blocklist.create", by=by, source=source, subject=name)
                return created, True
            found = [created]
        [row] = found
        require_scope(by, row.source)
        if description is not None and description != row.description:
            audit_record(verb="blocklist.update", by=by, source=row.source, subject=name)
            row.description = description
            row.save(update_fields=["description"])
    return row, False


def list_delete(*, row: Blocklist, by: User | None) -> None:
    """Delete a list and switch its rules off. Raises PermissionDenied."""
    require_permission(by, "classifier.change_rule")
    require_scope(by, row.source)
    with transaction.atomic():
        rules = [item.rule for item in row.items.select_related("rule__source")]
        _switch_off(rules, by)
        audit_record(verb="blocklist.delete", by=by, source=row.source, subject=row.name, count=len(rules))
        row.delete()


def items_save(*, row: Blocklist, drafts: Sequence[ItemDraft], by: User | None) -> list[BlocklistItem]:
    """Add items, or change the description of those whose text the list has already; all of them or none.

    Raises InvalidInput, whose fields are `blocklistItems[2].text`, and PermissionDenied.
    """
    require_permission(by, "classifier.add_rule")
    require_scope(by, row.source)
    saved = []
    with transaction.atomic():
        locked = Blocklist.objects.select_for_update(of=("self",)).select_related("source").get(pk=row.pk)
        wanted = {draft.text for draft in drafts}
        known = {
            item.rule.pattern: item
            for item in locked.items.filter(rule__pattern__in=wanted).select_related("rule")
        }
        for index, draft in enumerate(drafts):
            item = known.get(draft.text)
            if item is None:
                item = known[draft.text] = BlocklistItem.objects.create(
                    blocklist=locked,
                    rule=_created_rule(locked, draft.text, f"blocklistItems[{index}].text", by),
                    description=draft.description or "",
                )
            elif draft.description is not None and draft.description != item.description:
                item.description = draft.description
                item.save(update_fields=["description"])
            saved.append(item)
    return saved


def items_remove(*, row: Blocklist, ids: Sequence[UUID], by: User | None) -> int:
    """Take items out of a list and switch their rules off; return how many there were. Raises PermissionDenied."""
    require_permission(by, "classifier.change_rule")
    require_scope(by, row.source)
    with transaction.atomic():
        items = list(row.items.filter(pk__in=ids).select_related("rule__source"))
        _switch_off([item.rule for item in items], by)
        BlocklistItem.objects.filter(pk__in=[item.pk for item in items]).delete()
        if items:
            audit_record(
                verb="blocklist.remove", by=by, source=row.source, subject=row.name, count=len(items)
            )
    return len(items)


def _created_rule(row: Blocklist, text: str, field: str, by: User | None) -> Rule:
    name = " ".join(f"{row.name}: {text}".split())[:RULE_NAME_CHARACTERS]
    try:
        return rule_create(name=name, kind=Rule.Kind.PHRASE, pattern=text, source=row.source, by=by)
    except InvalidInput as error:
        problem = error.problems[0]
        raise InvalidInput([ValidationProblem(field, problem.message, problem.code)]) from None


def _switch_off(rules: Sequence[Rule], by: User | None) -> None:
    for rule in rules:
        rule_disable(rule=rule, by=by)
