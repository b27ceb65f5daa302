"""The comments that a person submitted, and one comment with everything that happened to it."""

from typing import cast
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET
from django_htmx.http import HttpResponseClientRefresh

from classifier.comments.own_comments import comment_counts, comment_page, comments_matching
from classifier.comments.pages.actions import ActProblem, comment_acts
from classifier.comments.pages.forms import CommentFilterForm
from classifier.comments.purged_text import purged_note
from classifier.core.visible_comments import comment_detail, comments_visible_to
from classifier.history.comment_timeline import comment_timeline
from classifier.models import Comment
from classifier.policies.active_policies import policy_for
from classifier.review.pages.decided import decision_rows, label_corrections
from classifier.review.pages.session import QueueState
from classifier.review.pages.steps import write_answer
from classifier.scoring.heartbeat import worker_status
from classifier.scoring.pages.format_note import format_note
from classifier.scoring.pages.sentences import sentence_count, sentences_of_comment
from classifier.scoring.pages.verdict import bars_of_prediction, card_of_comment
from classifier.scoring.pages.words import words_of_comment
from classifier.web.access import SiteRequest, signed_in

PAGE_SIZE = 25


@signed_in
@never_cache
@require_GET
def comment_list(request: HttpRequest) -> HttpResponse:
    form = CommentFilterForm(request.GET)
    chosen = form.chosen()
    comments = comments_matching(
        user=cast(SiteRequest, request).user,
        verdict=chosen["verdict"],
        language=chosen["language"],
        search=chosen["q"],
    )
    counts = comment_counts(comments=comments)
    of_status = comments.filter(status=chosen["status"]) if chosen["status"] else comments
    page = comment_page(comments=of_status, before=chosen["before"], after=chosen["after"], size=PAGE_SIZE)
    filters = {name: chosen[name] for name in ("status", "verdict", "language", "q") if chosen[name]}
    context = {
        "form": form,
        "chosen": chosen,
        "filtered": bool(chosen["verdict"] or chosen["language"] or chosen["q"]),
        "rows": [{"comment": comment, "card": card_of_comment(comment)} for comment in page.comments],
        "tabs": [
            {
                "name": title,
                "count": counts[status],
                "current": status == (chosen["status"] or ""),
                "query": urlencode({k: v for k, v in {**filters, "status": status}.items() if v}),
            }
            for status, title in CommentFilterForm.STATUSES
        ],
        "newer": page.newer and urlencode({**filters, "after": page.newer}),
        "older": page.older and urlencode({**filters, "before": page.older}),
    }
    return render(request, "classifier/comments/list.html", context)


@signed_in
@never_cache
@require_GET
def comment(request: HttpRequest, comment_id: int) -> HttpResponse:
    user = cast(SiteRequest, request).user
    state = QueueState.of(request)
    if state.look == comment_id:
        messages.info(
            request,
            "Answer the blind review first; then you may read the details and history of this comment.",
        )
        return redirect("queue")
    if state.answer is not None and state.answer[0] == comment_id:
        write_answer(state, user)  # the answer cannot change once its moderator has seen the history
        state.keep(request)
    try:
        comment = comment_detail(comments=comments_visible_to(user=user), comment_id=comment_id)
    except Comment.DoesNotExist:
        raise Http404 from None
    return render_comment(request, comment)


def render_comment(
    request: HttpRequest,
    comment: Comment,
    *,
    problem: str = "",
    note: str = "",
    act_problem: ActProblem | None = None,
    status: int = 200,
) -> HttpResponse:
    """Show the page of a comment read by `comment_detail`; `problem` says why it could not be decided.

    `act_problem` says why another action was refused.
    """
    user = cast(SiteRequest, request).user
    card = card_of_comment(comment)
    policy = policy_for(comment.source_id)
    predictions = [
        {"prediction": prediction, "bars": bars_of_prediction(prediction)}
        for prediction in comment.predictions.all()
    ]
    context = {
        "comment": comment,
        "purged_note": purged_note(comment),
        "card": card,
        "mine": comment.submitted_by_id == user.pk,
        "predictions": predictions,
        "acts": comment_acts(comment, user, act_problem),
        "decisions": decision_rows(comment.decisions.all(), comment)
        if user.has_perm("classifier.view_decision")
        else [],
        "corrections": label_corrections(comment) if user.has_perm("classifier.add_decision") else None,
        "reasons": policy.reasons,
        "reason_required": policy.reason_required,
        "decide_problem": problem,
        "note": note,
        "format_note": format_note(comment),
        "worker": worker_status() if card.pending else None,
        "timeline": comment_timeline(comment, user),
        "sentence_count": sentence_count(comment) if card.verdict else 0,
        "sentences": sentences_of_comment(comment)
        if request.GET.get("sentences") == "1" and card.verdict
        else None,
        "words": words_of_comment(comment) if request.GET.get("words") == "1" and card.verdict else None,
    }
    return render(request, "classifier/comments/comment.html", context, status=status)


@signed_in
@never_cache
@require_GET
def comment_card(request: HttpRequest, comment_id: int) -> HttpResponse:
    """Show only the verdict card, for a page that waits for it."""
    user = cast(SiteRequest, request).user
    try:
        comment = comments_visible_to(user=user).get(pk=comment_id)
    except Comment.DoesNotExist:
        raise Http404 from None
    card = card_of_comment(comment)
    on_detail = request.GET.get("on") == "detail"
    if on_detail and not card.pending:
        return HttpResponseClientRefresh()
    context = {"card": card, "on_detail": on_detail, "worker": worker_status() if card.pending else None}
    if not card.pending:
        context["announcement"] = card.announcement
    return render(request, "classifier/scoring/verdict/card.html", context)
