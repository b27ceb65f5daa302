"""`/quality/`: how well moderators agree with known answers and with each other; and the page of blind reviews."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from classifier.core.errors import DecisionConflict
from classifier.core.measures import Kappa
from classifier.core.validation import ROW_ID_MAX, InvalidInput
from classifier.core.visibility import narrow
from classifier.models import Comment, SecondReview
from classifier.quality.agreement import FEW, agreement_of, disagreements, golden_items, looks_left
from classifier.quality.blind_reviews import (
    blind_review_next,
    blind_review_record,
    decided_to_look_at,
    golden_to_look_at,
)
from classifier.quality.golden import NOTE_CHARACTERS, golden_add, golden_retire
from classifier.web.access import permitted, person_of
from classifier.web.charts import NOTHING, count, share

SEE = ("classifier.view_goldenitem", "classifier.view_secondreview")
ADD = "classifier.add_goldenitem"
RETIRE = "classifier.change_goldenitem"
LOOK = "classifier.add_secondreview"
SALT = "quality.look"
LOOK_SECONDS = 3_600
PAGE = 25
LEFT_MAX = 100
EXPECTED = [("", "Choose"), ("approve", "Approve"), ("remove", "Remove")]


class GoldenForm(forms.Form):
    """A comment to add as a known answer."""

    comment = forms.IntegerField(min_value=1, max_value=ROW_ID_MAX, label="Number of the comment")
    expected = forms.ChoiceField(choices=EXPECTED, label="Right answer")
    note = forms.CharField(max_length=NOTE_CHARACTERS, required=False, label="Why, for other leads")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs["class"] = "input"


@permitted(*SEE)
@require_safe
def quality(request: HttpRequest) -> HttpResponse:
    return _page(request, GoldenForm(initial={"comment": request.GET.get("comment", "")[:20]}))


@permitted(*SEE, ADD)
@require_POST
def golden_new(request: HttpRequest) -> HttpResponse:
    user = person_of(request)
    form = GoldenForm(request.POST)
    if form.is_valid():
        data = form.cleaned_data
        comment = narrow(Comment.objects.all(), user).filter(pk=data["comment"]).first()
        if comment is None:
            form.add_error("comment", "There is no such comment in your sources.")
        else:
            try:
                golden_add(comment=comment, expected=data["expected"], note=data["note"], by=user)
            except InvalidInput as error:
                for problem in error.problems:
                    form.add_error(problem.field, problem.message)
            else:
                messages.success(request, f"Comment {comment.pk} is a known answer now.")
                return redirect("quality")
    return _page(request, form)


@permitted(*SEE, RETIRE)
@require_POST
def golden_away(request: HttpRequest, item_id: int) -> HttpResponse:
    user = person_of(request)
    item = get_object_or_404(golden_items(user=user), pk=item_id)
    if golden_retire(item=item, by=user):
        messages.success(request, f"Comment {item.comment_id} is no longer a known answer.")
    return redirect("quality")


@permitted(LOOK)
@require_http_methods(["GET", "HEAD", "POST"])
def look(request: HttpRequest) -> HttpResponse:
    """Show one comment without verdict and decision; its signed number lets the user answer about this one alone."""
    user = person_of(request)
    if request.method == "POST":
        return _answered(request)
    comment = blind_review_next(by=user)
    done = SecondReview.objects.filter(by=user).count()
    candidates = [golden_to_look_at(user=user), decided_to_look_at(user=user)]
    left = looks_left(candidates, LEFT_MAX)
    context = {
        "comment": comment,
        "token": comment and signing.dumps([comment.pk, user.pk, _edited(comment)], salt=SALT),
        "done": done,
        "left": left,
        "more": left == LEFT_MAX,
        "whole": done + left,
    }
    return render(request, "classifier/quality/blind_review.html", context)


def _answered(request: HttpRequest) -> HttpResponse:
    user = person_of(request)
    try:
        token = signing.loads(request.POST.get("token", ""), salt=SALT, max_age=LOOK_SECONDS)
        comment_id, user_id, edited = token
    except (signing.BadSignature, ValueError):
        messages.error(request, "That comment was open for too long. Here is the next one.")
        return redirect("quality-look")
    comment = narrow(Comment.objects.all(), user).filter(pk=comment_id).first()
    if comment is None or user_id != user.pk:
        raise PermissionDenied("This blind review belongs to another user.")
    if edited != _edited(comment):
        messages.error(
            request, "The text of that comment was edited meanwhile. Your answer was not recorded."
        )
        return redirect("quality-look")
    try:
        blind_review_record(comment=comment, action=request.POST.get("action", ""), by=user)
    except (DecisionConflict, InvalidInput) as error:
        messages.error(request, str(error) or "Approve or remove it.")
    return redirect("quality-look")


def _edited(comment: Comment) -> str:
    """Return when the text under review was written; empty where it was never edited."""
    return comment.edited_at.isoformat() if comment.edited_at is not None else ""


def _page(request: HttpRequest, form: GoldenForm) -> HttpResponse:
    user = person_of(request)
    agreement = agreement_of(user=user)
    context = {
        "form": form,
        "people": [
            {
                "name": row.name,
                "golden": f"{row.right} of {row.golden}" if row.golden else NOTHING,
                "share": share(row.share),
                "kappa": _kappa(row.kappa),
            }
            for row in agreement.people
        ],
        "pairs": [
            {"first": row.first, "second": row.second, "kappa": _kappa(row.kappa)}
            for row in agreement.pairs[:PAGE]
        ],
        "whole": _kappa(agreement.whole),
        "few": FEW,
        "disagreements": Paginator(disagreements(user=user), PAGE).get_page(request.GET.get("page")),
        "items": Paginator(golden_items(user=user), PAGE).get_page(request.GET.get("items")),
        "may_add": user.has_perm(ADD),
        "may_retire": user.has_perm(RETIRE),
    }
    return render(request, "classifier/quality/page.html", context, status=422 if form.errors else 200)


def _kappa(kappa: Kappa) -> dict[str, Any]:
    defined = kappa.value is not None and kappa.low is not None and kappa.high is not None
    return {
        "n": count(kappa.n),
        "agreed": f"{count(kappa.agreed)} of {count(kappa.n)}" if kappa.n else NOTHING,
        "share": share(kappa.share),
        "value": f"{kappa.value:.2f}" if defined else NOTHING,
        "interval": f"{kappa.low:.2f} to {kappa.high:.2f}" if defined else "",
        "few": 0 < kappa.n < FEW,
    }
