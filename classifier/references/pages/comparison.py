"""`/references/<service>/compare/` and the same for a file: how another service and this site score the same texts."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from classifier.core.error_kinds import refusal_of
from classifier.core.errors import SCORING_ERRORS, NotPossibleNow
from classifier.core.validation import InvalidInput, ValidationProblem
from classifier.dialects.labels import labels_by_attribute
from classifier.models import ReferenceCall, ReferenceService, Transfer, User
from classifier.references.agreement import (
    BINS,
    GRID_BINS,
    Agreement,
    agreement_curve,
    histogram,
    joint_table,
    sampled,
)
from classifier.references.comparison_input import comparison_choice
from classifier.references.export import CONTENT_TYPE, calls_export
from classifier.references.keep_as_example import call_golden_add, call_suggest
from classifier.references.pairs import (
    ANY_VERSION,
    PAIRS_MAX,
    ComparisonChoice,
    ReferenceComparison,
    attributes_of,
    calls_seen_by,
    disagreement_of,
    disagreements_of,
    keys_of,
    reference_comparison,
    services_compared,
)
from classifier.references.score_maps import keys_with_outdated_map
from classifier.web.access import permitted, reader_of
from classifier.web.charts import Figure, count, share

SEE = "classifier.view_referencecall"
SEE_MAPS = "classifier.view_scoremap"
POINTS_MAX = 1_000
KEPT = ("approve", "remove", "toxic", "not-toxic")
NO_WORKER = (
    "No worker scores texts at the moment, so this text cannot become a known answer. Try again shortly."
)


@permitted(SEE)
@require_safe
def compare_service(request: HttpRequest, service_id: int) -> HttpResponse:
    service = get_object_or_404(services_compared(), pk=service_id)
    choice, problems = choice_of(request, service=service)
    context = compared(request, choice, problems)
    context |= {
        "title": f"Compare with {service.name}",
        "service": service,
        "csv_url": with_query("compare-service-csv", service.pk, choice),
        "empty_hint": "Calls appear here once a key observes or follows this service.",
    }
    return render(request, "classifier/references/comparison/page.html", context)


@permitted(SEE)
@require_safe
def compare_service_csv(request: HttpRequest, service_id: int) -> HttpResponseBase:
    service = get_object_or_404(services_compared(), pk=service_id)
    choice, _ = choice_of(request, service=service)
    return csv_of(request, choice, f"calls-{service.pk}.csv")


@permitted(SEE)
@require_POST
def keep_call(request: HttpRequest, call_id: int) -> HttpResponse:
    """Make a known answer or a suggestion from a call; answer with its row, or go back to the page."""
    user = reader_of(request)
    rows = calls_seen_by(user).select_related("comment", "comment__source", "source", "service", "api_key")
    call: ReferenceCall = get_object_or_404(rows, pk=call_id)
    attribute = request.POST.get("attribute", "")[:100]
    problem = _kept(call, request.POST.get("keep", ""), attribute, user)
    if request.headers.get("HX-Request"):
        row = {"row": disagreement_of(rows.get(pk=call_id), attribute), "problem": problem}
        context = {**row, "attribute": attribute, "other_name": request.POST.get("other_name", "")[:100]}
        return render(
            request, "classifier/references/comparison/row.html", context, status=422 if problem else 200
        )
    if problem:
        messages.error(request, problem)
    else:
        messages.success(request, f"Call {call.pk} is kept.")
    back = request.POST.get("back", "")
    safe = url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure())
    return redirect(back if safe and back else "comparisons")


def _kept(call: ReferenceCall, keep: str, attribute: str, user: User) -> str:
    """Keep the call; return a sentence with what is wrong, or nothing."""
    try:
        if keep in ("approve", "remove"):
            call_golden_add(call=call, expected=keep, by=user, deadline=settings.SCORE_DEADLINE_SECONDS)
        elif keep in KEPT:
            labels = labels_by_attribute(call.wire).get(attribute, ("toxic",))
            call_suggest(call=call, labels=labels, toxic=keep == "toxic", by=user)
        else:
            return "Choose what to make of it."
    except (InvalidInput, NotPossibleNow) as error:
        refusal = refusal_of(error)
        return refusal.sentence if refusal is not None else ""
    except SCORING_ERRORS:
        return NO_WORKER
    return ""


def choice_of(
    request: HttpRequest, *, service: ReferenceService | None = None, file: Transfer | None = None
) -> tuple[ComparisonChoice, list[ValidationProblem]]:
    wire = ComparisonChoice(service=service, file=file).wire
    return comparison_choice(
        request.GET, service=service, file=file, known=labels_by_attribute(wire), by=reader_of(request)
    )


def csv_of(request: HttpRequest, choice: ComparisonChoice, name: str) -> HttpResponseBase:
    user = reader_of(request)
    attributes = attributes_of(choice, user, labels_by_attribute(choice.wire))
    text = calls_export(choice=choice, attributes=attributes, by=user)
    answer = StreamingHttpResponse(text, content_type=CONTENT_TYPE)
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def compared(
    request: HttpRequest, choice: ComparisonChoice, problems: Sequence[ValidationProblem]
) -> dict[str, Any]:
    """Return the context that the pages of a service and of a file share."""
    user = reader_of(request)
    result = reference_comparison(choice, user)
    pairs = result.pairs
    known = labels_by_attribute(choice.wire)
    other = choice.other_name
    return {
        "choice": choice,
        "found": result,
        "other_name": other,
        "errors": {problem.field: problem.message for problem in problems},
        "attributes": attributes_of(choice, user, known) or [choice.attribute],
        "keys": keys_of(choice, user),
        "version_chosen": ANY_VERSION
        if choice.any_version
        else (choice.version and choice.version.version) or "",
        "failures": [(ReferenceCall.Failure(kind).label, number) for kind, number in result.failures.items()],
        "read_fewer": PAIRS_MAX if result.pairs_in_all > len(pairs) else 0,
        "numbers": agreement_words(result.agreement),
        "curve": [
            [point.both, point.only_ours, point.only_theirs, point.neither]
            for point in agreement_curve(pairs.ours, pairs.theirs)
        ],
        "figures": [distribution(result), scatter(result)] if len(pairs) else [],
        "rows": disagreements_of(result, user),
        "outdated": keys_with_outdated_map() if user.has_perm(SEE_MAPS) else [],
        "map_url": map_url(choice),
        "here": request.get_full_path(),
        "may_keep": user.has_perm("classifier.add_comment"),
    }


def agreement_words(at: Agreement) -> dict[str, str]:
    """Format the numbers at a threshold as the page shows them; static/js/compare.js does the same."""
    kappa = at.kappa
    low, high = at.interval
    bounds = "" if kappa.low is None or kappa.high is None else f"{kappa.low:.2f} to {kappa.high:.2f}"
    return {
        "threshold": f"{at.threshold:g}",
        "share": share(at.share),
        "interval": f"{low:.1%} to {high:.1%}" if at.pairs else "",
        "kappa": "\N{EN DASH}" if kappa.value is None else f"{kappa.value:.2f}",
        "kappa_interval": bounds,
        "ours": share(at.ours_flags),
        "theirs": share(at.theirs_flags),
        "both": count(at.both),
        "only_ours": count(at.only_ours),
        "only_theirs": count(at.only_theirs),
        "neither": count(at.neither),
    }


def distribution(result: ReferenceComparison) -> Figure:
    own, other = histogram(result.pairs.ours), histogram(result.pairs.theirs)
    total, name = len(result.pairs), result.choice.other_name
    names = [f"{index / BINS:.0%}" for index in range(BINS)]
    return Figure(
        "distribution",
        "Scores of both",
        f"Share of texts by score, from 0% to 100% in steps of {100 // BINS}.",
        "bars",
        {
            "categories": names,
            "series": [
                {"name": "This site", "values": [n / total for n in own]},
                {"name": name, "values": [n / total for n in other]},
            ],
            "vertical": True,
            "y": {"name": "", "percent": True},
        },
        ("Score from", "This site", name),
        [
            (at, f"{share(a / total)} ({count(a)})", f"{share(b / total)} ({count(b)})")
            for at, a, b in zip(names, own, other, strict=True)
        ],
    )


def scatter(result: ReferenceComparison) -> Figure:
    pairs, name = result.pairs, result.choice.other_name
    table = joint_table(pairs.ours, pairs.theirs)
    edges = [f"{index / GRID_BINS:.0%}" for index in range(GRID_BINS)]
    shown = min(len(pairs), POINTS_MAX)
    return Figure(
        "scatter",
        "Text by text",
        f"{count(shown)} of the texts, each by its two scores; the closer to a rising line, the more alike.",
        "scatter",
        {
            "points": [
                {
                    "name": f"Call {pairs.ids[at]}",
                    "x": round(pairs.ours[at], 4),
                    "y": round(pairs.theirs[at], 4),
                }
                for at in sampled(len(pairs), POINTS_MAX)
            ],
            "x": {"name": "This site", "min": 0, "max": 1},
            "y": {"name": name, "min": 0, "max": 1},
            "labels": False,
            "small": True,
        },
        (f"{name} from", *(f"This site from {edge}" for edge in edges)),
        [(edge, *map(count, row)) for edge, row in reversed(list(zip(edges, table, strict=True)))],
    )


def query_of(choice: ComparisonChoice) -> dict[str, str]:
    """Return the choice as the query string of its page."""
    return {
        name: value
        for name, value in {
            "attribute": choice.attribute,
            "threshold": f"{choice.threshold:g}",
            "key": str(choice.api_key.pk) if choice.api_key is not None else "",
            "begin": choice.begin.isoformat() if choice.begin is not None else "",
            "end": choice.end.isoformat() if choice.end is not None else "",
            "version": ANY_VERSION
            if choice.any_version
            else choice.version.version
            if choice.version
            else "",
        }.items()
        if value
    }


def map_url(choice: ComparisonChoice) -> str:
    about = (
        {"service": choice.service.pk}
        if choice.service is not None
        else {"file": choice.file and choice.file.pk}
    )
    query = {name: value for name, value in query_of(choice).items() if name != "attribute"}
    return f"{reverse('score-map-new')}?{urlencode({**about, **query})}"


def with_query(name: str, pk: int, choice: ComparisonChoice) -> str:
    return f"{reverse(name, args=[pk])}?{urlencode(query_of(choice))}"
