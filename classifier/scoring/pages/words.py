"""The words that drove a verdict, loaded by a second request, so that the verdict itself appears at once."""

from typing import Any, cast

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from classifier.comments.pages.forms import ClassifyForm
from classifier.core.errors import SCORING_ERRORS
from classifier.core.validation import InvalidInput
from classifier.core.visible_comments import comments_visible_to
from classifier.models import Comment, Verdict
from classifier.policies.active_policies import policy_for
from classifier.scoring.pages.classify import WEB_SOURCE
from classifier.scoring.pages.problems import problem_of
from classifier.scoring.pages.verdict import WordsView, words_note, words_view
from classifier.scoring.score_texts import (
    ScoredText,
    TextProblem,
    comment_explain,
    score_texts,
    source_id_of,
)
from classifier.web.access import SiteRequest, signed_in


@signed_in
@never_cache
@require_GET
def comment_words(request: HttpRequest, comment_id: int) -> HttpResponse:
    comment, veiled = comment_of_part(request, comment_id)
    if not cast(SiteRequest, request).htmx:
        return redirect(f"/comments/{comment_id}/?words=1#words")
    words = words_of_comment(comment)
    return _render(request, words, comment.text, veiled=veiled, comment_id=comment_id)


@signed_in
@never_cache
@require_POST
def text_words(request: HttpRequest) -> HttpResponse:
    """Show the words of a text that is not stored; it comes with the request and is not kept."""
    form = ClassifyForm(request)
    if not form.is_valid():
        return render(request, "classifier/scoring/verdict/words.html", {"invalid": True}, status=422)
    text, text_format = form.cleaned_data["text"], form.cleaned_data["format"]
    source_id = source_id_of(WEB_SOURCE)
    policy = policy_for(source_id)
    try:
        [scored] = score_texts(
            texts=[text],
            explain=True,
            read=lambda text: policy.for_scoring(text, text_format),
            source_id=source_id,
            deadline=settings.SCORE_DEADLINE_SECONDS,
        )
        words = _view(text, scored, concern=request.POST.get("concern") == "1")
    except (*SCORING_ERRORS, InvalidInput) as error:
        words = _without(problem_of(error).short)
    veiled = request.POST.get("veil") == "1"
    return _render(request, words, text, veiled=veiled, text_format=text_format)


def comment_of_part(request: HttpRequest, comment_id: int) -> tuple[Comment, bool]:
    """Return the comment whose page part is requested, and whether its text is blurred there. Raises Http404."""
    try:
        comment = comments_visible_to(user=cast(SiteRequest, request).user).get(pk=comment_id)
    except Comment.DoesNotExist:
        raise Http404 from None
    prediction = comment.current_prediction
    toxic = prediction is not None and prediction.verdict == Verdict.TOXIC
    return comment, toxic or request.GET.get("veil") == "1"


def words_of_comment(comment: Comment) -> WordsView:
    """Explain a stored comment; if that is impossible now, the view holds the reason."""
    try:
        scored = comment_explain(comment=comment, deadline=settings.SCORE_DEADLINE_SECONDS)
    except SCORING_ERRORS as error:
        return _without(problem_of(error).short)
    return _view(comment.text, scored, concern=comment.is_concern)


def _view(text: str, scored: ScoredText | TextProblem, *, concern: bool) -> WordsView:
    if isinstance(scored, TextProblem):
        return _without(scored.message)
    if scored.explanation is None:
        return _without("The worker gave no explanation")
    note = words_note(scored, concern=concern)
    return words_view(text, scored.explanation, scored.model_version, note)


def _without(reason: str) -> WordsView:
    return WordsView([], [], "", "", problem=reason)


def _render(
    request: HttpRequest,
    words: WordsView,
    text: str,
    *,
    veiled: bool,
    comment_id: int | None = None,
    text_format: str = "",
) -> HttpResponse:
    context: dict[str, Any] = {"words": words, "text": text, "veiled": veiled, "comment_id": comment_id}
    context |= {"text_format": text_format, "concern": request.POST.get("concern") == "1"}
    if request.GET.get("on") == "queue":  # where r removes
        context["reveal_key"] = "b"
    return render(request, "classifier/scoring/verdict/words.html", context)
