"""The queue as a list: filters, orders, pages; each row leads to its comment, in the queue where it waits."""

from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from classifier.core.errors import WrongFilter
from classifier.models import Comment, User
from classifier.review.filters import FILTERS, WAITING
from classifier.review.pages.filter_form import (
    MORE,
    Chosen,
    filter_fields,
    in_words,
    order_field,
    read_chosen,
)
from classifier.review.pages.item import veiled
from classifier.review.pages.reasons import band_line, short_reasons
from classifier.review.pages.saved_queues import saved_query, saved_tabs
from classifier.review.pages.session import queues_for
from classifier.review.selectors import APPEALS, ESCALATIONS, QueuePage, queue_count, queue_page
from classifier.scoring.pages.verdict import card_of_comment
from classifier.web.access import permitted, reader_of

SEE = ("classifier.view_comment", "classifier.view_savedqueue")
PAGE_SIZE = 25


@permitted(*SEE)
@require_safe
def queue_list(request: HttpRequest) -> HttpResponse:
    """List the comments that match the filters, page by page; `saved` opens a saved queue to narrow further."""
    user = reader_of(request)
    saved = _saved(request, user)
    as_saved = saved_query(saved) if saved is not None else ""
    if as_saved and not any(name in request.GET for name in (*FILTERS, "order", "after")):
        return redirect(f"{reverse('queue-list')}?{as_saved}&saved={saved.pk}")
    chosen = read_chosen(request.GET, saved.order if saved else "risk")
    page, problem = QueuePage([], None), ""
    if saved is not None and not as_saved:
        problem = f"The filters of the queue {saved.name} cannot be read any more; a lead can change them."
    if not chosen.errors:
        try:
            page = queue_page(
                user=user,
                filters=chosen.filters,
                order=chosen.order,
                size=PAGE_SIZE,
                cursor=request.GET.get("after", ""),
            )
        except WrongFilter as wrong:
            if wrong.field == "cursor":
                raise Http404 from None
            problem = str(wrong)
    fields = [*filter_fields(chosen, user), order_field(chosen)]
    own = f"{chosen.query}{f'&saved={saved.pk}' if saved else ''}"
    context = {
        "chosen": chosen,
        "fields": [field for field in fields if field.name not in MORE],
        "more": [field for field in fields if field.name in MORE],
        "more_open": any(field.value or field.error for field in fields if field.name in MORE),
        "rows": [_row(comment, user) for comment in page.comments],
        "problem": problem,
        "count": None if chosen.errors else queue_count(user=user, filters=chosen.filters),
        "next": page.next and f"{own}&{urlencode({'after': page.next})}",
        "first": own if request.GET.get("after") else "",
        "saved": saved,
        "tabs": saved_tabs(
            user,
            current=saved.pk if saved else None,
            here="queue-list",
            filters=None if chosen.errors else chosen.filters,
        ),
        "words": in_words(chosen.filters),
        "query": chosen.query,
        "may_work": user.has_perm("classifier.add_decision"),
        "works": chosen.filters.status == WAITING,
        "every": not chosen.errors and chosen.filters.status != WAITING,
        "may_save": user.has_perm("classifier.add_savedqueue"),
        "may_bulk": user.has_perm("classifier.add_bulkaction"),
        "hidden": hidden_filters(chosen),
    }
    return render(request, "classifier/review/list.html", context, status=422 if chosen.errors else 200)


def hidden_filters(chosen: Chosen) -> list[tuple[str, Any]]:
    """Return the filters as hidden fields of another form."""
    fields: list[tuple[str, Any]] = []
    for name, value in chosen.filters.to_data().items():
        for entry in value if isinstance(value, list) else [value]:
            fields.append((name, {True: "1", False: "0"}[entry] if isinstance(entry, bool) else entry))
    return fields


def _row(comment: Comment, user: User) -> dict[str, Any]:
    waits = comment.queued_at is not None and comment.current_prediction_id is not None
    for_leads = (comment.is_escalated and not user.has_perm(ESCALATIONS)) or (
        comment.has_open_appeal and not user.has_perm(APPEALS)
    )
    works = waits and not for_leads and user.has_perm("classifier.add_decision")
    card = card_of_comment(comment)
    return {
        "comment": comment,
        "card": card,
        "veiled": veiled(comment, card),
        "band": band_line(comment),
        "reasons": short_reasons(comment) if waits else [],
        "works": works,
        "waits": waits,
        "for_leads": for_leads,
        "claimed": comment.review_by if _claim_lives(comment) else None,
    }


def _claim_lives(comment: Comment) -> bool:
    return comment.review_until is not None and comment.review_until > timezone.now()


def _saved(request: HttpRequest, user: User) -> Any:
    wanted = request.GET.get("saved", "")
    if not wanted:
        return None
    saved_queue = next((queue for queue in queues_for(user) if str(queue.pk) == wanted), None)
    if saved_queue is None:
        raise Http404
    return saved_queue
