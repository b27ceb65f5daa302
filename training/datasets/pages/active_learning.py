"""What the model would learn most from, with a way into the queue and a button that offers more."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_POST, require_safe

from classifier.core.visibility import visible_sources
from classifier.models import Source
from training.datasets.active_learning import (
    DECIDED,
    LATEST,
    MAY_OFFER,
    NEAR,
    OFFER_MOST,
    LearningOutlook,
    learn_offer,
    learning_outlook,
)
from training.web.access import permitted, person_of

SEE = "training.view_dataset"


class OfferForm(forms.Form):
    """How many comments to offer, and of which source."""

    count = forms.IntegerField(min_value=1, max_value=OFFER_MOST, initial=50, label="How many")
    source = forms.ModelChoiceField(
        queryset=Source.objects.none(), required=False, empty_label="Every source", label="Source"
    )

    def __init__(self, *args: Any, sources: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["source"].queryset = sources  # type: ignore[attr-defined]


@permitted(SEE)
@require_safe
def learn(request: HttpRequest) -> HttpResponse:
    return _page(request, _form(request))


@permitted(MAY_OFFER)
@require_POST
def offer(request: HttpRequest) -> HttpResponse:
    form = _form(request)
    if not form.is_valid():
        return _page(request, form)
    done = learn_offer(**form.cleaned_data, by=person_of(request))
    if done:
        messages.success(
            request, f"{done:,} comment{'s' if done != 1 else ''} in the queue for learning now."
        )
    else:
        messages.info(request, "No other comment could be offered.")
    return redirect("training:learn")


def _form(request: HttpRequest) -> OfferForm:
    sources = visible_sources(person_of(request)).order_by("name")
    return OfferForm(request.POST if request.method == "POST" else None, sources=sources)


def _page(request: HttpRequest, form: OfferForm) -> HttpResponse:
    user = person_of(request)
    outlook = learning_outlook(user=user)
    context = {
        "outlook": outlook,
        "near": NEAR,
        "chart": _chart(outlook),
        "steps": _steps(outlook),
        "latest": LATEST,
        "form": form,
        "considered": DECIDED,
        "may_see_plan": user.has_perm("training.view_retrainingplan"),
        "may_offer": user.has_perm(MAY_OFFER),
        "may_decide": user.has_perm("classifier.add_decision"),
        "may_read": user.has_perm("classifier.view_comment"),
    }
    return render(
        request, "training/datasets/active_learning.html", context, status=422 if form.errors else 200
    )


def _steps(outlook: LearningOutlook) -> list[tuple[str, int, int]]:
    begins = [0.0, *(step for step, _, _ in outlook.steps)]
    return [
        (f"{begins[index]:g} to {step:g}", queued, beside)
        for index, (step, queued, beside) in enumerate(outlook.steps)
    ]


def _chart(outlook: LearningOutlook) -> dict[str, Any]:
    rows = _steps(outlook)
    return {
        "categories": [title for title, _, _ in rows],
        "series": [
            {"name": "In the queue", "values": [queued for _, queued, _ in rows]},
            {"name": "Published without review", "values": [beside for _, _, beside in rows]},
        ],
        "vertical": True,
    }


urlpatterns = [
    path("learn/", learn, name="learn"),
    path("learn/offer/", offer, name="learn-offer"),
]
