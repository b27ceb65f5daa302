"""Deciding many comments at once: a preview that counts, a reason, and one undo for all of it."""

import json
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from classifier.core.errors import DecisionConflict, WrongFilter
from classifier.core.validation import InvalidInput
from classifier.models import BulkAction, DecisionAction
from classifier.review.bulk import (
    BULK_MAX,
    bulk_actions_seen_by,
    bulk_decide,
    bulk_preview,
    bulk_undo,
    reasons_offered,
)
from classifier.review.filters import QueueFilters
from classifier.review.pages.filter_form import in_words, query_of, read_chosen
from classifier.review.pages.item import veiled
from classifier.review.pages.reasons import band_line
from classifier.scoring.pages.verdict import card_of_comment
from classifier.web.access import permitted, person_of

MAY_BULK_DECIDE = "classifier.add_bulkaction"
SEE = "classifier.view_bulkaction"
SHOWN = 50
NONE_CHOSEN = "No comment was chosen. Tick some, or choose all that match the filters."


@permitted(SEE)
@require_safe
def bulk_actions(request: HttpRequest) -> HttpResponse:
    """Show the latest bulk actions, each with its undo."""
    user = person_of(request)
    rows = bulk_actions_seen_by(user=user)[:SHOWN]
    context = {"rows": [_row(bulk) for bulk in rows], "may_undo": user.has_perm(MAY_BULK_DECIDE)}
    return render(request, "classifier/review/bulk_actions.html", context)


@permitted(MAY_BULK_DECIDE)
@require_POST
def preview(request: HttpRequest) -> HttpResponse:
    """Count what the ticked comments or the whole filter would decide; nothing is decided."""
    data = request.POST.copy()
    whole = data.get("scope") == "filter"
    if whole:
        data.pop("ids", None)
    elif not data.getlist("ids"):
        messages.warning(request, NONE_CHOSEN)
        return redirect(_back(data))
    else:
        only = QueryDict(mutable=True)
        only.setlist("ids", data.getlist("ids"))
        data = only
    chosen = read_chosen(data)
    if chosen.errors:
        raise Http404
    return _preview(request, chosen.filters)


@permitted(MAY_BULK_DECIDE)
@require_POST
def decide(request: HttpRequest) -> HttpResponse:
    """Decide what was counted; show the preview again if there is more by now."""
    try:
        filters = QueueFilters.from_data(json.loads(request.POST.get("filters", "")))
        count = int(request.POST.get("count", ""))
    except (WrongFilter, ValueError, TypeError, AttributeError):
        raise Http404 from None
    try:
        bulk = bulk_decide(
            filters=filters,
            action=request.POST.get("action", ""),
            reason=request.POST.get("code", ""),
            note=_words(request),
            expected_count=count,
            by=person_of(request),
        )
    except InvalidInput as error:
        errors = {problem.field: problem.message for problem in error.problems}
        return _preview(request, filters, errors=errors, status=422)
    except DecisionConflict as conflict:
        return _preview(request, filters, errors={"conflict": str(conflict)}, status=409)
    word = DecisionAction(bulk.action).label.lower()
    left = f" {count - bulk.count:,} left alone: decided or edited meanwhile." if bulk.count < count else ""
    plural = "comment is" if bulk.count == 1 else "comments are"
    messages.success(request, f"{bulk.count:,} {plural} {word}.{left}")
    return redirect("bulk-actions")


@permitted(MAY_BULK_DECIDE)
@require_POST
def undo(request: HttpRequest, bulk_id: int) -> HttpResponse:
    """Undo the decisions of a bulk action that still stand."""
    bulk = bulk_actions_seen_by(user=person_of(request)).filter(pk=bulk_id).first()
    if bulk is None:
        raise Http404
    try:
        count = bulk_undo(bulk=bulk, by=person_of(request))
    except DecisionConflict as conflict:
        messages.error(request, str(conflict))
    else:
        plural = "comment waits" if count == 1 else "comments wait"
        messages.success(request, f"Undone: {count:,} {plural} for a decision again.")
    return redirect("bulk-actions")


def _preview(
    request: HttpRequest,
    filters: QueueFilters,
    *,
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    counted = bulk_preview(filters=filters, by=person_of(request))
    context = {
        "counted": counted,
        "sample": [
            {
                "comment": comment,
                "veiled": veiled(comment, card_of_comment(comment)),
                "band": band_line(comment),
            }
            for comment in counted.sample
        ],
        "filters": json.dumps(counted.filters.to_data()),
        "words": [word for word in in_words(counted.filters) if not word.startswith("up to comment")],
        "back": query_of(filters) if not filters.ids else "",
        "most": BULK_MAX,
        "reason": _words(request),
        "codes": reasons_offered(by=person_of(request)).items(),
        "code": request.POST.get("code", ""),
        "errors": errors or {},
    }
    return render(request, "classifier/review/bulk_preview.html", context, status=status)


def _words(request: HttpRequest) -> str:
    return request.POST.get("reason", "").replace("\r\n", "\n")


def _row(bulk: BulkAction) -> dict[str, Any]:
    try:
        words = in_words(QueueFilters.from_data(bulk.filters))
    except WrongFilter:
        words = []
    action = DecisionAction(bulk.action)
    return {
        "bulk": bulk,
        "word": action.label,
        "tone": {"approve": "calm", "remove": "toxic"}.get(action, "wait"),
        "filters": [word for word in words if not word.startswith("up to comment")],
    }


def _back(data: QueryDict) -> str:
    return f"{reverse('queue-list')}?{query_of(read_chosen(data).filters)}"
