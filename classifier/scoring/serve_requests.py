"""The worker's side of synchronous scoring: it batches small questions and scores large ones in slices in between."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from classifier.inference.errors import TextTooLong
from classifier.inference.language import identify
from classifier.scoring.model_loading import Engine
from classifier.scoring.request_channel import Question, answer, take_questions
from toxicsite.lib import metrics

if TYPE_CHECKING:
    from classifier.inference.scorer import ScoreResult, WindowScore

TAKE_AT_ONCE = 64
TAKE_SECONDS = 1.0
SLICE_CHARACTERS = 8_192  # about the 2,048 tokens that the engine runs at once
BACKLOG_CHARACTERS = 2_048  # smaller, so that a new question waits less behind a slice of the backlog

logger = logging.getLogger(__name__)


@dataclass
class Job:
    """A question with its answers so far; the first `explained` of its texts are explained too."""

    question: Question
    texts: list[str]
    explained: int = 0
    backlog: bool = False
    answers: list[dict[str, Any]] = field(default_factory=list)

    @property
    def explain(self) -> bool:
        """Whether the next text is to be explained."""
        return len(self.answers) < self.explained

    @property
    def characters_left(self) -> int:
        return sum(map(len, self.texts[len(self.answers) :]))

    @property
    def is_done(self) -> bool:
        return len(self.answers) == len(self.texts)


def serve_inbox(engine: Engine | None, *, problem: str = "") -> int:
    """Answer every question in the inbox, the shortest first, also those that arrive meanwhile; return how many.

    Questions of the backlog come last and are scored in smaller slices.

    Questions that arrive after TAKE_SECONDS are left to the next call, which they have asked for. Otherwise a steady
    stream of questions would keep stored comments, and a new model version, waiting for ever.
    """
    jobs: list[Job] = []
    served = 0
    silence_bell = True
    until = time.monotonic() + TAKE_SECONDS
    while True:
        open_yet = silence_bell or time.monotonic() < until
        for question in take_questions(TAKE_AT_ONCE, silence_bell=silence_bell) if open_yet else ():
            if engine is None:
                answer(question, {"problem": problem})
                served += 1
            else:
                jobs.append(_job(question))
        silence_bell = False
        now = time.monotonic()
        jobs = [job for job in jobs if job.question.expires > now]
        if not jobs or engine is None:
            return served
        jobs.sort(key=lambda job: (job.backlog, job.explain, job.characters_left))
        _advance(jobs, engine)
        for job in jobs:
            if job.is_done:
                answer(job.question, {"items": job.answers})
                served += 1
        jobs = [job for job in jobs if not job.is_done]


def _job(question: Question) -> Job:
    """Make the job of a question; parts of texts come last, and only whole texts are explained."""
    texts = question.payload["texts"]
    whole = len(texts) - question.payload["parts"]
    backlog = bool(question.payload.get("backlog"))
    return Job(question, texts, whole if question.payload["explain"] else 0, backlog)


def _advance(jobs: list[Job], engine: Engine) -> None:
    """Score the next slice of the jobs' texts; an explanation is a slice of its own."""
    if jobs[0].explain:
        job = jobs[0]
        text = job.texts[len(job.answers)]
        job.answers.append(_explained(text, engine))
        return
    chosen: list[tuple[Job, str]] = []
    room = BACKLOG_CHARACTERS if jobs[0].backlog else SLICE_CHARACTERS
    for job in jobs:
        if job.explain or job.backlog != jobs[0].backlog:
            break
        for text in job.texts[len(job.answers) :]:
            if chosen and len(text) > room:
                room = 0
                break
            chosen.append((job, text))
            room -= len(text)
        if room <= 0:
            break
    for (job, _), result in zip(chosen, score_each([text for _, text in chosen], engine), strict=True):
        job.answers.append(result)


def score_each(texts: list[str], engine: Engine) -> list[dict[str, Any]]:
    """Score the texts in one call, or one by one when that fails, so that one bad text spoils no other's answer."""
    began = time.perf_counter()
    try:
        results = engine.scorer.score(texts)
        metrics.observe(metrics.SCORING_SECONDS, time.perf_counter() - began, "synchronous")
        metrics.observe(metrics.SCORING_TEXTS, len(texts), "synchronous")
        return [_encode(text, result, engine) for text, result in zip(texts, results, strict=True)]
    except Exception:
        return [
            _guarded(text, lambda text: _encode(text, engine.scorer.score([text])[0], engine))
            for text in texts
        ]


def _explained(text: str, engine: Engine) -> dict[str, Any]:
    from classifier.inference.explain import explain

    def run(text: str) -> dict[str, Any]:
        scored = _encode(text, engine.scorer.score([text])[0], engine)
        explanation = explain(engine.scorer, text)
        scored["explanation"] = {
            "label": explanation.label,
            "score": explanation.score,
            "base": explanation.base,
            "words": [
                {"begin": word.begin, "end": word.end, "text": word.text, "value": word.value}
                for word in explanation.words
            ],
        }
        return scored

    return _guarded(text, run)


def _guarded(text: str, run: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    try:
        return run(text)
    except TextTooLong as error:
        message = f"This text needs {error.windows} windows to be scored whole; the limit is {error.limit}."
        return {"code": "too_long", "message": message}
    except Exception as error:
        # Only the type: the message of a library's exception may quote the text, which must not be logged.
        logger.error("A text could not be scored: %s", type(error).__name__)
        return {"code": "failed", "message": "This text could not be scored."}


def _span(span: "WindowScore") -> dict[str, Any]:
    return {"begin": span.begin, "end": span.end, "scores": span.scores}


def _encode(text: str, result: "ScoreResult", engine: Engine) -> dict[str, Any]:
    version = engine.model_version
    identified = identify(text, version.languages)
    return {
        "scores": result.scores,
        "verdict": result.verdict,
        "score": result.scores[version.primary_label],
        "threshold": version.threshold,
        "windows": result.windows,
        "read_as": result.read_as,
        "language": identified.language,
        "language_supported": identified.is_supported,
        "concern_score": result.concern,
        "is_concern": result.is_concern,
        "model_version": version.version,
        "primary_label": version.primary_label,
        "spans": [_span(span) for span in result.spans] if result.windows > 1 else [],
        "explanation": None,
    }
