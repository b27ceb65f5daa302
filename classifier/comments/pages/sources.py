"""Sources: the list, one made before its first comment, and one renamed, retired or merged."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from classifier.comments.sources import (
    MAY_CHANGE,
    MergeCount,
    merge_count,
    source_create,
    source_merge,
    source_rename,
    source_retire,
)
from classifier.core.validation import InvalidInput
from classifier.core.visibility import visible_sources
from classifier.models import Comment, Policy, Source
from classifier.policies.pages.common import source_or_404
from classifier.web.access import permitted, person_of


@permitted(MAY_CHANGE)
@require_http_methods(["GET", "HEAD", "POST"])
def sources(request: HttpRequest) -> HttpResponse:
    """List the sources that the person sees; by POST, make one."""
    errors: dict[str, str] = {}
    if request.method == "POST":
        try:
            made = source_create(
                slug=request.POST.get("slug", "").strip(),
                name=request.POST.get("name", ""),
                by=person_of(request),
            )
        except InvalidInput as error:
            errors = _errors(error)
        except PermissionDenied:
            errors = {"slug": "Only people who see every source make a new one."}
        else:
            messages.success(
                request, f"The source {made.name} is there; its comments are sent with “{made.slug}”."
            )
            return redirect("source", made.slug)
    rows = visible_sources(person_of(request)).annotate(
        has_comments=Exists(Comment.objects.filter(source=OuterRef("pk"))),
        has_policy=Exists(Policy.objects.filter(source=OuterRef("pk"))),
    )
    context = {"rows": rows.order_by("retired_at", "name"), "errors": errors, "given": request.POST}
    return render(request, "classifier/comments/sources.html", context, status=422 if errors else 200)


@permitted(MAY_CHANGE)
@require_http_methods(["GET", "HEAD", "POST"])
def source(request: HttpRequest, slug: str) -> HttpResponse:
    """Show one source with what may be done with it; by POST, rename it."""
    row = _source(request, slug)
    errors: dict[str, str] = {}
    if request.method == "POST":
        try:
            source_rename(source=row, name=request.POST.get("name", ""), by=person_of(request))
        except InvalidInput as error:
            errors = _errors(error)
        else:
            messages.success(request, f"The source is called {row.name} now.")
            return redirect("source", row.slug)
    return _page(request, row, errors)


@permitted(MAY_CHANGE)
@require_POST
def retire(request: HttpRequest, slug: str) -> HttpResponse:
    """Retire a source, or with `restore` let it take comments again."""
    row = _source(request, slug)
    restore = request.POST.get("restore") == "1"
    source_retire(source=row, by=person_of(request), retired=not restore)
    words = "takes comments again" if restore else "takes no new comments any more"
    messages.success(request, f"{row.name} {words}.")
    return redirect("source", row.slug)


@permitted(MAY_CHANGE)
@require_POST
def merge(request: HttpRequest, slug: str) -> HttpResponse:
    """Merge into another source, once the counts of it were shown."""
    row = _source(request, slug)
    into = visible_sources(person_of(request)).filter(slug=request.POST.get("into", "")).first()
    if into is None:
        return _page(request, row, {"into": "Choose the source that it goes into."})
    if request.POST.get("confirm") != "1":
        return _page(request, row, {}, into=into, count=merge_count(source=row, into=into))
    try:
        moved = source_merge(source=row, into=into, by=person_of(request))
    except InvalidInput as error:
        return _page(request, row, _errors(error))
    messages.success(request, f"{moved.comments:,} comments of {row.name} are in {into.name} now.")
    return redirect("source", into.slug)


def _page(
    request: HttpRequest,
    row: Source,
    errors: dict[str, str],
    *,
    into: Source | None = None,
    count: MergeCount | None = None,
) -> HttpResponse:
    others: Any = visible_sources(person_of(request)).filter(retired_at__isnull=True).exclude(pk=row.pk)
    context = {
        "source": row,
        "errors": errors,
        "others": others.order_by("name"),
        "into": into,
        "count": count,
    }
    return render(request, "classifier/comments/source.html", context, status=422 if errors else 200)


def _source(request: HttpRequest, slug: str) -> Source:
    row = source_or_404(request, slug)
    assert row is not None
    return row


def _errors(error: InvalidInput) -> dict[str, str]:
    return {problem.field: problem.message for problem in error.problems}
