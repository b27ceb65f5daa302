"""Deciding about a comment, and undoing it, from its page."""

from typing import cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from classifier.comments.pages.comments import render_comment
from classifier.core.errors import DecisionConflict
from classifier.core.validation import InvalidInput
from classifier.core.visible_comments import comment_detail, comments_visible_to
from classifier.models import Comment, Decision
from classifier.review.decisions import decision_record, decision_undo
from classifier.review.pages.decided import label_corrections
from classifier.web.access import SiteRequest, signed_in

OTHER_VERDICT = "The comment has a new verdict since you opened this page. Look at it, then decide."
DONE = {
    "approve": "Comment {} is approved.",
    "remove": "Comment {} is removed.",
    "escalate": "Comment {} waits for a lead.",
    "skip": "Comment {} is left to others.",
}


@signed_in
@never_cache
@require_POST
def decide(request: HttpRequest, comment_id: int) -> HttpResponse:
    """Approve or remove; labels whose tick differs from what the model predicted are corrections."""
    comment = _comment(request, comment_id)
    note = request.POST.get("note", "").replace("\r\n", "\n")
    if request.POST.get("prediction") not in ("", None, str(comment.current_prediction_id)):
        return render_comment(request, comment, problem=OTHER_VERDICT, note=note, status=409)
    ticked = set(request.POST.getlist("label"))
    corrected = {
        item.label: item.label in ticked
        for item in label_corrections(comment)
        if (item.label in ticked) != item.predicted and request.POST.get("labels_shown") == "1"
    }
    try:
        decision = decision_record(
            comment=comment,
            action=request.POST.get("action", ""),
            labels=corrected,
            note=note,
            reason=request.POST.get("reason", ""),
            by=cast(SiteRequest, request).user,
        )
    except DecisionConflict as error:
        return render_comment(
            request, _comment(request, comment_id), problem=str(error), note=note, status=409
        )
    except InvalidInput as error:
        problem = " ".join(problem.message for problem in error.problems)
        return render_comment(request, comment, problem=problem, note=note, status=422)
    except PermissionDenied as error:
        return render_comment(request, comment, problem=str(error), note=note, status=403)
    messages.success(request, DONE[decision.action].format(comment_id))
    return redirect("comment-detail", comment_id)


@signed_in
@never_cache
@require_POST
def undo(request: HttpRequest, comment_id: int) -> HttpResponse:
    """Undo the decision that the page showed."""
    comment = _comment(request, comment_id)
    try:
        decision = Decision.objects.get(pk=int(request.POST.get("decision", "")), comment=comment)
    except (Decision.DoesNotExist, ValueError, OverflowError):
        raise Http404 from None
    try:
        decision_undo(decision=decision, by=cast(SiteRequest, request).user)
    except DecisionConflict as error:
        return render_comment(request, _comment(request, comment_id), problem=str(error), status=409)
    except PermissionDenied as error:
        return render_comment(request, comment, problem=str(error), status=403)
    messages.success(request, "The decision is undone. The comment waits for another one.")
    return redirect("comment-detail", comment_id)


def _comment(request: HttpRequest, comment_id: int) -> Comment:
    """Return the comment. Raises Http404 also for one that this person may not see."""
    user = cast(SiteRequest, request).user
    try:
        comment = comment_detail(comments=comments_visible_to(user=user), comment_id=comment_id)
    except Comment.DoesNotExist:
        raise Http404 from None
    if not user.has_perm("classifier.add_decision"):
        raise PermissionDenied("Deciding about comments takes the role Moderator or Admin.")
    return comment
