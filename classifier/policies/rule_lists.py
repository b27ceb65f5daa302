"""Lists of rules: rules in bulk from a file, switched together, and what they would have hit before they are on."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Count, Max, Q, QuerySet
from django.utils import timezone

from classifier.core.audit import audit_record
from classifier.core.permissions import require_permission
from classifier.core.source_access import require_scope
from classifier.core.validation import InvalidInput, ValidationProblem
from classifier.core.visibility import seen_by
from classifier.inference import rules as engine
from classifier.inference.files.encodings import ENCODINGS, Encoding
from classifier.inference.rule_files import (
    COLUMNS,
    FORMATS,
    Defaults,
    Format,
    LineProblem,
    RuleFile,
    RuleFileError,
    checked_tags,
    read_rule_file,
)
from classifier.models import RULE_DESCRIPTION_CHARACTERS, Rule, RuleList, RuleState, Source, User
from classifier.policies import active_policies
from classifier.policies.preview import RulesPreview, rules_preview
from classifier.policies.rules import BANDS, NAME_CHARACTERS, state_fields

DESCRIPTION_CHARACTERS = RULE_DESCRIPTION_CHARACTERS
FILE_BYTES = 5_000_000
PROBLEMS_SHOWN = 50
STATE = {
    RuleState.ON: Q(enabled=True, is_shadow=False),
    RuleState.SHADOW: Q(enabled=True, is_shadow=True),
    RuleState.OFF: Q(enabled=False),
}


@dataclass(frozen=True)
class ImportChoice:
    """How a file of rules is read, and what its rules are where their lines do not say; see ImportChoice.checked."""

    data: bytes | str
    file_name: str = ""
    format: str = ""
    encoding: str = ""
    band: str = "review"
    folds: bool = True
    ignore_accents: bool = False
    regexes: bool = False
    tags: Sequence[str] = ()

    def read(self) -> RuleFile:
        """Return the rules of the file. Raises InvalidInput."""
        if self.format and self.format not in FORMATS:
            known = ", ".join(FORMATS)
            raise InvalidInput([_problem("format", f"This must be one of {known}.", "invalid_choice")])
        if self.encoding and self.encoding not in ENCODINGS:
            known = ", ".join(ENCODINGS)
            raise InvalidInput([_problem("encoding", f"This must be one of {known}.", "invalid_choice")])
        if self.band not in BANDS:
            raise InvalidInput(
                [_problem("band", "This must be review, remove, approve or exception.", "invalid_choice")]
            )
        if len(self.data) > FILE_BYTES:
            raise InvalidInput(
                [_problem("data", f"At most {FILE_BYTES:,} bytes are read at once.", "max_length")]
            )
        format: Format | None = next((known for known in FORMATS if known == self.format), None)
        defaults = Defaults(self.band, self.folds, self.ignore_accents, self.regexes)
        try:
            return read_rule_file(
                self.data, format=format, defaults=defaults, name=self.file_name, encoding=self.encoding
            )
        except RuleFileError as error:
            raise InvalidInput([_problem("data", str(error), "invalid")]) from None


@dataclass(frozen=True)
class ImportOutcome:
    """What came of a file: the rules made, those that were there, and lines that are none. `rules` as the engine's."""

    format: str
    encoding: Encoding
    created: int
    repeated: int
    problems: Sequence[LineProblem]
    rules: Sequence[engine.Rule] = field(default=(), repr=False)


def visible_lists(user: User) -> QuerySet[RuleList]:
    """List the lists that a user sees, with the number of rules in each state."""
    rows = RuleList.objects.select_related("source", "created_by")
    if not user.sees_all_sources:
        rows = rows.filter(Q(source=None) | seen_by(user))
    return rows.annotate(
        rules_on=Count("rules", filter=Q(rules__enabled=True, rules__is_shadow=False)),
        rules_shadow=Count("rules", filter=Q(rules__enabled=True, rules__is_shadow=True)),
        rules_off=Count("rules", filter=Q(rules__enabled=False)),
        changed_at=Max("rules__updated_at"),
    )


def rule_list_create(
    *, name: str, description: str = "", source: Source | None = None, by: User | None
) -> RuleList:
    """Create an empty list (source None: for all sources). Raises InvalidInput and PermissionDenied."""
    require_permission(by, "classifier.add_rule")
    require_scope(by, source)
    fields = _checked(name, description)
    try:
        with transaction.atomic():
            made = RuleList.objects.create(**fields, source=source, created_by=by)
            _record("rule_list.create", made, by, count=None)
    except IntegrityError:
        raise InvalidInput([_problem("name", "A list of this name is there already.", "unique")]) from None
    return made


def rule_list_update(
    *, rule_list: RuleList, name: str | None = None, description: str | None = None, by: User | None
) -> RuleList:
    """Rename a list, or describe it anew. Raises InvalidInput and PermissionDenied."""
    require_permission(by, "classifier.change_rule")
    require_scope(by, rule_list.source)
    fields = _checked(
        rule_list.name if name is None else name,
        rule_list.description if description is None else description,
    )
    try:
        with transaction.atomic():
            RuleList.objects.filter(pk=rule_list.pk).update(**fields)
            rule_list.refresh_from_db()
            _record("rule_list.update", rule_list, by, count=None)
    except IntegrityError:
        raise InvalidInput([_problem("name", "A list of this name is there already.", "unique")]) from None
    return rule_list


def rule_list_delete(*, rule_list: RuleList, by: User | None) -> int:
    """Switch the rules of a list off and delete the list; the rules are kept without it. Return how many were on.

    Raises PermissionDenied.
    """
    with transaction.atomic():
        changed = rule_list_set_state(rule_list=rule_list, state=RuleState.OFF, by=by)
        rule_list.rules.update(rule_list=None)
        _record("rule_list.delete", rule_list, by, count=changed)
        rule_list.delete()
    return changed


def rules_import(
    *, rule_list: RuleList, choice: ImportChoice, state: str = RuleState.SHADOW, by: User | None
) -> ImportOutcome:
    """Add the rules of a file to a list; a rule that its sources have already is left out, and told.

    Raises InvalidInput and PermissionDenied.
    """
    require_permission(by, "classifier.add_rule")
    require_scope(by, rule_list.source)
    fields = state_fields(state)
    tags = _checked_tags(choice.tags)
    read = choice.read()
    with transaction.atomic():
        RuleList.objects.select_for_update().get(pk=rule_list.pk)
        rows, repeated = _new_rows(read, rule_list.source)
        Rule.objects.bulk_create(
            (
                Rule(
                    name=row.rule.name,
                    kind=row.rule.kind,
                    pattern=row.rule.pattern,
                    folds=row.rule.folds,
                    ignore_accents=row.rule.ignore_accents,
                    leave_out=list(row.rule.leaves_out),
                    exceptions=list(row.rule.exceptions),
                    conditions=dict(row.rule.conditions),
                    band=row.rule.band,
                    source=rule_list.source,
                    rule_list=rule_list,
                    tags=list(dict.fromkeys((*tags, *row.tags))),
                    created_by=by,
                    **fields,
                )
                for row in rows
            ),
            batch_size=1_000,
        )
        _record(
            "rule_list.import",
            rule_list,
            by,
            count=len(rows),
            format=read.format,
            state=state,
            repeated=repeated,
        )
    active_policies.forget()
    return ImportOutcome(read.format, read.encoding, len(rows), repeated, read.problems)


def rules_import_check(*, source: Source | None, choice: ImportChoice, by: User | None) -> ImportOutcome:
    """Say what an import would make, without making it; `rules` are those that would be made.

    Raises InvalidInput and PermissionDenied.
    """
    require_permission(by, "classifier.test_rule")
    _checked_tags(choice.tags)
    read = choice.read()
    rows, repeated = _new_rows(read, source)
    rules = [_keyed(row.rule, number) for number, row in enumerate(rows)]
    return ImportOutcome(read.format, read.encoding, len(rows), repeated, read.problems, rules)


def rules_preview_recent(
    *, rules: Sequence[engine.Rule], source: Source | None, by: User | None
) -> RulesPreview:
    """Count what rules, saved or not, would have hit in the comments of the last weeks; each by its key.

    Raises PermissionDenied.
    """
    require_permission(by, "classifier.test_rule")
    require_permission(by, "classifier.view_comment")
    return rules_preview(rules=rules, source=source, user=by)


def rule_list_set_state(*, rule_list: RuleList, state: str, by: User | None) -> int:
    """Switch all rules of a list, and return how many changed. Raises InvalidInput and PermissionDenied."""
    require_permission(by, "classifier.change_rule")
    require_scope(by, rule_list.source)
    fields = state_fields(state)
    with transaction.atomic():
        rows = rule_list.rules.exclude(STATE[RuleState(state)])
        changed = rows.update(**fields, updated_at=timezone.now())
        if changed:
            _record("rule_list.state", rule_list, by, count=changed, state=state)
    active_policies.forget()
    return changed


def export_rows(rules: Iterable[Rule]) -> Iterator[list[Any]]:
    """Yield the rows of a CSV of rules, in the order of EXPORT_COLUMNS; the importer reads it."""
    for rule in rules:
        yield [
            rule.pattern,
            rule.kind,
            rule.name,
            rule.band,
            str(rule.folds).lower(),
            str(rule.ignore_accents).lower(),
            " ".join(rule.leave_out) or "nothing",
            "|".join(rule.exceptions),
            json.dumps(rule.conditions, ensure_ascii=False) if rule.conditions else "",
            "|".join(rule.tags),
            rule.state.value,
            rule.source.slug if rule.source else "",
            rule.rule_list.name if rule.rule_list else "",
        ]


EXPORT_COLUMNS = (*COLUMNS, "state", "source", "list")


def _new_rows(read: RuleFile, source: Source | None) -> tuple[list[Any], int]:
    """Return the rules of a file that are not there yet, and how many are."""
    scope = Q(source=None) if source is None else Q(source=None) | Q(source=source)
    there = {
        (
            kind,
            pattern.casefold() if kind == "phrase" else pattern,
            band,
            json.dumps(conditions, sort_keys=True),
        )
        for kind, pattern, band, conditions in Rule.objects.filter(scope).values_list(
            "kind", "pattern", "band", "conditions"
        )
    }
    rows, repeated = [], 0
    for row in read.rules:
        rule = row.rule
        pattern = rule.pattern.casefold() if rule.kind == "phrase" else rule.pattern
        key = (rule.kind, pattern, rule.band, json.dumps(dict(rule.conditions), sort_keys=True))
        if key in there:
            repeated += 1
            continue
        there.add(key)
        rows.append(row)
    return rows, repeated


def _keyed(rule: engine.Rule, key: int) -> engine.Rule:
    return replace(rule, key=key)


def _checked(name: str, description: str) -> dict[str, str]:
    problems = []
    name, description = name.strip(), description.strip()
    if not name or len(name) > NAME_CHARACTERS or re.search("[\x00-\x1f]", name):
        problems.append(_problem("name", f"A name has 1 to {NAME_CHARACTERS} characters.", "invalid"))
    if len(description) > DESCRIPTION_CHARACTERS or "\x00" in description:
        message = f"At most {DESCRIPTION_CHARACTERS} characters are allowed."
        problems.append(_problem("description", message, "max_length"))
    if problems:
        raise InvalidInput(problems)
    return {"name": name, "description": description}


def _checked_tags(tags: Sequence[str]) -> tuple[str, ...]:
    try:
        return checked_tags(tags)
    except ValueError as error:
        raise InvalidInput([_problem("tags", str(error), "invalid")]) from None


def _problem(name: str, message: str, code: str) -> ValidationProblem:
    return ValidationProblem(name, message, code)


def _record(verb: str, rule_list: RuleList, by: User | None, *, count: int | None, **data: Any) -> None:
    audit_record(
        verb=verb,
        by=by,
        source=rule_list.source,
        subject=rule_list.name,
        count=count,
        data={"list": rule_list.pk, **data},
    )
