"""What may not be stored is stored by no way in: API, web box, preview, rules; not as a verdict of a shadow either."""

import logging
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from classifier.api_keys.services import api_key_create
from classifier.model_versions.shadow import shadow_start
from classifier.models import Comment, ModelVersion, ShadowPrediction, User
from classifier.tests.conftest import person
from classifier.tests.scoring.worker.test_synchronous import redis_values
from classifier.tests.worker_process import WorkerProcess
from toxicsite.lib.broker import client as redis

pytestmark = pytest.mark.django_db(transaction=True)
MARK = "qxzv-marker"
TEXT = f"{MARK} i hate you"


def tables_with_the_mark() -> list[str]:
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(f'SELECT count(*) FROM "{table}" t WHERE t::text LIKE %s', [f"%{MARK}%"])
            if cursor.fetchone() != (0,):
                found.append(table)
    return found


def every_way_in(admin: User) -> dict[str, Any]:
    """{what was called: its answer}, each with the marked text."""
    browser = Client(raise_request_exception=False)
    browser.force_login(admin)
    _, key = api_key_create(name="score only", owner=admin, scopes=["score"])
    api = Client(raise_request_exception=False, headers={"Authorization": f"Bearer {key}"})

    def score(**data: Any) -> Any:
        return api.post("/api/v1/score/", data, content_type="application/json")

    htmx = {"HX-Request": "true"}
    return {
        "API": score(text=TEXT),
        "API, explained, of a source": score(text=TEXT, explain=True, source="forum"),
        "API, many, one too long": score(texts=[TEXT, f"{TEXT} " * 800]),
        "API, refused": score(text=f"{TEXT} \x00"),
        "box": browser.post("/", {"text": TEXT, "discard": "on"}),
        "box, with scripts": browser.post("/", {"text": TEXT, "discard": "on"}, headers=htmx),
        "words in the box": browser.post("/words/", {"text": TEXT}, headers=htmx),
        "preview": browser.post("/preview/", {"text": TEXT}, headers=htmx),
        "rules in force": browser.post("/rules/try/", {"text": TEXT}),
        "one rule": browser.post(
            "/rules/new/",
            {"name": "n", "kind": "phrase", "pattern": "hate", "band": "review", "text": TEXT, "act": "try"},
        ),
    }


def test_no_way_in_leaves_the_text_anywhere(
    candidates: tuple[ModelVersion, ModelVersion],
    active_version: ModelVersion,
    start_worker: Callable[..., WorkerProcess],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    shadow_start(model_version=candidates[1], by=None)
    worker = start_worker(SHADOW_SHARE="1", SCORE_MAX_WINDOWS="8").wait_until_ready()
    before = {name for name in redis_values() if "meta" in name}
    answers = every_way_in(person("ada", "Admin"))
    wanted = {"API, refused": 400}
    assert {way: answer.status_code for way, answer in answers.items()} == {
        way: wanted.get(way, 200) for way in answers
    }
    worker.stop()  # so that a shadow with nothing else to do would have had its turn
    assert not Comment.objects.exists()
    assert not ShadowPrediction.objects.exists()
    assert tables_with_the_mark() == []
    left = redis_values()
    assert [name for name, value in left.items() if MARK.encode() in value] == []
    assert [name for name in left if "question:" in name or "reply:" in name] == []
    assert {name for name in left if "celery-task-meta" in name} <= before
    assert redis().llen("classify") == 0
    assert MARK not in worker.output
    assert MARK not in caplog.text
