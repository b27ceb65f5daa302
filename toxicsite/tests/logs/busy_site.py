"""A site with servers, web and worker of its own: callers retry in parallel and send nonsense, a worker is killed.

`with-services -- python -m toxicsite.tests.logs.busy_site FOLDER` leaves every log in FOLDER: `retries.log` is
PostgreSQL's until all ordinary calls were answered, `postgres.log` also has what was broken on purpose afterwards.
"""

import json
import os
import shutil
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import django

TEXT, EXTERNAL, AUTHOR = "zebrafinch nonsense", "ext-marker-7f3a", "author-marker-9c1e"
MARKERS = ("zebrafinch", "ext-marker", "author-marker")
COMMENTS, FEEDBACK, SCORE = "/api/v1/comments/", "/api/v1/feedback/", "/api/v1/score/"
MODERATIONS, SUGGEST = "/v1/moderations", "/v1alpha1/comments:suggestscore"
CALLERS, ROUNDS = 6, 3


def main(folder: Path) -> None:
    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    from classifier.api_keys.services import api_key_create
    from classifier.model_versions.services import model_version_activate, model_version_register
    from classifier.models import User
    from classifier.tests.dialects.clients.server_process import running_server
    from classifier.tests.tiny_artifact import tiny_artifact
    from classifier.tests.worker_process import WorkerProcess

    call_command("migrate", verbosity=0)
    settings.MODELS_DIR = folder / "models"
    version = model_version_register(directory=tiny_artifact(folder / "tiny"))
    model_version_activate(model_version=version, by=None)
    owner = User.objects.create_superuser(username="owner", password=None)
    key = api_key_create(name="client", owner=owner, scopes=["score", "submit", "read", "moderate"])[1]
    servers = Path(parse_qs(urlsplit(os.environ["DATABASE_URL"]).query)["host"][0]).parent

    workers = [WorkerProcess(folder / "models", name, {}) for name in ("killed", "other")]
    try:
        with running_server(os.environ["DATABASE_URL"], folder / "web.log") as url:
            call = partial(send, url, key)
            _retry_in_parallel(call)
            for worker in workers:
                worker.wait_until_ready()
            _send_nonsense(call)
            shutil.copyfile(servers / "postgres.log", folder / "retries.log")
            _kill_while_it_works(call, workers[0])
            _wait_for_verdicts(call)
            call(SCORE, {"text": TEXT, "explain": True})
        _break_on_purpose()
    finally:
        for worker in workers:
            worker.kill()
    for name in ("postgres.log", "redis.log"):
        shutil.copyfile(servers / name, folder / name)


def send(url: str, key: str, path: str, body: Any, **headers: str) -> int:
    """POST `body` as JSON (bytes as they are) and return the status."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers |= {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    request = urllib.request.Request(url + path, data, headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code


def _at_once(calls: Sequence[Callable[[], int]]) -> set[int]:
    start = threading.Barrier(len(calls))

    def run(call: Callable[[], int]) -> int:
        start.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return set(pool.map(run, calls))


def _retry_in_parallel(call: Callable[..., int]) -> None:
    """What a client does that lost an answer, many at a time: every call is right, and all mean the same rows."""
    for number in range(ROUNDS):
        source, external = f"forum-{number}", f"{EXTERNAL}-{number}"
        one = {"text": f"{TEXT} {number}", "external_id": external, "author_ref": AUTHOR, "source": source}
        answers = _at_once([partial(call, COMMENTS, one)] * CALLERS)
        assert answers <= {200, 202}, answers

        items = [{**one, "external_id": f"{external}-{at}"} for at in range(20)]
        for item in items:
            del item["source"]
        batches = [items, items[::-1], items[10:] + items[:10]] * 2
        several = [partial(call, COMMENTS, {"items": batch, "source": f"many-{number}"}) for batch in batches]
        answers = _at_once(several)
        assert answers <= {200, 202}, answers

        labels = {"text": TEXT, "labels": {"toxic": 1}, "source": f"other-{number}", "author_ref": AUTHOR}
        keyed = {"Idempotency-Key": f"{EXTERNAL}-{number}"}
        answers = _at_once([partial(call, FEEDBACK, labels, **keyed)] * CALLERS)
        assert answers == {201}, answers
        suggestion = {
            "comment": {"text": TEXT},
            "attributeScores": {"TOXICITY": {"summaryScore": {"value": 1}}},
            "communityId": f"community-{number}",
            "clientToken": AUTHOR,
        }
        answers = _at_once([partial(call, SUGGEST, suggestion)] * CALLERS)
        assert answers == {200}, answers
    for comment in (1, 2):
        report = {"reporter_ref": AUTHOR, "reason": TEXT}
        answers = _at_once([partial(call, f"{COMMENTS}{comment}/reports/", report)] * CALLERS)
        assert answers <= {200, 201}, answers


def _send_nonsense(call: Callable[..., int]) -> None:
    right = {"text": TEXT, "external_id": f"{EXTERNAL}-0", "author_ref": AUTHOR, "source": "forum-0"}
    for wrong in (
        {"text": f"{TEXT}\x00"},
        {"text": f"{TEXT} \ud800"},
        {"text": [TEXT]},
        {"text": TEXT * 10_000},
        {"text": f"another {TEXT}"},  # than the one that has this external_id
        {"external_id": EXTERNAL * 20},
        {"external_id": f"{EXTERNAL}\x00"},
        {"external_id": {EXTERNAL: TEXT}},
        {"author_ref": AUTHOR * 20},
        {"author_ref": 7, "source": AUTHOR * 9},
        {TEXT: AUTHOR},
    ):
        assert 400 <= call(COMMENTS, {**right, **wrong}) < 500, wrong
    assert 400 <= call(COMMENTS, {"items": [right, right, {"text": ""}], "source": "forum-0"}) < 500
    broken = f'{{"text": "{TEXT}", "external_id": "{EXTERNAL}'.encode()
    for path in (COMMENTS, FEEDBACK, SCORE, MODERATIONS, SUGGEST):
        assert 400 <= call(path, broken) < 500, path
        assert 400 <= call(path, f"\xff{TEXT}".encode("latin-1")) < 500, path
        assert 400 <= call(path, {"text": {TEXT: EXTERNAL}, "input": [[TEXT]], "comment": [AUTHOR]}) < 500, (
            path
        )
    assert call(SCORE, {"text": TEXT}) == 200
    assert call(SCORE, {"texts": [TEXT, TEXT * 3_000, ""]}) in (200, 504)


def _kill_while_it_works(call: Callable[..., int], worker: Any) -> None:
    items = [{"text": f"{TEXT} " * 100, "external_id": f"{EXTERNAL}-k{at}"} for at in range(100)]
    assert call(COMMENTS, {"items": items, "source": "killed"}) in (200, 202)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(call, SCORE, {"texts": [f"{TEXT} " * 200] * 20, "explain": False})
        time.sleep(0.1)
        worker.kill()
        assert asked.result() in (200, 202, 503, 504)


def _wait_for_verdicts(call: Callable[..., int]) -> None:
    from django.utils import timezone

    from classifier.models import Comment

    # The claim of the killed worker would expire by itself, only later than a test wants to wait.
    Comment.objects.pending().filter(claimed_at__isnull=False).update(
        claimed_at=timezone.now() - timedelta(hours=1)
    )
    call(COMMENTS, {"text": TEXT, "source": "killed"})  # rings
    end = time.monotonic() + 60
    while Comment.objects.pending().exists():
        assert time.monotonic() < end, "comments still wait for a verdict"
        time.sleep(0.1)


def _break_on_purpose() -> None:
    """Cause errors that no code of ours provokes, with the words in their statements and rows."""
    import psycopg2

    statements = (
        "INSERT INTO classifier_comment SELECT * FROM classifier_comment WHERE id = 1",  # unique: the key is told
        f"UPDATE classifier_comment SET text = '', author_ref = '{AUTHOR}' WHERE id = 1",  # check: the whole row
        f"SET statement_timeout = 20; SELECT pg_sleep(1), '{TEXT}'",
        f"SELECT 1 / 0, '{EXTERNAL}'",
    )
    for statement in statements:
        connection = psycopg2.connect(os.environ["DATABASE_URL"])
        with suppress(psycopg2.Error), connection.cursor() as cursor:
            cursor.execute(statement)
            raise AssertionError("this must fail")
        connection.close()


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "toxicsite.settings")
    main(Path(sys.argv[1]))
