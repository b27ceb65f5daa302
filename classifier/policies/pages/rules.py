"""Rules beside the model: the list, making and changing one, and a box to try them out in."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from classifier.core.validation import InvalidInput
from classifier.core.visibility import seen_by, visible_sources
from classifier.inference.rules import RuleHit
from classifier.models import Rule, Source
from classifier.policies.preview import RulePreview
from classifier.policies.rules import (
    rule_create,
    rule_disable,
    rule_enable,
    rule_preview_recent,
    rule_try_out,
    rule_update,
    rules_try_out,
    spans_of,
)
from classifier.web.access import permitted, person_of

SEE, ADD, CHANGE, TRY = (
    f"classifier.{name}" for name in ("view_rule", "add_rule", "change_rule", "test_rule")
)

AROUND = 60  # characters of an example before the first hit
EXAMPLE_CHARACTERS = 200


@dataclass(frozen=True)
class Piece:
    """A run of a text that was tried out; `hit` where a rule found something."""

    text: str
    hit: bool


@permitted(SEE)
@require_safe
def rules(request: HttpRequest) -> HttpResponse:
    """All rules that one sees."""
    return _list(request)


@permitted(SEE, TRY)
@require_POST
def try_out(request: HttpRequest) -> HttpResponse:
    """The rules in force on a text; nothing of it is stored."""
    text = _text(request.POST)
    source = _source(request, request.POST.get("source", ""))
    try:
        hits = rules_try_out(text=text, source=source, by=person_of(request))
    except InvalidInput as error:
        return _list(request, tried=text, problem=_first(error), status=422)
    return _list(request, tried=text, hits=hits)


@permitted(SEE)
@require_http_methods(["GET", "HEAD", "POST"])
def rule(request: HttpRequest, rule_id: int | None = None) -> HttpResponse:
    """One rule or a new one; trying it out and looking at recent comments save nothing."""
    found = _rule(request, rule_id)
    if request.method != "POST":
        return _page(request, found, _values(found))
    values = _posted(request.POST)
    text = _text(request.POST)
    trying = request.POST.get("act") == "try"
    try:
        if trying:
            hits = rule_try_out(
                kind=values["kind"],
                pattern=values["pattern"],
                folds=values["folds"],
                text=text,
                by=person_of(request),
            )
            return _page(request, found, values, tried=text, hits=hits)
        fields = {**values, "source": _source(request, values["source"])}
        if request.POST.get("act") == "preview":
            asked = {name: fields[name] for name in ("kind", "pattern", "folds", "band", "source")}
            caught = rule_preview_recent(**asked, by=person_of(request))
            return _page(request, found, values, tried=text, preview=_shown(caught))
        if found is None:
            found = rule_create(**fields, by=person_of(request))
            messages.success(request, f"The rule {found.name} is saved. Workers use it within seconds.")
        else:
            rule_update(rule=found, **fields, by=person_of(request))
            messages.success(request, f"The rule {found.name} is changed.")
        return redirect("rule", found.pk)
    except InvalidInput as error:
        errors: dict[str, list[str]] = {}
        for problem in error.problems:
            errors.setdefault(problem.field, []).append(problem.message)
        return _page(request, found, values, tried=text, errors=errors, status=422)


@permitted(SEE, CHANGE)
@require_POST
def switch(request: HttpRequest, rule_id: int) -> HttpResponse:
    """Let a rule hit, or hit nothing any more."""
    found = _rule(request, rule_id)
    assert found is not None
    change = rule_enable if request.POST.get("enabled") == "1" else rule_disable
    change(rule=found, by=person_of(request))
    messages.success(request, f"The rule {found.name} is {'on' if found.enabled else 'off'}.")
    return redirect("rules")


def _list(
    request: HttpRequest,
    *,
    tried: str = "",
    hits: list[RuleHit] | None = None,
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    rows = Rule.objects.select_related("source", "created_by").filter(_visible(request))
    context = {
        "rules": rows.order_by("-enabled", "name"),
        "sources": _sources(request),
        "tried": tried,
        "hits": hits,
        "pieces": pieces(tried, spans_of(hits)) if hits is not None else None,
        "problem": problem,
        "chosen": request.POST.get("source", ""),
    }
    return render(request, "classifier/policies/rules/list.html", context, status=status)


def _page(
    request: HttpRequest,
    found: Rule | None,
    values: dict[str, Any],
    *,
    tried: str = "",
    hits: list[RuleHit] | None = None,
    errors: dict[str, list[str]] | None = None,
    preview: dict[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    user = person_of(request)
    context = {
        "rule": found,
        "values": values,
        "errors": errors or {},
        "kinds": Rule.Kind.choices,
        "sources": _sources(request),
        "may_save": user.has_perm(CHANGE if found else ADD),
        "may_try": user.has_perm(TRY),
        "may_preview": user.has_perms([TRY, "classifier.view_comment"]),
        "preview": preview,
        "tried": tried,
        "hits": hits,
        "pieces": pieces(tried, spans_of(hits)) if hits is not None else None,
    }
    return render(request, "classifier/policies/rules/rule.html", context, status=status)


def _shown(preview: RulePreview) -> dict[str, Any]:
    """The preview with its examples cut to what is around the first hit."""
    rows = []
    for one in preview.examples:
        begin = max(one.spans[0][0] - AROUND, 0)
        text = one.comment.text[begin : begin + EXAMPLE_CHARACTERS]
        spans = [(max(b - begin, 0), e - begin) for b, e in one.spans if b - begin < len(text)]
        rows.append(
            {
                "comment": one.comment,
                "newly": one.newly,
                "pieces": pieces(text, spans),
                "cut_before": begin > 0,
                "cut_after": begin + len(text) < len(one.comment.text),
            }
        )
    return {"found": preview, "rows": rows}


def pieces(text: str, spans: Sequence[tuple[int, int]]) -> list[Piece]:
    """The text cut at the spans, which are in order and do not overlap."""
    cut, at = [], 0
    for begin, end in spans:
        cut += [Piece(text[at:begin], False), Piece(text[begin:end], True)]
        at = end
    return [piece for piece in [*cut, Piece(text[at:], False)] if piece.text]


def _values(found: Rule | None) -> dict[str, Any]:
    if found is None:
        return {"name": "", "kind": "phrase", "pattern": "", "folds": True, "band": "review", "source": ""}
    source = found.source.slug if found.source else ""
    kept = {name: getattr(found, name) for name in ("name", "kind", "pattern", "folds", "band")}
    return {**kept, "source": source}


def _posted(data: QueryDict) -> dict[str, Any]:
    values: dict[str, Any] = {
        name: data.get(name, "") for name in ("name", "kind", "pattern", "band", "source")
    }
    return {**values, "folds": data.get("folds") == "1"}


def _text(data: QueryDict) -> str:
    return data.get("text", "").replace("\r\n", "\n")


def _visible(request: HttpRequest) -> Q:
    user = person_of(request)
    return Q() if user.all_sources else Q(source=None) | seen_by(user)


def _rule(request: HttpRequest, rule_id: int | None) -> Rule | None:
    if rule_id is None:
        return None
    found = Rule.objects.select_related("source").filter(_visible(request), pk=rule_id).first()
    if found is None:
        raise Http404
    return found


def _sources(request: HttpRequest) -> list[Source]:
    return list(visible_sources(person_of(request)).order_by("name"))


def _source(request: HttpRequest, slug: str) -> Source | None:
    if not slug:
        return None
    found = next((source for source in _sources(request) if source.slug == slug), None)
    if found is None:
        raise Http404
    return found


def _first(error: InvalidInput) -> str:
    return error.problems[0].message
