"""Actions on the page of a comment: edit it, score it again, report it, appeal and answer an appeal."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from classifier.comments.edits import comment_edit, comment_rescan
from classifier.comments.pages.actions import ActProblem
from classifier.comments.pages.comments import render_comment
from classifier.core.errors import DecisionConflict, NotPossibleNow, VersionConflict
from classifier.core.permissions import require_permission
from classifier.core.validation import InvalidInput, row_id
from classifier.core.visible_comments import comment_detail, comments_visible_to
from classifier.models import Comment
from classifier.review.appeals import appeal_open, appeal_resolve
from classifier.review.reports import report_add, reports_mark
from classifier.review.selectors import APPEALS, appeals_visible_to
from classifier.web.access import person_of, signed_in

OUTCOMES = {"uphold": True, "overturn": False}
NOT_NOW = (DecisionConflict, NotPossibleNow, VersionConflict)


@signed_in
@never_cache
@require_POST
def edit(request: HttpRequest, comment_id: int) -> HttpResponse:
    """Change the text, unless somebody else has changed the comment since the page was opened."""
    text = _typed(request, "text")

    def change(comment: Comment) -> str:
        version = request.POST.get("version") or None
        comment_edit(comment=comment, text=text, if_version=version, by=person_of(request))
        return "The text is changed. It is scored anew."

    return _done(request, comment_id, "edit", change, text)


@signed_in
@never_cache
@require_POST
def rescan(request: HttpRequest, comment_id: int) -> HttpResponse:
    """Let the version in production score the comment again."""

    def again(comment: Comment) -> str:
        comment_rescan(comment=comment, by=person_of(request))
        return "It is scored again."

    return _done(request, comment_id, "rescan", again)


@signed_in
@never_cache
@require_POST
def report(request: HttpRequest, comment_id: int) -> HttpResponse:
    """Report the comment under the user's own name; further reports of the same user do not count."""
    reason, user = _typed(request, "reason"), person_of(request)

    def tell(comment: Comment) -> str:
        _, new = report_add(comment=comment, reporter_ref=user.get_username(), reason=reason, by=user)
        return "The comment is reported." if new else "You have reported this comment before."

    return _done(request, comment_id, "report", tell, reason)


@signed_in
@never_cache
@require_POST
def reports(request: HttpRequest, comment_id: int) -> HttpResponse:
    """Say that reports of the comment are harmless, or count again."""
    harmless = request.POST.get("harmless") == "1"

    def mark(comment: Comment) -> str:
        reports_mark(comment=comment, harmless=harmless, by=person_of(request))
        return "Reports do not bring this text back." if harmless else "Reports count again."

    return _done(request, comment_id, "reports", mark)


@signed_in
@never_cache
@require_POST
def appeal(request: HttpRequest, comment_id: int) -> HttpResponse:
    """Appeal against the removal of the comment."""
    message = _typed(request, "message")

    def object_to_it(comment: Comment) -> str:
        appeal_open(comment=comment, message=message, by=person_of(request))
        return "The appeal is open. A lead answers it."

    return _done(request, comment_id, "appeal", object_to_it, message)


@signed_in
@never_cache
@require_POST
def answer(request: HttpRequest, comment_id: int) -> HttpResponse:
    """Uphold the removal that was appealed, or overturn it."""
    words, user = _typed(request, "answer"), person_of(request)

    def resolve(comment: Comment) -> str:
        require_permission(user, APPEALS)
        pk = row_id(request.POST.get("appeal")) or 0
        appeal = appeals_visible_to(user=user).filter(pk=pk, comment=comment).first()
        uphold = OUTCOMES.get(request.POST.get("outcome", ""))
        if appeal is None or uphold is None:
            raise Http404
        appeal_resolve(appeal=appeal, uphold=uphold, answer=words, by=user)
        return "The removal is upheld." if uphold else "The removal is overturned: the comment is approved."

    return _done(request, comment_id, "answer", resolve, words)


def _done(
    request: HttpRequest, comment_id: int, act: str, do: Callable[[Comment], str], typed: str = ""
) -> HttpResponse:
    """Take the action and show the comment; if it is refused, show the problem and what the user typed."""
    comment = _comment(request, comment_id)
    try:
        messages.success(request, do(comment))
    except InvalidInput as error:
        message = " ".join(problem.message for problem in error.problems)
        return _page(request, comment_id, ActProblem(act, message, typed), 422)
    except NOT_NOW as error:
        return _page(request, comment_id, ActProblem(act, str(error), typed), 409)
    return redirect("comment-detail", comment_id)


def _page(request: HttpRequest, comment_id: int, problem: ActProblem, status: int) -> HttpResponse:
    return render_comment(request, _comment(request, comment_id), act_problem=problem, status=status)


def _comment(request: HttpRequest, comment_id: int) -> Comment:
    visible: Any = comments_visible_to(user=person_of(request))
    try:
        return comment_detail(comments=visible, comment_id=comment_id)
    except Comment.DoesNotExist:
        raise Http404 from None


def _typed(request: HttpRequest, name: str) -> str:
    return request.POST.get(name, "").replace("\r\n", "\n")
