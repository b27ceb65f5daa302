"""Scoring without storing: through a real worker, with a deadline, and leaving the text nowhere."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.db import connection

from classifier.core.errors import NoModel, NoWorker, ScoreTimeout
from classifier.models import ModelVersion
from classifier.scoring.heartbeat import beat, worker_status
from classifier.scoring.score_texts import ScoredText, TextProblem, score_texts
from classifier.tests.worker_process import WorkerProcess
from toxicsite.lib.broker import client, key

pytestmark = pytest.mark.django_db(transaction=True)
StartWorker = Callable[..., WorkerProcess]
SECRET = "do-not-store-marker i hate you"


def test_many_askers_get_their_own_answers_in_order(
    active_version: ModelVersion, start_worker: StartWorker
) -> None:
    worker = start_worker(SCORE_MAX_WINDOWS="2").wait_until_ready()
    lengths = [3, 40, 7, 1]
    alone = {n: score_texts(texts=["hate " * n], deadline=20)[0] for n in lengths}

    def ask(_: int) -> list[ScoredText | TextProblem]:
        return score_texts(texts=["hate " * n for n in lengths], deadline=20)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(24)))
    for answer in answers:
        for n, scored in zip(lengths, answer, strict=True):
            expected = alone[n]
            assert isinstance(scored, ScoredText)
            assert isinstance(expected, ScoredText)
            assert scored.model_version == active_version.version
            assert scored.score == pytest.approx(expected.score, abs=1e-4)

    mixed = score_texts(texts=["thank you", "hate " * 3_000, "rain"], deadline=20)
    assert [type(answer) for answer in mixed] == [ScoredText, TextProblem, ScoredText]
    assert isinstance(mixed[1], TextProblem)
    assert mixed[1].code == "too_long"

    worker.stop()
    assert not worker_status().alive
    with pytest.raises(NoWorker, match=r"^No classification worker is running\.$"):
        score_texts(texts=["hello"], deadline=5)


def test_without_a_worker_it_says_so_at_once(redis_clean: None) -> None:
    started = time.monotonic()
    with pytest.raises(NoWorker, match=r"^No classification worker is running\.$"):
        score_texts(texts=["hello"], deadline=30)
    assert time.monotonic() - started < 5
    assert not list(client().scan_iter(match=key("question:*")))


def test_a_worker_that_hangs_means_a_timeout_and_the_question_vanishes(redis_clean: None) -> None:
    beat("stuck", model_version="v", backend="", problem="")
    started = time.monotonic()
    with pytest.raises(ScoreTimeout, match=r"^The worker did not answer in time\.$"):
        score_texts(texts=["hello"], deadline=0.5)
    assert 0.4 < time.monotonic() - started < 5
    assert not list(client().scan_iter(match=key("question:*")))


def test_a_worker_without_an_active_version_says_so(
    candidates: tuple[ModelVersion, ModelVersion], start_worker: StartWorker
) -> None:
    start_worker()
    end = time.monotonic() + 60
    while not worker_status().alive and time.monotonic() < end:
        time.sleep(0.1)
    with pytest.raises(NoModel, match="no model version is active"):
        score_texts(texts=["hello"], deadline=30)


def test_the_text_is_readable_nowhere(
    active_version: ModelVersion, start_worker: StartWorker, tmp_path: Path
) -> None:
    beat("nobody yet", model_version="v", backend="", problem="")
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(score_texts, texts=[SECRET], deadline=60)
        end = time.monotonic() + 10
        while not list(client().scan_iter(match=key("question:*"))) and time.monotonic() < end:
            time.sleep(0.01)
        waiting = redis_values()
        worker = start_worker()
        answer = asked.result()
    assert isinstance(answer[0], ScoredText)
    assert any(name.startswith(key("question:")) for name in waiting), "the question was not caught waiting"
    for values in (waiting, redis_values()):
        assert not [name for name, value in values.items() if b"do-not-store" in value]
    worker.wait_until_ready().stop()
    assert "do-not-store" not in worker.output
    assert "Task classifier.classify" in worker.output
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(f'SELECT count(*) FROM "{table}" t WHERE t::text LIKE %s', ["%do-not-store%"])
            assert cursor.fetchone() == (0,), table


def redis_values() -> dict[str, bytes]:
    """Everything that lies in Redis, as bytes."""
    found = {}
    for raw in client().scan_iter():
        name = raw.decode()
        found[name] = client().dump(name) or b""
        kind = client().type(name)
        if kind == b"string":
            found[name] = bytes(client().get(name) or b"")  # type: ignore[arg-type]
        elif kind == b"list":
            found[name] = b"\n".join(client().lrange(name, 0, -1))  # type: ignore[arg-type]
    return found


def test_an_explanation_names_the_words_of_the_text(
    active_version: ModelVersion, start_worker: StartWorker
) -> None:
    start_worker().wait_until_ready()
    text = "I  hate you,\u200b idiot"
    plain, explained = (score_texts(texts=[text], explain=wish, deadline=30)[0] for wish in (False, True))
    assert isinstance(plain, ScoredText)
    assert isinstance(explained, ScoredText)
    assert plain.explanation is None
    assert explained.explanation is not None
    assert explained.score == pytest.approx(plain.score, abs=1e-4)
    words = explained.explanation.words
    assert [word.text for word in words] == ["I", "hate", "you", "idiot"]
    assert all(text[word.begin : word.end] == word.text for word in words)
