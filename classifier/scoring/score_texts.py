"""Synchronous scoring of texts, by the same worker as stored comments; the texts are not stored."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings

from classifier.core.errors import BatchTimeout, ModelBroken, NoModel, ScoreTimeout
from classifier.core.validation import ValidationProblem, text_problem, validate_texts
from classifier.inference.language import UNDETERMINED
from classifier.inference.normalise import NormalisedText
from classifier.inference.sentences import sentence_spans
from classifier.models import Comment, Source
from classifier.policies.active_policies import policy_for
from classifier.scoring import request_channel as transport
from classifier.scoring.heartbeat import NO_VERSION

SENTENCES_MAX = 50
# Of one question to the worker, so that others are answered in between. A text of Perspective and its sentences, which
# one version has to score, fit.
PART_CHARACTERS = 40_960
Read = Callable[[str], NormalisedText]


@dataclass(frozen=True)
class ExplainedWord:
    """`begin` and `end` are code-point offsets into the text; `value` above 0 pushes towards toxic."""

    begin: int
    end: int
    text: str
    value: float


@dataclass(frozen=True)
class TextExplanation:
    label: str
    score: float
    base: float
    words: tuple[ExplainedWord, ...]


@dataclass(frozen=True)
class TextSpan:
    """The scores of a part of a text: one window of a long one, or a sentence taken alone."""

    begin: int
    end: int
    scores: dict[str, float]


@dataclass(frozen=True)
class ScoredText:
    """The verdict on one text. `score` and `threshold` are those of `primary_label`.

    `read_as` is what a person reads in a disguised text, where that has the higher score; else it is empty.
    `sentences` are those that were asked for, at most SENTENCES_MAX. `language` is what the text counts as: stated by
    the caller, set for the source, or identified; `detected` are the languages identified, several in a mixed text.
    `is_concern`: the model says that the author tells of their own hurt; `concern_score` is None if it cannot say so.
    """

    scores: dict[str, float]
    verdict: str
    score: float
    threshold: float
    windows: int
    model_version: str
    spans: tuple[TextSpan, ...] = ()
    explanation: TextExplanation | None = None
    sentences: tuple[TextSpan, ...] = ()
    primary_label: str = "toxic"
    read_as: str = ""
    language: str = UNDETERMINED
    language_supported: bool = True
    detected: tuple[str, ...] = ()
    concern_score: float | None = None
    is_concern: bool = False


@dataclass(frozen=True)
class TextProblem:
    """Why one text of several got no verdict: `code` is `too_long`, `failed` or a code of `text_problem`."""

    code: str
    message: str


def score_texts(
    *,
    texts: Sequence[str],
    explain: bool = False,
    sentences: bool = False,
    backlog: bool = False,
    read: Read | None = None,
    languages: Sequence[str] = (),
    source_id: int | None = None,
    whole: int | None = None,
    deadline: float,
    unless: Callable[[], bool] | None = None,
) -> list[ScoredText | TextProblem]:
    """Score `texts` within `deadline` seconds; the answers come in the order of the texts.

    `languages` are those of the texts as the caller states them; without them the source's setting counts, or they are
    identified. Where `whole` is given, texts after that many are parts of the first one and judged in its language.

    With `sentences`, the sentences of each text are scored too, by the same version. With `backlog`, all other callers
    are answered first. `read` returns what the model reads of a text; the answers' places are those of the text all the
    same. Once `unless` returns true, this stops waiting. Raises InvalidInput, NoBroker, NoWorker, NoModel
    or ModelBroken (each a NoWorker) or ScoreTimeout.
    """
    views = [_as_it_is(text) if read is None else read(text) for text in validate_texts(texts)]
    checked = [view.text for view in views]
    places = [sentence_spans(text)[:SENTENCES_MAX] if sentences else [] for text in checked]
    # A text of one sentence has its scores already.
    places = [[] if spans == [(0, len(text))] else spans for text, spans in zip(checked, places, strict=True)]
    parts = [text[begin:end] for text, spans in zip(checked, places, strict=True) for begin, end in spans]
    owners = [owner for owner, spans in enumerate(places) for _ in spans]
    if whole is not None:  # parts cannot be asked for sentences of their own
        owners = [0] * (len(checked) - whole)
    payload = {
        "texts": [*checked, *parts],
        "explain": explain,
        "owners": owners,
        "backlog": backlog,
        "languages": list(languages),
        "source": source_id,
    }
    reply = transport.ask(payload, deadline=deadline, unless=unless)
    if "problem" in reply:
        problem = str(reply["problem"])
        raise NoModel(problem) if problem == NO_VERSION else ModelBroken(problem)
    answers = [decode_result(item) for item in reply["items"]]
    results = answers[: len(checked)]
    if sentences:
        results = _with_sentences(checked, results, places, answers[len(checked) :])
    return [_in_original(result, view) for result, view in zip(results, views, strict=True)]


def score_each(
    *,
    texts: Any,
    explain: bool = False,
    sentences: bool = False,
    read: Read | None = None,
    languages: Sequence[str] = (),
    source_id: int | None = None,
    deadline: float,
) -> list[ScoredText | TextProblem]:
    """Score the valid ones of `texts`, and return a TextProblem for each other.

    Raises what score_texts raises, but InvalidInput only if the list itself or every text is invalid.
    """
    listed = isinstance(texts, list) and len(texts) <= settings.BATCH_MAX_COMMENTS
    strings = listed and all(isinstance(text, str) for text in texts)
    problems = [text_problem(text) for text in texts] if strings else []

    def score(part: list[str], left: float) -> list[ScoredText | TextProblem]:
        return score_texts(
            texts=part,
            explain=explain,
            sentences=sentences,
            read=read,
            languages=languages,
            source_id=source_id,
            deadline=left,
        )

    if all(problems) or not any(problems):
        return score_in_parts(score, texts, deadline=deadline)
    good = [text for text, problem in zip(texts, problems, strict=True) if problem is None]
    try:
        return list(_with_problems(score_in_parts(score, good, deadline=deadline), problems))
    except BatchTimeout as error:
        raise BatchTimeout(str(error), list(_with_problems(error.answered, problems))) from None


def _with_problems(
    scored: Sequence[ScoredText | TextProblem], problems: Sequence[ValidationProblem | None]
) -> Iterator[ScoredText | TextProblem]:
    """Yield the results in the order of all texts, up to the first good text that has none."""
    rest = iter(scored)
    for problem in problems:
        if problem is not None:
            yield TextProblem(problem.code, problem.message)
        elif (result := next(rest, None)) is not None:
            yield result
        else:
            return


def score_in_parts(
    score: Callable[[list[str], float], list[ScoredText | TextProblem]], texts: Any, *, deadline: float
) -> list[ScoredText | TextProblem]:
    """Score many texts by several calls of `score`, each with a part of them and the seconds that it may take.

    A part may take `deadline`, and all of them SCORE_BATCH_SECONDS. Raises InvalidInput before the first call, what
    `score` raises, and BatchTimeout, which has the answers until then; a single text has a ScoreTimeout instead.
    """
    checked = validate_texts(texts)
    end = time.monotonic() + max(deadline, settings.SCORE_BATCH_SECONDS)
    results: list[ScoredText | TextProblem] = []
    for part in _parts(checked):
        left = end - time.monotonic()
        if left <= 0:
            raise BatchTimeout("The batch took too long.", results)
        try:
            results += score(part, min(deadline, left))
        except ScoreTimeout as error:
            if len(checked) == 1:
                raise
            raise BatchTimeout(str(error), results) from None
    return results


def _parts(texts: Sequence[str]) -> list[list[str]]:
    """Cut a list into parts of at most PART_CHARACTERS; a longer text is a part of its own."""
    parts: list[list[str]] = []
    room = 0
    for text in texts:
        if not parts or len(text) > room:
            parts.append([])
            room = PART_CHARACTERS
        parts[-1].append(text)
        room -= len(text)
    return parts


def comment_explain(*, comment: Comment, deadline: float) -> ScoredText | TextProblem:
    """Explain a stored comment with the version that judges it now; a purged one is a TextProblem.

    Raises what score_texts raises.
    """
    if comment.text_purged_at is not None:
        return TextProblem("purged", "The text was purged, so no word of it can be shown.")
    return _of_comment(comment, deadline, explain=True)


def comment_sentences(*, comment: Comment, deadline: float) -> ScoredText | TextProblem:
    """Score each sentence of a stored comment with the version that judges it now; a purged one is a TextProblem.

    Raises what score_texts raises.
    """
    if comment.text_purged_at is not None:
        return TextProblem("purged", "The text was purged, so no sentence of it can be scored.")
    return _of_comment(comment, deadline, sentences=True)


def _of_comment(
    comment: Comment, deadline: float, *, explain: bool = False, sentences: bool = False
) -> ScoredText | TextProblem:
    [scored] = score_texts(
        texts=[comment.text],
        explain=explain,
        sentences=sentences,
        read=_reader_of(comment),
        languages=comment.languages,
        source_id=comment.source_id,
        deadline=deadline,
    )
    return scored


def source_id_of(slug: str) -> int | None:
    """Return the id of the source; None, for which the site's policy counts, where there is no such source yet."""
    return Source.objects.filter(slug=slug).values_list("pk", flat=True).first()


def _reader_of(comment: Comment) -> Read:
    policy = policy_for(comment.source_id)
    return lambda text: policy.for_scoring(text, comment.text_format)


def _as_it_is(text: str) -> NormalisedText:
    return NormalisedText(text, text)


def _in_original(result: ScoredText | TextProblem, view: NormalisedText) -> ScoredText | TextProblem:
    """Return the result with the places of the text as it was written."""
    if isinstance(result, TextProblem) or view.begins is None:
        return result

    def spans(found: Sequence[TextSpan]) -> tuple[TextSpan, ...]:
        return tuple(TextSpan(*view.original_span(span.begin, span.end), span.scores) for span in found)

    explanation = result.explanation
    if explanation is not None:
        places = [(view.original_span(word.begin, word.end), word.value) for word in explanation.words]
        words = tuple(
            ExplainedWord(begin, end, view.original[begin:end], value) for (begin, end), value in places
        )
        explanation = replace(explanation, words=words)
    return replace(
        result, spans=spans(result.spans), sentences=spans(result.sentences), explanation=explanation
    )


def _with_sentences(
    texts: Sequence[str],
    wholes: Sequence[ScoredText | TextProblem],
    places: Sequence[Sequence[tuple[int, int]]],
    answers: Sequence[ScoredText | TextProblem],
) -> list[ScoredText | TextProblem]:
    """Add to each text's result those of its sentences; a sentence that could not be scored is left out."""
    rest = iter(answers)
    results: list[ScoredText | TextProblem] = []
    for text, whole, spans in zip(texts, wholes, places, strict=True):
        scored = [(span, next(rest)) for span in spans]
        if isinstance(whole, TextProblem):
            results.append(whole)
            continue
        sentences = tuple(
            TextSpan(*span, item.scores) for span, item in scored if isinstance(item, ScoredText)
        )
        # A text of one sentence was not scored twice.
        single = (TextSpan(0, len(text), whole.scores),)
        results.append(replace(whole, sentences=sentences if spans else single))
    return results


def decode_result(item: dict[str, Any]) -> ScoredText | TextProblem:
    """Return the result that the worker sent, or that `dataclasses.asdict` made, as JSON keeps it."""
    item = dict(item)
    if "code" in item:
        return TextProblem(**item)
    spans, sentences = (
        tuple(TextSpan(**span) for span in item.pop(name, ())) for name in ("spans", "sentences")
    )
    detected = tuple(item.pop("detected"))
    explanation = dict(item.pop("explanation") or {})
    if explanation:
        words = tuple(ExplainedWord(**word) for word in explanation.pop("words"))
        explained = TextExplanation(**explanation, words=words)
    return ScoredText(
        **item,
        spans=spans,
        sentences=sentences,
        detected=detected,
        explanation=explained if explanation else None,
    )
