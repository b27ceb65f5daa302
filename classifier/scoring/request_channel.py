"""Questions from the web process to the worker and the answers back, through Redis, encrypted and short-lived.

A question is a key that expires at its deadline, and its name in a list, the inbox: Redis itself drops a question that
the worker did not take in time. The Celery message that wakes the worker is empty.
"""

import logging
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from classifier.core.errors import NoWorker, ScoreTimeout
from classifier.scoring.bell import CLASSIFY_TASK, ring_all_workers
from classifier.scoring.heartbeat import ALIVE_KEY
from toxicsite.lib.broker import BLOCK_SLICE_SECONDS, broker_errors, client, key
from toxicsite.lib.encryption import DecryptionFailed, decrypt, encrypt
from toxicsite.lib.jobs import enqueue_now

BELL_MILLISECONDS = 1_000
REPLY_SECONDS = 30
INBOX_SECONDS = 120
UNLESS_SECONDS = 0.1
"""How often to check whether the answer is still wanted, if `unless` is given."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Question:
    """One request as the worker sees it; `expires` is a time of the worker's monotonic clock."""

    id: str
    payload: Any
    expires: float


def ask(payload: Any, *, deadline: float, unless: Callable[[], bool] | None = None) -> Any:
    """Send `payload` to the worker and wait for its answer, or until `unless` returns true: nobody wants it any more.

    Raises NoBroker, NoWorker or ScoreTimeout.
    """
    slice_seconds = BLOCK_SLICE_SECONDS if unless is None else UNLESS_SECONDS
    end = time.monotonic() + deadline
    name = uuid.uuid4().hex
    with broker_errors():
        with client().pipeline(transaction=False) as pipe:
            pipe.exists(key(ALIVE_KEY))
            pipe.set(_question_key(name), encrypt(payload), px=max(1, int(deadline * 1000)))
            pipe.rpush(key("inbox"), name)
            pipe.expire(key("inbox"), INBOX_SECONDS)
            pipe.set(key("bell"), 1, nx=True, px=BELL_MILLISECONDS)
            alive, *_, bell_was_silent = pipe.execute()
        if not alive:
            client().delete(_question_key(name))
            raise NoWorker("No classification worker is running.")
        if bell_was_silent:
            enqueue_now(CLASSIFY_TASK)
        while (left := end - time.monotonic()) > 0:
            answer = client().blpop([_reply_key(name)], timeout=min(left, slice_seconds))
            if answer:
                return decrypt(cast(Any, answer)[1])
            if unless is not None and unless():
                break
        client().delete(_question_key(name))
    raise ScoreTimeout("The worker did not answer in time.")


def hand_over(question: Question, version_id: int) -> None:
    """Leave a question to the workers that have loaded this version, and wake every worker."""
    left = question.expires - time.monotonic()
    if left <= 0:
        return
    with broker_errors(), client().pipeline(transaction=False) as pipe:
        pipe.set(_question_key(question.id), encrypt(question.payload), px=max(1, int(left * 1000)))
        pipe.rpush(_inbox_of(version_id), question.id)
        pipe.expire(_inbox_of(version_id), INBOX_SECONDS)
        pipe.execute()
    ring_all_workers()


def take_questions(limit: int, *, silence_bell: bool = False, of: Sequence[int] = ()) -> list[Question]:
    """Take up to `limit` questions whose callers still wait, and as many that were left to each version of `of`.

    `silence_bell` makes the next question wake the worker again. It takes effect before the inbox is emptied, so that
    no question is missed.
    """
    with broker_errors():
        with client().pipeline(transaction=False) as pipe:
            if silence_bell:
                pipe.delete(key("bell"))
            pipe.lpop(key("inbox"), limit)
            for version_id in of:
                pipe.lpop(_inbox_of(version_id), limit)
            popped = pipe.execute()[1 if silence_bell else 0 :]
            names = [name.decode() for taken in popped for name in taken or ()]
        if not names:
            return []
        with client().pipeline(transaction=True) as pipe:
            for name in names:
                pipe.pttl(_question_key(name))
                pipe.getdel(_question_key(name))
            values = pipe.execute()
    now = time.monotonic()
    questions = []
    for name, left, encrypted in zip(names, values[::2], values[1::2], strict=True):
        if encrypted is None:
            continue
        try:
            questions.append(Question(name, decrypt(encrypted), now + left / 1000))
        except DecryptionFailed:
            logger.warning("Dropped a question that was encrypted with another secret key")
    return questions


def answer(question: Question, payload: Any) -> None:
    """Send the answer; it expires if its caller has gone."""
    with broker_errors(), client().pipeline(transaction=False) as pipe:
        pipe.rpush(_reply_key(question.id), encrypt(payload))
        pipe.expire(_reply_key(question.id), REPLY_SECONDS)
        pipe.execute()


def _inbox_of(version_id: int) -> str:
    return key(f"inbox:{version_id}")


def _question_key(name: str) -> str:
    return key(f"question:{name}")


def _reply_key(name: str) -> str:
    return key(f"reply:{name}")
