"""What the admin pages of training share: a confirmed action whose refusal is said in the service's own words."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from unfold.admin import ModelAdmin

from classifier.admin_tools.base import ask
from classifier.web.refusals import NOTHING_CHANGED, refusals_shown


def confirmed(
    model_admin: ModelAdmin,
    request: HttpRequest,
    *,
    title: str,
    verb: str,
    explanation: str,
    back: str,
    do: Callable[[], Any],
    said: str,
    then: str = "",
) -> HttpResponse:
    """Say what will happen, do it at the press of the button, and go `then` (or `back`)."""
    if request.method != "POST":
        return ask(model_admin, request, title=title, verb=verb, explanation=explanation, back=back)
    with refusals_shown(request, NOTHING_CHANGED):
        do()
        messages.success(request, said)
        return HttpResponseRedirect(then or back)
    return HttpResponseRedirect(back)
