"""The worker's side of synchronous scoring: it batches small questions and scores large ones in slices in between."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from classifier.inference.errors import TextTooLong
from classifier.model_versions.assembly import language_of_source
from classifier.scoring.heartbeat import workers
from classifier.scoring.request_channel import Question, answer, hand_over, take_questions
from classifier.scoring.routes import Routed
from classifier.scoring.serving import Scored, Serving
from toxicsite.lib import metrics

if TYPE_CHECKING:
    from classifier.inference.scorer import WindowScore

TAKE_AT_ONCE = 64
TAKE_SECONDS = 1.0
SLICE_CHARACTERS = 8_192  # about the 2,048 tokens that the engine runs at once
BACKLOG_CHARACTERS = 2_048  # smaller, so that a new question waits less behind a slice of the backlog

logger = logging.getLogger(__name__)


@dataclass
class Job:
    """A question with its answers so far; the first `explained` of its texts are explained too.

    `route` says which versions judge a text, and is asked as late as possible: it identifies the text's language.
    """

    question: Question
    texts: list[str]
    route: Callable[[int], Routed]
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


def serve_inbox(serving: Serving | None, *, problem: str = "") -> int:
    """Answer every question in the inbox, the shortest first, also those that arrive meanwhile; return how many.

    Questions of the backlog come last and are scored in smaller slices. A question with a text for a version that this
    worker lacks is handed over to one that has it.

    Questions that arrive after TAKE_SECONDS are left to the next call, which they have asked for. Otherwise a steady
    stream of questions would keep stored comments, and a new model version, waiting for ever.
    """
    jobs: list[Job] = []
    served = 0
    silence_bell = True
    until = time.monotonic() + TAKE_SECONDS
    while True:
        open_yet = silence_bell or time.monotonic() < until
        own = list(serving.others) if serving is not None else []
        for question in take_questions(TAKE_AT_ONCE, silence_bell=silence_bell, of=own) if open_yet else ():
            if serving is None:
                answer(question, {"problem": problem})
                served += 1
            elif (job := _job(question, serving)) is not None:
                jobs.append(job)
            else:
                served += 1
        silence_bell = False
        now = time.monotonic()
        jobs = [job for job in jobs if job.question.expires > now]
        if not jobs or serving is None:
            return served
        jobs.sort(key=lambda job: (job.backlog, job.explain, job.characters_left))
        _advance(jobs, serving)
        for job in jobs:
            if job.is_done:
                answer(job.question, {"items": job.answers})
                served += 1
        jobs = [job for job in jobs if not job.is_done]


def _job(question: Question, serving: Serving) -> Job | None:
    """Make the job of a question; parts of texts come last, and only whole texts are explained.

    Return None where the question was handed over to another worker, or refused since none has the version it needs.
    """
    payload = question.payload
    texts, owners = payload["texts"], payload.get("owners") or []
    whole = len(texts) - len(owners)
    source = language_of_source(payload.get("source"))
    stated = payload.get("languages") or []

    @cache
    def of_whole(at: int) -> Routed:
        return serving.routed(texts[at], stated=stated, source=source, detect=True)

    def route(at: int) -> Routed:  # a part of a text goes the way of the whole
        return of_whole(at if at < whole else owners[at - whole])

    lacking = None
    if serving.assembly.slots:
        lacking = next((lack for at in range(whole) if (lack := serving.lacks(route(at))) is not None), None)
    if lacking is None:
        return Job(question, texts, route, whole if payload["explain"] else 0, bool(payload.get("backlog")))
    version = lacking.version
    if any(version.version in status.versions for status in workers()):
        hand_over(question, version.pk)
    else:
        answer(
            question,
            {"problem": f"The model version {version}, which judges {lacking.language}, is not loaded."},
        )
    return None


def _advance(jobs: list[Job], serving: Serving) -> None:
    """Score the next slice of the jobs' texts; an explanation is a slice of its own."""
    if jobs[0].explain:
        job = jobs[0]
        at = len(job.answers)
        job.answers.append(_explained(job.texts[at], job.route(at), serving))
        return
    chosen: list[tuple[Job, str, Routed]] = []
    room = BACKLOG_CHARACTERS if jobs[0].backlog else SLICE_CHARACTERS
    for job in jobs:
        if job.explain or job.backlog != jobs[0].backlog:
            break
        for at, text in enumerate(job.texts[len(job.answers) :], len(job.answers)):
            if chosen and len(text) > room:
                room = 0
                break
            chosen.append((job, text, job.route(at)))
            room -= len(text)
        if room <= 0:
            break
    answers = score_each([text for _, text, _ in chosen], serving, [route for _, _, route in chosen])
    for (job, _, _), result in zip(chosen, answers, strict=True):
        job.answers.append(result)


def score_each(
    texts: list[str], serving: Serving, routes: list[Routed] | None = None
) -> list[dict[str, Any]]:
    """Score the texts, each version's in one call, or one by one when that fails, so that one bad text spoils no other.

    Without `routes` the texts' languages are identified.
    """
    routed = routes if routes is not None else [serving.routed(text, detect=True) for text in texts]
    began = time.perf_counter()
    try:
        results = serving.score(texts, routed)
        metrics.observe(metrics.SCORING_SECONDS, time.perf_counter() - began, "synchronous")
        metrics.observe(metrics.SCORING_TEXTS, len(texts), "synchronous")
        return [_encode(result, route) for result, route in zip(results, routed, strict=True)]
    except Exception:
        return [
            _guarded(text, partial(_scored_alone, serving, route))
            for text, route in zip(texts, routed, strict=True)
        ]


def _scored_alone(serving: Serving, routed: Routed, text: str) -> dict[str, Any]:
    return _encode(serving.score([text], [routed])[0], routed)


def _explained(text: str, routed: Routed, serving: Serving) -> dict[str, Any]:
    from classifier.inference.explain import explain

    def run(text: str) -> dict[str, Any]:
        [scored] = serving.score([text], [routed])
        answer = _encode(scored, routed)
        explanation = explain(serving.scorer_of(scored.version), text)
        answer["explanation"] = {
            "label": explanation.label,
            "score": explanation.score,
            "base": explanation.base,
            "words": [
                {"begin": word.begin, "end": word.end, "text": word.text, "value": word.value}
                for word in explanation.words
            ],
        }
        return answer

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


def _encode(scored: Scored, routed: Routed) -> dict[str, Any]:
    result: Any = scored.result
    version = scored.version
    return {
        "scores": result.scores,
        "verdict": result.verdict,
        "score": result.scores[version.primary_label],
        "threshold": version.threshold,
        "windows": result.windows,
        "read_as": result.read_as,
        "language": scored.route.language,
        "language_supported": scored.route.is_supported,
        "detected": list(routed.detected),
        "concern_score": result.concern,
        "is_concern": result.is_concern,
        "model_version": version.version,
        "primary_label": version.primary_label,
        "spans": [_span(span) for span in result.spans] if result.windows > 1 else [],
        "explanation": None,
    }
