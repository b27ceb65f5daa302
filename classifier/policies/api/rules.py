"""`/api/v1/rules/` and `/api/v1/rule-lists/`: rules beside the model, one by one and in bulk."""

from dataclasses import asdict
from typing import Any

from django.db.models import Q, QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from classifier.api.authentication import caller
from classifier.api.base import Endpoint, found
from classifier.api.fields import (
    AnyObject,
    Choice,
    ChoiceParameter,
    ClosedSerializer,
    CountParameter,
    IdParameter,
    Names,
    Text,
    TextParameter,
    TrueOrFalse,
)
from classifier.api.operation import operation
from classifier.api.pagination import PageQuery, listed, page_of
from classifier.api.problems import NOT_FOUND
from classifier.api.reading import NoQuery, checked, checked_query
from classifier.core.visibility import seen_by, sees_source
from classifier.inference.rule_files import FORMATS, LineProblem
from classifier.inference.rules import LEFT_OUT, PATTERN_MAX_CHARACTERS, RuleHit
from classifier.models import ApiScope, Rule, RuleList, RuleState, Source, User
from classifier.policies.preview import RulePreview, RulesPreview
from classifier.policies.rule_lists import (
    DESCRIPTION_CHARACTERS,
    FILE_BYTES,
    PROBLEMS_SHOWN,
    STATE,
    ImportChoice,
    ImportOutcome,
    rule_list_create,
    rule_list_set_state,
    rule_list_update,
    rules_import,
    rules_import_check,
    rules_preview_recent,
    visible_lists,
)
from classifier.policies.rule_report import rule_shadow_report
from classifier.policies.rules import (
    NAME_CHARACTERS,
    PATTERN_FIELDS,
    rule_create,
    rule_preview_recent,
    rule_set_state,
    rule_try_out,
    rule_update,
    rules_try_out,
)

SEE, ADD, CHANGE, TRY = (
    f"classifier.{name}" for name in ("view_rule", "add_rule", "change_rule", "test_rule")
)
KIND_CHOICES = [(kind, kind) for kind in Rule.Kind.values]
BAND_CHOICES = [(band, band) for band in Rule.RuleBand.values]
STATE_CHOICES = [(state, state) for state in RuleState.values]
FILE_FORMAT_CHOICES = [(name, name) for name in FORMATS]
CONDITIONS_HELP = (
    "What must hold beside the pattern; all of them. Lists: `authors`, `link_hosts`, `languages`. Numbers: "
    "`links_from`, `characters_from`, `characters_to`, `copies_from` (same texts within a day), `approved_below` (the "
    "author's approved comments in the source), `days_below` (since their first comment there)."
)
STATE_HELP = "`on`; `shadow`: what it would hit is counted and changes nothing; or `off`."


class LeftOut(serializers.ListField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(child=Choice(choices=LEFT_OUT), max_length=len(LEFT_OUT), **kwargs)


class RulePatternInput(ClosedSerializer):
    """What a rule looks for."""

    kind = Choice(required=False, default=Rule.Kind.PHRASE.value, choices=KIND_CHOICES)
    pattern = Text(
        required=False,
        default="",
        allow_blank=True,
        max_length=PATTERN_MAX_CHARACTERS,
        help_text="A phrase, of which a star at an end stands for any letters, or a regular expression (RE2).",
    )
    folds = TrueOrFalse(required=False, default=True, help_text="Whether disguised spellings are caught too.")
    ignore_accents = TrueOrFalse(required=False, default=False)
    leave_out = LeftOut(
        required=False,
        allow_null=True,
        default=None,
        help_text="Where it does not look; null: what suits the pattern.",
    )
    exceptions = Names(required=False, default=list, help_text="Phrases inside which the rule does not hit.")
    conditions = AnyObject(required=False, default=dict, help_text=CONDITIONS_HELP)


class RuleInput(RulePatternInput):
    """A new rule."""

    name = Text(max_length=NAME_CHARACTERS, help_text="Shown as the reason.")
    description = Text(required=False, default="", allow_blank=True, max_length=DESCRIPTION_CHARACTERS)
    band = Choice(
        required=False,
        default=Rule.RuleBand.REVIEW.value,
        choices=BAND_CHOICES,
        help_text="`approve`: lets pass what would be reviewed; `exception`: no rule hits inside what this one finds.",
    )
    source = Text(  # type: ignore[assignment]
        required=False,
        allow_null=True,
        default=None,
        max_length=64,
        help_text="The slug of a source; null: every source, or that of the list.",
    )
    tags = Names(required=False, default=list, most=10)
    state = Choice(required=False, default=RuleState.ON.value, choices=STATE_CHOICES, help_text=STATE_HELP)
    list = serializers.IntegerField(required=False, allow_null=True, default=None, min_value=1)


class RuleChangeInput(ClosedSerializer):
    """The fields to change; the others stay as they are."""

    name = Text(required=False, max_length=NAME_CHARACTERS)
    description = Text(required=False, allow_blank=True, max_length=DESCRIPTION_CHARACTERS)
    kind = Choice(required=False, choices=KIND_CHOICES)
    pattern = Text(required=False, allow_blank=True, max_length=PATTERN_MAX_CHARACTERS)
    folds = TrueOrFalse(required=False)
    ignore_accents = TrueOrFalse(required=False)
    leave_out = LeftOut(required=False)
    exceptions = Names(required=False)
    conditions = AnyObject(required=False, help_text=CONDITIONS_HELP)
    band = Choice(required=False, choices=BAND_CHOICES)
    tags = Names(required=False, most=10)
    state = Choice(required=False, choices=STATE_CHOICES, help_text=STATE_HELP)


class RuleQuery(PageQuery):
    source = TextParameter(required=False, help_text="The slug of a source: rules for it alone.")  # type: ignore[assignment]
    list = IdParameter(required=False, help_text="The id of a list.")
    tag = TextParameter(required=False)
    state = ChoiceParameter(required=False, choices=STATE_CHOICES)
    band = ChoiceParameter(required=False, choices=BAND_CHOICES)


class RuleTryInput(ClosedSerializer):
    """A text, and the rule to try on it."""

    text = Text(help_text="Not stored.")
    source = Text(required=False, allow_null=True, default=None, max_length=64)  # type: ignore[assignment]
    rule = RulePatternInput(
        required=False,
        allow_null=True,
        default=None,
        help_text="A rule that is not saved; null: the rules in force for the source.",
    )


class RulePreviewInput(RulePatternInput):
    """A rule that is not saved."""

    band = Choice(required=False, default=Rule.RuleBand.REVIEW.value, choices=BAND_CHOICES)
    source = Text(required=False, allow_null=True, default=None, max_length=64)  # type: ignore[assignment]


class RuleListInput(ClosedSerializer):
    """A new list."""

    name = Text(max_length=NAME_CHARACTERS)
    description = Text(required=False, default="", allow_blank=True, max_length=DESCRIPTION_CHARACTERS)
    source = Text(required=False, allow_null=True, default=None, max_length=64)  # type: ignore[assignment]


class RuleListChangeInput(ClosedSerializer):
    """The fields to change; `state` switches all rules of the list."""

    name = Text(required=False, max_length=NAME_CHARACTERS)
    description = Text(required=False, allow_blank=True, max_length=DESCRIPTION_CHARACTERS)
    state = Choice(required=False, choices=STATE_CHOICES, help_text=STATE_HELP)


class RuleImportInput(ClosedSerializer):
    """Rules of a file, and what they are where their lines do not say."""

    data = Text(max_length=FILE_BYTES, help_text="The content of the file.")  # type: ignore[assignment]
    format = Choice(
        required=False,
        allow_null=True,
        default=None,
        choices=FILE_FORMAT_CHOICES,
        help_text="Null: found out. See the guide for what each reads.",
    )
    band = Choice(required=False, default=Rule.RuleBand.REVIEW.value, choices=BAND_CHOICES)
    folds = TrueOrFalse(required=False, default=True)
    ignore_accents = TrueOrFalse(required=False, default=False)
    regexes = TrueOrFalse(
        required=False, default=False, help_text="Whether the lines are regular expressions."
    )
    tags = Names(required=False, default=list, most=10)
    state = Choice(
        required=False, default=RuleState.SHADOW.value, choices=STATE_CHOICES, help_text=STATE_HELP
    )
    dry_run = TrueOrFalse(
        required=False,
        default=False,
        help_text="true: nothing is made, and `preview` says what the rules would have hit in the last weeks.",
    )


@extend_schema_serializer(component_name="Rule")
class RuleOutput(serializers.Serializer[Rule]):
    """A rule beside the model."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    description = serializers.CharField()
    kind = serializers.ChoiceField(choices=KIND_CHOICES)
    pattern = serializers.CharField()
    folds = serializers.BooleanField()
    ignore_accents = serializers.BooleanField()
    leave_out = serializers.ListField(child=serializers.CharField())
    exceptions = serializers.ListField(child=serializers.CharField())
    conditions = serializers.DictField(help_text=CONDITIONS_HELP)
    band = serializers.ChoiceField(choices=BAND_CHOICES)
    source = serializers.CharField(source="source.slug", default=None, allow_null=True)  # type: ignore[assignment]
    list = serializers.IntegerField(source="rule_list_id", allow_null=True)
    tags = serializers.ListField(child=serializers.CharField())
    state = serializers.ChoiceField(choices=STATE_CHOICES)
    created_by = serializers.CharField(source="created_by.username", default=None, allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class RuleSpanOutput(serializers.Serializer[Any]):
    begin = serializers.IntegerField(help_text="In code points of the text.")
    end = serializers.IntegerField()


@extend_schema_serializer(component_name="RuleHit")
class RuleHitOutput(serializers.Serializer[Any]):
    rule = serializers.IntegerField(allow_null=True)
    name = serializers.CharField()
    band = serializers.CharField()
    spans = RuleSpanOutput(many=True)


@extend_schema_serializer(component_name="RuleTry", many=False)
class RuleTryOutput(serializers.Serializer[Any]):
    """What hit."""

    hits = RuleHitOutput(many=True)


@extend_schema_serializer(component_name="RulePreview")
class RulePreviewOutput(serializers.Serializer[Any]):
    """What a rule would have hit in the latest comments."""

    looked_at = serializers.IntegerField()
    matched = serializers.IntegerField()
    newly = serializers.IntegerField(help_text="Of them those whose band would become stricter.")
    cut_short = serializers.BooleanField(help_text="Whether the time ran out before all were looked at.")
    examples = serializers.ListField(child=serializers.IntegerField(), help_text="Ids of comments.")


class RuleDayOutput(serializers.Serializer[Any]):
    day = serializers.DateField()
    hits = serializers.IntegerField()
    stricter = serializers.IntegerField()


@extend_schema_serializer(component_name="RuleShadowReport")
class RuleShadowOutput(serializers.Serializer[Any]):
    """What a rule in shadow mode would have hit."""

    hits = serializers.IntegerField()
    stricter = serializers.IntegerField(help_text="Hits in comments whose band would have become stricter.")
    removed = serializers.IntegerField(help_text="Of the comments hit, those that were removed.")
    approved = serializers.IntegerField(help_text="Of the comments hit, those that were approved.")
    days = RuleDayOutput(many=True)


class RuleShadowQuery(ClosedSerializer):
    days = CountParameter(most=90, default=30, help_text="Number of days; the last is today (UTC).")


@extend_schema_serializer(component_name="RuleList")
class RuleListOutput(serializers.Serializer[RuleList]):
    """Rules that belong together."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    description = serializers.CharField()
    source = serializers.CharField(source="source.slug", default=None, allow_null=True)  # type: ignore[assignment]
    rules_on = serializers.IntegerField()
    rules_shadow = serializers.IntegerField()
    rules_off = serializers.IntegerField()
    created_by = serializers.CharField(source="created_by.username", default=None, allow_null=True)
    created_at = serializers.DateTimeField()


class LineProblemOutput(serializers.Serializer[LineProblem]):
    line = serializers.IntegerField()
    text = serializers.CharField()
    message = serializers.CharField()


class RuleCountOutput(serializers.Serializer[Any]):
    pattern = serializers.CharField()
    band = serializers.CharField()
    matched = serializers.IntegerField()
    newly = serializers.IntegerField()
    examples = serializers.ListField(child=serializers.IntegerField())


@extend_schema_serializer(component_name="RulesPreview")
class RulesPreviewOutput(serializers.Serializer[Any]):
    days = serializers.IntegerField()
    looked_at = serializers.IntegerField()
    matched = serializers.IntegerField()
    newly = serializers.IntegerField()
    cut_short = serializers.BooleanField()
    rules = RuleCountOutput(many=True, help_text="Those with hits, the most first.")


@extend_schema_serializer(component_name="RuleImport")
class RuleImportOutput(serializers.Serializer[Any]):
    """What came of an import."""

    format = serializers.ChoiceField(choices=FILE_FORMAT_CHOICES)
    created = serializers.IntegerField(help_text="With `dry_run`: what would be made.")
    repeated = serializers.IntegerField(help_text="Rules that are there already, or twice in the file.")
    refused = serializers.IntegerField(help_text="Lines that are no rule.")
    problems = LineProblemOutput(many=True, help_text=f"The first {PROBLEMS_SHOWN} of them.")
    preview = RulesPreviewOutput(allow_null=True)


class RuleEndpoint(Endpoint):
    scope = ApiScope.MODERATE

    def rules(self, request: Request) -> QuerySet[Rule]:
        user = caller(request)
        return Rule.objects.select_related("source", "created_by").filter(_visible(user))

    def source(self, request: Request, slug: str | None) -> Source | None:
        """Return the source of a slug that the caller sees. Raises Http404."""
        if not slug:
            return None
        source = Source.objects.filter(slug=slug).first()
        if source is None or not sees_source(caller(request), source):
            raise Http404
        return source


class RulesEndpoint(RuleEndpoint):
    @operation("list_rules", needs=SEE, query=RuleQuery, answers=page_of(RuleOutput))
    def get(self, request: Request) -> Response:
        """List rules, newest first.

        Rules for every source are among them.
        """
        query = checked_query(RuleQuery, request)
        rows = self.rules(request)
        if "state" in query:
            rows = rows.filter(STATE[RuleState(query["state"])])
        if "tag" in query:
            rows = rows.filter(tags__contains=[query["tag"].lower()])
        columns = {"source": "source__slug", "list": "rule_list_id", "band": "band"}
        return listed(rows, query, request, RuleOutput, columns)

    @operation("create_rule", needs=ADD, body=RuleInput, answers={201: RuleOutput}, problems=[NOT_FOUND])
    def post(self, request: Request) -> Response:
        """Create a rule.

        It is in force within seconds, unless its `state` says else. 404: the source or the list is not there.
        """
        fields = checked(RuleInput, request)
        number = fields.pop("list")
        rule_list = None if number is None else found(visible_lists(caller(request)), number)
        source = self.source(request, fields.pop("source"))
        if source is None and rule_list is not None:
            source = rule_list.source
        rule = rule_create(**fields, source=source, rule_list=rule_list, by=caller(request))
        address = request.build_absolute_uri(f"/api/v1/rules/{rule.pk}/")
        return Response(RuleOutput(rule).data, status=201, headers={"Location": address})


class OneRuleEndpoint(RuleEndpoint):
    @operation("read_rule", needs=SEE, answers=RuleOutput)
    def get(self, request: Request, rule_id: int) -> Response:
        """Read one rule."""
        checked_query(NoQuery, request)
        return Response(RuleOutput(found(self.rules(request), rule_id)).data)

    @operation("change_rule", needs=CHANGE, body=RuleChangeInput, answers=RuleOutput)
    def patch(self, request: Request, rule_id: int) -> Response:
        """Change a rule, or switch it.

        A rule is never deleted: the reasons of old comments name it.
        """
        rule = found(self.rules(request), rule_id)
        changes = checked(RuleChangeInput, request)
        state = changes.pop("state", None)
        if changes:
            rule = rule_update(rule=rule, by=caller(request), **changes)
        if state is not None:
            rule = rule_set_state(rule=rule, state=state, by=caller(request))
        return Response(RuleOutput(rule).data)


class RuleShadowEndpoint(RuleEndpoint):
    @operation("read_rule_shadow", needs=SEE, query=RuleShadowQuery, answers=RuleShadowOutput)
    def get(self, request: Request, rule_id: int) -> Response:
        """Read what a rule in shadow mode would have hit, by day."""
        days = checked_query(RuleShadowQuery, request)["days"]
        rule = found(self.rules(request), rule_id)
        report = rule_shadow_report(rule=rule, user=caller(request), days=days)
        return Response(RuleShadowOutput(report).data)


class RuleTryEndpoint(RuleEndpoint):
    @operation("try_rules", needs=TRY, body=RuleTryInput, answers=RuleTryOutput, problems=[NOT_FOUND])
    def post(self, request: Request) -> Response:
        """Try a rule, or the rules in force, on a text.

        Nothing is stored.
        """
        fields = checked(RuleTryInput, request)
        source = self.source(request, fields["source"])
        pattern = fields["rule"]
        if pattern is None:
            hits = rules_try_out(text=fields["text"], source=source, by=caller(request))
        else:
            hits = rule_try_out(text=fields["text"], by=caller(request), **pattern)
        return Response({"hits": [_shown_hit(hit) for hit in hits]})


class RulePreviewEndpoint(RuleEndpoint):
    @operation(
        "preview_rule", needs=TRY, body=RulePreviewInput, answers=RulePreviewOutput, problems=[NOT_FOUND]
    )
    def post(self, request: Request) -> Response:
        """Preview what a rule would have hit in the latest 10,000 comments.

        Nothing is saved.
        """
        fields = checked(RulePreviewInput, request)
        pattern = {name: fields[name] for name in PATTERN_FIELDS}
        source = self.source(request, fields["source"])
        preview = rule_preview_recent(band=fields["band"], source=source, by=caller(request), **pattern)
        return Response(_shown_preview(preview))


class RuleListsEndpoint(RuleEndpoint):
    @operation("list_rule_lists", needs=SEE, query=PageQuery, answers=page_of(RuleListOutput))
    def get(self, request: Request) -> Response:
        """List the lists of rules, newest first."""
        rows = visible_lists(caller(request))
        return listed(rows, checked_query(PageQuery, request), request, RuleListOutput)

    @operation(
        "create_rule_list", needs=ADD, body=RuleListInput, answers={201: RuleListOutput}, problems=[NOT_FOUND]
    )
    def post(self, request: Request) -> Response:
        """Create an empty list of rules."""
        fields = checked(RuleListInput, request)
        source = self.source(request, fields.pop("source"))
        made = rule_list_create(**fields, source=source, by=caller(request))
        address = request.build_absolute_uri(f"/api/v1/rule-lists/{made.pk}/")
        row = found(visible_lists(caller(request)), made.pk)
        return Response(RuleListOutput(row).data, status=201, headers={"Location": address})


class OneRuleListEndpoint(RuleEndpoint):
    @operation("read_rule_list", needs=SEE, answers=RuleListOutput)
    def get(self, request: Request, list_id: int) -> Response:
        """Read one list of rules."""
        checked_query(NoQuery, request)
        return Response(RuleListOutput(found(visible_lists(caller(request)), list_id)).data)

    @operation("change_rule_list", needs=CHANGE, body=RuleListChangeInput, answers=RuleListOutput)
    def patch(self, request: Request, list_id: int) -> Response:
        """Change a list of rules, or switch all its rules."""
        rule_list = found(visible_lists(caller(request)), list_id)
        changes = checked(RuleListChangeInput, request)
        state = changes.pop("state", None)
        if changes:
            rule_list_update(rule_list=rule_list, by=caller(request), **changes)
        if state is not None:
            rule_list_set_state(rule_list=rule_list, state=state, by=caller(request))
        return Response(RuleListOutput(found(visible_lists(caller(request)), list_id)).data)


class RuleImportEndpoint(RuleEndpoint):
    @operation("import_rules", needs=ADD, body=RuleImportInput, answers=RuleImportOutput)
    def post(self, request: Request, list_id: int) -> Response:
        """Add the rules of a file to a list, or say what they would have hit.

        Lines that are no rule are told, and the others are made. Rules that are there already are left out.
        """
        rule_list = found(visible_lists(caller(request)), list_id)
        fields = checked(RuleImportInput, request)
        state, dry_run = fields.pop("state"), fields.pop("dry_run")
        choice = ImportChoice(**{**fields, "format": fields["format"] or ""})
        user, source = caller(request), rule_list.source
        if not dry_run:
            outcome = rules_import(rule_list=rule_list, choice=choice, state=state, by=user)
            return Response(_shown_import(outcome, None))
        outcome = rules_import_check(source=source, choice=choice, by=user)
        preview = rules_preview_recent(rules=outcome.rules, source=source, by=user)
        return Response(_shown_import(outcome, preview))


def _visible(user: User) -> Q:
    return Q() if user.sees_all_sources else Q(source=None) | seen_by(user)


def _shown_hit(hit: RuleHit) -> dict[str, Any]:
    reason = hit.reason()
    shown = {name: reason[name] for name in ("name", "band", "spans")}
    return {"rule": hit.rule.key or None, **shown}


def _shown_preview(preview: RulePreview) -> dict[str, Any]:
    counts = {name: getattr(preview, name) for name in ("looked_at", "matched", "newly", "cut_short")}
    return {**counts, "examples": [example.comment.pk for example in preview.examples]}


def _shown_import(outcome: ImportOutcome, preview: RulesPreview | None) -> dict[str, Any]:
    shown = None
    if preview is not None:
        names = ("days", "looked_at", "matched", "newly", "cut_short")
        shown = {name: getattr(preview, name) for name in names}
        shown["rules"] = [
            {
                "pattern": row.rule.pattern,
                "band": row.rule.band,
                "matched": row.matched,
                "newly": row.newly,
                "examples": list(row.examples),
            }
            for row in preview.rules
        ]
    problems = [asdict(problem) for problem in outcome.problems[:PROBLEMS_SHOWN]]
    return {
        "format": outcome.format,
        "created": outcome.created,
        "repeated": outcome.repeated,
        "refused": len(outcome.problems),
        "problems": problems,
        "preview": shown,
    }
