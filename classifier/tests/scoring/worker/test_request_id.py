"""The id of a request is found in the log of the worker that it rang for; what was sent is not."""

import json
from collections.abc import Callable

import pytest
from django.test import Client

from classifier.api_keys.services import api_key_create
from classifier.models import Comment, User
from classifier.tests.worker_process import WorkerProcess
from toxicsite.tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)
WORDS = "unrepeatable words of somebody"


def test_web_and_worker_log_under_one_id_and_no_text_or_key(
    start_worker: Callable[..., WorkerProcess], caplog: pytest.LogCaptureFixture
) -> None:
    worker = start_worker(LOG_FORMAT="json")
    wait_until(lambda: "ready" in worker.output)
    owner = User.objects.create_superuser("owner")
    _, plaintext = api_key_create(name="forum", owner=owner, scopes=["submit", "score"])
    headers = {"Authorization": f"Bearer {plaintext}", "X-Request-ID": "order-4711"}
    with caplog.at_level("DEBUG"):
        response = Client().post(
            "/api/v1/comments/", {"text": WORDS}, content_type="application/json", headers=headers
        )
        Client().post("/api/v1/score/", {"text": WORDS}, content_type="application/json", headers=headers)
    assert response.status_code == 202
    assert Comment.objects.count() == 1
    wait_until(lambda: '"request_id": "order-4711"' in worker.output)
    lines = [json.loads(line) for line in worker.output.splitlines() if line.startswith("{")]
    under_it = [line for line in lines if line.get("request_id") == "order-4711"]
    assert any("classifier.classify" in line["message"] for line in under_it)
    for log in (worker.output, caplog.text):
        assert WORDS not in log
        assert plaintext.rpartition("_")[2] not in log
