"""Saved queues: as tabs over the queue and its list; making, renaming, sharing by role, ordering, deleting them."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from classifier.accounts.roles import ROLE_PERMISSIONS, ROLE_TITLES
from classifier.core.errors import WrongFilter
from classifier.core.validation import InvalidInput
from classifier.models import SavedQueue, User
from classifier.review.filters import WAITING, QueueFilters
from classifier.review.pages.filter_form import (
    Chosen,
    filter_fields,
    in_words,
    order_field,
    query_of,
    read_chosen,
)
from classifier.review.pages.session import queues_for
from classifier.review.saved_queues import (
    saved_queue_create,
    saved_queue_delete,
    saved_queue_update,
    saved_queues_arrange,
)
from classifier.review.selectors import APPEALS, ESCALATIONS, ORDERS, BoundedCount, queue_count
from classifier.web.access import permitted, person_of

ADD, CHANGE, DELETE = (f"classifier.{verb}_savedqueue" for verb in ("add", "change", "delete"))
LIMIT = 1_000
FIXED = (
    ("All waiting", QueueFilters(), ""),
    ("Appeals", QueueFilters(appeal=True), APPEALS),
    ("Escalated", QueueFilters(escalated=True), ESCALATIONS),
    ("Mine", QueueFilters(claimed="mine"), "classifier.add_decision"),
)
"""The tabs that everybody has who may act on what is in them: title, filters, permission."""


@permitted(CHANGE)
@require_safe
def saved_queues(request: HttpRequest) -> HttpResponse:
    """List all saved queues, also those for other roles."""
    rows = []
    for saved in SavedQueue.objects.select_related("owner"):
        filters = readable(saved)
        rows.append(
            {
                "saved": saved,
                "words": in_words(filters) if filters is not None else None,
                "order": ORDERS[saved.order].title if saved.order in ORDERS else saved.order,
            }
        )
    return render(request, "classifier/review/saved_list.html", {"rows": rows})


@permitted(ADD)
@require_http_methods(["GET", "HEAD", "POST"])
def saved_new(request: HttpRequest) -> HttpResponse:
    """Save a new queue from the filters in the address."""
    return _form(request, None)


@permitted(CHANGE)
@require_http_methods(["GET", "HEAD", "POST"])
def saved_queue(request: HttpRequest, saved_id: int) -> HttpResponse:
    """Change a saved queue."""
    return _form(request, _queue_or_404(saved_id))


@permitted(CHANGE)
@require_POST
def move(request: HttpRequest, saved_id: int) -> HttpResponse:
    """Move a saved queue one position up or down among the tabs."""
    saved = _queue_or_404(saved_id)
    order = list(SavedQueue.objects.all())
    index = order.index(saved)
    to = index + (-1 if request.POST.get("to") == "up" else 1)
    if 0 <= to < len(order):
        order[index], order[to] = order[to], order[index]
        saved_queues_arrange(queues=order, by=person_of(request))
    return redirect("saved-queues")


@permitted(DELETE)
@require_POST
def delete(request: HttpRequest, saved_id: int) -> HttpResponse:
    """Delete a saved queue; no comment is touched."""
    saved = _queue_or_404(saved_id)
    name = saved.name
    saved_queue_delete(queue=saved, by=person_of(request))
    messages.success(request, f"The queue {name} is deleted. Its comments wait as before.")
    return redirect("saved-queues")


def _form(request: HttpRequest, saved: SavedQueue | None) -> HttpResponse:
    if request.method != "POST":
        filters = (readable(saved) if saved else None) or read_chosen(request.GET).filters
        order = saved.order if saved else read_chosen(request.GET).order
        chosen = Chosen(filters, order, given=_given(filters))
        values = {"name": saved.name if saved else "", "roles": saved.roles if saved else []}
        return _page(request, saved, chosen, values)
    chosen = read_chosen(request.POST)
    values = {"name": request.POST.get("name", ""), "roles": request.POST.getlist("roles")}
    errors: dict[str, str] = {}
    if not chosen.errors:
        fields: dict[str, Any] = {**values, "filters": chosen.filters, "order": chosen.order}
        by = person_of(request)
        try:
            if saved is None:
                made = saved_queue_create(**fields, position=SavedQueue.objects.count(), by=by)
                messages.success(request, f"The queue {made.name} is saved.")
            else:
                saved_queue_update(queue=saved, **fields, position=saved.position, by=by)
                messages.success(request, f"The queue {saved.name} is changed.")
            return redirect("saved-queues")
        except InvalidInput as error:
            errors = {problem.field: problem.message for problem in error.problems}
    return _page(request, saved, chosen, values, errors=errors, status=422)


def _page(
    request: HttpRequest,
    saved: SavedQueue | None,
    chosen: Chosen,
    values: dict[str, Any],
    *,
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    user = person_of(request)
    context = {
        "saved": saved,
        "values": values,
        "errors": errors or {},
        "fields": [*filter_fields(chosen, user), order_field(chosen)],
        "roles": [
            (role, title, role in values["roles"])
            for role, title in ROLE_TITLES.items()
            if "view_savedqueue" in ROLE_PERMISSIONS[role]
        ],
        "list_query": query_of(chosen.filters, chosen.order),
        "may_delete": saved is not None and user.has_perm(DELETE),
    }
    return render(request, "classifier/review/saved_queue.html", context, status=status)


def _given(filters: Any) -> dict[str, Any]:
    """Return the filters as a form would have sent them."""
    return {
        name: {True: "1", False: "0"}[value] if isinstance(value, bool) else value
        for name, value in filters.to_data().items()
    }


def _queue_or_404(saved_id: int) -> SavedQueue:
    queue = SavedQueue.objects.filter(pk=saved_id).first()
    if queue is None:
        raise Http404
    return queue


@dataclass(frozen=True)
class Tab:
    """A tab over the queue; `count` is None where the filters cannot be read any more."""

    title: str
    url: str
    count: BoundedCount | None
    current: bool


def saved_tabs(user: User, *, current: int | None, here: str, filters: QueueFilters | None) -> list[Tab]:
    """Return the tabs: the fixed ones, then each saved queue of `user`; `here` is queue or queue-list.

    `current` is the saved queue that is open; without one, `filters` are what is chosen (None: it cannot be read).
    """
    tabs = []
    for title, narrowed, permission in FIXED:
        if permission and not user.has_perm(permission):
            continue
        query = urlencode({"status": WAITING}) if narrowed == QueueFilters() else query_of(narrowed)
        is_open = current is None and filters == narrowed
        tabs.append(Tab(title, f"{reverse(here)}?{query}", _count(user, narrowed), is_open))
    for saved in queues_for(user):
        filters = readable(saved)
        works = filters is not None and filters.status == WAITING
        url = reverse(here if works else "queue-list") + "?" + urlencode({"saved": saved.pk})
        tabs.append(Tab(saved.name, url, _count(user, filters), saved.pk == current))
    return tabs


def readable(saved: SavedQueue) -> QueueFilters | None:
    """Return the filters of a saved queue; None where they cannot be read any more."""
    try:
        return QueueFilters.from_data(saved.filters)
    except WrongFilter:
        return None


def saved_query(saved: SavedQueue) -> str:
    filters = readable(saved)
    return query_of(filters, saved.order) if filters is not None else ""


def _count(user: User, filters: QueueFilters | None) -> BoundedCount | None:
    return None if filters is None else queue_count(user=user, filters=filters, limit=LIMIT)
