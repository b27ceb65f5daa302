"""Rules in bulk: the lists, an import with a look at what it would hit, and the export."""

from typing import Any

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from classifier.core.validation import InvalidInput
from classifier.inference.files.encodings import ENCODINGS
from classifier.inference.rule_files import COLUMNS, FORMATS, decoded
from classifier.models import Rule, RuleList, RuleState
from classifier.policies.pages.rules import (
    ADD,
    CHANGE,
    SEE,
    TRY,
    chosen_rules,
    source_of_slug,
    sources_of_user,
)
from classifier.policies.rule_lists import (
    EXPORT_COLUMNS,
    FILE_BYTES,
    ImportChoice,
    export_rows,
    rule_list_create,
    rule_list_set_state,
    rules_import,
    rules_import_check,
    rules_preview_recent,
    visible_lists,
)
from classifier.policies.starter_rules import STARTERS
from classifier.web.access import permitted, person_of
from toxicsite.lib.spreadsheets import csv_lines, pieces

PROBLEMS_SHOWN = 20
RULES_SHOWN = 30
DEFAULT_VALUES: dict[str, Any] = {
    "list": "",
    "starter": "",
    "name": "",
    "source": "",
    "format": "",
    "encoding": "",
    "data": "",
    "file_name": "",
    "band": "review",
    "folds": True,
    "ignore_accents": False,
    "regexes": False,
    "tags": "",
    "state": "shadow",
}


@permitted(SEE)
@require_safe
def rule_lists(request: HttpRequest) -> HttpResponse:
    """List the lists with how many of their rules are on, in shadow mode and off."""
    context = {"lists": visible_lists(person_of(request)).order_by("name"), "states": RuleState.choices}
    return render(request, "classifier/policies/rules/lists.html", context)


@permitted(SEE, CHANGE)
@require_POST
def switch_list(request: HttpRequest, list_id: int) -> HttpResponse:
    """Switch all rules of a list."""
    rule_list = _list(request, list_id)
    state = request.POST.get("state", "")
    try:
        changed = rule_list_set_state(rule_list=rule_list, state=state, by=person_of(request))
    except InvalidInput as error:
        messages.error(request, error.problems[0].message)
    else:
        plural = "" if changed == 1 else "s"
        messages.success(request, f"{changed:,} rule{plural} of {rule_list.name} switched: {state}.")
    return redirect("rule-lists")


@permitted(SEE)
@require_safe
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Send the rules that the list of rules shows, as a CSV that the import reads."""
    rows = chosen_rules(request).order_by("id").iterator(chunk_size=1_000)
    response = StreamingHttpResponse(
        pieces(csv_lines(EXPORT_COLUMNS, export_rows(rows))), content_type="text/csv; charset=utf-8"
    )
    response["Content-Disposition"] = 'attachment; filename="rules.csv"'
    return response


@permitted(SEE, ADD)
@require_http_methods(["GET", "HEAD", "POST"])
def rule_import(request: HttpRequest) -> HttpResponse:
    """Show the form; a POST looks at what a file would hit in the last weeks, or imports it."""
    if request.method != "POST":
        return _page(request, {**DEFAULT_VALUES, "list": request.GET.get("list", "")})
    values = _posted(request)
    user = person_of(request)
    choice = ImportChoice(
        data=values.get("too_large") or values["data"],
        file_name=values["file_name"],
        format=values["format"],
        band=values["band"],
        folds=values["folds"],
        ignore_accents=values["ignore_accents"],
        regexes=values["regexes"],
        tags=[tag for tag in values["tags"].split(",") if tag.strip()],
    )
    rule_list = _list(request, int(values["list"])) if values["list"].isdigit() else None
    source = rule_list.source if rule_list is not None else source_of_slug(request, values["source"])
    try:
        if request.POST.get("act") != "import":
            outcome = rules_import_check(source=source, choice=choice, by=user)
            preview = None
            if user.has_perms([TRY, "classifier.view_comment"]):
                preview = rules_preview_recent(rules=outcome.rules, source=source, by=user)
            return _page(request, values, outcome=outcome, preview=preview)
        if rule_list is None:
            choice.read()  # before there is an empty list of a file that cannot be read
            rule_list = rule_list_create(name=values["name"], source=source, by=user)
        outcome = rules_import(rule_list=rule_list, choice=choice, state=values["state"], by=user)
    except InvalidInput as error:
        errors: dict[str, list[str]] = {}
        for problem in error.problems:
            errors.setdefault(problem.field, []).append(problem.message)
        return _page(request, values, errors=errors, status=422)
    told = f"{outcome.created:,} rules are in {rule_list.name}."
    if outcome.repeated:
        told += f" {outcome.repeated:,} were there already."
    if outcome.problems:
        told += f" {len(outcome.problems):,} lines are no rule."
    messages.success(request, told)
    return redirect("rule-lists")


def _page(
    request: HttpRequest,
    values: dict[str, Any],
    *,
    outcome: Any = None,
    preview: Any = None,
    errors: dict[str, list[str]] | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "values": values,
        "errors": errors or {},
        "lists": visible_lists(person_of(request)).order_by("name"),
        "sources": sources_of_user(request),
        "starters": STARTERS.items(),
        "formats": FORMATS.items(),
        "encodings": ENCODINGS.items(),
        "bands": Rule.RuleBand.choices,
        "states": RuleState.choices,
        "columns": ", ".join(COLUMNS),
        "outcome": outcome,
        "problems": outcome.problems[:PROBLEMS_SHOWN] if outcome else (),
        "preview": preview,
        "preview_rules": preview.rules[:RULES_SHOWN] if preview else (),
    }
    return render(request, "classifier/policies/rules/import.html", context, status=status)


def _posted(request: HttpRequest) -> dict[str, Any]:
    values: dict[str, Any] = {name: request.POST.get(name, "") for name in DEFAULT_VALUES}
    for name in ("folds", "ignore_accents", "regexes"):
        values[name] = request.POST.get(name) == "1"
    sent = request.FILES.get("file")
    if isinstance(sent, UploadedFile) and sent.size:
        whole = sent.read(FILE_BYTES + 1)
        chosen = values["encoding"] if values["encoding"] in ENCODINGS else ""
        values["data"], used = decoded(whole, chosen)
        values["read_as"] = ENCODINGS[used.name]
        values["guessed"] = used.guessed
        values["too_large"] = whole if len(whole) > FILE_BYTES else b""
        values["file_name"] = (sent.name or "")[:200]
    elif (starter := STARTERS.get(values["starter"])) is not None:
        values["data"], values["file_name"] = starter.read(), starter.file
        values["name"] = values["name"] or starter.title
        values["starter"] = ""  # its content is in the form now, and may be changed there
    values["data"] = values["data"].replace("\x00", "")
    return values


def _list(request: HttpRequest, list_id: int) -> RuleList:
    found = visible_lists(person_of(request)).filter(pk=list_id).first() if list_id < 2**63 else None
    if found is None:
        raise Http404
    return found
