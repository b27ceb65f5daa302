"""Rules beside the model: the list, a form to create or change one, and a box to try them out in."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from classifier.core.validation import InvalidInput, whole_number
from classifier.core.visibility import seen_by, visible_sources
from classifier.inference.conditions import LISTS, NAMES
from classifier.inference.rules import RuleHit, left_out_by_default
from classifier.models import Rule, RuleState, Source
from classifier.policies.preview import RulePreview
from classifier.policies.rule_lists import STATE, visible_lists
from classifier.policies.rule_report import rule_shadow_report
from classifier.policies.rules import (
    FIELDS,
    PATTERN_FIELDS,
    rule_create,
    rule_preview_recent,
    rule_set_state,
    rule_try_out,
    rule_update,
    rules_try_out,
    spans_of,
)
from classifier.web.access import permitted, person_of

SEE, ADD, CHANGE, TRY = (
    f"classifier.{name}" for name in ("view_rule", "add_rule", "change_rule", "test_rule")
)

LEFT_OUT_TITLES = {
    "addresses": "Addresses: links and e-mail addresses",
    "ids": "Ids, keys and codes",
    "quotes": "Quotes",
    "code": "Code",
    "set_phrases": "Set phrases and names, such as \u201cmagna cum laude\u201d and \u201ckung fu\u201d",
}
CONDITION_TITLES = {
    "authors": "The author is one of (commas between them)",
    "approved_below": "Fewer approved comments of the author in the source than",
    "days_below": "Days since the author\u2019s first comment there, fewer than",
    "links_from": "Different links, at least",
    "link_hosts": "A link leads to one of these hosts (commas between them)",
    "characters_from": "Characters, at least",
    "characters_to": "Characters, at most",
    "languages": "The language is one of, such as de, fr",
    "copies_from": "Comments with the same text within a day, at least",
}
PAGE = 100
STATE_WORDS = {RuleState.ON: "on", RuleState.OFF: "off", RuleState.SHADOW: "in shadow mode"}
AROUND = 60  # characters of an example before the first hit
EXAMPLE_CHARACTERS = 200


@dataclass(frozen=True)
class Piece:
    """A run of the text that was tried out; `hit`: a rule matched it."""

    text: str
    hit: bool


@permitted(SEE)
@require_safe
def rules(request: HttpRequest) -> HttpResponse:
    """List the rules that the user sees."""
    return _list(request)


@permitted(SEE, TRY)
@require_POST
def try_out(request: HttpRequest) -> HttpResponse:
    """Try the rules in force on a text; the text is not stored."""
    text = _text(request.POST)
    source = source_of_slug(request, request.POST.get("source", ""))
    try:
        hits = rules_try_out(text=text, source=source, by=person_of(request))
    except InvalidInput as error:
        return _list(request, tried=text, problem=_first(error), status=422)
    return _list(request, tried=text, hits=hits)


@permitted(SEE)
@require_http_methods(["GET", "HEAD", "POST"])
def rule(request: HttpRequest, rule_id: int | None = None) -> HttpResponse:
    """Show a rule or the form of a new one; a POST saves it, tries it on a text or previews it on recent comments."""
    rule = _rule(request, rule_id)
    if request.method != "POST":
        return _page(request, rule, _values(rule))
    values = _posted(request.POST)
    text = _text(request.POST)
    trying = request.POST.get("act") == "try"
    try:
        if trying:
            hits = rule_try_out(text=text, by=person_of(request), **_pattern(values))
            return _page(request, rule, values, tried=text, hits=hits)
        fields = {
            "name": values["name"],
            "description": values["description"].strip(),
            "band": values["band"],
            "tags": [tag for tag in values["tags"].split(",") if tag.strip()],
            "source": source_of_slug(request, values["source"]),
            **_pattern(values),
        }
        if request.POST.get("act") == "preview":
            caught = rule_preview_recent(
                band=fields["band"], source=fields["source"], by=person_of(request), **_pattern(values)
            )
            return _page(request, rule, values, tried=text, preview=_shown(caught))
        if rule is None:
            rule = rule_create(**fields, state=values["state"] or RuleState.ON, by=person_of(request))
            messages.success(request, f"The rule {rule.name} is saved. Workers use it within seconds.")
        else:
            rule_update(rule=rule, **fields, by=person_of(request))
            if values["state"]:
                rule_set_state(rule=rule, state=values["state"], by=person_of(request))
            messages.success(request, f"The rule {rule.name} is changed.")
        return redirect("rule", rule.pk)
    except InvalidInput as error:
        errors: dict[str, list[str]] = {}
        for problem in error.problems:
            errors.setdefault(problem.field, []).append(problem.message)
        return _page(request, rule, values, tried=text, errors=errors, status=422)


@permitted(SEE, CHANGE)
@require_POST
def switch(request: HttpRequest, rule_id: int) -> HttpResponse:
    """Switch a rule on, off or into shadow mode."""
    rule = _rule(request, rule_id)
    assert rule is not None
    state = request.POST.get("state") or (
        RuleState.ON if request.POST.get("enabled") == "1" else RuleState.OFF
    )
    try:
        rule_set_state(rule=rule, state=state, by=person_of(request))
    except InvalidInput as error:
        messages.error(request, _first(error))
    else:
        messages.success(request, f"The rule {rule.name} is {STATE_WORDS[rule.state]}.")
    return redirect("rules")


def chosen_rules(request: HttpRequest) -> QuerySet[Rule]:
    """Return the rules that the user sees and the query string asks for."""
    rows = Rule.objects.select_related("source", "created_by", "rule_list").filter(_visible(request))
    asked = request.GET
    if words := asked.get("q", "").replace("\x00", "").strip()[:100]:
        rows = rows.filter(Q(name__icontains=words) | Q(pattern__icontains=words))
    if asked.get("state") in RuleState.values:
        rows = rows.filter(STATE[RuleState(asked["state"])])
    if asked.get("list", "").isdigit():
        rows = rows.filter(rule_list_id=min(int(asked["list"]), 2**63 - 1))
    if tag := asked.get("tag", "").replace("\x00", "").strip().lower():
        rows = rows.filter(tags__contains=[tag])
    return rows


def _list(
    request: HttpRequest,
    *,
    tried: str = "",
    hits: list[RuleHit] | None = None,
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    page = Paginator(chosen_rules(request).order_by("-enabled", "is_shadow", "name", "id"), PAGE).get_page(
        request.GET.get("page")
    )
    asked = {name: request.GET[name] for name in ("q", "state", "list", "tag") if request.GET.get(name)}
    context = {
        "rules": page,
        "back": urlencode({**asked, "page": page.previous_page_number()}) if page.has_previous() else "",
        "on": urlencode({**asked, "page": page.next_page_number()}) if page.has_next() else "",
        "counted": {"number": page.number, "pages": page.paginator.num_pages},
        "asked": asked,
        "query": urlencode(asked),
        "states": RuleState.choices,
        "lists": visible_lists(person_of(request)).order_by("name"),
        "sources": sources_of_user(request),
        "tried": tried,
        "hits": hits,
        "pieces": pieces(tried, spans_of(hits)) if hits is not None else None,
        "problem": problem,
        "chosen": request.POST.get("source", ""),
    }
    return render(request, "classifier/policies/rules/list.html", context, status=status)


def _page(
    request: HttpRequest,
    rule: Rule | None,
    values: dict[str, Any],
    *,
    tried: str = "",
    hits: list[RuleHit] | None = None,
    errors: dict[str, list[str]] | None = None,
    preview: dict[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    user = person_of(request)
    shadow = None
    if rule is not None and user.has_perm("classifier.view_comment"):
        shadow = rule_shadow_report(rule=rule, user=user)
    context = {
        "rule": rule,
        "shadow": shadow if shadow and (shadow.hits or (rule and rule.state == RuleState.SHADOW)) else None,
        "states": RuleState.choices,
        "values": values,
        "errors": errors or {},
        "kinds": Rule.Kind.choices,
        "bands": Rule.RuleBand.choices,
        "parts": LEFT_OUT_TITLES.items(),
        "conditions": [
            (name, title, values["conditions"].get(name, ""), name in LISTS)
            for name, title in CONDITION_TITLES.items()
        ],
        "has_conditions": any(values["conditions"].values()),
        "sources": sources_of_user(request),
        "may_save": user.has_perm(CHANGE if rule else ADD),
        "may_try": user.has_perm(TRY),
        "may_preview": user.has_perms([TRY, "classifier.view_comment"]),
        "preview": preview,
        "tried": tried,
        "hits": hits,
        "pieces": pieces(tried, spans_of(hits)) if hits is not None else None,
    }
    return render(request, "classifier/policies/rules/rule.html", context, status=status)


def _shown(preview: RulePreview) -> dict[str, Any]:
    """Cut the examples of a preview to the text around the first hit."""
    rows = []
    for example in preview.examples:
        begin = max(example.spans[0][0] - AROUND, 0) if example.spans else 0
        text = example.comment.text[begin : begin + EXAMPLE_CHARACTERS]
        spans = [(max(b - begin, 0), e - begin) for b, e in example.spans if b - begin < len(text)]
        rows.append(
            {
                "comment": example.comment,
                "newly": example.newly,
                "pieces": pieces(text, spans),
                "cut_before": begin > 0,
                "cut_after": begin + len(text) < len(example.comment.text),
            }
        )
    return {"found": preview, "rows": rows}


def pieces(text: str, spans: Sequence[tuple[int, int]]) -> list[Piece]:
    """Cut the text at the spans, which are in order and do not overlap."""
    cut, at = [], 0
    for begin, end in spans:
        cut += [Piece(text[at:begin], False), Piece(text[begin:end], True)]
        at = end
    return [piece for piece in [*cut, Piece(text[at:], False)] if piece.text]


def _values(rule: Rule | None) -> dict[str, Any]:
    if rule is None:
        return {
            "name": "",
            "description": "",
            "kind": "phrase",
            "pattern": "",
            "folds": True,
            "ignore_accents": False,
            "leave_out": list(left_out_by_default("phrase", "")),
            "exceptions": "",
            "conditions": dict.fromkeys(NAMES, ""),
            "band": "review",
            "source": "",
            "tags": "",
            "state": "on",
        }
    source = rule.source.slug if rule.source else ""
    apart = ("source", "exceptions", "tags", "conditions")
    kept = {name: getattr(rule, name) for name in FIELDS if name not in apart}
    conditions = {
        name: ", ".join(rule.conditions.get(name, ())) if name in LISTS else rule.conditions.get(name, "")
        for name in NAMES
    }
    told = {
        "conditions": conditions,
        "exceptions": "\n".join(rule.exceptions),
        "tags": ", ".join(rule.tags),
        "source": source,
    }
    return {**kept, **told, "state": rule.state}


def _posted(data: QueryDict) -> dict[str, Any]:
    values: dict[str, Any] = {
        name: data.get(name, "")
        for name in (
            "name",
            "description",
            "kind",
            "pattern",
            "band",
            "source",
            "exceptions",
            "tags",
            "state",
        )
    }
    ticked = {name: data.get(name) == "1" for name in ("folds", "ignore_accents")}
    conditions = {name: data.get(f"condition_{name}", "").strip() for name in NAMES}
    return {**values, **ticked, "leave_out": data.getlist("leave_out"), "conditions": conditions}


def _pattern(values: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of the pattern as the service takes them: exceptions are one a line."""
    fields = {name: values[name] for name in PATTERN_FIELDS}
    if fields["kind"] == Rule.Kind.ANY:
        fields["pattern"] = ""
    conditions: dict[str, Any] = {}
    for name, typed in values["conditions"].items():
        if not typed:
            continue
        if name in LISTS:
            conditions[name] = [entry.strip() for entry in re.split(r"[,\n]", typed) if entry.strip()]
        else:
            number = whole_number(typed)
            conditions[name] = typed if number is None else number
    return {**fields, "exceptions": values["exceptions"].splitlines(), "conditions": conditions}


def _text(data: QueryDict) -> str:
    return data.get("text", "").replace("\r\n", "\n")


def _visible(request: HttpRequest) -> Q:
    user = person_of(request)
    return Q() if user.all_sources else Q(source=None) | seen_by(user)


def _rule(request: HttpRequest, rule_id: int | None) -> Rule | None:
    if rule_id is None:
        return None
    rule = Rule.objects.select_related("source").filter(_visible(request), pk=rule_id).first()
    if rule is None:
        raise Http404
    return rule


def sources_of_user(request: HttpRequest) -> list[Source]:
    """List the sources that the user sees, by name."""
    return list(visible_sources(person_of(request)).order_by("name"))


def source_of_slug(request: HttpRequest, slug: str) -> Source | None:
    """Return the source of a slug that the user sees, None of "". Raises Http404."""
    if not slug:
        return None
    chosen = next((source for source in sources_of_user(request) if source.slug == slug), None)
    if chosen is None:
        raise Http404
    return chosen


def _first(error: InvalidInput) -> str:
    return error.problems[0].message
