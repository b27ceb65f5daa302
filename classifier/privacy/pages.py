"""The pages of privacy: retention of sources, an author's data. Each action shows counts and is then confirmed."""

import json
from typing import Any

from django import forms
from django.contrib import messages
from django.core import signing
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from classifier.core.visibility import visible_sources
from classifier.models import AUTHOR_REF_MAX_CHARACTERS, Source, User
from classifier.privacy.selectors import author_count, retention_count, retention_counts
from classifier.privacy.services import ERASE, MAX_DAYS, RETENTION, author_erase, retention_run, retention_set
from classifier.privacy.subject_export import author_export
from classifier.web.access import permitted, person_of

SALT = "privacy"
TOKEN_SECONDS = 900
RUN_SECONDS = 5.0
OLD = "This page was open for too long, or the numbers have changed since. Look at them again, then confirm."


class RetentionForm(forms.Form):
    """How long a source keeps texts; empty days keep them forever."""

    source = forms.CharField(max_length=64)
    days = forms.IntegerField(min_value=1, max_value=MAX_DAYS, required=False)


class AuthorForm(forms.Form):
    """The author, and the source (or all sources) that the action is about."""

    author = forms.CharField(max_length=AUTHOR_REF_MAX_CHARACTERS, strip=False)
    source = forms.CharField(max_length=64, required=False)


@permitted(RETENTION, ERASE)
@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    return _page(request)


@permitted(RETENTION)
@require_POST
def retention(request: HttpRequest) -> HttpResponse:
    """Set how long a source keeps texts; first show how many texts that would purge."""
    by = person_of(request)
    form = RetentionForm(request.POST)
    if not form.is_valid():
        return _page(request, problem=f"A retention is 1 to {MAX_DAYS:,} days, or empty.", status=422)
    source, days = _source(by, form.cleaned_data["source"]), form.cleaned_data["days"]
    count = retention_count(source=source, days=days)
    plan = {"act": "retention", "source": source.slug, "days": days, "due": count.due}
    if not _confirmed(request, plan):
        title = f"Keep the texts of {source} for {days:,} days" if days else f"Keep the texts of {source}"
        return _ask(
            request,
            plan,
            "privacy-retention",
            {"title": title, "verb": "Set it", "fields": {"source": source.slug, "days": days or ""}},
            {"Texts purged by the next runs": count.due, "Old but spared": count.spared},
        )
    retention_set(source=source, days=days, by=by)
    messages.success(request, f"The retention of {source} is set.")
    return redirect("privacy")


@permitted(RETENTION)
@require_POST
def purge(request: HttpRequest) -> HttpResponse:
    """Purge now what is due in a source; scheduled runs purge what takes longer."""
    by = person_of(request)
    source = _source(by, request.POST.get("source", ""))
    count = retention_count(source=source)
    plan = {"act": "purge", "source": source.slug, "due": count.due}
    if not _confirmed(request, plan):
        return _ask(
            request,
            plan,
            "privacy-purge",
            {
                "title": f"Purge the old texts of {source}",
                "verb": "Purge them",
                "fields": {"source": source.slug},
            },
            {"Texts to purge": count.due, "Old but spared": count.spared},
        )
    done = retention_run(source=source, by=by, seconds=RUN_SECONDS)
    rest = "" if done >= count.due else " The rest follows with the next scheduled runs."
    texts = "1 text" if done == 1 else f"{done:,} texts"
    messages.success(request, f"Purged {texts} of {source}.{rest}")
    return redirect("privacy")


@permitted(ERASE)
@require_POST
def erase(request: HttpRequest) -> HttpResponse:
    """Erase an author; first show what is stored about them."""
    by = person_of(request)
    author, source, refused = _author(request, by)
    if refused is not None:
        return refused
    count = author_count(user=by, author=author, source=source)
    if not (count.comments or count.reports or count.suggestions or count.rules):
        return _page(request, problem="Nothing is stored about this author there.", status=422)
    slug = source.slug if source else ""
    plan = {"act": "erase", "author": author, "source": slug, **count.to_data()}
    if not _confirmed(request, plan):
        return _ask(
            request,
            plan,
            "privacy-erase",
            {
                "title": f"Erase the author {author} in {source or 'every source'}",
                "verb": "Erase for good",
                "fields": {"author": author, "source": slug},
            },
            {
                "Comments": count.comments,
                "With a text": count.with_text,
                "Not scored yet": count.pending,
                "Open appeals": count.open_appeals,
                "Known answers": count.golden,
                "Reports made": count.reports,
                "Suggestions about their texts": count.suggestions,
                "Rules that name them": count.rules,
            },
        )
    erased = author_erase(author=author, source=source, by=by)
    messages.success(
        request, f"The author is erased: {erased.comments:,} comments, {erased.reports:,} reports."
    )
    return redirect("privacy")


@permitted(ERASE)
@require_POST
def export(request: HttpRequest) -> HttpResponseBase:
    """Send everything stored about an author as a file; confirmed as well, because it leaves the site."""
    by = person_of(request)
    author, source, refused = _author(request, by)
    if refused is not None:
        return refused
    count = author_count(user=by, author=author, source=source)
    slug = source.slug if source else ""
    plan = {"act": "export", "author": author, "source": slug, **count.to_data()}
    if not _confirmed(request, plan):
        return _ask(
            request,
            plan,
            "privacy-export",
            {
                "title": f"Export what is stored about {author} in {source or 'every source'}",
                "verb": "Download the file",
                "fields": {"author": author, "source": slug},
            },
            {
                "Comments": count.comments,
                "With a text": count.with_text,
                "Reports made": count.reports,
                "Suggestions about their texts": count.suggestions,
                "Rules that name them": count.rules,
            },
        )
    return StreamingHttpResponse(
        author_export(author=author, source=source, by=by),
        content_type="application/json",
        headers={"Content-Disposition": 'attachment; filename="author.json"'},
    )


def _author(request: HttpRequest, by: User) -> tuple[str, Source | None, HttpResponse | None]:
    form = AuthorForm(request.POST)
    if not form.is_valid():
        return "", None, _page(request, problem="Name the author as the source does.", status=422)
    slug = form.cleaned_data["source"]
    if not slug and not by.all_sources:
        return "", None, _page(request, problem="Choose one of your sources.", status=422)
    return form.cleaned_data["author"], _source(by, slug) if slug else None, None


def _source(by: User, slug: str) -> Source:
    """Return the source with this slug; one that `by` does not see is a 404 like one that does not exist."""
    return get_object_or_404(visible_sources(by), slug=slug)


def _confirmed(request: HttpRequest, plan: dict[str, Any]) -> bool:
    """Tell whether the second step was sent for exactly these numbers, not long after the first."""
    token = request.POST.get("confirm", "")
    if not token:
        return False
    try:
        agreed = signing.loads(token, salt=SALT, max_age=TOKEN_SECONDS)
    except signing.BadSignature:
        agreed = None
    if agreed == _sealed(request, plan):
        return True
    messages.warning(request, OLD)
    return False


def _ask(
    request: HttpRequest, plan: dict[str, Any], address: str, words: dict[str, Any], counts: dict[str, int]
) -> HttpResponse:
    token = signing.dumps(_sealed(request, plan), salt=SALT)
    context = {**words, "address": address, "counts": counts, "token": token, "act": plan["act"]}
    return render(request, "classifier/privacy/confirm.html", context)


def _sealed(request: HttpRequest, plan: dict[str, Any]) -> dict[str, Any]:
    return {**json.loads(json.dumps(plan)), "by": person_of(request).pk}


def _page(request: HttpRequest, *, problem: str = "", status: int = 200) -> HttpResponse:
    by = person_of(request)
    context = {
        "rows": retention_counts(user=by),
        "problem": problem,
        "all_sources": by.all_sources,
        "max_days": MAX_DAYS,
    }
    return render(request, "classifier/privacy/page.html", context, status=status)
