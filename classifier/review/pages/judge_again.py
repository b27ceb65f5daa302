"""`/policies/…/judge-again/`: what waits under an earlier version of a policy, a preview, and the button."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from classifier.policies.pages.common import SAVE, SEE, back_to_policy, source_or_404
from classifier.policies.services import policy_newest
from classifier.review.judge_again import TRIED, Outcome, judge_again, judge_again_preview
from classifier.web.access import permitted, person_of


@permitted(SEE, SAVE)
@require_http_methods(["GET", "HEAD", "POST"])
def judge_waiting(request: HttpRequest, slug: str | None = None) -> HttpResponse:
    """Show what judging again would do; by POST, do it."""
    source = source_or_404(request, slug)
    if request.method == "POST":
        outcome = judge_again(source=source, by=person_of(request))
        messages.success(request, _told(outcome))
        return back_to_policy(source)
    context = {
        "source": source,
        "newest": policy_newest(source=source),
        "outcome": judge_again_preview(source=source, user=person_of(request)),
        "tried": TRIED,
    }
    return render(request, "classifier/review/judge_again.html", context)


def _told(outcome: Outcome) -> str:
    if not outcome.looked_at:
        return "No comment waits under an earlier version any more."
    parts = [
        (outcome.stays, "wait as before"),
        (outcome.leaves, "left the queue"),
        (outcome.approved, "were approved"),
        (outcome.removed, "were removed"),
    ]
    sentence = f"{outcome.looked_at:,} judged again: {', '.join(f'{n:,} {what}' for n, what in parts if n)}."
    return f"{sentence} {outcome.left:,} are left; judge again for the rest." if outcome.left else sentence
