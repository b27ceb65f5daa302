"""The score of each sentence of a comment, only on request, because most comments need just a glance."""

from dataclasses import dataclass, field
from typing import cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from classifier.core.errors import SCORING_ERRORS
from classifier.inference.sentences import sentence_spans
from classifier.models import Comment
from classifier.scoring.pages.problems import problem_of
from classifier.scoring.pages.words import comment_of_part
from classifier.scoring.pipeline import read_comment
from classifier.scoring.score_texts import TextProblem, comment_sentences
from classifier.web.access import SiteRequest, signed_in
from classifier.web.formatting import percent, svg_length


@dataclass(frozen=True)
class SentenceRow:
    """One sentence; `over`: it reaches the threshold by itself; `highest`: no other sentence scores higher."""

    text: str
    probability: float
    over: bool
    highest: bool

    @property
    def percent(self) -> str:
        return percent(self.probability)

    @property
    def width(self) -> str:
        return svg_length(self.probability)


@dataclass(frozen=True)
class SentencesView:
    """The sentences of a text: `count` in all; `rows` are the first of them, in order."""

    count: int = 0
    rows: list[SentenceRow] = field(default_factory=list)
    model_version: str = ""
    threshold: str = ""
    tick: str = ""
    problem: str = ""

    @property
    def highest(self) -> SentenceRow | None:
        return next((row for row in self.rows if row.highest), None)


@signed_in
@never_cache
@require_GET
def comment_sentences_part(request: HttpRequest, comment_id: int) -> HttpResponse:
    comment, veiled = comment_of_part(request, comment_id)
    if not cast(SiteRequest, request).htmx:
        return redirect(f"/comments/{comment_id}/?sentences=1#sentences")
    context = {
        "sentences": sentences_of_comment(comment),
        "veiled": veiled,
        "comment_id": comment_id,
        "on_queue": request.GET.get("on") == "queue",
    }
    return render(request, "classifier/scoring/verdict/sentences.html", context)


def sentence_count(comment: Comment) -> int:
    """Count the sentences that could be scored; 0 if the text was purged."""
    if comment.text_purged_at is not None:
        return 0
    return len(sentence_spans(read_comment(comment)))


def sentences_of_comment(comment: Comment) -> SentencesView:
    """Score the sentences of a comment now; if that is impossible, the view holds the reason."""
    try:
        scored = comment_sentences(comment=comment, deadline=settings.SCORE_DEADLINE_SECONDS)
    except SCORING_ERRORS as error:
        return SentencesView(problem=problem_of(error).short)
    if isinstance(scored, TextProblem):
        return SentencesView(problem=scored.message)
    label = scored.primary_label
    values = [span.scores[label] for span in scored.sentences]
    top = values.index(max(values)) if values else -1
    rows = [
        SentenceRow(comment.text[span.begin : span.end], value, value >= scored.threshold, at == top)
        for at, (span, value) in enumerate(zip(scored.sentences, values, strict=True))
    ]
    return SentencesView(
        count=max(sentence_count(comment), len(rows)),
        rows=rows,
        model_version=scored.model_version,
        threshold=percent(scored.threshold),
        tick=svg_length(scored.threshold),
    )
