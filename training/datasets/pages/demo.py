"""Two buttons of the administration's first page: load the demo comments, and remove them."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.views.decorators.http import require_POST

from classifier.web.refusals import refusals_shown
from training.datasets.demo_comments import demo_load, demo_remove
from training.web.access import permitted, person_of

HOME = "admin:index"


@permitted("classifier.change_user")
@require_POST
def load(request: HttpRequest) -> HttpResponse:
    with refusals_shown(request):
        done = demo_load(by=person_of(request))
        messages.success(
            request, f"{done} demo comments are being scored; find them in the queue within a minute."
        )
    return redirect(HOME)


@permitted("classifier.erase_author")
@require_POST
def remove(request: HttpRequest) -> HttpResponse:
    done = demo_remove(by=person_of(request))
    messages.success(request, f"{done} demo comments are removed: their texts are erased, and none waits.")
    return redirect(HOME)


urlpatterns = [
    path("demo/load/", load, name="demo-load"),
    path("demo/remove/", remove, name="demo-remove"),
]
