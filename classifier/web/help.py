"""Help inside the site: the manual's pages and a search in them, for everybody who is signed in."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_safe

from classifier.web.manual import manual_page, manual_search

WORDS = 200


@login_required
@require_safe
def help_page(request: HttpRequest, path: str = "") -> HttpResponse:
    """Show a page of the manual; `?q=` searches in all of them."""
    page = manual_page(path.strip("/"))
    if page is None:
        raise Http404
    words = request.GET.get("q", "").replace("\x00", "")[:WORDS].strip()
    context = {
        "page": page,
        "content": mark_safe(page.content),  # noqa: S308 our own files, not what anybody typed
        "words": words,
        "found": manual_search(words) if words else [],
    }
    return render(request, "help/page.html", context)
