"""The review queue: one comment at a time, decided, skipped, passed over, or undone."""

from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from classifier.core.errors import ClaimTaken
from classifier.core.validation import row_id
from classifier.models import Comment, CommentStatus, User
from classifier.review.claims import claim, claim_renew
from classifier.review.filters import WAITING, QueueFilters
from classifier.review.pages.filter_form import in_words, names_a_queue, query_of, read_chosen
from classifier.review.pages.item import DecisionDraft, QueueItem, queue_item, seconds_left
from classifier.review.pages.saved_queues import FIXED, readable, saved_query, saved_tabs
from classifier.review.pages.session import QueueState, queues_for
from classifier.review.pages.steps import QueueStep, go_back, go_past, resume, take_back, visible
from classifier.review.selectors import (
    ORDERS,
    BoundedCount,
    decidable_by,
    not_skipped_by,
    queue_comments,
    queue_count,
)
from classifier.scoring.heartbeat import worker_status
from classifier.web.access import permitted, person_of, signed_in

DECIDE = "classifier.add_decision"
LIMIT = 1_000


@permitted(DECIDE)
@require_GET
def queue(request: HttpRequest) -> HttpResponse:
    """Resume with the last comment; `saved`, filters and `order` choose a queue, `comment` a certain comment."""
    user, state = person_of(request), QueueState.of(request)
    if request.GET:
        return _choose(request, user, state)
    return _page(request, user, state, resume(state, user))


@permitted(DECIDE)
@require_POST
def go(request: HttpRequest, way: str) -> HttpResponse:
    """Move through the queue: `next` passes over the comment on screen, `back` returns, `again` offers passed ones."""
    user, state = person_of(request), QueueState.of(request)
    if way == "back":
        step = go_back(state, user)
    else:
        if way == "again":
            state.passed, state.current = [], None
        step = go_past(state, user)
    return show(request, user, state, step)


@permitted(DECIDE)
@require_POST
def undo(request: HttpRequest) -> HttpResponse:
    """Undo the last decision of this session, or the one that is named."""
    user, state = person_of(request), QueueState.of(request)
    step = take_back(state, user, row_id(request.POST.get("decision")))
    return show(request, user, state, step)


@signed_in
@never_cache
@require_POST
def renew(request: HttpRequest, comment_id: int) -> HttpResponse:
    """Extend the claim; with `take`, claim again if nobody else has. The answer names whoever was first."""
    user, state = person_of(request), QueueState.of(request)
    comment = comment_at_work(request, comment_id)
    if state.look == comment_id:
        return JsonResponse({"held": True, "seconds": int(settings.REVIEW_CLAIM_SECONDS)})
    if claim_renew(comment=comment, by=user):
        return JsonResponse({"held": True, "seconds": int(settings.REVIEW_CLAIM_SECONDS)})
    problem = why_lost(comment, user)
    if request.POST.get("take") == "1":
        try:
            return JsonResponse(
                {"held": True, "seconds": seconds_left(claim(comment=comment, by=user), user)}
            )
        except (ClaimTaken, PermissionDenied) as error:
            problem = why_lost(comment, user) or str(error)
    return JsonResponse({"held": False, "message": problem})


@permitted(DECIDE)
@require_GET
def worker(request: HttpRequest) -> HttpResponse:
    """Show whether new comments are being classified; the page polls this."""
    return render(request, "classifier/review/worker.html", {"worker": worker_status()})


def comment_at_work(request: HttpRequest, comment_id: int) -> Comment:
    """Return the comment. Raises Http404 also for one that this person may not see, whatever else they may do."""
    user = person_of(request)
    try:
        comment = visible(comment_id, user)
    except Comment.DoesNotExist:
        raise Http404 from None
    if not user.has_perm(DECIDE):
        raise PermissionDenied(DECIDE)
    return comment


def show(
    request: HttpRequest,
    user: User,
    state: QueueState,
    step: QueueStep,
    *,
    draft: DecisionDraft | None = None,
    problem: Any = None,
    status: int = 200,
) -> HttpResponse:
    """Answer a step with the comment now on screen; without JavaScript redirect, so that a reload repeats nothing."""
    if getattr(request, "htmx", False):
        return _work(request, user, state, step, draft=draft, problem=problem, status=status)
    if status == 200 and not step.problem:
        state.keep(request)
        return redirect("queue")
    return _page(request, user, state, step, draft=draft, problem=problem, status=status)


def why_lost(comment: Comment, user: User) -> str:
    """Name who decided the comment meanwhile or has claimed it now; empty where the claim has only expired."""
    decision = comment.current_decision
    if comment.queued_at is None and decision is not None:
        who = (
            "A policy has"
            if decision.automatic
            else "You have"
            if decision.by == user
            else f"{decision.by} has"
        )
        return f"{who} {decision.get_action_display().lower()} this comment in the meantime."
    if comment.queued_at is None:
        return "This comment does not wait for a decision any more."
    if comment.review_by is not None and comment.review_by != user:
        return f"{comment.review_by} looks at this comment right now."
    return ""


def _choose(request: HttpRequest, user: User, state: QueueState) -> HttpResponse:
    """Remember the chosen queue, and redirect to the plain address."""
    saved, wanted = request.GET.get("saved", ""), row_id(request.GET.get("comment"))
    if saved:
        saved_queue = next((queue for queue in queues_for(user) if str(queue.pk) == saved), None)
        if saved_queue is None:
            raise Http404
        filters = readable(saved_queue)
        if filters is None or filters.status != WAITING:  # a list of comments, not a queue of waiting ones
            return redirect(f"{reverse('queue-list')}?{saved_query(saved_queue)}&saved={saved_queue.pk}")
        state.choose(filters, saved_queue.order, saved_queue.pk)
    elif names_a_queue(request.GET):
        chosen = read_chosen(request.GET, state.order)
        if chosen.errors or chosen.filters.status != WAITING:
            return redirect(f"{reverse('queue-list')}?{request.GET.urlencode()}")
        only_order = not any(name for name in request.GET if name not in ("order", "comment"))
        state.choose(state.queue_filters() if only_order else chosen.filters, chosen.order)
    if wanted is not None:
        try:
            state.current = visible(wanted, user).pk
        except Comment.DoesNotExist:
            raise Http404 from None
    state.keep(request)
    return redirect("queue")


def _page(request: HttpRequest, user: User, state: QueueState, step: QueueStep, **more: Any) -> HttpResponse:
    return _work(request, user, state, step, template="classifier/review/queue.html", **more)


def _work(
    request: HttpRequest,
    user: User,
    state: QueueState,
    step: QueueStep,
    *,
    draft: DecisionDraft | None = None,
    problem: Any = None,
    status: int = 200,
    template: str = "classifier/review/work.html",
) -> HttpResponse:
    item = (
        queue_item(step.comment, user, claimed=step.claimed, look=step.look, draft=draft)
        if step.comment is not None
        else None
    )
    filters = state.queue_filters()
    waiting = queue_count(user=user, filters=filters, limit=LIMIT)
    state.keep(request)
    context = {
        "item": item,
        "empty": why_empty(state, user) if item is None else None,
        "problem": problem or step.problem,
        "message": step.message,
        "lost": why_lost(step.comment, user) if step.comment is not None and not step.claimed else "",
        "waiting": waiting,
        "all_waiting": waiting
        if not filters.to_data()
        else queue_count(user=user, filters=QueueFilters(), limit=LIMIT),
        "state": state,
        "can_go_back": state.before() is not None,
        "on_tab": bool(state.saved) or any(filters == fixed for _, fixed, _ in FIXED),
        "announcement": announcement(item, step.message),
    }
    if template.endswith("queue.html"):
        context |= {
            "tabs": saved_tabs(user, current=state.saved, here="queue", filters=filters),
            "orders": [(name, order.title, name == state.order) for name, order in ORDERS.items()],
            "filter_words": [] if state.saved else in_words(filters),
            "list_query": query_of(filters, state.order),
            "worker": worker_status(),
        }
    return render(request, template, context, status=status)


def announcement(item: QueueItem | None, message: str) -> str:
    """Return what a screen reader announces when another comment is on screen."""
    if item is None:
        return f"{message} There is no next comment.".strip()
    band = f", {item.band.word} {item.band.percent}" if item.band is not None else ""
    return f"{message} Comment {item.comment.pk}{band}.".strip()


@dataclass(frozen=True)
class Empty:
    """Why there is no next comment: `waiting` match the filters, `all_waiting` wait in all; none can be claimed."""

    waiting: BoundedCount
    all_waiting: BoundedCount
    unscored: BoundedCount
    others: int = 0
    leads: int = 0
    skipped: int = 0
    passed: int = 0

    @property
    def kind(self) -> str:
        if self.waiting.number:
            return "left"
        return "no-match" if self.all_waiting.number else "nothing"


def why_empty(state: QueueState, user: User) -> Empty:
    """Count what waits, no further than LIMIT; only called when there is no next comment."""
    filters = state.queue_filters()
    waiting = queue_count(user=user, filters=filters, limit=LIMIT)
    everything = queue_count(user=user, filters=QueueFilters(), limit=LIMIT)
    unscored = queue_count(user=user, filters=QueueFilters(status=CommentStatus.PENDING), limit=LIMIT)
    if not waiting.number:
        return Empty(waiting, everything, unscored)
    rows = queue_comments(user=user, filters=filters).order_by()

    def count(condition: Q) -> int:
        return rows.filter(condition).values("pk")[:LIMIT].count()

    decidable = decidable_by(user=user)
    return Empty(
        waiting,
        everything,
        unscored,
        others=queue_count(user=user, filters=replace(filters, claimed="others"), limit=LIMIT).number,
        leads=count(~decidable) if decidable else 0,
        skipped=count(~not_skipped_by(user=user)),
        passed=count(Q(pk__in=state.passed)) if state.passed else 0,
    )
