"""What a dialect stores: nothing with `doNotStore` or without the scope, otherwise the comment with its verdict."""

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.core import serializers
from django.db import connection

from classifier.api_keys.services import api_key_create
from classifier.models import Comment, ModelVersion, Prediction, Source, User
from classifier.tests.api.conftest import person
from classifier.tests.dialects.conftest import ANALYZE, MODERATIONS, PREDICT, SCORES, Sender
from classifier.tests.dialects.test_analyze import request
from classifier.tests.worker_process import WorkerProcess
from toxicsite.lib.broker import client

SECRET = "marker-of-a-secret you idiot"


def test_a_comment_is_stored_with_the_verdict_that_the_caller_was_told(
    sender: Sender, asked: list[list[str]], active_version: ModelVersion
) -> None:
    reply = sender.post(ANALYZE, request(doNotStore=False, communityId="forum")).json()
    comment = Comment.objects.with_verdict().get()
    assert (comment.text, comment.source.slug, comment.status) == ("you idiot", "forum", "classified")
    assert (comment.submitted_by, comment.api_key) == (sender.key.owner, sender.key)
    assert comment.band
    assert comment.queued_at is not None or comment.band == "approve"
    prediction = comment.current_prediction
    assert prediction is not None
    assert prediction.scores == SCORES
    assert prediction.model_version == active_version
    assert reply["attributeScores"]["TOXICITY"]["summaryScore"]["value"] == prediction.score
    assert asked == [["you idiot"]]
    assert [event.new for event in comment.history.all()] == ["classified"]


@pytest.mark.parametrize(
    ("community", "slug"),
    [
        ("", "perspective"),
        ("a-b_9", "a-b_9"),
        ("Forum of Ünited!", "forum-of-united"),
        ("\u05e9", "perspective"),
    ],
)
def test_a_community_is_a_source_by_its_slug(
    sender: Sender, asked: list[list[str]], community: str, slug: str
) -> None:
    assert sender.post(ANALYZE, request(doNotStore=False, communityId=community)).status_code == 200
    assert Comment.objects.get().source.slug == slug


def test_markup_is_not_stored(sender: Sender, asked: list[list[str]]) -> None:
    comment = {"text": "<p>you <b>idiot</b></p>", "type": "HTML"}
    sender.post(ANALYZE, request(comment=comment, doNotStore=False))
    assert Comment.objects.get().text.strip() == "you idiot"


def test_a_key_that_may_only_score_stores_nothing(score_only: Sender, asked: list[list[str]]) -> None:
    assert score_only.post(ANALYZE, request(doNotStore=False)).status_code == 200
    assert not Comment.objects.exists()
    assert not Source.objects.filter(slug="perspective").exists()


def test_a_source_that_the_owner_does_not_see_is_denied_and_nothing_is_stored(
    sender: Sender, asked: list[list[str]]
) -> None:
    User.objects.filter(pk=sender.key.owner_id).update(all_sources=False)
    response = sender.post(ANALYZE, request(doNotStore=False, communityId="elsewhere"))
    assert (response.status_code, response.json()["error"]["status"]) == (403, "PERMISSION_DENIED")
    assert not Comment.objects.exists()


def test_an_owner_who_may_not_submit_is_denied(db: None, asked: list[list[str]]) -> None:
    key, plaintext = api_key_create(name="k", owner=person("reader"), scopes=["score", "submit"])
    assert Sender(plaintext, key).post(ANALYZE, request(doNotStore=False)).status_code == 403


@pytest.mark.django_db(transaction=True)
def test_do_not_store_leaves_no_trace(
    sender: Sender,
    active_version: ModelVersion,
    start_worker: Callable[..., WorkerProcess],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    worker = start_worker().wait_until_ready()
    bodies: list[tuple[str, Any]] = [
        (ANALYZE, request(SECRET, spanAnnotations=True, sessionId=SECRET, communityId="c", clientToken="x")),
        (ANALYZE, request(SECRET, languages=["it"])),
        (ANALYZE, {**request(SECRET), "nonsense": SECRET}),
        (MODERATIONS, {"input": SECRET}),
        (PREDICT, {"inputs": SECRET}),
        (PREDICT, {"inputs": [SECRET, SECRET]}),
    ]
    statuses = [sender.post(path, body).status_code for path, body in bodies]
    assert statuses == [200, 400, 400, 200, 200, 422]
    worker.stop()
    assert "marker-of-a-secret" not in worker.output
    assert "marker-of-a-secret" not in caplog.text
    assert "marker-of-a-secret" not in redis_dump()
    assert "marker-of-a-secret" not in database_dump()
    assert not Comment.objects.exists()
    assert not Prediction.objects.exists()


def redis_dump() -> str:
    found: list[Any] = []
    for name in client().scan_iter():
        found += [name, client().dump(name)]
    return repr(found)


def database_dump() -> str:
    rows = [serializers.serialize("json", model._default_manager.all()) for model in apps.get_models()]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        )
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT to_json(t)::text FROM "{table}" t')
            rows += [row for (row,) in cursor.fetchall()]
    return json.dumps(rows)
