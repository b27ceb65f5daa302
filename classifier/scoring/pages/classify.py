"""The classify box: a preview while typing, then the verdict, stored or not; a full page without scripts."""

import time
from collections.abc import Mapping
from typing import Any, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import reswap, retarget

from classifier.comments.pages.forms import ClassifyForm
from classifier.comments.submission import comment_submit
from classifier.core.errors import SCORING_ERRORS
from classifier.core.visibility import sees_source
from classifier.models import ModelVersion, TextFormat
from classifier.policies.active_policies import policy_for
from classifier.policies.judging import Scored, judge_scored
from classifier.scoring.heartbeat import worker_status
from classifier.scoring.pages.format_note import format_note_of
from classifier.scoring.pages.problems import ScoringProblem, problem_of
from classifier.scoring.pages.verdict import (
    VerdictCard,
    card_of_comment,
    card_of_scored,
    words_note,
    words_view,
)
from classifier.scoring.score_texts import ScoredText, TextProblem, score_texts, source_id_of
from classifier.scoring.verdict_pubsub import comment_wait
from classifier.web.access import SiteRequest, signed_in

WEB_SOURCE = "web"
PREVIEW_DEADLINE_SECONDS = 2.0


@signed_in
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def classify(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return _page(request, ClassifyForm())
    form = ClassifyForm(request)
    if not form.is_valid():
        return _invalid(request, form)
    if form.cleaned_data["discard"] or not _may_store(request):
        return _score_only(request, form)
    return _submit(request, form)


@signed_in
@never_cache
@require_POST
def preview(request: HttpRequest) -> HttpResponse:
    """Show one line about the text being typed; nothing is stored, and a problem is shown as a line, not an error."""
    form = ClassifyForm(request)
    if not form.is_valid():
        return render(request, "classifier/scoring/verdict/preview.html", {"rest": True})
    card, problem, _ = _scored(form.cleaned_data, deadline=PREVIEW_DEADLINE_SECONDS)
    return render(request, "classifier/scoring/verdict/preview.html", {"card": card, "problem": problem})


@signed_in
@never_cache
@require_GET
def worker(request: HttpRequest) -> HttpResponse:
    return render(request, "classifier/scoring/worker.html", {"worker": worker_status()})


def _submit(request: HttpRequest, form: ClassifyForm) -> HttpResponse:
    site_request = cast(SiteRequest, request)
    comment = comment_submit(
        text=form.cleaned_data["text"],
        text_format=form.cleaned_data["format"],
        source=WEB_SOURCE,
        by=site_request.user,
    )
    comment = comment_wait(comment_id=comment.pk, deadline=settings.SCORE_DEADLINE_SECONDS)
    if not site_request.htmx:
        return redirect("comment-detail", comment_id=comment.pk)
    return _card(request, card_of_comment(comment))


def _score_only(request: HttpRequest, form: ClassifyForm) -> HttpResponse:
    site_request = cast(SiteRequest, request)
    explain = not site_request.htmx
    card, problem, words = _scored(
        form.cleaned_data, deadline=settings.SCORE_DEADLINE_SECONDS, explain=explain
    )
    if problem is not None:
        context = {"problem": problem, "announcement": f"{problem.title}. {problem.detail}"}
        if site_request.htmx:
            return render(request, "classifier/scoring/verdict/problem.html", context, status=problem.status)
        return _page(request, form, status=problem.status, **context)
    assert card is not None
    return _card(request, card) if site_request.htmx else _page(request, form, card=card, words=words)


def _scored(
    typed: Mapping[str, Any], *, deadline: float, explain: bool = False
) -> tuple[VerdictCard | None, ScoringProblem | None, Any]:
    """Score the text of a form, by the policy of the page's own source."""
    started = time.perf_counter()
    text, text_format = typed["text"], typed["format"]
    source_id = source_id_of(WEB_SOURCE)
    policy = policy_for(source_id)
    try:
        [scored] = score_texts(
            texts=[text],
            explain=explain,
            read=lambda text: policy.for_scoring(text, text_format),
            source_id=source_id,
            deadline=deadline,
        )
    except SCORING_ERRORS as error:
        return None, problem_of(error), None
    if isinstance(scored, TextProblem):
        return None, problem_of(scored), None
    version = ModelVersion.objects.filter(version=scored.model_version).first()
    thresholds = version.thresholds if version else {}
    labels = version.labels if version else []
    is_concern, author_text = _concern(text, text_format, scored, source_id, version)
    card = card_of_scored(
        text,
        scored,
        thresholds,
        labels,
        time.perf_counter() - started,
        is_concern=is_concern,
        author_text=author_text,
        text_format=text_format,
        format_read=format_note_of(text, text_format, policy),
    )
    words = None
    if scored.explanation:
        note = words_note(scored, concern=is_concern)
        words = words_view(text, scored.explanation, scored.model_version, note)
    return card, None, words


def _concern(
    text: str, text_format: str, scored: ScoredText, source_id: int | None, version: ModelVersion | None
) -> tuple[bool, str]:
    """Return whether the text tells of its author's hurt by the policy, and what the site says to them."""
    if version is None or not scored.is_concern:
        return False, ""
    item = Scored(
        source_id,
        text,
        scored.scores,
        scored.language,
        scored.language_supported,
        text_format,
        is_concern=scored.is_concern,
    )
    [(policy, judgement)] = judge_scored([item], version)
    return judgement.concern, policy.author_text(concern=judgement.concern)


def _card(request: HttpRequest, card: VerdictCard) -> HttpResponse:
    context = {"card": card, "worker": worker_status() if card.pending else None}
    return render(
        request, "classifier/scoring/verdict/card.html", context | {"announcement": card.announcement}
    )


def _invalid(request: HttpRequest, form: ClassifyForm) -> HttpResponse:
    if not cast(SiteRequest, request).htmx:
        return _page(request, form, status=422)
    response = render(request, "classifier/scoring/verdict/text_error.html", {"form": form}, status=422)
    return reswap(retarget(response, "#text-error"), "innerHTML")


def _page(request: HttpRequest, form: ClassifyForm, *, status: int = 200, **context: Any) -> HttpResponse:
    context |= {"form": form, "worker": worker_status(), "limit": settings.COMMENT_MAX_CHARACTERS}
    context["may_store"] = _may_store(request)
    context["formats"] = TextFormat.choices
    context["chosen_format"] = form["format"].value() or policy_for(source_id_of(WEB_SOURCE)).text_format
    return render(request, "classifier/scoring/classify.html", context, status=status)


def _may_store(request: HttpRequest) -> bool:
    user = cast(SiteRequest, request).user
    return user.has_perm("classifier.add_comment") and sees_source(user, WEB_SOURCE)
