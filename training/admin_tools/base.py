"""What the admin pages of training share: a confirmed action whose refusal is said in the service's own words."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from unfold.admin import ModelAdmin

from classifier.admin_tools.base import ask
from toxicsite.lib.lifecycle import IllegalTransition, LostRace
from training.core.errors import ConfigRejected, DatasetRejected, NotAllowedNow, SuiteRejected

REFUSALS = (ConfigRejected, DatasetRejected, IllegalTransition, LostRace, NotAllowedNow, SuiteRejected)


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
    try:
        do()
    except REFUSALS as error:
        messages.error(request, f"Nothing was changed: {error}")
        return HttpResponseRedirect(back)
    messages.success(request, said)
    return HttpResponseRedirect(then or back)
