"""Jobs: batches of texts that take longer than a call may, scored in the background and fetched by their owner.

The texts are not stored: a job lies in Redis, encrypted, as a question to the worker does. It expires
settings.SCORE_JOB_SECONDS after its last progress, and soon after its results were fetched. A worker asks for some
texts at a time, as backlog, so that whoever waits is answered first. Messages hold the number of the job only; where a
message or its worker is lost, the next look at the job sends another.
"""

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from time import monotonic
from typing import Any, cast

import redis
from django.conf import settings

from classifier.core.errors import SCORING_ERRORS
from classifier.core.validation import text_problem
from classifier.models import ApiKey, User
from classifier.policies.active_policies import policy_for
from classifier.scoring.score_texts import ScoredText, TextProblem, decode_result, score_texts
from toxicsite.lib.broker import broker_errors, client, key
from toxicsite.lib.encryption import DecryptionFailed, decrypt, encrypt
from toxicsite.lib.jobs import enqueue_now

TASK = "classifier.score_job"
JOBS_MAX = 8
"""Jobs that one caller may have at a time."""
PORTION_TEXTS = 16
PORTION_CHARACTERS = 4_096
ASK_SECONDS = 60.0
TURN_SECONDS = 5.0
LEASE_SECONDS = 90
"""How long a worker has a job for itself: longer than one question takes."""
PAUSE_SECONDS = 5.0
FETCHED_SECONDS = 60
BELL_SECONDS = 15
PARTS = ("meta", "texts", "results", "done")

Result = ScoredText | TextProblem


class JobStatus(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"


@dataclass(frozen=True)
class JobSettings:
    """How the texts of a batch are to be scored and shown; see score_each."""

    source_id: int | None = None
    text_format: str = ""
    languages: tuple[str, ...] = ()
    explain: bool = False
    sentences: bool = False
    spans: bool = False


@dataclass(frozen=True)
class ScoreJob:
    """A job as its owner sees it; `texts` and `results` are empty until it is done."""

    id: str
    status: JobStatus
    done: int
    total: int
    chosen: JobSettings
    texts: Sequence[str] = ()
    results: Sequence[Result] = ()


def job_create(
    *,
    texts: Sequence[str],
    answered: Sequence[Result],
    chosen: JobSettings,
    user: User,
    api_key: ApiKey | None,
) -> ScoreJob | None:
    """Keep the texts of a batch, of which the first have their answers, and call a worker for the others.

    Return None where a job would be of no use, since its texts fit into one question, and where the caller has JOBS_MAX
    jobs already. Raises NoBroker.
    """
    if len(texts) <= PORTION_TEXTS and sum(map(len, texts)) <= PORTION_CHARACTERS:
        return None
    name = uuid.uuid4().hex
    meta = {"owner": _owner(user, api_key), "total": len(texts), **asdict(chosen)}
    finished = list(zip(texts, answered, strict=False))
    with broker_errors():
        mine = key(f"score-jobs:{_owner(user, api_key)}")
        known = [value.decode() for value in cast(set[bytes], client().smembers(mine))]
        gone = [job for job in known if not client().exists(_key(job, "meta"))]
        if len(known) - len(gone) >= JOBS_MAX:
            return None
        with client().pipeline(transaction=True) as pipe:
            if gone:
                pipe.srem(mine, *gone)
            pipe.sadd(mine, name)
            pipe.expire(mine, 24 * 3600)
            pipe.set(_key(name, "meta"), encrypt(meta))
            if finished:
                pipe.rpush(_key(name, "texts"), encrypt([text for text, _ in finished]))
                pipe.rpush(_key(name, "results"), encrypt([asdict(result) for _, result in finished]))
            for portion in _portions(texts[len(finished) :], 1 if chosen.explain else PORTION_TEXTS):
                pipe.rpush(_key(name, "texts"), encrypt(portion))
            pipe.set(_key(name, "done"), len(finished))
            _keep(pipe, name)
            pipe.execute()
        _ring(name)
    return ScoreJob(name, JobStatus.WAITING, len(finished), len(texts), chosen)


def job_read(*, job_id: str, user: User, api_key: ApiKey | None) -> ScoreJob | None:
    """Return a job of this caller, with its results where it is done; None where there is none.

    Results lie ready for FETCHED_SECONDS more once they were read. Raises NoBroker.
    """
    meta = _meta(job_id, user, api_key)
    if meta is None:
        return None
    with broker_errors():
        done = int(cast(bytes, client().get(_key(job_id, "done"))) or 0)
        running = bool(client().exists(_key(job_id, "lease")))
        chosen = _chosen(meta)
        if done < meta["total"]:
            if not running:
                _ring(job_id)
            status = JobStatus.RUNNING if running else JobStatus.WAITING
            return ScoreJob(job_id, status, done, meta["total"], chosen)
        texts = _read_list(_key(job_id, "texts"))
        results = [decode_result(item) for item in _read_list(_key(job_id, "results"))]
        if len(results) != meta["total"] or len(texts) != meta["total"]:
            return None  # it expired just now
        if client().ttl(_key(job_id, "meta")) > FETCHED_SECONDS:
            with client().pipeline(transaction=False) as pipe:
                for part in PARTS:
                    pipe.expire(_key(job_id, part), FETCHED_SECONDS)
                pipe.execute()
    return ScoreJob(job_id, JobStatus.DONE, done, meta["total"], chosen, texts, results)


def job_forget(*, job_id: str, user: User, api_key: ApiKey | None) -> bool:
    """Delete a job of this caller with its texts; return whether there was one. Raises NoBroker."""
    if _meta(job_id, user, api_key) is None:
        return False
    with broker_errors():
        client().delete(*(_key(job_id, part) for part in PARTS))
        client().srem(key(f"score-jobs:{_owner(user, api_key)}"), job_id)
    return True


def job_turn(*, job_id: str, shutdown_requested: Callable[[], bool] = lambda: False) -> float | None:
    """Score texts of a job for some seconds; return after how many seconds to go on, None where nothing is left.

    Raises NoBroker.
    """
    token = uuid.uuid4().hex
    lease = _key(job_id, "lease")
    with broker_errors():
        encrypted = cast(bytes | None, client().get(_key(job_id, "meta")))
        if encrypted is None or not client().set(lease, token, nx=True, ex=LEASE_SECONDS):
            return None
    end = monotonic() + TURN_SECONDS
    try:
        chosen = _chosen(decrypt(encrypted))
        while not shutdown_requested():
            with broker_errors():
                at = client().llen(_key(job_id, "results"))
                portion = cast(bytes | None, client().lindex(_key(job_id, "texts"), at))
            if portion is None:
                return None
            results = _scored(decrypt(portion), chosen)
            if not _store(job_id, token, at, results):
                return None
            if monotonic() >= end:
                break
        return 0.0
    except DecryptionFailed:
        return None
    except SCORING_ERRORS:
        return PAUSE_SECONDS
    finally:
        with broker_errors():
            if cast(bytes | None, client().get(lease)) == token.encode():
                client().delete(lease)


def _scored(texts: Sequence[str], chosen: JobSettings) -> list[Result]:
    policy = policy_for(chosen.source_id)
    problems = [text_problem(text) for text in texts]
    good = [text for text, problem in zip(texts, problems, strict=True) if problem is None]
    scored = iter(
        score_texts(
            texts=good,
            explain=chosen.explain,
            sentences=chosen.sentences,
            backlog=True,
            read=lambda text: policy.for_scoring(text, chosen.text_format),
            languages=chosen.languages,
            source_id=chosen.source_id,
            deadline=ASK_SECONDS,
        )
        if good
        else ()
    )
    return [TextProblem(problem.code, problem.message) if problem else next(scored) for problem in problems]


def _store(job_id: str, token: str, at: int, results: Sequence[Result]) -> bool:
    """Add the results of a portion, unless the job has gone or another worker has it now."""
    with broker_errors(), client().pipeline(transaction=True) as pipe:
        pipe.watch(_key(job_id, "lease"), _key(job_id, "meta"), _key(job_id, "results"))
        is_ours = cast(bytes | None, pipe.get(_key(job_id, "lease"))) == token.encode()
        if not is_ours or not pipe.exists(_key(job_id, "meta")) or pipe.llen(_key(job_id, "results")) != at:
            return False
        pipe.multi()
        pipe.rpush(_key(job_id, "results"), encrypt([asdict(result) for result in results]))
        pipe.incrby(_key(job_id, "done"), len(results))
        pipe.expire(_key(job_id, "lease"), LEASE_SECONDS)
        _keep(pipe, job_id)
        try:
            pipe.execute()
        except redis.WatchError:
            return False
    return True


def _keep(pipe: Any, job_id: str) -> None:
    for part in PARTS:
        pipe.pexpire(_key(job_id, part), int(settings.SCORE_JOB_SECONDS * 1000))


def _portions(texts: Sequence[str], most: int) -> Iterator[list[str]]:
    """Yield the texts in small portions, each of which is one question to the worker."""
    portion: list[str] = []
    size = 0
    for text in texts:
        if portion and (len(portion) == most or size + len(text) > PORTION_CHARACTERS):
            yield portion
            portion, size = [], 0
        portion.append(text)
        size += len(text)
    if portion:
        yield portion


def _ring(job_id: str) -> None:
    if client().set(_key(job_id, "bell"), 1, nx=True, ex=BELL_SECONDS):
        enqueue_now(TASK, job_id=job_id)


def _meta(job_id: str, user: User, api_key: ApiKey | None) -> Mapping[str, Any] | None:
    with broker_errors():
        encrypted = cast(bytes | None, client().get(_key(job_id, "meta")))
    try:
        meta: dict[str, Any] | None = None if encrypted is None else decrypt(encrypted)
    except DecryptionFailed:
        return None
    return meta if meta is not None and meta["owner"] == _owner(user, api_key) else None


def _chosen(meta: Mapping[str, Any]) -> JobSettings:
    fields = {name: meta[name] for name in JobSettings.__dataclass_fields__}
    return JobSettings(**{**fields, "languages": tuple(fields["languages"])})


def _read_list(name: str) -> list[Any]:
    return [item for portion in cast(list[bytes], client().lrange(name, 0, -1)) for item in decrypt(portion)]


def _owner(user: User, api_key: ApiKey | None) -> str:
    """Return who may fetch a job: the key that sent the batch, or the user without one."""
    return f"key-{api_key.pk}" if api_key is not None else f"user-{user.pk}"


def _key(job_id: str, part: str) -> str:
    return key(f"score-job:{job_id}:{part}")
